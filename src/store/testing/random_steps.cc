#include "store/testing/random_steps.h"

#include <map>
#include <set>
#include <stdexcept>

#include "base/digest.h"
#include "base/random.h"
#include "store/event_log.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kExecutions = 60;
constexpr std::int64_t kPhases = 10;

// One run of a step: its own randomness, the transaction, the transcript.
class Run {
 public:
  Run(std::uint64_t seed, Txn& txn, std::string* transcript)
      : random_(seed), txn_(txn), transcript_(transcript) {}

  Status Any() {
    switch (random_.Below(12)) {
      case 0:
      case 1:
        return CreateExecution();
      case 2:
      case 3:
      case 4:
        return Advance();
      case 5:
        return TouchNode();
      case 6:
        return TouchLaunchPlan();
      case 7:
        return random_.Chance(60) ? Send() : Consume();
      case 8:
        return StoreClosure();
      case 9:
        return random_.Chance(30) ? RemoveExecution() : Advance();
      case 10:
        return Guess();
      default:
        return Ask();
    }
  }

  Status Poison() {
    (void)Any();
    (void)Any();
    if (random_.Chance(50)) throw std::runtime_error("poison");
    return UserError(Code::kCancelled, "poisoned");
  }

 private:
  std::int64_t SomeExecution() { return static_cast<std::int64_t>(random_.Below(kExecutions)) + 1; }
  std::string Pick(const char* prefix, std::uint64_t count) {
    return prefix + std::to_string(random_.Below(count));
  }
  void Note(const std::string& text) {
    if (transcript_ != nullptr) *transcript_ += text + '\n';
  }
  Status Noted(Status status) {
    Note(status ? "OK" : status.error().message);
    return status;
  }

  Status Guard(ExecutionRow& row) {
    if (auto ok = RequireExecutionNameFree(txn_, {row.project, row.domain, row.name}); !ok) {
      return ok;
    }
    if (random_.Chance(50)) {
      row.launch_plan_project = "p";
      row.launch_plan_domain = "d";
      row.launch_plan_name = Pick("lp", 3);
      auto ok =
          RequireConcurrencyBelow(txn_, "p", "d", *row.launch_plan_name, kRandomConcurrencyMax);
      if (!ok) return ok;
    }
    if (random_.Chance(30)) {
      row.parent_execution = {SomeExecution()};
      return RequireParentAlive(txn_, row.parent_execution);
    }
    return {};
  }

  Status CreateExecution() {
    ExecutionRow row;
    row.project = "p";
    row.domain = "d";
    row.name = Pick("e", kExecutions);
    if (auto ok = Guard(row); !ok) return Noted(ok);
    const auto id = txn_.NextId(TableOf<ExecutionRow>());
    if (!id) return Forward(id);
    row.id = *id;
    row.phase = static_cast<std::int64_t>(random_.Below(3));
    row.witness = "node:0";
    row.created_at = row.updated_at = txn_.now();
    row.launch_entity = "launch_plan";
    row.spec.data = random_.Bytes(random_.Below(300));
    const std::vector<std::string> events = {"created " + row.name};
    const auto head = AppendEvents(txn_, {row.id}, GenesisHead({row.id}), events, txn_.now());
    if (!head) return Noted(Forward(head));
    row.sequence = head->sequence;
    row.chain = head->chain;
    if (random_.Chance(50)) {
      auto ok = InsertRow(txn_, ExecutionTagRow{{row.id}, Pick("k", 3), Pick("v", 3)});
      if (!ok) return Noted(ok);
    }
    return Noted(InsertRow(txn_, row));
  }

