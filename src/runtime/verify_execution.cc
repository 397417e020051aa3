#include "runtime/verify_execution.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/digest.h"
#include "base/match.h"
#include "engine/engine.h"
#include "engine/fits.h"
#include "runtime/event_codec.h"
#include "runtime/row_codec.h"
#include "store/event_log.h"
#include "store/pages.h"

namespace martlet::runtime {
namespace {

using store::TableOf;

constexpr char kRestore[] =
    "restore the data directory from a backup; `martlet verify` there tells whether it is good";
constexpr char kRestoreRow[] =
    "the log is intact and says what the cell must be: restore the data directory from a backup, "
    "or set the cell to the log's value";
constexpr std::size_t kShownBytesMax = 80;

std::string Shown(const store::Value& value) {
  return std::visit(Match{[](const store::Null&) -> std::string { return "NULL"; },
                          [](std::int64_t number) { return std::to_string(number); },
                          [](const std::string& text) {
                            if (text.size() <= kShownBytesMax) return "'" + text + "'";
                            return "'" + text.substr(0, kShownBytesMax) + "…' (" +
                                   std::to_string(text.size()) + " bytes)";
                          },
                          [](const store::Bytes& blob) {
                            return std::to_string(blob.data.size()) + " bytes with SHA-256 " +
                                   HexEncode(Sha256(blob.data)).substr(0, 16) + "…";
                          }},
                    value);
}

std::string KeyText(const store::Table& table, const store::Row& row) {
  std::string text;
  for (const std::size_t position : table.key_positions) {
    if (!text.empty()) text += '/';
    const store::Value& cell = row[position];
    const auto* plain = std::get_if<std::string>(&cell);
    text += plain != nullptr ? *plain : Shown(cell);
  }
  return text;
}

void Compare(const store::Table& table, const store::Row& stored, const store::Row& folded,
             std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (stored[i] == folded[i]) continue;
    findings.push_back(
        {std::string(table.name), KeyText(table, folded), std::string(table.columns[i].name),
         "is " + Shown(stored[i]) + ", the log says " + Shown(folded[i]), kRestoreRow});
  }
}

/// Compares the stored rows of one execution with those that the log gives.
template <class R>
Status CompareAll(store::Reader& reader, std::int64_t execution,
                  std::map<store::Key, store::Row> folded, std::vector<Finding>& findings) {
  const store::Table& table = TableOf<R>();
  store::Query query{.table = &table,
                     .filter = {.where = {{"execution", store::Op::kEq, execution}}}};
  const Status scanned = store::ForEachRow(reader, std::move(query), [&](const store::Row& stored) {
    store::Key key;
    for (const std::size_t position : table.key_positions) key.push_back(stored[position]);
    const auto found = folded.find(key);
    if (found == folded.end()) {
      findings.push_back({std::string(table.name), KeyText(table, stored), "",
                          "no event of the log makes this row", kRestore});
      return;
    }
    Compare(table, stored, found->second, findings);
    folded.erase(found);
  });
  for (const auto& [key, row] : folded) {
    findings.push_back({std::string(table.name), KeyText(table, row), "",
                        "the log makes this row, but it is not there", kRestore});
  }
  return scanned;
}

template <class R>
void Keep(const R& row, std::map<store::Key, store::Row>& rows) {
  store::Row cells = store::ToRow(row);
  store::Key key;
  for (const std::size_t position : TableOf<R>().key_positions) key.push_back(cells[position]);
  rows.emplace(std::move(key), std::move(cells));
}

Finding Unreadable(const store::ExecutionRow& row, const char* table, const Error& error) {
  return {table, std::to_string(row.id), "", error.message, kRestore};
}

/// The state after the last event, or why there is none.
Result<engine::ExecutionState> Fold(store::Reader& reader, const engine::Plan& plan,
                                    const store::ExecutionRow& row, std::int64_t& events) {
  auto stored = StateOfRow(row);
  if (!stored) return stored;
  std::optional<engine::ExecutionState> state;
  Status folded;
  store::Query query{.table = &TableOf<store::EventRow>(),
                     .filter = {.where = {{"execution", store::Op::kEq, row.id}}}};
  const Status scanned = store::ForEachRow(reader, std::move(query), [&](const store::Row& cells) {
    if (!folded) return;
    const auto event = store::FromRow<store::EventRow>(cells);
    if (!state) {
      state = engine::NewExecution(ExecutionId{row.id}, stored->settings, event.at);
    }
    const auto damaged = [&](const std::string& why) {
      folded = SystemError(Code::kDataLoss,
                           "event " + std::to_string(event.sequence) + " cannot be folded: " + why);
    };
    if (event.payload.data.empty()) return damaged("it is empty");
    const auto decoded = DecodeEvent(std::string_view(event.payload.data).substr(1));
    if (!decoded) return damaged(decoded.error().message);
    if (auto fits = engine::Fits(plan, *state, *decoded); !fits) {
      return damaged(fits.error().message);
    }
    engine::Apply(plan, *state, *decoded, event.at);
    ++events;
  });
  if (!scanned) return Forward(scanned);
  if (!folded) return Forward(folded);
  if (!state) return SystemError(Code::kDataLoss, "the log is empty");
  return *std::move(state);
}

}  // namespace

