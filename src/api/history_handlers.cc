#include "api/history_handlers.h"

#include <martlet/v1/history.pb.h>

#include "api/method_table.h"
#include "service/history.h"

namespace martlet::api {

void AddHistoryHandlers(MethodTable& table, service::History& history) {
  table.Add<Scope::kRead, v1::ListEventsRequest, v1::ListEventsResponse>(
      "/martlet.v1.HistoryService/ListEvents",
      [&history](const Authorized<Scope::kRead>&, const v1::ListEventsRequest& request,
                 const CallContext&) { return history.ListEvents(request); });
}

}  // namespace martlet::api
