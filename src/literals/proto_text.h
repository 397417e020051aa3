#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace martlet::literals {

/// A message in one line, as Flyte's errors show it: `simple:INTEGER  structure:{tag:"int"}`.
///
/// Fields in declaration order, maps by key, submessages in braces without a colon's blank, two
/// blanks between fields (what the recorded v1.16.8 binary printed), unknown fields left out. For
/// texts that people read; nothing is ever parsed back from it.
[[nodiscard]] std::string ProtoText(const google::protobuf::Message& message);

}  // namespace martlet::literals
