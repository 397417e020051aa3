#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "compiler/plan.h"
#include "engine/values.h"

/// Every error that the engine itself makes, code and text as v1 words them (engine contract §2.11,
/// §3; oracle corrections-engine). Clients match on codes and on the texts' beginnings.
namespace martlet::engine {

/// Reasons of NodeAborted.
inline constexpr std::string_view kReasonWorkflowAborted = "Workflow aborted.";
inline constexpr std::string_view kReasonAutoAbort = "Some node execution failed, auto-abort.";
inline constexpr std::string_view kReasonSubWorkflowFailed = "subworkflow failed";
inline constexpr std::string_view kReasonTimedOut = "Timeout in node";

/// Code NodeAborted; no kind.
[[nodiscard]] Fault AbortFault(std::string_view reason);

/// What a node that timed out means to its workflow.
[[nodiscard]] Fault TimeoutInNodeFault();

/// The execution deadline of one attempt passed: recoverable.
[[nodiscard]] Fault TimeoutExpiredFault(Nanos timeout);

/// The budget is used up: `tries` of `tries_max` failed, the last one with `last`.
[[nodiscard]] Fault RetriesExhaustedFault(std::uint64_t tries, std::uint64_t tries_max,
                                          const Fault& last);

/// The attempt vanished.
[[nodiscard]] Fault InterruptedFault(std::string_view reason);

/// An input of `node` cannot be made. `cause` is "failed at Node[n0]. OutputsNotFoundError: …".
[[nodiscard]] Fault BindingFault(std::string_view node, std::string_view input,
                                 std::string_view cause);
/// The cause when `producer` did not write `output`.
[[nodiscard]] std::string OutputMissing(std::string_view producer, std::string_view output);

/// The child of launch-plan node `node` was aborted.
[[nodiscard]] Fault ChildAbortedFault(std::string_view node, std::string_view child);
/// Why a child is aborted with its parent.
[[nodiscard]] std::string CascadingAbortCause(std::string_view parent, std::string_view reason);

[[nodiscard]] Fault UnsupportedNodeFault(std::string_view node, std::string_view kind);

/// The message cut to what v1 sends: its first and last 50 KiB (contract §0).
[[nodiscard]] Fault Bounded(Fault fault);

/// "1h2m3.5s", as Go prints durations.
[[nodiscard]] std::string GoDuration(Nanos duration);

}  // namespace martlet::engine
