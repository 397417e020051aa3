#include "engine/faults.h"

#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "base/utf8.h"

namespace martlet::engine {
namespace {

std::string Quantity(std::uint64_t value, std::uint64_t unit) {
  std::string text = std::to_string(value / unit);
  if (std::uint64_t rest = value % unit; rest != 0) {
    text += '.';
    for (std::uint64_t digit = unit / 10; rest != 0; digit /= 10) {
      text += static_cast<char>('0' + rest / digit);
      rest %= digit;
    }
  }
  return text;
}

}  // namespace

Fault AbortFault(std::string_view reason) {
  return {"NodeAborted", std::string(reason), FaultKind::kUnknown, {}, {}, {}};
}

Fault TimeoutInNodeFault() { return {"Timeout", "Timeout in node", FaultKind::kUser, {}, {}, {}}; }

Fault TimeoutExpiredFault(Nanos timeout) {
  return {"TimeoutExpired",
          "task execution timeout [" + GoDuration(timeout) + "] expired",
          FaultKind::kUser,
          {},
          {},
          {}};
}

Fault RetriesExhaustedFault(std::uint64_t tries, std::uint64_t tries_max, const Fault& last) {
  std::string message = "[" + std::to_string(tries) + "/" + std::to_string(tries_max) +
                        "] currentAttempt done. Last Error: ";
  message += FaultKindName(last.kind);
  message += "::" + last.message;
  return {"RetriesExhausted|" + last.code, std::move(message), FaultKind::kUser, {}, {}, {}};
}

Fault InterruptedFault(std::string_view reason) {
  return {"Interrupted", std::string(reason), FaultKind::kSystem, {}, {}, {}};
}

Fault BindingFault(std::string_view node, std::string_view input, std::string_view cause) {
  std::string message = "failed at Node[";
  message += node;
  message += "]. BindingResolutionError: Error binding Var [wf].[";
  message += input;
  message += "], caused by: ";
  message += cause;
  return {"BindingResolutionFailure", std::move(message), FaultKind::kSystem, {}, {}, {}};
}

std::string OutputMissing(std::string_view producer, std::string_view output) {
  const std::string node(producer);
  return "failed at Node[" + node + "]. OutputsNotFoundError: Failed to find [" + node + "].[" +
         std::string(output) + "]";
}

Fault ChildAbortedFault(std::string_view node, std::string_view child) {
  std::string message = "failed at Node[";
  message += node;
  message += "]. RemoteChildWorkflowExecutionFailed: launchplan [";
  message += child;
  message += "] aborted, caused by: launchplan execution aborted";
  return {"RemoteChildWorkflowExecutionFailed", std::move(message), FaultKind::kUser, {}, {}, {}};
}

std::string CascadingAbortCause(std::string_view parent, std::string_view reason) {
  std::string cause = "cascading abort as parent execution id [";
  cause += parent;
  cause += "] aborted, reason [";
  cause += reason;
  cause += "]";
  return cause;
}

Fault UnsupportedNodeFault(std::string_view node, std::string_view kind) {
  std::string message = "Node [";
  message += node;
  message += "]: this version of Martlet does not run ";
  message += kind;
  message += " nodes. Run the workflow without it, or with a later version.";
  return {"UnsupportedNodeKind", std::move(message), FaultKind::kUser, {}, {}, {}};
}

Fault Bounded(Fault fault) {
  constexpr std::size_t kMax = limits::kFaultMessageBytesMax;
  if (fault.message.size() > kMax) {
    // A cut within a letter would leave what is not UTF-8, which no client could read.
    const std::string_view whole = fault.message;
    fault.message = ToUtf8(whole.substr(0, kMax / 2)) + "\n... <Message Truncated> ...\n" +
                    ToUtf8(whole.substr(whole.size() - kMax / 2));
  }
  return fault;
}

std::string GoDuration(Nanos duration) {
  constexpr std::uint64_t kMicro = 1'000, kMilli = 1'000'000, kSecond = 1'000'000'000;
  if (duration.count() == 0) return "0s";
  std::string text = duration.count() < 0 ? "-" : "";
  // Negated as unsigned: the smallest duration has no positive counterpart.
  auto nanos = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) nanos = 0 - nanos;
  if (nanos < kMicro) return text + std::to_string(nanos) + "ns";
  if (nanos < kMilli) return text + Quantity(nanos, kMicro) + "µs";
  if (nanos < kSecond) return text + Quantity(nanos, kMilli) + "ms";
  const std::uint64_t minutes = nanos / (60 * kSecond);
  if (minutes >= 60) text += std::to_string(minutes / 60) + "h";
  if (minutes > 0) text += std::to_string(minutes % 60) + "m";
  return text + Quantity(nanos % (60 * kSecond), kSecond) + "s";
}

}  // namespace martlet::engine
