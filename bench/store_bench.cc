// What the store does on this machine's disk, beside what the disk itself does in the same run and
// the same directory: a figure of durable writes means nothing without the disk's sync rate.
//
//   store_bench [DIRECTORY] [SECONDS]
//
// A transaction is one hop of an execution: one event, one update of the execution's row.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>

#include "base/check.h"
#include "base/clock.h"
#include "base/files.h"
#include "store/event_log.h"
#include "store/rows.h"
#include "store/sqlite/sqlite_store.h"

namespace martlet::store {
namespace {

using std::chrono::duration;

class Bench {
 public:
  Bench(std::string directory, Nanos length) : directory_(std::move(directory)), length_(length) {
    auto opened = OpenSqliteStore({.directory = directory_ + "/store"}, clock_);
    MARTLET_CHECK_MSG(opened.has_value(), opened.has_value() ? "" : opened.error().message);
    store_ = std::move(*opened);
  }

  void Run() {
    std::printf("%-34s %10s %10s %10s %8s\n", "what", "per s", "p50 us", "p99 us", "group");
    PrintSyncRate();
    for (const std::size_t submitters : {1u, 16u, 64u, 256u}) {
      Print("transactions, " + std::to_string(submitters) + " submitters",
            Submit(submitters, 0, length_).Summarize());
    }
    PrintRows();
    PrintPoison();
    PrintSyncRate();
  }

 private:
  struct Result {
    double rate = 0;
    double p50 = 0;
    double p99 = 0;
    double group = 0;
  };

  static double Percentile(std::vector<double>& sorted, double part) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }

  // What was measured, in one piece or several.
  struct Sample {
    std::vector<double> micros;
    Nanos took{0};
    StoreStats stats;

    void Add(const Sample& other) {
      micros.insert(micros.end(), other.micros.begin(), other.micros.end());
      took += other.took;
      stats.transactions += other.stats.transactions;
      stats.commits += other.stats.commits;
    }
    Result Summarize() {
      std::sort(micros.begin(), micros.end());
      const auto commits = static_cast<double>(std::max<std::uint64_t>(stats.commits, 1));
      return {static_cast<double>(micros.size()) / duration<double>(took).count(),
              Percentile(micros, 0.5), Percentile(micros, 0.99),
              static_cast<double>(stats.transactions) / commits};
    }
  };

  static void Print(const std::string& what, const Result& result) {
    std::printf("%-34s %10.0f %10.0f %10.0f %8.1f\n", what.c_str(), result.rate, result.p50,
                result.p99, result.group);
    std::fflush(stdout);
  }

  // What the disk can do at best: 4 KiB appended, then fdatasync, by one thread.
  void PrintSyncRate() {
    const std::string path = directory_ + "/sync";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MARTLET_CHECK(file >= 0);
    const std::string page(4096, 'p');
    Sample sample;
    const Nanos begin = clock_.Steady();
    while (clock_.Steady() - begin < length_) {
      const Nanos started = clock_.Steady();
      MARTLET_CHECK(::write(file, page.data(), page.size()) == 4096);
      MARTLET_CHECK(::fdatasync(file) == 0);
      sample.micros.push_back(duration<double, std::micro>(clock_.Steady() - started).count());
    }
    sample.took = clock_.Steady() - begin;
    ::close(file);
    Print("the disk: append 4 KiB + fdatasync", sample.Summarize());
  }

  struct Load {
    std::size_t open = 0;  // submitters and poisoners still at it
    std::vector<double> micros;
    std::promise<void> done;
    Nanos end{0};
  };

  static Status Hop(Txn& txn, std::int64_t id) {
    const auto row = GetRow<ExecutionRow>(txn, KeyOf(id));
    if (!row) return Forward(row);
    ExecutionRow after = **row;
    const std::vector<std::string> events = {std::string(120, 'e')};
    const auto head = AppendEvents(txn, {id}, {after.sequence, after.chain}, events, txn.now());
    if (!head) return Forward(head);
    return UpdateCells<ExecutionRow>(txn, KeyOf(id),
                                     {{"sequence", head->sequence},
                                      {"chain", head->chain},
                                      {"version", after.version + 1},
                                      {"updated_at", txn.now()}},
                                     {{"version", after.version}});
  }

  // Each submitter has one transaction in flight. All state is touched on the writer's thread,
  // apart from the first submissions, which the queue orders before.
  void SubmitNext(Load& load, std::int64_t id) {
    const Nanos started = clock_.Steady();
    store_->Submit([id](Txn& txn) { return Hop(txn, id); },
                   [this, &load, id, started](const martlet::Result<Commit>& outcome) {
                     MARTLET_CHECK(outcome.has_value());
                     const Nanos now = clock_.Steady();
                     load.micros.push_back(duration<double, std::micro>(now - started).count());
                     if (now < load.end) return SubmitNext(load, id);
                     if (--load.open == 0) load.done.set_value();
                   });
  }