  Status Advance() {
    const auto found = GetRow<ExecutionRow>(txn_, KeyOf(SomeExecution()));
    if (!found) return Forward(found);
    if (!found->has_value()) return Noted(UserError(Code::kNotFound, "no such execution"));
    const ExecutionRow& before = **found;
    ExecutionRow after = before;
    std::vector<std::string> events(random_.Below(3) + 1);
    for (std::string& event : events) event = random_.Bytes(random_.Below(600));
    const auto head =
        AppendEvents(txn_, {before.id}, {before.sequence, before.chain}, events, txn_.now());
    if (!head) return Noted(Forward(head));
    after.sequence = head->sequence;
    after.chain = head->chain;
    after.updated_at = txn_.now();
    // Sometimes back from a terminal phase, which the store must refuse.
    after.phase = static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(kPhases)));
    after.witness = "due";
    if (TableOf<ExecutionRow>().IsTerminal(after.phase)) after.witness.reset();
    return Noted(store::AdvanceExecution(txn_, before, after));
  }

  Status TouchNode() {
    NodeExecutionRow row;
    row.execution = {SomeExecution()};
    row.path = std::to_string(random_.Below(4));
    row.node_id = Pick("n", 5);
    row.phase = static_cast<std::int64_t>(random_.Below(3));
    row.witness = "attempt";
    row.created_at = row.updated_at = txn_.now();
    if (random_.Chance(60)) return Noted(InsertRow(txn_, row));
    return Noted(UpdateCells<NodeExecutionRow>(
        txn_, KeyOf(row.execution, row.path),
        {{"phase", 3}, {"witness", Value()}, {"updated_at", txn_.now()}}));
  }

  Status TouchLaunchPlan() {
    const EntityName name{"p", "d", Pick("lp", 3), Pick("", 4)};
    switch (random_.Below(3)) {
      case 0: {
        LaunchPlanRow row;
        row.project = name.project;
        row.domain = name.domain;
        row.name = name.name;
        row.version = name.version;
        row.state = static_cast<std::int64_t>(random_.Below(2));
        row.schedule_type = "NONE";
        row.created_at = row.updated_at = txn_.now();
        return Noted(InsertRow(txn_, row));
      }
      case 1:
        return Noted(ActivateLaunchPlan(txn_, name));
      default:
        return Noted(DeactivateLaunchPlan(txn_, name));
    }
  }

  Status Send() {
    const auto id = txn_.NextId(TableOf<OutboxRow>());
    if (!id) return Forward(id);
    OutboxRow row;
    row.id = *id;
    row.kind = "ended";
    row.created_at = row.due_at = txn_.now();
    if (random_.Chance(70)) row.dedup = Pick("m", 40);
    if (random_.Chance(70)) row.destination = {SomeExecution()};
    row.payload.data = random_.Bytes(random_.Below(100));
    return Noted(InsertRow(txn_, row));
  }

  Status Consume() {
    const auto oldest = ScanRows<OutboxRow>(txn_, {.limit = 1, .offset = random_.Below(3)});
    if (!oldest) return Forward(oldest);
    if (oldest->empty()) return Noted({});
    return Noted(ConsumeMessage(txn_, oldest->front().id));
  }

  Status StoreClosure() {
    ClosureRow row;
    row.bytes.data = random_.Bytes(random_.Below(9000));
    row.digest.data = Sha256(row.bytes.data);
    row.created_at = txn_.now();
    return Noted(InsertRow(txn_, row));
  }

  Status RemoveExecution() {
    const std::int64_t id = SomeExecution();
    const auto child =
        CountRows<ExecutionRow>(txn_, {.filter = {.where = {{"parent_execution", Op::kEq, id}}}});
    if (!child) return Forward(child);
    if (*child > 0) return Noted(UserError(Code::kFailedPrecondition, "has children"));
    const auto events =
        ScanRows<EventRow>(txn_, {.filter = {.where = {{"execution", Op::kEq, id}}}});
    if (!events) return Forward(events);
    for (const EventRow& event : *events) {
      auto ok = DeleteRow<EventRow>(txn_, KeyOf(id, event.sequence));
      if (!ok) return Noted(ok);
    }
    return Noted(DeleteRow<ExecutionRow>(txn_, KeyOf(id)));
  }

  // A write that is mostly wrong about what is there, and goes on.
  Status Guess() {
    for (int i = 0; i < 3; ++i) {
      (void)Noted(UpdateCells<ExecutionRow>(
          txn_, KeyOf(SomeExecution()), {{"name", Pick("e", kExecutions)}, {"user", Pick("u", 3)}},
          {{"version", static_cast<std::int64_t>(random_.Below(3))}}));
    }
    return {};
  }

  Status Ask() {
    const Direction direction = random_.Chance(50) ? Direction::kAscending : Direction::kDescending;
    const char* const columns[] = {"phase", "launch_plan_name", "parent_execution", "user"};
    Query query{.table = &TableOf<ExecutionRow>(),
                .filter = {.where = {{"phase", Op::kNe, 3}}},
                .order = {{columns[random_.Below(4)], direction}},
                .select = {"id", "name", "phase", "launch_plan_name", "parent_execution"},
                .limit = random_.Below(10) + 1,
                .offset = random_.Below(5)};
    if (random_.Chance(50)) query.filter.where.push_back({"name", Op::kContains, Pick("", 10)});
    if (random_.Chance(40)) {
      query.filter.exists.push_back({.table = &TableOf<ExecutionTagRow>(),
                                     .on = {{"id", "execution"}},
                                     .filter = {.where = {{"key", Op::kEq, Pick("k", 3)}}},
                                     .negated = random_.Chance(30)});
    }
    const auto rows = txn_.Scan(query);
    if (!rows) return Noted(Forward(rows));
    for (const Row& row : *rows) Note(KeyText(row));
    const auto count = txn_.Count(query);
    if (!count) return Noted(Forward(count));
    Note(std::to_string(*count));
    return {};
  }

  static std::string KeyText(const Row& row) {
    std::string text;
    for (const Value& value : row) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) text += std::to_string(*number);
      if (const auto* name = std::get_if<std::string>(&value)) text += *name;
      text += '|';
    }
    return text;
  }

  SeededRandom random_;
  Txn& txn_;
  std::string* transcript_;
};

