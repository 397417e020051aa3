#include "keeper/protocol.h"

#include <array>
#include <nlohmann/json.hpp>

#include "keeper/json.h"

namespace martlet::keeper {
namespace {

constexpr std::array<std::pair<AttemptPhase, std::string_view>, 3> kPhases{{
    {AttemptPhase::kIntent, "intent"},
    {AttemptPhase::kRunning, "running"},
    {AttemptPhase::kEnded, "ended"},
}};

constexpr std::array<std::pair<ExitSource, std::string_view>, 7> kSources{{
    {ExitSource::kNone, ""},
    {ExitSource::kWaited, "waited"},
    {ExitSource::kMarker, "marker"},
    {ExitSource::kVanished, "vanished"},
    {ExitSource::kNeverRan, "never-ran"},
    {ExitSource::kAbandoned, "abandoned"},
    {ExitSource::kReboot, "reboot"},
}};

template <class Table, class Value>
std::string_view NameIn(const Table& table, Value value) {
  for (const auto& [candidate, name] : table) {
    if (candidate == value) return name;
  }
  return {};
}

template <class Table>
auto ValueIn(const Table& table, std::string_view name) {
  for (const auto& [value, candidate] : table) {
    if (candidate == name) return value;
  }
  throw std::invalid_argument("unknown word '" + std::string(name) + "'");
}

Json EncodeBody(const Hello& hello) {
  return {{"op", "hello"}, {"version", hello.version}, {"software", hello.software}};
}
Json EncodeBody(const Prepare& prepare) {
  return {{"op", "prepare"},
          {"python", prepare.python},
          {"env", prepare.env},
          {"spares", prepare.spares},
          {"preload", prepare.preload}};
}
Json EncodeBody(const Start& start) {
  Json json = {{"op", "start"},
               {"key", start.key},
               {"name", start.name},
               {"argv", start.argv},
               {"env", start.env},
               {"cwd", start.cwd},
               {"log_path", start.log_path},
               {"log_bytes_max", start.log_bytes_max},
               {"python", start.python},
               {"code_dir", start.code_dir}};
  if (start.cpu_millis) json["cpu_millis"] = *start.cpu_millis;
  if (start.memory_bytes) json["memory_bytes"] = *start.memory_bytes;
  return json;
}
Json EncodeBody(const Kill& kill) {
  return {
      {"op", "kill"}, {"key", kill.key}, {"reason", kill.reason}, {"grace", kill.grace.count()}};
}
Json EncodeBody(const List&) { return {{"op", "list"}}; }
Json EncodeBody(const Subscribe&) { return {{"op", "subscribe"}}; }
Json EncodeBody(const Forget& forget) { return {{"op", "forget"}, {"keys", forget.keys}}; }
Json EncodeBody(const Stop& stop) { return {{"op", "stop"}, {"tasks", stop.tasks}}; }
Json EncodeBody(const Upgrade& upgrade) {
  return {{"op", "upgrade"}, {"program", upgrade.program}};
}

Json EncodeAttempt(const AttemptState& state) {
  return {{"key", state.key},
          {"name", state.name},
          {"phase", PhaseName(state.phase)},
          {"pid", state.pid},
          {"how", state.how},
          {"how_reason", state.how_reason},
          {"started_at", state.started_at.nanos},
          {"ended_at", state.ended_at.nanos},
          {"source", SourceName(state.source)},
          {"exit_code", state.exit_code},
          {"exit_signal", state.exit_signal},
          {"out_of_memory", state.out_of_memory},
          {"problem", state.problem},
          {"log_path", state.log_path},
          {"cpu_micros", state.cpu_micros},
          {"memory_peak_bytes", state.memory_peak_bytes}};
}

AttemptState DecodeAttempt(const Json& json) {
  AttemptState state;
  json.at("key").get_to(state.key);
  Read(json, "name", state.name);
  state.phase = ValueIn(kPhases, json.at("phase").get<std::string>());
  Read(json, "pid", state.pid);
  Read(json, "how", state.how);
  Read(json, "how_reason", state.how_reason);
  Read(json, "started_at", state.started_at.nanos);
  Read(json, "ended_at", state.ended_at.nanos);
  state.source = ValueIn(kSources, json.value("source", std::string()));
  Read(json, "exit_code", state.exit_code);
  Read(json, "exit_signal", state.exit_signal);
  Read(json, "out_of_memory", state.out_of_memory);
  Read(json, "problem", state.problem);
  Read(json, "log_path", state.log_path);
  Read(json, "cpu_micros", state.cpu_micros);
  Read(json, "memory_peak_bytes", state.memory_peak_bytes);
  return state;
}

Start DecodeStart(const Json& json) {
  Start start;
  json.at("key").get_to(start.key);
  json.at("name").get_to(start.name);
  json.at("argv").get_to(start.argv);
  json.at("env").get_to(start.env);
  json.at("cwd").get_to(start.cwd);
  json.at("log_path").get_to(start.log_path);
  Read(json, "log_bytes_max", start.log_bytes_max);
  Read(json, "python", start.python);
  Read(json, "code_dir", start.code_dir);
  if (json.contains("cpu_millis")) start.cpu_millis = json.at("cpu_millis").get<std::int64_t>();
  if (json.contains("memory_bytes")) {
    start.memory_bytes = json.at("memory_bytes").get<std::int64_t>();
  }
  return start;
}

Prepare DecodePrepare(const Json& json) {
  Prepare prepare;
  json.at("python").get_to(prepare.python);
  json.at("env").get_to(prepare.env);
  Read(json, "spares", prepare.spares);
  Read(json, "preload", prepare.preload);
  return prepare;
}

Request DecodeRequestJson(const Json& json) {
  Request request;
  Read(json, "id", request.id);
  const auto op = json.at("op").get<std::string>();
  if (op == "hello") {
    Hello hello;
    json.at("version").get_to(hello.version);
    Read(json, "software", hello.software);
    request.body = hello;
  } else if (op == "prepare") {
    request.body = DecodePrepare(json);
  } else if (op == "start") {
    request.body = DecodeStart(json);
  } else if (op == "kill") {
    request.body = Kill{.key = json.at("key").get<std::string>(),
                        .reason = json.value("reason", std::string()),
                        .grace = Nanos(json.value("grace", std::int64_t{0}))};
  } else if (op == "list") {
    request.body = List{};
  } else if (op == "subscribe") {
    request.body = Subscribe{};
  } else if (op == "forget") {
    request.body = Forget{json.at("keys").get<std::vector<std::string>>()};
  } else if (op == "stop") {
    request.body = Stop{json.value("tasks", false)};
  } else if (op == "upgrade") {
    request.body = Upgrade{json.at("program").get<std::string>()};
  } else {
    throw std::invalid_argument("unknown request '" + op + "'");
  }
  return request;
}

Json EncodeReplyJson(const Reply& reply) {
  Json json = {{"id", reply.id}};
  if (reply.error) {
    json["error"] = {{"code", static_cast<int>(reply.error->code)},
                     {"message", reply.error->message}};
  }
  if (reply.welcome) {
    const Welcome& welcome = *reply.welcome;
    json["welcome"] = {{"version", welcome.version},
                       {"pid", welcome.pid},
                       {"boot_id", welcome.boot_id},
                       {"pid_namespace", welcome.pid_namespace},
                       {"started_at", welcome.started_at.nanos},
                       {"containment", welcome.containment}};
  }
  if (reply.interpreter) {
    const Interpreter& interpreter = *reply.interpreter;
    json["interpreter"] = {{"python", interpreter.python},
                           {"python_version", interpreter.python_version},
                           {"flytekit_version", interpreter.flytekit_version},
                           {"ready", interpreter.ready},
                           {"spares", interpreter.spares},
                           {"problem", interpreter.problem}};
  }
  if (!reply.attempts.empty()) {
    Json& attempts = json["attempts"] = Json::array();
    for (const AttemptState& state : reply.attempts) attempts.push_back(EncodeAttempt(state));
  }
  return json;
}

Reply DecodeReplyJson(const Json& json) {
  Reply reply;
  json.at("id").get_to(reply.id);
  if (json.contains("error")) {
    const Json& error = json.at("error");
    reply.error = Error{static_cast<Code>(error.at("code").get<int>()),
                        ErrorKind::kSystem,
                        error.at("message").get<std::string>(),
                        {}};
  }
  if (json.contains("welcome")) {
    const Json& from = json.at("welcome");
    Welcome& welcome = reply.welcome.emplace();
    from.at("version").get_to(welcome.version);
    Read(from, "pid", welcome.pid);
    Read(from, "boot_id", welcome.boot_id);
    Read(from, "pid_namespace", welcome.pid_namespace);
    Read(from, "started_at", welcome.started_at.nanos);
    Read(from, "containment", welcome.containment);
  }
  if (json.contains("interpreter")) {
    const Json& from = json.at("interpreter");
    Interpreter& interpreter = reply.interpreter.emplace();
    Read(from, "python", interpreter.python);
    Read(from, "python_version", interpreter.python_version);
    Read(from, "flytekit_version", interpreter.flytekit_version);
    Read(from, "ready", interpreter.ready);
    Read(from, "spares", interpreter.spares);
    Read(from, "problem", interpreter.problem);
  }
  if (json.contains("attempts")) {
    for (const Json& attempt : json.at("attempts")) {
      reply.attempts.push_back(DecodeAttempt(attempt));
    }
  }
  return reply;
}

}  // namespace

std::string_view PhaseName(AttemptPhase phase) { return NameIn(kPhases, phase); }
std::string_view SourceName(ExitSource source) { return NameIn(kSources, source); }

std::string Encode(const Request& request) {
  Json json = std::visit([](const auto& body) { return EncodeBody(body); }, request.body);
  json["id"] = request.id;
  return Dump(json);
}

std::string Encode(const Reply& reply) { return Dump(EncodeReplyJson(reply)); }

std::string Encode(const Event& event) { return Dump({{"event", EncodeAttempt(event.attempt)}}); }

Result<Request> DecodeRequest(std::string_view line) {
  return ParseWith<Request>(line, "request", DecodeRequestJson);
}

Result<std::variant<Reply, Event>> DecodeAnswer(std::string_view line) {
  using Answer = std::variant<Reply, Event>;
  return ParseWith<Answer>(line, "answer", [](const Json& json) -> Answer {
    if (json.contains("event")) return Event{DecodeAttempt(json.at("event"))};
    return DecodeReplyJson(json);
  });
}

}  // namespace martlet::keeper
