#include "service/launch_checks.h"

#include <algorithm>
#include <cctype>

#include "compiler/launch_inputs.h"
#include "flyteidl/admin/execution.pb.h"
#include "service/kubernetes_names.h"
#include "service/projects.h"
#include "service/request_checks.h"

namespace martlet::service {
namespace {

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

Status CheckExecutionName(const std::string& name) {
  // Case does not matter, and Flyte's texts show the name in lower case.
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
  });
  if (lower.size() > kExecutionNameMax) {
    return UserError(Code::kInvalidArgument, "size of name exceeded length " +
                                                 std::to_string(kExecutionNameMax) + " : " + lower);
  }
  const bool starts_well = !lower.empty() && lower[0] >= 'a' && lower[0] <= 'z';
  if (!starts_well || !std::all_of(lower.begin(), lower.end(),
                                   [](char c) { return IsLowerOrDigit(c) || c == '-'; })) {
    return UserError(Code::kInvalidArgument, "invalid name format: " + lower +
                                                 ", does not match regex '^[a-z][a-z\\-0-9]*$'");
  }
  return {};
}

Status CheckCreateRequest(store::Reader& reader, const Settings& settings,
                          const flyteidl::admin::ExecutionCreateRequest& request) {
  if (request.project().empty()) return MissingField("project");
  if (request.domain().empty()) return MissingField("domain");
  if (!request.name().empty()) {
    if (Status checked = CheckExecutionName(request.name()); !checked) return checked;
  }
  // Flyte asks for the spec before it looks the project up.
  if (!request.has_spec()) return MissingField("spec");
  if (Status checked = CheckProjectAndDomain(reader, settings, request.project(), request.domain());
      !checked) {
    return checked;
  }
  if (!request.spec().has_launch_plan()) return MissingField("id");
  const flyteidl::core::Identifier& id = request.spec().launch_plan();
  if (Status checked = CheckIdentifierComplete(&id); !checked) return checked;
  if (id.resource_type() != flyteidl::core::LAUNCH_PLAN &&
      id.resource_type() != flyteidl::core::TASK) {
    return UserError(Code::kInvalidArgument,
                     "Invalid reference entity resource type [" +
                         flyteidl::core::ResourceType_Name(id.resource_type()) +
                         "], only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed");
  }
  const flyteidl::core::LiteralMap& inputs =
      request.inputs().literals().empty() ? request.spec().inputs() : request.inputs();
  if (Status checked = compiler::ValidateLiteralMap(inputs, "inputs"); !checked) return checked;
  if (Status checked = CheckNotifications(request.spec().notifications().notifications());
      !checked) {
    return checked;
  }
  return CheckLabels(request.spec().labels().values());
}

Status CheckLiteralSizes(const flyteidl::core::LiteralMap& literals, std::size_t bytes_max) {
  for (const auto& [name, literal] : literals.literals()) {
    const std::size_t bytes = literal.ByteSizeLong();
    if (bytes <= bytes_max) continue;
    return UserError(Code::kInvalidArgument,
                     "input " + name + " is " + std::to_string(bytes) + " bytes, at most " +
                         std::to_string(bytes_max) +
                         " are allowed (setting max_literal_bytes); pass it as a file "
                         "(FlyteFile, FlyteDirectory, a data frame) or raise the setting");
  }
  return {};
}

}  // namespace martlet::service
