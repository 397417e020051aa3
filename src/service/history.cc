#include "service/history.h"

#include <flyteidl/core/identifier.pb.h>
#include <martlet/v1/history.pb.h>

#include <algorithm>

#include "base/limits.h"
#include "service/execution_queries.h"
#include "service/wire_time.h"
#include "store/event_log.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

Status ToMessage(const store::EventRow& row, v1::LoggedEvent& event) {
  const std::string_view payload = row.payload.data;
  const bool known = !payload.empty() && payload.front() == store::kEventFormat;
  if (!known || !event.mutable_event()->ParseFromArray(payload.data() + 1,
                                                       static_cast<int>(payload.size() - 1))) {
    return SystemError(Code::kDataLoss, "event " + std::to_string(row.sequence) + " of execution " +
                                            std::to_string(row.execution.value) +
                                            " cannot be read; run `martlet verify`");
  }
  event.set_sequence(static_cast<std::uint64_t>(row.sequence));
  *event.mutable_at() = ToWire(row.at);
  event.set_hash(row.hash.data);
  return {};
}

}  // namespace

Result<v1::ListEventsResponse> History::ListEvents(const v1::ListEventsRequest& request) {
  if (Status complete = CheckExecutionId(request.id()); !complete) return Forward(complete);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto execution = FindExecution(**reader, request.id());
  if (!execution) return Forward(execution);
  v1::ListEventsResponse response;
  response.set_last_sequence(static_cast<std::uint64_t>(execution->sequence));
  if (request.after() >= response.last_sequence()) return response;

  const std::size_t wanted = request.limit() == 0
                                 ? limits::kEventsListedMax
                                 : std::min<std::size_t>(request.limit(), limits::kEventsListedMax);
  auto after = static_cast<std::int64_t>(request.after());
  std::size_t returned = 0;
  std::size_t bytes = 0;
  while (returned < wanted && after < execution->sequence && bytes < limits::kListBytesMax) {
    store::Query query;
    query.filter.where.emplace_back("execution", store::Op::kEq, execution->id);
    query.filter.where.emplace_back("sequence", store::Op::kGt, after);
    query.order = {{"sequence", store::Direction::kAscending}};
    query.limit = std::min(limits::kListSliceRows, wanted - returned);
    const auto rows = store::ScanRows<store::EventRow>(**reader, query);
    if (!rows) return Forward(rows);
    if (rows->empty()) break;
    for (const store::EventRow& row : *rows) {
      if (Status read = ToMessage(row, *response.add_events()); !read) return Forward(read);
      bytes += row.payload.data.size();
      after = row.sequence;
      ++returned;
      if (bytes >= limits::kListBytesMax) break;
    }
  }
  return response;
}

}  // namespace martlet::service
