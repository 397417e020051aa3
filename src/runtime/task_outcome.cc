#include "runtime/task_outcome.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "flyteidl/core/errors.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/tasks.pb.h"

namespace martlet::runtime {
namespace {

using flyteidl::core::ContainerError;
using flyteidl::core::ErrorDocument;
using flyteidl::core::LiteralMap;

engine::AttemptFailed Failed(const EndedAttempt& attempt, engine::Fault fault, bool recoverable) {
  return {.stamp = attempt.stamp,
          .fault = std::move(fault),
          .recoverable = recoverable,
          .started_at = attempt.started_at,
          .executor = attempt.executor_instance,
          .has_deck = false};
}

engine::AttemptFailed StorageFailed(const EndedAttempt& attempt, const Error& error) {
  return Failed(
      attempt,
      {.code = "RuntimeFailure", .message = error.message, .kind = engine::FaultKind::kSystem},
      true);
}

engine::FaultKind KindOf(flyteidl::core::ExecutionError::ErrorKind origin) {
  if (origin == flyteidl::core::ExecutionError::USER) return engine::FaultKind::kUser;
  if (origin == flyteidl::core::ExecutionError::SYSTEM) return engine::FaultKind::kSystem;
  return engine::FaultKind::kUnknown;
}

Timestamp TimeOf(const google::protobuf::Timestamp& at) {
  return {at.seconds() * 1'000'000'000 + at.nanos()};
}

/// The error document with the earliest time: distributed tasks leave one a worker.
Result<std::optional<ErrorDocument>> ReadErrors(objects::ObjectStore& metadata,
                                                const std::string& output_key) {
  const auto listed = metadata.List(output_key + "/error", {.after = "", .limit = 1000});
  if (!listed) return Forward(listed);
  std::optional<ErrorDocument> earliest;
  for (const objects::ObjectInfo& object : listed->objects) {
    if (!object.key.ends_with(".pb")) continue;
    const auto bytes = metadata.Get(object.key, limits::kErrorFileBytesMax);
    if (!bytes) return Forward(bytes);
    ErrorDocument document;
    if (!document.ParseFromString(*bytes)) document.Clear();
    if (!earliest || TimeOf(document.error().timestamp()) < TimeOf(earliest->error().timestamp())) {
      earliest = std::move(document);
    }
  }
  return earliest;
}

engine::AttemptFailed FromDocument(const EndedAttempt& attempt, const ErrorDocument& document) {
  if (!document.has_error()) {
    return Failed(attempt,
                  {.code = "ErrorFileBadFormat",
                   .message = "the task's error file does not hold an error",
                   .kind = engine::FaultKind::kSystem},
                  true);
  }
  const ContainerError& error = document.error();
  engine::Fault fault{.code = error.code(),
                      .message = error.message(),
                      .kind = KindOf(error.origin()),
                      .at = error.has_timestamp() ? TimeOf(error.timestamp()) : Timestamp{}};
  return Failed(attempt, std::move(fault), error.kind() == ContainerError::RECOVERABLE);
}

/// No error document and no good end: what the process's status says. Codes and kinds are v1's
/// (oracle engine/s46, s47, xoom); the words are ours, because there is no pod.
engine::AttemptFailed FromStatus(const EndedAttempt& attempt) {
  const executors::ExitStatus& exit = attempt.report.exit;
  std::string message;
  if (!exit.known) {
    message = "nobody saw how the task's process ended, and its outputs are not complete";
  } else if (exit.out_of_memory) {
    message = "the task used more memory than it asked for and was killed";
  } else if (exit.signal != 0) {
    message = "the task's process was killed by signal " + std::to_string(exit.signal) +
              " (exit code " + std::to_string(128 + exit.signal) + ")";
  } else {
    message = "the task's process ended with exit code " + std::to_string(exit.code) +
              " and left no error file";
  }
  if (!attempt.report.reason.empty()) message += ": " + attempt.report.reason;
  if (!attempt.report.log_tail.empty())
    message += "\nLast lines of its log:\n" + attempt.report.log_tail;
  const bool out_of_memory = exit.known && exit.out_of_memory;
  return Failed(attempt,
                {.code = out_of_memory ? "OOMKilled" : "Interrupted",
                 .message = std::move(message),
                 .kind = out_of_memory ? engine::FaultKind::kUser : engine::FaultKind::kSystem},
                true);
}

/// Data that the task wrote under its own raw prefix, if that is in our store.
Status MakeRawDataDurable(objects::ObjectStore& metadata, const std::string& raw_prefix) {
  const Result<std::string> key = metadata.KeyOf(raw_prefix);
  if (!key) return {};
  std::string after;
  for (;;) {
    const auto listed = metadata.List(*key + "/", {.after = after, .limit = 1000});
    if (!listed) return Forward(listed);
    for (const objects::ObjectInfo& object : listed->objects) {
      if (Status durable = metadata.MakeDurable(object.key); !durable) return durable;
    }
    if (!listed->more || listed->objects.empty()) return {};
    after = listed->objects.back().key;
  }
}

std::optional<engine::AttemptFailed> TooLarge(const EndedAttempt& attempt,
                                              const engine::Values& outputs) {
  for (const engine::NamedValue& output : outputs.items) {
    if (output.value.bytes <= attempt.literal_bytes_max) continue;
    return Failed(
        attempt,
        {.code = "OutputSizeExceeded",
         .message = "output " + output.name + " is " + std::to_string(output.value.bytes) +
                    " bytes, at most " + std::to_string(attempt.literal_bytes_max) +
                    " are allowed (setting max_literal_bytes); return a file "
                    "(FlyteFile, FlyteDirectory, a data frame) or raise the setting",
         .kind = engine::FaultKind::kUser},
        false);
  }
  return std::nullopt;
}

bool HoldsEveryOutput(const EndedAttempt& attempt, const LiteralMap& outputs) {
  const auto& declared = attempt.task.interface().outputs().variables();
  return std::all_of(declared.begin(), declared.end(), [&](const auto& variable) {
    return outputs.literals().contains(variable.first);
  });
}

}  // namespace

Status PutRecoverable(objects::ObjectStore& metadata, const std::string& uri,
                      const std::string& bytes) {
  const Result<std::string> key = metadata.KeyOf(uri);
  if (!key) return Forward(key);
  objects::PutOptions options;
  options.durable = false;
  const auto put = metadata.Put(*key, bytes, options);
  if (!put) return Forward(put);
  return {};
}

engine::InputBody JudgeOutcome(const EndedAttempt& attempt, objects::ObjectStore& metadata,
                               LiteralReader& literals) {
  const Result<std::string> output_key = metadata.KeyOf(attempt.places.output_dir);
  if (!output_key) return StorageFailed(attempt, output_key.error());

  const auto errors = ReadErrors(metadata, *output_key);
  if (!errors) return StorageFailed(attempt, errors.error());
  if (errors->has_value()) return FromDocument(attempt, **errors);

  const executors::ExitStatus& exit = attempt.report.exit;
  const bool ended_well = exit.known && exit.code == 0 && exit.signal == 0;
  if (exit.known && !ended_well) return FromStatus(attempt);

  const auto futures = metadata.Stat(*output_key + "/futures.pb");
  if (!futures) return StorageFailed(attempt, futures.error());
  if (futures->has_value()) {
    return Failed(attempt,
                  {.code = "UnsupportedNodeKind",
                   .message = "the task is a dynamic workflow; this version of Martlet does not "
                              "run those yet",
                   .kind = engine::FaultKind::kUser},
                  false);
  }

  LiteralMap outputs;
  const std::string outputs_uri = attempt.places.output_dir + "/outputs.pb";
  const bool declares = attempt.task.interface().outputs().variables_size() > 0;
  const auto bytes = metadata.Get(*output_key + "/outputs.pb", limits::kLiteralMapBytesMax);
  if (!bytes && bytes.error().code != Code::kNotFound) {
    return StorageFailed(attempt, bytes.error());
  }
  if (!bytes && declares) {
    if (!ended_well) return FromStatus(attempt);
    return Failed(attempt,
                  {.code = "OutputsNotFound",
                   .message = "Outputs not generated by task execution",
                   .kind = engine::FaultKind::kUnknown},
                  true);
  }
  if (bytes && !outputs.ParseFromString(*bytes)) {
    return ended_well ? Failed(attempt,
                               {.code = "OutputsNotFound",
                                .message = "the task's outputs.pb is not a literal map",
                                .kind = engine::FaultKind::kUnknown},
                               true)
                      : FromStatus(attempt);
  }
  // Without a witness of the end only complete files prove success; a torn file may be a valid map.
  if (!ended_well && !HoldsEveryOutput(attempt, outputs)) return FromStatus(attempt);

  auto shared = std::make_shared<const LiteralMap>(std::move(outputs));
  engine::Values values = ReferTo(*shared, outputs_uri);
  if (auto too_large = TooLarge(attempt, values)) return *std::move(too_large);

  // Durable before the row that names it.
  if (bytes) {
    if (Status durable = metadata.MakeDurable(*output_key + "/outputs.pb"); !durable) {
      return StorageFailed(attempt, durable.error());
    }
  }
  if (Status durable = MakeRawDataDurable(metadata, attempt.places.raw_prefix); !durable) {
    return StorageFailed(attempt, durable.error());
  }
  bool has_deck = false;
  if (attempt.task.metadata().generates_deck().value()) {
    const auto deck = metadata.Stat(*output_key + "/deck.html");
    has_deck = deck && deck->has_value();
  }
  literals.Remember(outputs_uri, shared);
  return engine::AttemptSucceeded{.stamp = attempt.stamp,
                                  .outputs = std::move(values),
                                  .started_at = attempt.started_at,
                                  .executor = attempt.executor_instance,
                                  .has_deck = has_deck};
}

}  // namespace martlet::runtime
