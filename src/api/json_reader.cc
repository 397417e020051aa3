#include "api/json_reader.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <string>

#include "base/limits.h"

namespace martlet::api {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// What JSON has outside of strings: the library's parser also takes single quotes and bare keys,
/// which no other reader of the same text would.
constexpr std::string_view kOutsideStrings = "{}[]:,+-.0123456789eEtrufalsn \t\r\n";

/// "(line 3:14)", counted as editors do.
std::string Where(std::string_view text, std::size_t position) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < position && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return "(line " + std::to_string(line) + ':' + std::to_string(column) + ')';
}

/// The extent of the object that `text` starts with. Bounds the nesting before anything recursive
/// sees the text; whether the inside is JSON is left to the parser.
Result<std::string_view> FirstObject(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return std::string_view();
  if (text[start] != '{') {
    const std::size_t end = text.find_first_of(kBlanks, start);
    const bool word = std::string_view("[{\"").find(text[start]) == std::string_view::npos;
    return UserError(
        Code::kInvalidArgument,
        "proto: syntax error " + Where(text, start) + ": unexpected token " +
            std::string(text.substr(start, word ? std::min<std::size_t>(end - start, 32) : 1)));
  }
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits::kJsonDepthMax) {
        return UserError(Code::kInvalidArgument,
                         "proto: " + Where(text, i) + ": nested deeper than " +
                             std::to_string(limits::kJsonDepthMax) + " levels");
      }
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return text.substr(start, i + 1 - start);
    } else if (kOutsideStrings.find(c) == std::string_view::npos) {
      return UserError(Code::kInvalidArgument, "proto: syntax error " + Where(text, i) +
                                                   ": invalid value " + std::string(1, c));
    }
  }
  return UserError(Code::kInvalidArgument, "unexpected EOF");
}

}  // namespace

Status FromJson(std::string_view text, UnknownMembers unknown, google::protobuf::Message& message) {
  Result<std::string_view> document = FirstObject(text);
  if (!document) return Forward(document);
  if (document->empty()) return {};
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = unknown == UnknownMembers::kIgnore;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(document->data(), document->size()), &message, options);
  if (parsed.ok()) return {};
  return UserError(Code::kInvalidArgument, "proto: " + std::string(parsed.message()));
}

}  // namespace martlet::api
