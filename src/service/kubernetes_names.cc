#include "service/kubernetes_names.h"

#include <google/protobuf/map.h>

#include <algorithm>
#include <map>

#include "base/limits.h"

namespace martlet::service {
namespace {

constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kSubdomainBytesMax = 253;

constexpr std::string_view kDnsLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kDnsSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kQualifiedNameText =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && IsLowerAlnum(text.front()) && IsLowerAlnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

bool IsDnsSubdomain(std::string_view text) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsNamePart(std::string_view text) {
  return !text.empty() && IsAlnum(text.front()) && IsAlnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string TooLong(std::size_t bytes_max) {
  return "must be no more than " + std::to_string(bytes_max) + " characters";
}

std::string Join(const std::vector<std::string>& problems) {
  std::string joined;
  for (const std::string& problem : problems) {
    if (!joined.empty()) joined += ' ';
    joined += problem;
  }
  return joined;
}

}  // namespace

std::vector<std::string> DnsLabelProblems(std::string_view text) {
  std::vector<std::string> problems;
  if (text.size() > kLabelBytesMax) problems.push_back(TooLong(kLabelBytesMax));
  if (!IsDnsLabel(text)) {
    problems.emplace_back(IsDnsSubdomain(text) ? "must not contain dots" : kDnsLabelText);
  }
  return problems;
}

std::vector<std::string> QualifiedNameProblems(std::string_view text) {
  std::vector<std::string> problems;
  std::string_view name = text;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      return {"a qualified name " + std::string(kQualifiedNameText) +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    if (prefix.empty()) {
      problems.emplace_back("prefix part must be non-empty");
    } else {
      if (prefix.size() > kSubdomainBytesMax) {
        problems.push_back("prefix part " + TooLong(kSubdomainBytesMax));
      }
      if (!IsDnsSubdomain(prefix)) {
        problems.push_back("prefix part " + std::string(kDnsSubdomainText));
      }
    }
  }
  if (name.empty()) {
    problems.emplace_back("name part must be non-empty");
  } else if (name.size() > kLabelBytesMax) {
    problems.push_back("name part " + TooLong(kLabelBytesMax));
  }
  if (!IsNamePart(name)) problems.push_back("name part " + std::string(kQualifiedNameText));
  return problems;
}

std::vector<std::string> LabelValueProblems(std::string_view text) {
  std::vector<std::string> problems;
  if (text.size() > kLabelBytesMax) problems.push_back(TooLong(kLabelBytesMax));
  if (!text.empty() && !IsNamePart(text)) problems.emplace_back(kLabelValueText);
  return problems;
}

Status CheckLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  if (labels.size() > limits::kLabelsMax) {
    return UserError(Code::kInvalidArgument,
                     "labels map cannot exceed " + std::to_string(limits::kLabelsMax) + " entries");
  }
  const std::map<std::string, std::string> ordered(labels.begin(), labels.end());
  for (const auto& [key, value] : ordered) {
    if (const auto problems = QualifiedNameProblems(key); !problems.empty()) {
      return UserError(Code::kInvalidArgument,
                       "invalid label key [" + key + "]: [" + Join(problems) + "]");
    }
    if (const auto problems = LabelValueProblems(value); !problems.empty()) {
      return UserError(Code::kInvalidArgument,
                       "invalid label value [" + value + "]: [" + Join(problems) + "]");
    }
  }
  return {};
}

}  // namespace martlet::service