LogVerdict VerifyLog(store::Reader& reader, const store::ExecutionRow& row) {
  LogVerdict verdict;
  const std::string key = std::to_string(row.id);
  if (Status chain = store::VerifyChain(reader, ExecutionId{row.id}); !chain) {
    verdict.findings.push_back({"event", key, "", chain.error().message, kRestore});
    return verdict;
  }
  const auto first = store::GetRow<store::EventRow>(reader, store::KeyOf(row.id, 1));
  if (!first || !first->has_value()) {
    verdict.findings.push_back({"event", key, "", "the log has no first event", kRestore});
    return verdict;
  }
  const auto event = DecodeEvent(std::string_view((*first)->payload.data).substr(1));
  const auto* started = event ? std::get_if<engine::ExecutionStarted>(&*event) : nullptr;
  if (started == nullptr || started->record.empty()) return verdict;
  verdict.has_record = true;
  const auto state = StateOfRow(row);
  if (!state) {
    verdict.findings.push_back({"execution", key, "engine", state.error().message, kRestore});
  } else if (RecordOf(row, state->settings) != started->record) {
    verdict.findings.push_back({"execution", key, "",
                                "a column that never changes (name, launch plan, spec, inputs, "
                                "settings …) is not what the "
                                "execution was created with",
                                kRestore});
  }
  return verdict;
}

RowsVerdict VerifyRows(store::Reader& reader, const engine::Plan& plan,
                       const store::ExecutionRow& row) {
  RowsVerdict verdict;
  auto state = Fold(reader, plan, row, verdict.events);
  if (!state) {
    verdict.findings.push_back(Unreadable(row, "event", state.error()));
    return verdict;
  }
  store::ExecutionRow execution = row;
  execution.abort_cause.reset();
  execution.abort_principal.reset();
  execution.outputs.reset();  // nothing writes these two
  execution.due_at = {};
  FillExecutionRow(*state, execution);
  execution.sequence = static_cast<std::int64_t>(state->sequence);
  // The cells as they are: a struct cannot tell a time of 0 from none.
  const store::Table& table = TableOf<store::ExecutionRow>();
  const auto stored = reader.Get(table, store::KeyOf(row.id));
  if (stored && stored->has_value()) {
    Compare(table, **stored, store::ToRow(execution), verdict.findings);
  } else {
    verdict.findings.push_back({"execution", std::to_string(row.id), "",
                                stored ? "is gone" : stored.error().message, kRestore});
  }

  std::map<store::Key, store::Row> nodes;
  std::map<store::Key, store::Row> attempts;
  for (std::uint32_t s = 0; s < state->scopes.size(); ++s) {
    for (std::uint32_t n = 0; n < state->scopes[s].nodes.size(); ++n) {
      const engine::NodeRef ref{s, n};
      const engine::NodeState& node = engine::NodeOf(*state, ref);
      if (node.phase == engine::NodePhase::kNone) continue;
      Keep(ToNodeRow(plan, *state, ref), nodes);
      for (std::uint32_t a = 0; a < node.attempts.size(); ++a) {
        Keep(ToAttemptRow(plan, *state, ref, a), attempts);
      }
    }
  }
  verdict.nodes = static_cast<std::int64_t>(nodes.size());
  verdict.attempts = static_cast<std::int64_t>(attempts.size());
  if (Status s =
          CompareAll<store::NodeExecutionRow>(reader, row.id, std::move(nodes), verdict.findings);
      !s) {
    verdict.findings.push_back(Unreadable(row, "node_execution", s.error()));
  }
  if (Status s =
          CompareAll<store::AttemptRow>(reader, row.id, std::move(attempts), verdict.findings);
      !s) {
    verdict.findings.push_back(Unreadable(row, "attempt", s.error()));
  }
  verdict.state = *std::move(state);
  return verdict;
}

}  // namespace martlet::runtime
