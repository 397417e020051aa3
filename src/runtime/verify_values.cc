#include "runtime/verify_values.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/digest.h"
#include "base/limits.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/literal_reader.h"

namespace martlet::runtime {
namespace {

constexpr char kRestoreObject[] =
    "restore the file from a backup, or recover the execution so that the task runs again; until "
    "then whoever reads the value is answered DATA_LOSS";
constexpr char kRestoreInputs[] = "restore the file from a backup, or launch again with the inputs";
constexpr char kRestoreRow[] = "restore the data directory from a backup";

/// Whether one is the other in a different order. A serializer may choose the order of map entries,
/// and nothing else: so every single changed byte shows, also one that parses to the same value.
bool SameBytesInSomeOrder(const std::string& a, const std::string& b) {
  std::array<std::int64_t, 256> count{};
  for (const char c : a) ++count[static_cast<unsigned char>(c)];
  for (const char c : b) --count[static_cast<unsigned char>(c)];
  return std::all_of(count.begin(), count.end(), [](std::int64_t n) { return n == 0; });
}

/// The hexadecimal digest in "…/inputs-<64 hex>.pb", or nothing.
std::string DigestInName(const std::string& uri) {
  constexpr std::string_view kPrefix = "inputs-";
  constexpr std::string_view kSuffix = ".pb";
  const std::string name = uri.substr(uri.rfind('/') + 1);
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return "";
  return name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
}

}  // namespace

void ValueVerifier::Report(const std::string& key, const std::string& part, std::string problem,
                           std::string remedy) {
  // Executions share objects: a child's outputs are its parent's too.
  Finding finding{"object", key, part, std::move(problem), std::move(remedy)};
  if (std::find(findings_.begin(), findings_.end(), finding) == findings_.end()) {
    findings_.push_back(std::move(finding));
  }
}

Result<std::string> ValueVerifier::Read(const store::ExecutionRow& row, const std::string& uri) {
  if (row.inputs && row.inputs_uri == uri) return row.inputs->data;
  const Result<std::string> key = metadata_.KeyOf(uri);
  if (!key) return Forward(key);
  Result<std::string> bytes = metadata_.Get(*key, limits::kLiteralMapBytesMax);
  if (bytes || bytes.error().code != Code::kNotFound) return bytes;
  // A child execution that returns an input of its own: the values are in the child's row.
  const auto owners = store::ScanRows<store::ExecutionRow>(
      reader_, {.filter = {.where = {{"inputs_uri", store::Op::kEq, uri}}}, .limit = 1});
  if (!owners) return Forward(owners);
  if (owners->empty() || !owners->front().inputs) return bytes;
  return owners->front().inputs->data;
}

void ValueVerifier::CheckMap(const std::string& where, const std::string& bytes,
                             std::vector<const engine::ValueRef*> references) {
  flyteidl::core::LiteralMap map;
  if (!map.ParseFromString(bytes)) {
    return Report(where, "", "is not a literal map", kRestoreObject);
  }
  bool good = true;
  for (const engine::ValueRef* ref : references) {
    ++literals_;
    const auto found = map.literals().find(ref->var);
    if (found == map.literals().end()) {
      good = false;
      Report(where, ref->var, "the value is missing", kRestoreObject);
    } else if (!ref->digest.empty() && LiteralDigest(found->second) != ref->digest) {
      good = false;
      Report(where, ref->var,
             "the value has SHA-256 " + HexEncode(LiteralDigest(found->second)) + ", recorded is " +
                 HexEncode(ref->digest),
             kRestoreObject);
    }
  }
  if (good && !SameBytesInSomeOrder(bytes, SerializeLiterals(map))) {
    Report(where, "", "no serializer writes these bytes, although every value is as recorded",
           kRestoreObject);
  }
}

void ValueVerifier::CheckCopy(const std::string& uri,
                              std::vector<const engine::ValueRef*> references) {
  const Result<std::string> key = metadata_.KeyOf(uri);
  const Result<std::string> bytes =
      key ? metadata_.Get(*key, limits::kLiteralMapBytesMax) : Result<std::string>(Forward(key));
  if (bytes) return CheckMap(uri, *bytes, std::move(references));
  if (bytes.error().code != Code::kNotFound) {
    Report(uri, "", bytes.error().message, kRestoreObject);
  }
}

void ValueVerifier::CheckNamedByDigest(const std::string& uri) {
  ++objects_;
  const Result<std::string> key = metadata_.KeyOf(uri);
  const Result<std::string> bytes =
      key ? metadata_.Get(*key, limits::kLiteralMapBytesMax) : Result<std::string>(Forward(key));
  if (!bytes) return Report(uri, "", bytes.error().message, kRestoreInputs);
  const std::string digest = HexEncode(Sha256(*bytes));
  if (digest == DigestInName(uri)) return;
  Report(uri, "", "has SHA-256 " + digest + ", which is not the one in its name", kRestoreInputs);
}

void ValueVerifier::Check(const store::ExecutionRow& row, const engine::ExecutionState& state) {
  References references;
  const auto add = [&](const engine::Shared<engine::Values>& values) {
    if (!values) return;
    for (const engine::NamedValue& item : values->items) {
      references.emplace(item.value.uri, item.value);
    }
  };
  add(state.settings.inputs);
  add(state.outputs);
  for (const engine::ScopeState& scope : state.scopes) {
    for (const engine::NodeState& node : scope.nodes) add(node.outputs);
  }
  for (auto at = references.begin(); at != references.end();) {
    const std::string& uri = at->first;
    std::vector<const engine::ValueRef*> same;
    const auto end = references.upper_bound(uri);
    for (auto one = at; one != end; ++one) same.push_back(&one->second);
    ++objects_;
    const Result<std::string> bytes = Read(row, uri);
    if (bytes) {
      CheckMap(uri, *bytes, same);
      if (row.inputs && row.inputs_uri == uri) CheckCopy(uri, std::move(same));
    } else {
      Report(uri, "", bytes.error().message, kRestoreObject);
    }
    at = end;
  }
  if (!row.inputs && row.inputs_uri) CheckNamedByDigest(*row.inputs_uri);
  if (!row.user_inputs) {
    if (row.user_inputs_uri) {
      CheckNamedByDigest(*row.user_inputs_uri);
    } else {
      findings_.push_back({"execution", std::to_string(row.id), "user_inputs",
                           "neither the inputs nor their place is known", kRestoreRow});
    }
  }
}

}  // namespace martlet::runtime
