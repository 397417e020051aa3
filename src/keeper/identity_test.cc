#include "keeper/identity.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace martlet::keeper {
namespace {

TEST(IdentityTest, ACommandNameCannotForgeAStatLine) {
  const auto stat = ParseProcessStat(
      "123 (evil) S 1 (x) R 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 555 1 2 3\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->start_time, 555u);
  EXPECT_FALSE(ParseProcessStat("123 (cut) S 1 2"));
  EXPECT_FALSE(ParseProcessStat(""));
}

TEST(IdentityTest, AProcessIsOpenedByPidAndStartTimeTogether) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto stat = ReadProcessStat(child);
  ASSERT_TRUE(stat);
  EXPECT_FALSE(OpenProcess(child, stat->start_time + 1).ok()) << "a reused pid is somebody else";
  const Descriptor pidfd = OpenProcess(child, stat->start_time);
  ASSERT_TRUE(pidfd.ok());
  EXPECT_TRUE(IsAlive(pidfd));
  EXPECT_TRUE(SendSignal(pidfd, SIGKILL));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_FALSE(IsAlive(pidfd));
  EXPECT_FALSE(SendSignal(pidfd, SIGKILL));
  EXPECT_FALSE(OpenProcess(child, stat->start_time).ok());
}

TEST(IdentityTest, NobodyOpensInitOrNothing) {
  EXPECT_FALSE(OpenProcess(1, ReadProcessStat(1)->start_time).ok());
  EXPECT_FALSE(OpenProcess(0, 0).ok());
  EXPECT_FALSE(OpenProcess(-1, 0).ok());
}

TEST(IdentityTest, TheMachineHasABootAndAPidNamespace) {
  EXPECT_EQ(BootId().size(), 36u);
  EXPECT_TRUE(PidNamespace().starts_with("pid:["));
}

}  // namespace
}  // namespace martlet::keeper
