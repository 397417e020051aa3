#include "runtime/unfinished.h"

#include <cstdint>
#include <variant>

#include "runtime/row_codec.h"
#include "store/rows.h"

namespace martlet::runtime {

using store::TableOf;

Result<Unfinished> FindUnfinished(store::Store& store) {
  auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  Unfinished found;
  store::Query executions{.table = &TableOf<store::ExecutionRow>(), .select = {"id"}};
  executions.filter.where.push_back({"witness", store::Op::kNotNull});
  const auto rows = (*reader)->Scan(executions);
  if (!rows) return Forward(rows);
  for (const store::Row& row : *rows) {
    found.executions.push_back({std::get<std::int64_t>(row[0])});
  }

  store::Query attempts;
  attempts.filter.where.push_back({"witness", store::Op::kNotNull});
  const auto attempt_rows = store::ScanRows<store::AttemptRow>(**reader, attempts);
  if (!attempt_rows) return Forward(attempt_rows);
  for (const store::AttemptRow& row : *attempt_rows) {
    found.attempts.push_back({.execution = row.execution,
                              .path = row.path,
                              .attempt = static_cast<std::int32_t>(row.attempt),
                              .epoch = AttemptEpoch(row)});
  }
  return found;
}

}  // namespace martlet::runtime
