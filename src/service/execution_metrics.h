#pragma once

#include "base/result.h"
#include "runtime/engine_runtime.h"
#include "store/store.h"

namespace flyteidl::admin {
class WorkflowExecutionGetMetricsRequest;
class WorkflowExecutionGetMetricsResponse;
}  // namespace flyteidl::admin

namespace martlet::service {

/// GetExecutionMetrics: where the time of an execution went, as nested spans (admin contract §5.8,
/// oracle corrections-admin 42). `depth` 0 is the execution's own span, a negative one all levels;
/// levels below limits::kMetricsDepthMax are left out. Blocks on the store.
Result<flyteidl::admin::WorkflowExecutionGetMetricsResponse> ExecutionMetrics(
    store::Store& store, runtime::EngineRuntime& runtime,
    const flyteidl::admin::WorkflowExecutionGetMetricsRequest& request);

}  // namespace martlet::service