tl::unexpected<Error> Violated(const std::string& what) {
  return SystemError(Code::kDataLoss, "invariant violated: " + what);
}

Status CheckExecutions(Reader& reader, const std::vector<ExecutionRow>& executions) {
  std::set<std::string> names;
  std::set<std::int64_t> ids;
  std::map<std::string, std::int64_t> live;
  for (const ExecutionRow& row : executions) ids.insert(row.id);
  for (const ExecutionRow& row : executions) {
    if (!names.insert(row.name).second) return Violated("two executions " + row.name);
    const bool ended = TableOf<ExecutionRow>().IsTerminal(row.phase);
    if (ended == row.witness.has_value()) return Violated("witness of " + row.name);
    const bool counted = row.phase <= 2;
    if (counted && row.launch_plan_name) ++live[*row.launch_plan_name];
    if (row.parent_execution.IsSet() && !ids.contains(row.parent_execution.value)) {
      return Violated("no parent of " + row.name);
    }
    if (auto ok = VerifyChain(reader, {row.id}); !ok) return ok;
  }
  return {};
}

}  // namespace

TxnFn RandomStep(std::uint64_t seed, std::string* transcript) {
  return [seed, transcript](Txn& txn) {
    Run run(seed, txn, transcript);
    return seed % 10 == 0 ? run.Poison() : run.Any();
  };
}

Status CheckInvariants(Reader& reader) {
  const auto executions = ScanRows<ExecutionRow>(reader, {});
  if (!executions) return Forward(executions);
  if (auto ok = CheckExecutions(reader, *executions); !ok) return ok;
  const auto plans =
      ScanRows<LaunchPlanRow>(reader, {.filter = {.where = {{"state", Op::kEq, 1}}}});
  if (!plans) return Forward(plans);
  std::set<std::string> active;
  for (const LaunchPlanRow& plan : *plans) {
    if (!active.insert(plan.name).second) return Violated("two active versions of " + plan.name);
  }
  const auto events = CountRows<EventRow>(reader, {});
  if (!events) return Forward(events);
  std::int64_t expected = 0;
  for (const ExecutionRow& row : *executions) expected += row.sequence;
  if (*events != expected) return Violated("events without an execution");
  return {};
}

}  // namespace martlet::store
