#pragma once

namespace martlet::service {
class History;
}  // namespace martlet::service

namespace martlet::api {

class MethodTable;

/// martlet.v1.HistoryService. `history` outlives the table and every call.
void AddHistoryHandlers(MethodTable& table, service::History& history);

}  // namespace martlet::api
