// kill -9 on a real process with a real disk, again and again: this program starts itself as a
// writer that prints each acknowledgement, kills it at a random moment, and looks at what is left.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/random.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing/random_steps.h"
#include "store/testing/store_harness.h"

extern char** environ;

namespace martlet::store {
namespace {

constexpr int kRounds = 25;
constexpr std::size_t kInFlight = 16;
constexpr const char* kWriterFlag = "--write-until-killed";

struct Acknowledged {
  std::uint64_t number = 0;  // of the commit
  std::int64_t id = 0;       // of the row it wrote
};

// Objects are the table that random steps leave alone.
std::string UriOf(std::int64_t id) { return "kill/" + std::to_string(id); }

/// The victim: keeps kInFlight transactions going, every third beside poison, and writes one record
/// to stdout for each acknowledgement.
class Victim {
 public:
  explicit Victim(Store& store) : store_(store) {}

  [[noreturn]] void Run() {
    for (std::size_t i = 0; i < kInFlight; ++i) Next();
    for (;;) ::pause();
  }

 private:
  void Next() {
    const auto id = std::make_shared<std::int64_t>(0);
    store_.Submit(
        [id](Txn& txn) -> Status {
          const auto next = txn.NextId(TableOf<ObjectRow>());
          if (!next) return Forward(next);
          *id = *next;
          ObjectRow row{.uri = UriOf(*next), .digest = {}, .bytes = *next, .created_at = txn.now()};
          row.digest.data.assign(static_cast<std::size_t>(*next % 3000), 'x');
          return InsertRow(txn, row);
        },
        [this, id](const Result<Commit>& outcome) {
          if (!outcome) ::_exit(3);
          const Acknowledged record{outcome->number, *id};
          if (::write(STDOUT_FILENO, &record, sizeof record) != sizeof record) ::_exit(4);
          if (*id % 3 == 0) {
            store_.Submit(RandomStep(0, nullptr), [](const Result<Commit>&) {});  // poison
          }
          store_.Submit(RandomStep(outcome->number * 2 + 1, nullptr), [](const Result<Commit>&) {});
          Next();
        });
  }

  Store& store_;
};

[[noreturn]] void WriteUntilKilled(const char* directory) {
  const SystemClock clock;
  auto store = OpenSqliteStore({.directory = directory}, clock);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    ::_exit(2);
  }
  Victim(**store).Run();
}

class Child {
 public:
  explicit Child(const std::string& directory) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = "/proc/self/exe";
    std::string flag = kWriterFlag;
    std::string path = directory;
    char* arguments[] = {program.data(), flag.data(), path.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  ~Child() { ::close(read_); }

  // Reads until `count` records came, then kills; the rest of the pipe counts too.
  std::vector<Acknowledged> KillAfter(std::size_t count) {
    std::vector<Acknowledged> records;
    bool killed = false;
    Acknowledged record;
    // Records are smaller than PIPE_BUF: whole or not at all.
    while (::read(read_, &record, sizeof record) == static_cast<ssize_t>(sizeof record)) {
      records.push_back(record);
      if (!killed && records.size() >= count) {
        EXPECT_EQ(::kill(pid_, SIGKILL), 0);
        killed = true;
      }
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the writer ended by itself: " << status;
    return records;
  }

 private:
  pid_t pid_ = 0;
  int read_ = -1;
};

TEST(StoreKill, AcknowledgedTransactionsOutliveTheirProcess) {
  const TemporaryDirectory directory;
  const SystemClock clock;
  SeededRandom random(20261122);
  std::size_t acknowledged = 0;
  std::set<std::int64_t> ids;
  std::uint64_t highest = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const Acknowledged& one : Child(directory.path()).KillAfter(random.Below(300) + 1)) {
      EXPECT_TRUE(ids.insert(one.id).second) << "an id was given twice: " << one.id;
      highest = std::max(highest, one.number);
      ++acknowledged;
    }
    auto store = OpenSqliteStore({.directory = directory.path()}, clock);
    ASSERT_TRUE(store) << store.error().message;
    const auto reader = (*store)->Snapshot();
    ASSERT_TRUE(reader) << reader.error().message;
    for (const std::int64_t id : ids) {
      const auto row = GetRow<ObjectRow>(**reader, KeyOf(UriOf(id)));
      ASSERT_TRUE(row && row->has_value() && (*row)->bytes == id)
          << "round " << round << ": acknowledged object " << id << " is lost";
    }
    const auto counter = GetRow<CounterRow>(**reader, KeyOf("last_commit")).value();
    ASSERT_GE(static_cast<std::uint64_t>(counter->value), highest) << "round " << round;
    const Status ok = CheckInvariants(**reader);
    ASSERT_TRUE(ok) << "round " << round << ": " << ok.error().message;
  }
  std::printf("%d kills, %zu acknowledged transactions, 0 lost\n", kRounds, acknowledged);
  EXPECT_GT(acknowledged, static_cast<std::size_t>(kRounds));
}

}  // namespace
}  // namespace martlet::store

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == martlet::store::kWriterFlag) {
    martlet::store::WriteUntilKilled(argv[2]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
