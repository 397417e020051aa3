#pragma once

#include <google/protobuf/message.h>

#include <string>

/// When two registrations are the same: admin contract appendix C.
namespace martlet::literals {

/// The message as bytes such that two messages are equal exactly when these are: fields that hold
/// their default are left out, map entries are sorted, the order of repeated fields counts, unknown
/// fields do not. Not a wire format, and only comparable within one version of Martlet: whoever
/// stores a digest of it also keeps the message and compares again when digests differ.
[[nodiscard]] std::string CanonicalBytes(const google::protobuf::Message& message);

/// SHA-256 of `CanonicalBytes`, 32 raw bytes.
[[nodiscard]] std::string CanonicalDigest(const google::protobuf::Message& message);

/// Equal in the sense above. REQUIRES: both of one type.
[[nodiscard]] bool SameStructure(const google::protobuf::Message& a,
                                 const google::protobuf::Message& b);

}  // namespace martlet::literals
