#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace google::protobuf {
template <typename Key, typename T>
class Map;
}  // namespace google::protobuf

/// Kubernetes' rules for names and labels, with its wording: Flyte applies them to project ids and
/// to the labels of projects, launch plans and executions, and people search for these texts.
/// Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/;
/// texts: oracle admin 01_projects, register_project_errors.
namespace martlet::service {

/// What is wrong with `text` as an RFC 1123 label. Empty means valid.
[[nodiscard]] std::vector<std::string> DnsLabelProblems(std::string_view text);

/// What is wrong with `text` as a label's key, `name` or `prefix.example/name`.
[[nodiscard]] std::vector<std::string> QualifiedNameProblems(std::string_view text);

/// What is wrong with `text` as a label's value.
[[nodiscard]] std::vector<std::string> LabelValueProblems(std::string_view text);

/// At most kLabelsMax entries, keys and values valid. INVALID_ARGUMENT names the first bad entry
/// in order of keys.
[[nodiscard]] Status CheckLabels(const google::protobuf::Map<std::string, std::string>& labels);

}  // namespace martlet::service
