#include "executors/process/outcome.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "executors/process/durable_tree.h"
#include "flyteidl/core/dynamic_job.pb.h"
#include "flyteidl/core/errors.pb.h"
#include "flyteidl/core/literals.pb.h"

namespace martlet::executors {
namespace {

namespace core = flyteidl::core;

constexpr int kSignalExitBase = 128;  // what shells and Kubernetes report for a signal

std::string SerializeDeterministically(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

Outcome Failure(std::string code, std::string message, ErrorOrigin origin, bool recoverable) {
  Outcome outcome;
  outcome.kind = OutcomeKind::kFailed;
  outcome.code = std::move(code);
  outcome.message = std::move(message);
  outcome.origin = origin;
  outcome.recoverable = recoverable;
  return outcome;
}

Timestamp ToTimestamp(const google::protobuf::Timestamp& timestamp) {
  return {timestamp.seconds() * 1'000'000'000 + timestamp.nanos()};
}

/// Whole file, nothing if it is absent.
Result<std::optional<std::string>> ReadIfThere(Files& files, const std::string& path,
                                               std::uint64_t bytes_max) {
  auto text = files.ReadAll(path, bytes_max);
  if (text) return std::optional(std::move(*text));
  if (text.error().code == Code::kNotFound) return std::optional<std::string>();
  return Forward(text);
}

bool IsErrorFile(const FileInfo& entry) {
  return !entry.is_directory && entry.name.starts_with("error") && entry.name.ends_with(".pb");
}

Outcome FromErrorDocument(const core::ErrorDocument& document) {
  const core::ContainerError& error = document.error();
  Outcome outcome = Failure(error.code(), error.message(), static_cast<ErrorOrigin>(error.origin()),
                            error.kind() == core::ContainerError::RECOVERABLE);
  outcome.worker = error.worker();
  if (error.has_timestamp()) outcome.timestamp = ToTimestamp(error.timestamp());
  return outcome;
}

/// The error that the attempt wrote. Of several workers' the earliest wins (strategy "Earliest").
Result<std::optional<Outcome>> ReadErrors(Files& files, const OutcomeRequest& request,
                                          const std::vector<FileInfo>& entries) {
  std::optional<Outcome> earliest;
  for (const FileInfo& entry : entries) {
    if (!IsErrorFile(entry)) continue;
    const std::string path = request.output_prefix + '/' + entry.name;
    auto text = files.ReadAll(path, request.file_bytes_max);
    if (!text && text.error().code != Code::kResourceExhausted) return Forward(text);
    core::ErrorDocument document;
    const bool readable = text && document.ParseFromString(*text) && document.has_error();
    Outcome outcome = readable
                          ? FromErrorDocument(document)
                          : Failure("ErrorFileBadFormat",
                                    "error not formatted correctly, nil error @path [" + path + "]",
                                    ErrorOrigin::kSystem, true);
    outcome.error_path = path;
    if (!earliest || outcome.timestamp < earliest->timestamp) earliest = std::move(outcome);
  }
  return earliest;
}

Outcome FromExit(const OutcomeRequest& request) {
  const ExitStatus& exit = request.exit;
  const int code = exit.signal != 0 ? kSignalExitBase + exit.signal : exit.code;
  std::string message = "The task's process ended without saying why.\r\n[" + request.name +
                        "] terminated with exit code (" + std::to_string(code) + "). Reason [" +
                        (exit.out_of_memory ? "OOMKilled" : "Error") + "]. Message: \n" +
                        request.log_tail + '.';
  if (!request.reason.empty()) message += "\n" + request.reason;
  // Kubernetes' classes, so that retries are counted as Flyte counts them: memory against the
  // user's budget, everything else as an interruption against the system's.
  if (exit.out_of_memory) {
    return Failure("OOMKilled", std::move(message), ErrorOrigin::kUser, true);
  }
  return Failure("Interrupted", std::move(message), ErrorOrigin::kSystem, true);
}

std::optional<std::uint64_t> CollectionLength(const core::Literal& literal) {
  if (literal.has_collection()) {
    return static_cast<std::uint64_t>(literal.collection().literals_size());
  }
  if (literal.has_map()) return static_cast<std::uint64_t>(literal.map().literals_size());
  return std::nullopt;
}

OutputValue Describe(const std::string& name, const core::Literal& literal,
                     std::size_t inline_bytes_max) {
  std::string bytes = SerializeDeterministically(literal);
  OutputValue value{.name = name,
                    .digest = Sha256(bytes),
                    .bytes = bytes.size(),
                    .literal = {},
                    .collection_length = CollectionLength(literal)};
  if (bytes.size() <= inline_bytes_max) value.literal = std::move(bytes);
  return value;
}

bool HoldsDeclared(const core::LiteralMap& outputs, const std::vector<std::string>& declared) {
  return std::all_of(declared.begin(), declared.end(),
                     [&](const std::string& name) { return outputs.literals().contains(name); });
}

Outcome Unproven(const OutcomeRequest& request) {
  return LostOutcome(request.name,
                     request.reason.empty() ? "nobody saw how its process ended" : request.reason);
}

/// A success, unless outputs.pb is missing or not to be trusted.
Result<Outcome> ReadOutputs(Files& files, const OutcomeRequest& request) {
  const std::string path = request.output_prefix + "/outputs.pb";
  auto text = ReadIfThere(files, path, request.file_bytes_max);
  if (!text && text.error().code == Code::kResourceExhausted) {
    return Failure("OutputSizeExceeded", text.error().message, ErrorOrigin::kUnknown, false);
  }
  if (!text) return Forward(text);
  core::LiteralMap map;
  const bool there = text->has_value();
  const bool parsed = there && map.ParseFromString(**text);
  if (!request.exit.known) {
    // Nobody saw the end, so only what cannot be a torn file proves success: one that parses and
    // holds every declared output. An empty file is a valid empty map, and proves nothing.
    if (!parsed || request.declared_outputs.empty() ||
        !HoldsDeclared(map, request.declared_outputs)) {
      return Unproven(request);
    }
  }
  if (!there && !request.declared_outputs.empty()) {
    return Failure("OutputsNotFound", "Outputs not generated by task execution",
                   ErrorOrigin::kUnknown, true);
  }
  if (there && !parsed) {
    return Failure("OutputsNotFound", "outputs.pb is not a flyteidl.core.LiteralMap: " + path,
                   ErrorOrigin::kSystem, true);
  }
  Outcome outcome;
  outcome.kind = OutcomeKind::kSucceeded;
  outcome.has_outputs_file = there;
  std::map<std::string, const core::Literal*> by_name;
  for (const auto& [name, literal] : map.literals()) by_name[name] = &literal;
  for (const auto& [name, literal] : by_name) {
    outcome.outputs.push_back(Describe(name, *literal, request.inline_bytes_max));
  }
  return outcome;
}

Result<Outcome> ReadFutures(Files& files, const OutcomeRequest& request) {
  // A file cut between two nodes would parse: without an exit status it proves nothing.
  if (!request.exit.known) return Unproven(request);
  auto text = files.ReadAll(request.output_prefix + "/futures.pb", request.file_bytes_max);
  if (!text && text.error().code == Code::kResourceExhausted) {
    return Failure("OutputSizeExceeded", text.error().message, ErrorOrigin::kUnknown, false);
  }
  if (!text) return Forward(text);
  core::DynamicJobSpec spec;
  if (!spec.ParseFromString(*text)) {
    return Failure("DynamicWorkflowBuildFailed", "futures.pb is not a flyteidl.core.DynamicJobSpec",
                   ErrorOrigin::kSystem, false);
  }
  Outcome outcome;
  outcome.kind = OutcomeKind::kDynamic;
  return outcome;
}

bool IsThere(const std::vector<FileInfo>& entries, std::string_view name) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const FileInfo& entry) { return entry.name == name; });
}

Result<Outcome> Judge(Files& files, const OutcomeRequest& request,
                      const std::vector<FileInfo>& entries) {
  auto error = ReadErrors(files, request, entries);
  if (!error) return Forward(error);
  if (error->has_value()) return std::move(**error);
  const bool failed = request.exit.known && (request.exit.code != 0 || request.exit.signal != 0);
  if (failed) return FromExit(request);
  if (IsThere(entries, "futures.pb")) return ReadFutures(files, request);
  return ReadOutputs(files, request);
}

}  // namespace

Result<Outcome> JudgeAttempt(Files& files, const OutcomeRequest& request) {
  auto entries = files.List(request.output_prefix);
  if (!entries && entries.error().code != Code::kNotFound) return Forward(entries);
  const std::vector<FileInfo> found = entries ? std::move(*entries) : std::vector<FileInfo>();
  auto outcome = Judge(files, request, found);
  if (!outcome) return Forward(outcome);
  outcome->has_deck = IsThere(found, "deck.html");
  if (outcome->kind != OutcomeKind::kFailed) {
    for (const std::string& tree : {request.output_prefix, request.raw_output_prefix}) {
      if (Status synced = SyncTree(files, tree); !synced) return Forward(synced);
    }
  }
  return outcome;
}

Outcome LostOutcome(const std::string& name, const std::string& reason) {
  return Failure("Interrupted", "[" + name + "] was interrupted: " + reason, ErrorOrigin::kSystem,
                 true);
}

}  // namespace martlet::executors
