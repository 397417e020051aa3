#include <array>
#include <charconv>

#include "executors/executor.h"

namespace martlet::executors {
namespace {

template <class Number>
bool Parse(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string AttemptKey::ToString() const {
  return std::to_string(execution.value) + '/' + path + '/' + std::to_string(attempt) + '/' +
         std::to_string(epoch);
}

Result<AttemptKey> ParseAttemptKey(std::string_view text) {
  AttemptKey key;
  const std::size_t first = text.find('/');
  const std::size_t last = text.rfind('/');
  const std::size_t middle =
      last == std::string_view::npos || last == 0 ? last : text.rfind('/', last - 1);
  const bool parsed = first != std::string_view::npos && middle != std::string_view::npos &&
                      first < middle && middle < last &&
                      Parse(text.substr(0, first), key.execution.value) &&
                      Parse(text.substr(middle + 1, last - middle - 1), key.attempt) &&
                      Parse(text.substr(last + 1), key.epoch);
  if (!parsed) {
    return SystemError(Code::kInvalidArgument, "not an attempt key: " + std::string(text));
  }
  key.path = text.substr(first + 1, middle - first - 1);
  return key;
}

}  // namespace martlet::executors
