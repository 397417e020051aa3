#include "app/verify_store.h"

#include <set>
#include <string>
#include <utility>

#include "base/digest.h"
#include "runtime/closure_cache.h"
#include "runtime/verify_execution.h"
#include "runtime/verify_values.h"
#include "store/pages.h"
#include "store/record_digest.h"
#include "store/rows.h"

namespace martlet::app {
namespace {

using runtime::Finding;
using store::TableOf;

constexpr char kRestore[] = "restore the data directory from a backup";
constexpr char kRegister[] =
    "restore the data directory from a backup, or register the entity again under a new version";

/// Closures and specs may be large.
constexpr std::size_t kPageRows = 100;

class Pass {
 public:
  Pass(store::Reader& reader, objects::ObjectStore& metadata)
      : reader_(reader), values_(reader, metadata) {}

  StoreVerdict Run() {
    CheckClosures();
    CheckEntities<store::TaskRow>();
    CheckEntities<store::WorkflowRow>();
    CheckEntities<store::LaunchPlanRow>();
    CheckExecutions();
    CheckOwners<store::NodeExecutionRow>();
    CheckOwners<store::AttemptRow>();
    CheckOwners<store::EventRow>();
    Add(values_.findings());
    verdict_.value_objects = values_.objects();
    verdict_.literals = values_.literals();
    return std::move(verdict_);
  }

 private:
  void Add(std::vector<Finding> findings) {
    for (Finding& finding : findings) verdict_.findings.push_back(std::move(finding));
  }

  void Report(std::string_view table, std::string key, std::string column, std::string problem,
              std::string remedy) {
    verdict_.findings.push_back({std::string(table), std::move(key), std::move(column),
                                 std::move(problem), std::move(remedy)});
  }

  /// Calls `use` with each row of a table; a table that cannot be read is a finding.
  template <class R, class Use>
  void ForEach(const Use& use) {
    const Status read =
        store::ForEachRow(reader_, {.table = &TableOf<R>(), .limit = kPageRows},
                          [&](const store::Row& cells) { use(store::FromRow<R>(cells)); });
    if (!read) Report(R::kTable, "", "", read.error().message, kRestore);
  }

  void CheckClosures() {
    ForEach<store::ClosureRow>([this](const store::ClosureRow& row) {
      ++verdict_.closures;
      closures_.insert(row.digest.data);
      const std::string digest = Sha256(row.bytes.data);
      if (digest == row.digest.data) return;
      Report("closure", HexEncode(row.digest.data), "bytes",
             "has SHA-256 " + HexEncode(digest) + ", which is not its digest", kRestore);
    });
  }

  void RequireClosure(std::string_view table, const std::string& key, const std::string& digest) {
    if (closures_.contains(digest)) return;
    Report(table, key, "closure_digest", "there is no closure " + HexEncode(digest), kRestore);
  }

  template <class R>
  void CheckEntities() {
    ForEach<R>([this](const R& row) {
      ++verdict_.entities;
      const std::string key = row.project + '/' + row.domain + '/' + row.name + '/' + row.version;
      if (store::RecordDigest(row) != row.record) {
        Report(R::kTable, key, "", "a column that never changes is not what was registered",
               kRegister);
      }
      if constexpr (std::is_same_v<R, store::WorkflowRow>) {
        RequireClosure(R::kTable, key, row.closure_digest.data);
      }
    });
  }

  void CheckExecutions() {
    ForEach<store::ExecutionRow>([this](const store::ExecutionRow& row) {
      ++verdict_.executions;
      runtime::LogVerdict log = runtime::VerifyLog(reader_, row);
      if (log.has_record) ++verdict_.recorded;
      const bool trusted = log.findings.empty();
      Add(std::move(log.findings));
      RequireClosure("execution", std::to_string(row.id), row.closure_digest.data);
      if (!trusted) return;
      // A damaged or missing closure is a finding already; without it there is no plan to fold
      // with.
      const auto workflow = cache_.Get(reader_, row.closure_digest.data);
      if (!workflow) {
        Report("execution", std::to_string(row.id), "",
               "rows and values could not be compared with the log: " + workflow.error().message,
               kRestore);
        return;
      }
      runtime::RowsVerdict rows = runtime::VerifyRows(reader_, (*workflow)->plan, row);
      verdict_.events += rows.events;
      verdict_.nodes += rows.nodes;
      verdict_.attempts += rows.attempts;
      Add(std::move(rows.findings));
      if (rows.state) values_.Check(row, *rows.state);
    });
  }

  /// Rows of executions that do not exist.
  template <class R>
  void CheckOwners() {
    const auto owners =
        reader_.Scan({.table = &TableOf<R>(),
                      .filter = {.where = {},
                                 .exists = {{.table = &TableOf<store::ExecutionRow>(),
                                             .on = {{"execution", "id"}},
                                             .negated = true}}},
                      .select = {"execution"},
                      .distinct = true,
                      .limit = 100});
    if (!owners) return Report(R::kTable, "", "", owners.error().message, kRestore);
    for (const store::Row& owner : *owners) {
      Report(R::kTable, std::to_string(std::get<std::int64_t>(owner.front())), "",
             "rows of an execution that does not exist", kRestore);
    }
  }

  store::Reader& reader_;
  runtime::ClosureCache cache_;
  runtime::ValueVerifier values_;
  std::set<std::string> closures_;
  StoreVerdict verdict_;
};

}  // namespace

StoreVerdict VerifyStore(store::Reader& reader, objects::ObjectStore& metadata) {
  return Pass(reader, metadata).Run();
}

}  // namespace martlet::app