  // Poison does a hop's work, then throws.
  void PoisonNext(Load& load, std::int64_t id) {
    store_->Submit(
        [id](Txn& txn) -> Status {
          (void)Hop(txn, id);
          throw std::runtime_error("poison");
        },
        [this, &load, id](const martlet::Result<Commit>& outcome) {
          MARTLET_CHECK(!outcome.has_value());
          if (clock_.Steady() < load.end) return PoisonNext(load, id);
          if (--load.open == 0) load.done.set_value();
        });
  }

  void CreateExecution(std::int64_t id) {
    auto created = SubmitAndWait(*store_, [id](Txn& txn) -> Status {
      if (auto row = GetRow<ExecutionRow>(txn, KeyOf(id)); !row || row->has_value()) return {};
      ExecutionRow row;
      row.id = id;
      row.project = row.domain = "bench";
      row.name = std::to_string(id);
      row.phase = 2;
      row.created_at = row.updated_at = txn.now();
      row.witness = "bench";
      row.spec.data.assign(500, 's');
      row.chain = GenesisHead({id}).chain;
      return InsertRow(txn, row);
    });
    MARTLET_CHECK(created.has_value());
  }

  Sample Submit(std::size_t submitters, std::size_t poisoners, Nanos length) {
    for (std::size_t i = 1; i <= submitters; ++i) CreateExecution(static_cast<std::int64_t>(i));
    Load load;
    load.open = submitters + poisoners;
    const StoreStats before = store_->Stats();
    const Nanos begin = clock_.Steady();
    load.end = begin + length;
    std::promise<void> hold;
    std::shared_future<void> held = hold.get_future().share();
    store_->Submit(
        [held](Txn&) -> Status {
          held.wait();
          return {};
        },
        [](const martlet::Result<Commit>&) {});
    for (std::size_t i = 1; i <= submitters; ++i) SubmitNext(load, static_cast<std::int64_t>(i));
    for (std::size_t i = 1; i <= poisoners; ++i) PoisonNext(load, static_cast<std::int64_t>(i));
    hold.set_value();
    load.done.get_future().wait();
    const StoreStats after = store_->Stats();
    Sample sample{std::move(load.micros), clock_.Steady() - begin, {}};
    sample.stats.transactions = after.transactions - before.transactions;
    sample.stats.commits = after.commits - before.commits;
    return sample;
  }

  // Rows of the size of a node's, a hundred a transaction, as a fan-out writes them.
  void PrintRows() {
    constexpr std::int64_t kBatch = 100;
    Sample sample;
    const Nanos begin = clock_.Steady();
    std::int64_t path = 0;
    while (clock_.Steady() - begin < length_) {
      const Nanos started = clock_.Steady();
      auto outcome = SubmitAndWait(*store_, [&path](Txn& txn) -> Status {
        for (std::int64_t i = 0; i < kBatch; ++i) {
          NodeExecutionRow row;
          row.execution = {1};
          row.path = std::to_string(path + i);
          row.node_id = "n" + row.path;
          row.created_at = row.updated_at = txn.now();
          row.witness = "bench";
          row.state = Bytes{std::string(100, 's')};
          if (auto ok = InsertRow(txn, row); !ok) return ok;
        }
        return {};
      });
      MARTLET_CHECK(outcome.has_value());
      path += kBatch;
      sample.micros.push_back(duration<double, std::micro>(clock_.Steady() - started).count());
    }
    sample.took = clock_.Steady() - begin;
    Result result = sample.Summarize();
    result.rate *= kBatch;
    result.group = kBatch;
    Print("rows, 100 a transaction", result);
  }

  void PrintPoison() {
    // In short turns, so that a disk that changes its mind changes it for all of them.
    constexpr int kTurns = 20;
    constexpr std::size_t kGood = 16;
    const std::size_t poisoners[] = {0, 2, 16};
    Sample samples[3];
    for (int turn = 0; turn < kTurns; ++turn) {
      for (std::size_t i = 0; i < 3; ++i) {
        samples[i].Add(Submit(kGood, poisoners[i], length_ * 3 / kTurns));
      }
    }
    const Result alone = samples[0].Summarize();
    for (std::size_t i = 0; i < 3; ++i) {
      const Result beside = samples[i].Summarize();
      Print("16 beside " + std::to_string(poisoners[i]) + " poisoners", beside);
      if (i > 0) std::printf("  p99 beside poison / alone: %.2f\n", beside.p99 / alone.p99);
    }
  }

  const std::string directory_;
  const Nanos length_;
  const SystemClock clock_;
  std::unique_ptr<Store> store_;
};

}  // namespace
}  // namespace martlet::store

int main(int argc, char** argv) {
  const std::string parent = argc > 1 ? argv[1] : ".";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  std::string directory = parent + "/store-bench-XXXXXX";
  MARTLET_CHECK(::mkdtemp(directory.data()) != nullptr);
  {
    martlet::store::Bench bench(directory, std::chrono::duration_cast<martlet::Nanos>(
                                               std::chrono::duration<double>(seconds)));
    bench.Run();
  }
  MARTLET_CHECK(martlet::PosixFiles().RemoveTree(directory).has_value());
  return 0;
}
