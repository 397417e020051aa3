#include "executors/process/machine.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>

#include "base/files.h"

namespace martlet::executors {
namespace {

struct Case {
  const char* name;
  std::map<std::string, std::string> files;
  Resources expected;
};

constexpr Resources kHardware{.cpu_millis = 8000, .memory_bytes = 1000};

const Case kCases[] = {
    {"nothing can be read", {}, kHardware},
    {"no limits",
     {{"own", "0::/a\n"}, {"groups/a/memory.max", "max\n"}, {"groups/a/cpu.max", "max 100000\n"}},
     kHardware},
    {"a container of version 2",
     {{"own", "0::/\n"}, {"groups/memory.max", "400\n"}, {"groups/cpu.max", "150000 100000\n"}},
     {.cpu_millis = 1500, .memory_bytes = 400}},
    {"the least of all above",
     {{"own", "0::/a/b\n"},
      {"groups/a/memory.max", "300\n"},
      {"groups/a/b/memory.max", "700\n"},
      {"groups/a/b/cpu.max", "100 100000\n"}},
     {.cpu_millis = 1, .memory_bytes = 300}},
    {"version 1, a controller a line",
     {{"own", "4:memory:/m\n1:cpu,cpuacct:/c\n"},
      {"groups/memory/m/memory.limit_in_bytes", "500\n"},
      {"groups/cpu,cpuacct/c/cpu.cfs_quota_us", "200000\n"},
      {"groups/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"}},
     {.cpu_millis = 2000, .memory_bytes = 500}},
    {"version 1 without limits",
     {{"own", "4:memory:/\n1:cpu:/\n"},
      {"groups/memory/memory.limit_in_bytes", "9223372036854771712\n"},
      {"groups/cpu/cpu.cfs_quota_us", "-1\n"},
      {"groups/cpu/cpu.cfs_period_us", "100000\n"}},
     kHardware},
    {"both, as systemd mounts them",
     {{"own", "0::/u\n4:memory:/\n"}, {"groups/unified/u/memory.max", "600\n"}},
     {.cpu_millis = 8000, .memory_bytes = 600}},
    {"a path that the container does not see",
     {{"own", "4:memory:/docker/1234\n"}, {"groups/memory/memory.limit_in_bytes", "200\n"}},
     {.cpu_millis = 8000, .memory_bytes = 200}},
    {"nonsense",
     {{"own", "x\n0::a\n:::\n"}, {"groups/a/memory.max", "-5\n"}, {"groups/memory.max", "lots\n"}},
     kHardware},
};

TEST(MachineTest, IsNoLargerThanItsControlGroups) {
  PosixFiles files;
  for (const Case& one : kCases) {
    char root[] = "/tmp/martlet-machine-XXXXXX";
    ASSERT_NE(::mkdtemp(root), nullptr);
    for (const auto& [name, content] : one.files) {
      const std::string path = std::string(root) + '/' + name;
      ASSERT_TRUE(files.MakeDirectories(path.substr(0, path.rfind('/'))));
      ASSERT_TRUE(WriteDurably(files, path, content));
    }
    const auto size = WithinGroups(kHardware, {.own_groups = std::string(root) + "/own",
                                               .groups = std::string(root) + "/groups"});
    EXPECT_EQ(size.cpu_millis, one.expected.cpu_millis) << one.name;
    EXPECT_EQ(size.memory_bytes, one.expected.memory_bytes) << one.name;
    EXPECT_TRUE(files.RemoveTree(root));
  }
}

TEST(MachineTest, ThisOneHasProcessorsAndMemory) {
  EXPECT_GT(MachineSize().cpu_millis, 0);
  EXPECT_GT(MachineSize().memory_bytes, 0);
}

}  // namespace
}  // namespace martlet::executors
