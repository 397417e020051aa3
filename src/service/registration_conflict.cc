#include "service/registration_conflict.h"

#include "service/structure_diff.h"

namespace martlet::service {
namespace {

tl::unexpected<Error> Identical(std::string_view kind) {
  return UserError(Code::kAlreadyExists, IdenticalText(kind));
}

}  // namespace

std::string IdenticalText(std::string_view kind) {
  return std::string(kind) + " with identical structure already exists";
}

std::string DifferentText(std::string_view kind, const std::string& name, const std::string& diff) {
  return name + " " + std::string(kind) +
         " with different structure already exists. (Please register a new version of the " +
         std::string(kind) + "):\n" + diff;
}

tl::unexpected<Error> ConflictOf(std::string_view kind, const std::string& name,
                                 const google::protobuf::Message& registered,
                                 const google::protobuf::Message& requested) {
  const std::string diff = StructureDiff(registered, requested);
  if (diff.empty()) return Identical(kind);
  return UserError(Code::kInvalidArgument, DifferentText(kind, name, diff));
}

tl::unexpected<Error> RaceConflictOf(std::string_view kind, const std::string& name,
                                     const store::Bytes& registered,
                                     const store::Bytes& requested) {
  if (registered == requested) return Identical(kind);
  return UserError(Code::kInvalidArgument,
                   DifferentText(kind, name, "both were registered at the same moment"));
}

}  // namespace martlet::service
