#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/value.h"

/// What a registration is told when its version is there already. flytekit goes on after
/// ALREADY_EXISTS and fails on everything else.
namespace martlet::service {

/// "<kind> with identical structure already exists"
[[nodiscard]] std::string IdenticalText(std::string_view kind);

/// "<name> <kind> with different structure already exists. (…):\n<diff>"
[[nodiscard]] std::string DifferentText(std::string_view kind, const std::string& name,
                                        const std::string& diff);

/// ALREADY_EXISTS or INVALID_ARGUMENT for two versions of one id. Compares the messages, not their
/// digests: digests are comparable within one version of Martlet only.
[[nodiscard]] tl::unexpected<Error> ConflictOf(std::string_view kind, const std::string& name,
                                               const google::protobuf::Message& registered,
                                               const google::protobuf::Message& requested);

/// The same for a registration that lost a race: its transaction compares digests only, which this
/// process made both of.
[[nodiscard]] tl::unexpected<Error> RaceConflictOf(std::string_view kind, const std::string& name,
                                                   const store::Bytes& registered,
                                                   const store::Bytes& requested);

}  // namespace martlet::service
