#include "runtime/task_outcome.h"

#include <optional>
#include <utility>
#include <vector>

#include "executors/process/outcome.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/tasks.pb.h"

namespace martlet::runtime {
namespace {

engine::AttemptFailed Failed(const EndedAttempt& attempt, engine::Fault fault, bool recoverable,
                             bool has_deck = false) {
  return {.stamp = attempt.stamp,
          .fault = std::move(fault),
          .recoverable = recoverable,
          .started_at = attempt.started_at,
          .executor = attempt.executor_instance,
          .has_deck = has_deck};
}

engine::SmallScalar ScalarOf(const std::optional<std::string>& literal_bytes) {
  flyteidl::core::Literal literal;
  if (!literal_bytes || !literal.ParseFromString(*literal_bytes)) return {};
  return SmallScalarOf(literal);
}

engine::Values ValuesOf(const executors::Outcome& outcome, const std::string& uri) {
  std::vector<engine::NamedValue> items;
  items.reserve(outcome.outputs.size());
  for (const executors::OutputValue& output : outcome.outputs) {
    items.push_back({output.name,
                     {.uri = uri,
                      .var = output.name,
                      .digest = output.digest,
                      .bytes = output.bytes,
                      .collection_length = output.collection_length,
                      .scalar = ScalarOf(output.literal)}});
  }
  return engine::MakeValues(std::move(items));
}

std::optional<engine::Fault> TooLarge(const EndedAttempt& attempt, const engine::Values& outputs) {
  for (const engine::NamedValue& output : outputs.items) {
    if (output.value.bytes <= attempt.literal_bytes_max) continue;
    return engine::Fault{
        .code = "OutputSizeExceeded",
        .message = "output " + output.name + " is " + std::to_string(output.value.bytes) +
                   " bytes, at most " + std::to_string(attempt.literal_bytes_max) +
                   " are allowed (setting max_literal_bytes); return a file (FlyteFile, "
                   "FlyteDirectory, a data frame) or raise the setting",
        .kind = engine::FaultKind::kUser};
  }
  return std::nullopt;
}

}  // namespace

Status PutRecoverable(objects::ObjectStore& metadata, const std::string& uri,
                      const std::string& bytes) {
  const Result<std::string> key = metadata.KeyOf(uri);
  if (!key) return Forward(key);
  const auto put = metadata.Put(*key, bytes, {.durable = false});
  if (!put) return Forward(put);
  return {};
}

engine::InputBody JudgeOutcome(const EndedAttempt& attempt, objects::ObjectStore& metadata,
                               Files& files) {
  executors::OutcomeRequest request{.name = attempt.places.generated_name,
                                    .output_prefix = attempt.places.output_dir,
                                    .raw_output_prefix = attempt.places.raw_prefix,
                                    .exit = attempt.report.exit,
                                    .reason = attempt.report.reason,
                                    .log_tail = attempt.report.log_tail,
                                    .declared_outputs = {},
                                    .file_bytes_max = limits::kLiteralMapBytesMax};
  for (const auto& [name, variable] : attempt.task.interface().outputs().variables()) {
    request.declared_outputs.push_back(name);
  }
  const Result<executors::Outcome> judged = executors::JudgeAttempt(files, request);
  if (!judged) {
    return Failed(attempt,
                  {.code = "RuntimeFailure",
                   .message = judged.error().message,
                   .kind = engine::FaultKind::kSystem},
                  true);
  }
  switch (judged->kind) {
    case executors::OutcomeKind::kFailed:
      return Failed(attempt,
                    {.code = judged->code,
                     .message = judged->message,
                     .kind = static_cast<engine::FaultKind>(judged->origin),
                     .at = judged->timestamp},
                    judged->recoverable, judged->has_deck);
    case executors::OutcomeKind::kDynamic:
      return Failed(attempt,
                    {.code = "UnsupportedNodeKind",
                     .message = "the task is a dynamic workflow; this version of Martlet does not "
                                "run those yet",
                     .kind = engine::FaultKind::kUser},
                    false);
    case executors::OutcomeKind::kSucceeded:
      break;
  }
  if (judged->has_outputs_file) {
    // The judge synced the attempt's own directories; the names of those above it are durable only
    // once the store made them so.
    const Result<std::string> key = metadata.KeyOf(attempt.places.output_dir + "/outputs.pb");
    Status durable = key ? metadata.MakeDurable(*key) : Status(Forward(key));
    if (!durable) {
      return Failed(attempt,
                    {.code = "RuntimeFailure",
                     .message = durable.error().message,
                     .kind = engine::FaultKind::kSystem},
                    true);
    }
  }
  engine::Values outputs = ValuesOf(*judged, attempt.places.output_dir + "/outputs.pb");
  if (auto fault = TooLarge(attempt, outputs)) return Failed(attempt, *std::move(fault), false);
  return engine::AttemptSucceeded{
      .stamp = attempt.stamp,
      .outputs = std::move(outputs),
      .started_at = attempt.started_at,
      .executor = attempt.executor_instance,
      .has_deck = judged->has_deck && attempt.task.metadata().generates_deck().value()};
}

}  // namespace martlet::runtime
