#include "service/request_checks.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/core/execution.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "literals/proto_text.h"

namespace martlet::service {
namespace {

using flyteidl::core::Identifier;
using flyteidl::core::ResourceType;
using flyteidl::core::WorkflowExecution;

Status CheckRecipients(const google::protobuf::RepeatedPtrField<std::string>& recipients) {
  if (recipients.empty()) return MissingField("recipients");
  if (std::find(recipients.begin(), recipients.end(), "") != recipients.end()) {
    return MissingField("recipient");
  }
  return {};
}

Status CheckNotification(const flyteidl::admin::Notification& notification) {
  using flyteidl::admin::Notification;
  Status recipients;
  switch (notification.type_case()) {
    case Notification::kEmail:
      recipients = CheckRecipients(notification.email().recipients_email());
      break;
    case Notification::kSlack:
      recipients = CheckRecipients(notification.slack().recipients_email());
      break;
    case Notification::kPagerDuty:
      recipients = CheckRecipients(notification.pager_duty().recipients_email());
      break;
    case Notification::TYPE_NOT_SET:
      return InvalidField("notification type");
  }
  if (!recipients) return recipients;
  for (const int phase : notification.phases()) {
    if (phase != WorkflowExecution::SUCCEEDED && phase != WorkflowExecution::FAILED &&
        phase != WorkflowExecution::ABORTED && phase != WorkflowExecution::TIMED_OUT) {
      return InvalidField("phase");
    }
  }
  return {};
}

}  // namespace

tl::unexpected<Error> MissingField(std::string_view field) {
  return UserError(Code::kInvalidArgument, "missing " + std::string(field));
}

tl::unexpected<Error> InvalidField(std::string_view field) {
  return UserError(Code::kInvalidArgument, "invalid value for " + std::string(field));
}

tl::unexpected<Error> UserErrorWithDetail(Code code, std::string text,
                                          const google::protobuf::Message& detail) {
  return tl::unexpected<Error>(Error{
      code,
      ErrorKind::kUser,
      std::move(text),
      {"type.googleapis.com/" + detail.GetDescriptor()->full_name(), detail.SerializeAsString()}});
}

std::string ResourceTypeText(ResourceType type) {
  std::string text =
      ResourceType_IsValid(type) ? ResourceType_Name(type) : std::to_string(static_cast<int>(type));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Status CheckIdentifierComplete(const Identifier* id) {
  if (id == nullptr) return MissingField("id");
  if (id->project().empty()) return MissingField("project");
  if (id->domain().empty()) return MissingField("domain");
  if (id->name().empty()) return MissingField("name");
  if (id->version().empty()) return MissingField("version");
  return {};
}

Status CheckIdentifier(const Identifier* id, ResourceType expected) {
  if (id == nullptr) return MissingField("id");
  if (id->resource_type() != expected) {
    return UserError(Code::kInvalidArgument,
                     "unexpected resource type " + ResourceTypeText(id->resource_type()) +
                         " for identifier [" + literals::ProtoText(*id) + "], expected " +
                         ResourceTypeText(expected) + " instead");
  }
  return CheckIdentifierComplete(id);
}

Identifier WithImplicitType(const Identifier& id, ResourceType type) {
  Identifier typed = id;
  if (typed.resource_type() == flyteidl::core::UNSPECIFIED) typed.set_resource_type(type);
  return typed;
}

Status CheckEntityName(const flyteidl::admin::NamedEntityIdentifier& id) {
  if (id.project().empty()) return MissingField("project");
  if (id.domain().empty()) return MissingField("domain");
  if (id.name().empty()) return MissingField("name");
  return {};
}

EntityName NameOf(const Identifier& id) {
  return {id.project(), id.domain(), id.name(), id.version()};
}

Identifier ToIdentifier(const EntityName& name, ResourceType type) {
  Identifier id;
  id.set_resource_type(type);
  id.set_project(name.project);
  id.set_domain(name.domain);
  id.set_name(name.name);
  id.set_version(name.version);
  return id;
}

tl::unexpected<Error> EntityNotFound(ResourceType type, const EntityName& name) {
  const Identifier id = ToIdentifier(name, flyteidl::core::UNSPECIFIED);
  return UserError(Code::kNotFound, "missing entity of type " + ResourceType_Name(type) +
                                        " with identifier " + literals::ProtoText(id));
}

Status CheckNotifications(
    const google::protobuf::RepeatedPtrField<flyteidl::admin::Notification>& notifications) {
  for (const auto& notification : notifications) {
    if (Status valid = CheckNotification(notification); !valid) return valid;
  }
  return {};
}

}  // namespace martlet::service
