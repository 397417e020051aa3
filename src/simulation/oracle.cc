#include "simulation/oracle.h"

#include "base/check.h"
#include "engine/phases.h"
#include "flyteidl/core/literals.pb.h"
#include "simulation/reference.h"
#include "simulation/row_checks.h"

namespace martlet::simulation {

using engine::ExecutionPhase;
using store::TableOf;

namespace {

/// "2.0.3 waits for attempt 0, ".
std::string WaitingNodes(store::Reader& reader, ExecutionId execution) {
  store::Query query{.table = &TableOf<store::NodeExecutionRow>()};
  query.filter.where = {{"execution", store::Op::kEq, execution.value},
                        {"witness", store::Op::kNotNull}};
  const auto rows = reader.Scan(query);
  std::string text;
  if (!rows) return text;
  for (const store::Row& cells : *rows) {
    const auto row = store::FromRow<store::NodeExecutionRow>(cells);
    text += row.path + " waits for " + *row.witness + ", ";
  }
  return text;
}

}  // namespace

std::unique_ptr<store::Reader> Oracle::Snapshot() {
  auto reader = host_.store().Snapshot();
  MARTLET_CHECK(reader.has_value());
  return *std::move(reader);
}

std::vector<store::ExecutionRow> Oracle::Executions() {
  std::vector<store::ExecutionRow> all;
  const auto rows = Snapshot()->Scan({.table = &TableOf<store::ExecutionRow>()});
  for (const store::Row& row : *rows) all.push_back(store::FromRow<store::ExecutionRow>(row));
  return all;
}

const Oracle::Identity& Oracle::Known(ExecutionId id) {
  const auto known = identities_.find(id);
  if (known != identities_.end()) return known->second;
  const auto cells = Snapshot()->Get(TableOf<store::ExecutionRow>(), store::KeyOf(id));
  Identity identity;
  if (cells && cells->has_value()) {
    const auto row = store::FromRow<store::ExecutionRow>(**cells);
    identity = {row.name, std::stoul(row.workflow_name.substr(1)), {}};
    const auto wanted = wanted_.find(row.name);
    if (wanted != wanted_.end() && !row.parent_execution.IsSet()) {
      identity.original = wanted->second.original;
    }
  } else {
    Break("execution number " + std::to_string(id.value) + " runs and is not committed");
  }
  return identities_.emplace(id, std::move(identity)).first->second;
}

bool Oracle::IsCommitted(const std::string& name) {
  if (committed_.contains(name)) return true;
  store::Query query{.table = &TableOf<store::ExecutionRow>(), .select = {"id"}};
  query.filter.where = {{"name", store::Op::kEq, name}};
  const auto rows = Snapshot()->Scan(query);
  if (!rows || rows->empty()) return false;
  committed_.insert(name);
  return true;
}

void Oracle::NoteCreate(const std::string& name, std::size_t place, std::int64_t x,
                        ExecutionId original) {
  wanted_.try_emplace(name, Wanted{place, x, original, false});
}

void Oracle::NoteCreated(const std::string& name, const Status& answer) {
  Wanted& wanted = wanted_.at(name);
  if (answer) {
    if (wanted.acknowledged) Break("execution " + name + " was created twice");
    wanted.acknowledged = true;
    if (!IsCommitted(name)) Break("an acknowledged create is not committed: " + name);
  } else if (answer.error().code == Code::kAlreadyExists) {
    if (!IsCommitted(name)) Break("a name is taken by nothing: " + name);
  } else if (answer.error().code != Code::kUnavailable &&
             answer.error().code != Code::kResourceExhausted) {
    Break("create was refused: " + answer.error().message);
  }
}

void Oracle::NoteAborted(ExecutionId id) {
  aborted_.insert(id);
  CheckAborts(Executions());
}

void Oracle::NoteStart(const executors::AttemptKey& key) {
  const auto row = Snapshot()->Get(
      TableOf<store::AttemptRow>(),
      store::KeyOf(key.execution, key.path, static_cast<std::int64_t>(key.attempt)));
  if (!row || !row->has_value()) {
    Break("attempt " + key.ToString() + " starts and is not committed");
  }
  if (aborted_.contains(key.execution)) {
    Break("attempt " + key.ToString() + " starts after its execution's abort was acknowledged");
  }
  const ExecutionId original = Known(key.execution).original;
  if (!original.IsSet()) return;
  const auto done =
      Snapshot()->Get(TableOf<store::NodeExecutionRow>(), store::KeyOf(original, key.path));
  if (done && done->has_value() &&
      engine::IsGood(
          static_cast<engine::NodePhase>(store::FromRow<store::NodeExecutionRow>(**done).phase))) {
    Break("attempt " + key.ToString() + " starts, and the recovered execution had done its node");
  }
}

void Oracle::NoteChild(store::Txn& txn, const runtime::ParentLink& parent,
                       const std::string& name) {
  const auto cells = txn.Get(TableOf<store::NodeExecutionRow>(),
                             store::KeyOf(parent.execution, parent.stamp.path.ToString()));
  bool lives = false;
  if (cells && cells->has_value()) {
    const auto node = store::FromRow<store::NodeExecutionRow>(**cells);
    lives = node.witness && node.attempt == parent.stamp.attempt;
  }
  if (!lives) late_children_.insert(name);
}

void Oracle::CheckAborts(const std::vector<store::ExecutionRow>& rows) {
  for (const store::ExecutionRow& row : rows) {
    if (aborted_.contains({row.id}) && row.witness) {
      Break("an acknowledged abort is gone: " + row.name);
    }
  }
}

void Oracle::CheckRows() {
  const std::vector<store::ExecutionRow> rows = Executions();
  CheckAborts(rows);
  std::set<std::string_view> names;
  for (const store::ExecutionRow& row : rows) names.insert(row.name);
  for (const auto& [name, wanted] : wanted_) {
    if (wanted.acknowledged && !names.contains(name)) {
      Break("an acknowledged create is gone: " + name);
    }
  }
  for (const store::ExecutionRow& row : rows) {
    const auto phase = std::pair(row.phase, row.sequence);
    const auto ended = ended_.find(row.id);
    if (ended != ended_.end() && ended->second != phase) {
      Break("execution " + row.name + " had ended and went on");
    }
    if (!row.witness) ended_.emplace(row.id, phase);
  }
  if (auto broken = CheckClosing(*Snapshot()); !broken.empty()) Break(broken);
}

void Oracle::CheckOrphans(Nanos awake, Nanos most) {
  std::map<executors::AttemptKey, Nanos> seen;
  const auto reader = Snapshot();
  for (const executors::AttemptKey& key : tasks_.RunningKeys()) {
    const auto cells =
        reader->Get(TableOf<store::AttemptRow>(),
                    store::KeyOf(key.execution, key.path, static_cast<std::int64_t>(key.attempt)));
    const bool lives = cells && cells->has_value() &&
                       store::FromRow<store::AttemptRow>(**cells).witness.has_value();
    if (lives) continue;
    const auto known = orphans_.find(key);
    const Nanos since = known == orphans_.end() ? awake : known->second;
    seen.emplace(key, since);
    if (awake - since > most) {
      Break("attempt " + key.ToString() + " runs on and nobody waits for it");
    }
  }
  orphans_ = std::move(seen);
}

void Oracle::CheckEnd(runtime::EngineRuntime& runtime, bool outcomes_are_fixed,
                      engine::TransitionCoverage* coverage) {
  CheckRows();
  const std::vector<store::ExecutionRow> rows = Executions();
  const auto reader = Snapshot();
  for (const store::ExecutionRow& row : rows) {
    if (row.witness) {
      return Break("all is quiet and execution " + row.name + " waits for " + *row.witness + ": " +
                   WaitingNodes(*reader, {row.id}));
    }
    const bool aborted = row.phase == static_cast<int>(ExecutionPhase::kAborted);
    if (aborted && !row.parent_execution.IsSet() && !abort_wanted_.contains({row.id})) {
      return Break("execution " + row.name + " was aborted and nobody asked for it");
    }
    if (row.source_execution != Known({row.id}).original) {
      return Break("execution " + row.name + " recovers another one than was asked");
    }
    if (late_children_.contains(row.name)) {
      return Break("child " + row.name + " began after its node had ended");
    }
  }
  if (auto unread = CheckValues(*reader, runtime); !unread.empty()) return Break(unread);
  if (auto wrong = CheckRecoveries(*reader, runtime); !wrong.empty()) return Break(wrong);
  const auto messages = reader->Count({.table = &TableOf<store::OutboxRow>()});
  if (!messages || *messages > 0) Break("the outbox does not drain");
  if (tasks_.Running() > 0) Break("tasks run and nothing waits for them");
  if (tasks_.Known() > 0) Break("the executor keeps attempts that nobody will ask for");
  if (tasks_.MostTwins() > 1) Break("an attempt ran twice at once");
  const auto logs = CheckLogs(*reader, runtime.closures(), coverage);
  if (!logs.empty()) Break(logs);
  if (outcomes_are_fixed) CheckOutcomes(runtime, rows);
}

void Oracle::CheckOutcomes(runtime::EngineRuntime& runtime,
                           const std::vector<store::ExecutionRow>& rows) {
  std::vector<store::NodeExecutionRow> nodes;
  const auto cells = Snapshot()->Scan({.table = &TableOf<store::NodeExecutionRow>()});
  for (const store::Row& row : *cells)
    nodes.push_back(store::FromRow<store::NodeExecutionRow>(row));
  const Reference reference(library_, script_, ChildrenIn(rows), OriginalsIn(rows, nodes));
  for (const store::ExecutionRow& row : rows) {
    const auto wanted = wanted_.find(row.name);
    if (wanted == wanted_.end() || row.parent_execution.IsSet()) continue;
    const auto expected = reference.Run(row.name, wanted->second.place, wanted->second.x);
    const bool good = row.phase == static_cast<int>(ExecutionPhase::kSucceeded);
    if (good != expected.has_value()) {
      Break("execution " + row.name + (good ? " succeeded" : " did not succeed: ") +
            row.error_message.value_or("") + ", and the reference disagrees");
    } else if (good) {
      const auto outputs = runtime.values().ReadOutputs(*Snapshot(), row);
      const std::int64_t result =
          outputs ? outputs->literals().at("o0").scalar().primitive().integer() : -1;
      if (result != *expected) Break("execution " + row.name + " returned a wrong result");
    }
  }
}

}  // namespace martlet::simulation
