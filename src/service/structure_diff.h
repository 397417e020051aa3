#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace martlet::service {

/// What differs between two registrations of one id, for people: per differing place
/// `<path>:\n\t- <old> \n\t+ <new>`, places in the order of fields, maps by key, lists by position.
/// Paths are field names of the published messages ("/template/container/image"). At most
/// kDifferencesMax places and kDifferenceValueBytesMax of each value, so that the text stays
/// deliverable. Empty when both have the same structure. REQUIRES: both of one type.
[[nodiscard]] std::string StructureDiff(const google::protobuf::Message& before,
                                        const google::protobuf::Message& after);

}  // namespace martlet::service
