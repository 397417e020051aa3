#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace martlet {
namespace {

spdlog::logger& Logger() {
  // The process's only log; spdlog's sink serializes lines among threads.
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto created = std::make_shared<spdlog::logger>(
        "martlet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    created->flush_on(spdlog::level::debug);
    created->set_level(spdlog::level::info);
    return created;
  }();
  return *logger;
}

spdlog::level::level_enum Translate(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void AppendValue(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"=\\\n\r\t") == std::string_view::npos;
  if (plain) {
    line += value;
    return;
  }
  line.push_back('"');
  for (const char c : value) {
    switch (c) {
      case '"':
      case '\\':
        line.push_back('\\');
        line.push_back(c);
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        // Control bytes could forge lines or drive the reader's terminal.
        line.push_back(static_cast<unsigned char>(c) < 0x20 ? '?' : c);
    }
  }
  line.push_back('"');
}

}  // namespace

void SetLogLevel(LogLevel level) { Logger().set_level(Translate(level)); }

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  spdlog::logger& logger = Logger();
  if (!logger.should_log(Translate(level))) return;
  std::string line = "event=";
  line += event;
  for (const LogField& field : fields) {
    line.push_back(' ');
    line += field.key;
    line.push_back('=');
    AppendValue(line, field.value);
  }
  logger.log(Translate(level), "{}", line);
}

}  // namespace martlet
