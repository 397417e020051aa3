#pragma once

#include <string>

namespace martlet::service {
class DataProxy;
class ExecutionData;
class ExecutionQueries;
class Launches;
}  // namespace martlet::service

namespace martlet::api {

class MethodTable;

/// What the execution handlers call. Borrowed; outlives the table and every call.
struct ExecutionServices {
  service::Launches& launches;
  service::ExecutionQueries& queries;
  service::ExecutionData& data;
  service::DataProxy& data_proxy;
  /// Base of URLs in replies; empty: the one each request came by.
  std::string public_url;
};

/// Executions, nodes, attempts and their data of AdminService, and DataProxyService.
void AddExecutionHandlers(MethodTable& table, ExecutionServices services);

}  // namespace martlet::api
