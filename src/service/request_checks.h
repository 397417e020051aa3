#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace flyteidl::admin {
class NamedEntityIdentifier;
class Notification;
}  // namespace flyteidl::admin
namespace flyteidl::core {
class Identifier;
enum ResourceType : int;
}  // namespace flyteidl::core
namespace google::protobuf {
class Message;
template <typename Element>
class RepeatedPtrField;
}  // namespace google::protobuf

/// Checks that many requests share, with the texts of Flyte v1 (admin contract §0.4, §0.5).
/// Everything here is INVALID_ARGUMENT unless said otherwise.
namespace martlet::service {

/// "missing <field>"
[[nodiscard]] tl::unexpected<Error> MissingField(std::string_view field);
/// "invalid value for <field>"
[[nodiscard]] tl::unexpected<Error> InvalidField(std::string_view field);

/// An error that clients match by the message in its details.
[[nodiscard]] tl::unexpected<Error> UserErrorWithDetail(Code code, std::string text,
                                                        const google::protobuf::Message& detail);

/// "task", "workflow", "launch_plan", …: how texts name a resource type.
[[nodiscard]] std::string ResourceTypeText(flyteidl::core::ResourceType type);

/// The type is `expected` and no part is empty. `id` null: "missing id".
[[nodiscard]] Status CheckIdentifier(const flyteidl::core::Identifier* id,
                                     flyteidl::core::ResourceType expected);

/// No part is empty, whatever the type. Flyte takes empty parts for wildcards here and there, and
/// reads or changes an arbitrary row; Martlet never does.
[[nodiscard]] Status CheckIdentifierComplete(const flyteidl::core::Identifier* id);

/// REST paths carry no resource type: an unspecified one becomes that of the method.
[[nodiscard]] flyteidl::core::Identifier WithImplicitType(const flyteidl::core::Identifier& id,
                                                          flyteidl::core::ResourceType type);

/// Project, domain, then name are not empty.
[[nodiscard]] Status CheckEntityName(const flyteidl::admin::NamedEntityIdentifier& id);

[[nodiscard]] EntityName NameOf(const flyteidl::core::Identifier& id);
[[nodiscard]] flyteidl::core::Identifier ToIdentifier(const EntityName& name,
                                                      flyteidl::core::ResourceType type);

/// NOT_FOUND "missing entity of type TASK with identifier …".
[[nodiscard]] tl::unexpected<Error> EntityNotFound(flyteidl::core::ResourceType type,
                                                   const EntityName& name);

/// Each names one kind of recipient with at least one address, and terminal phases only.
[[nodiscard]] Status CheckNotifications(
    const google::protobuf::RepeatedPtrField<flyteidl::admin::Notification>& notifications);

}  // namespace martlet::service
