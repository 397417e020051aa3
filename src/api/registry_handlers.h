#pragma once

namespace martlet::service {
struct Registry;
}

namespace martlet::api {

class MethodTable;

/// Projects, tasks, workflows, launch plans, names and descriptions of AdminService. `registry`
/// outlives the table and every call.
void AddRegistryHandlers(MethodTable& table, service::Registry& registry);

}  // namespace martlet::api
