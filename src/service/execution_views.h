#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "store/rows.h"
#include "store/store.h"

namespace flyteidl::admin {
class Execution;
class NodeExecution;
class TaskExecution;
}  // namespace flyteidl::admin
namespace flyteidl::core {
class NodeExecutionIdentifier;
class TaskExecutionIdentifier;
class WorkflowExecutionIdentifier;
}  // namespace flyteidl::core

/// Rows as Flyte's clients see them (client contract §5.5, admin contract §4.12; shapes: oracle
/// engine). Pure but for the reads of launch plans that a list shares.
namespace martlet::service {

/// What URLs in replies are made of; never stored (architecture D14).
struct ViewContext {
  std::string public_url;  ///< "http://127.0.0.1:30080"
};

/// Lists show the first 100 bytes of an error message, single reads all of it.
enum class ErrorText { kWhole, kTrimmed };

/// Renders rows of one reply. Not thread-safe.
class ExecutionViews {
 public:
  ExecutionViews(store::Reader& reader, const ViewContext& context)
      : reader_(reader), context_(context) {}

  Result<flyteidl::admin::Execution> Render(const store::ExecutionRow& row, ErrorText errors);

  flyteidl::admin::NodeExecution Render(const store::ExecutionRow& execution,
                                        const store::NodeExecutionRow& row, ErrorText errors);

  flyteidl::admin::TaskExecution Render(const store::ExecutionRow& execution,
                                        const store::NodeExecutionRow& node,
                                        const store::AttemptRow& row);

 private:
  store::Reader& reader_;
  const ViewContext& context_;
  /// Serialized notifications of launch plans, by "project:domain:name:version".
  std::map<std::string, std::string> launch_plan_notifications_;
};

void FillIdentifier(const store::ExecutionRow& row,
                    flyteidl::core::WorkflowExecutionIdentifier* id);
void FillIdentifier(const store::ExecutionRow& execution, const std::string& node_id,
                    flyteidl::core::NodeExecutionIdentifier* id);
void FillIdentifier(const store::ExecutionRow& execution, const store::NodeExecutionRow& node,
                    const store::AttemptRow& attempt, flyteidl::core::TaskExecutionIdentifier* id);

}  // namespace martlet::service
