#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured logs: one logfmt line an event on stderr.
///
///   ts=2026-11-22T05:39:52.614Z level=info event=node.launched exec=p:d:e node=n0 attempt=0
///
/// `error` means that a human should look, and fails our tests; failures of user code are `info`.
/// The pure core (literals, compiler, engine) never logs. Thread-safe.
namespace martlet {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const std::string& text) : key(field_key), value(text) {}
  template <class Integer>
  requires std::is_integral_v<Integer> LogField(std::string_view field_key, Integer number)
      : key(field_key), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

/// Events below `level` are dropped. Default: info.
void SetLogLevel(LogLevel level);

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, event, fields);
}

}  // namespace martlet
