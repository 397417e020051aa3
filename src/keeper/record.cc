#include "keeper/record.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "keeper/json.h"

namespace martlet::keeper {
namespace {

constexpr std::string_view kSuffix = ".rec";
constexpr std::size_t kNameBytesMax = 200;
constexpr std::uint64_t kRecordBytesMax = 1u << 20;

ExitSource ParseSource(const std::string& name) {
  for (const ExitSource source :
       {ExitSource::kWaited, ExitSource::kMarker, ExitSource::kVanished, ExitSource::kNeverRan,
        ExitSource::kAbandoned, ExitSource::kReboot}) {
    if (SourceName(source) == name) return source;
  }
  throw std::invalid_argument("unknown exit source '" + name + "'");
}

Json IntentJson(const Record& record) {
  return {{"record", "intent"},
          {"v", kProtocolVersion},
          {"key", record.key},
          {"name", record.name},
          {"boot_id", record.boot_id},
          {"pid_namespace", record.pid_namespace},
          {"at", record.at.nanos},
          {"program", record.program},
          {"python", record.python},
          {"log_path", record.log_path},
          {"log_bytes_max", record.log_bytes_max}};
}

Json StartedJson(const StartedLine& line) {
  return {{"record", "started"},  {"pid", line.pid}, {"start_time", line.start_time},
          {"at", line.at.nanos},  {"how", line.how}, {"how_reason", line.how_reason},
          {"cgroup", line.cgroup}};
}

Json KillJson(const KillLine& line) {
  return {{"record", "kill"},
          {"reason", line.reason},
          {"at", line.at.nanos},
          {"grace", line.grace.count()}};
}

Json ExitJson(const ExitLine& line) {
  return {{"record", "exit"},
          {"source", SourceName(line.source)},
          {"code", line.code},
          {"signal", line.signal},
          {"out_of_memory", line.out_of_memory},
          {"problem", line.problem},
          {"at", line.at.nanos},
          {"cpu_micros", line.cpu_micros},
          {"memory_peak_bytes", line.memory_peak_bytes}};
}

void ReadIntent(const Json& json, Record& record) {
  if (json.at("v").get<int>() > kProtocolVersion) {
    throw std::invalid_argument("written by a newer version of martlet-keeper");
  }
  json.at("key").get_to(record.key);
  json.at("name").get_to(record.name);
  json.at("boot_id").get_to(record.boot_id);
  json.at("pid_namespace").get_to(record.pid_namespace);
  Read(json, "at", record.at.nanos);
  Read(json, "program", record.program);
  Read(json, "python", record.python);
  Read(json, "log_path", record.log_path);
  Read(json, "log_bytes_max", record.log_bytes_max);
}

void ReadLine(const Json& json, Record& record) {
  const auto kind = json.at("record").get<std::string>();
  if (kind == "intent") {
    ReadIntent(json, record);
  } else if (kind == "started") {
    StartedLine& line = record.started.emplace();
    json.at("pid").get_to(line.pid);
    json.at("start_time").get_to(line.start_time);
    Read(json, "at", line.at.nanos);
    Read(json, "how", line.how);
    Read(json, "how_reason", line.how_reason);
    Read(json, "cgroup", line.cgroup);
  } else if (kind == "kill") {
    KillLine& line = record.kill.emplace();
    Read(json, "reason", line.reason);
    Read(json, "at", line.at.nanos);
    line.grace = Nanos(json.value("grace", std::int64_t{0}));
  } else if (kind == "exit") {
    ExitLine& line = record.exit.emplace();
    line.source = ParseSource(json.at("source").get<std::string>());
    Read(json, "code", line.code);
    Read(json, "signal", line.signal);
    Read(json, "out_of_memory", line.out_of_memory);
    Read(json, "problem", line.problem);
    Read(json, "at", line.at.nanos);
    Read(json, "cpu_micros", line.cpu_micros);
    Read(json, "memory_peak_bytes", line.memory_peak_bytes);
  }
}

}  // namespace

std::string EncodeRecord(const Record& record) {
  std::string text = Dump(IntentJson(record)) + '\n';
  if (record.started) text += Dump(StartedJson(*record.started)) + '\n';
  if (record.kill) text += Dump(KillJson(*record.kill)) + '\n';
  if (record.exit) text += Dump(ExitJson(*record.exit)) + '\n';
  return text;
}

Result<Record> DecodeRecord(std::string_view text) {
  Record record;
  try {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) break;
      ReadLine(Json::parse(text.substr(0, end)), record);
      text.remove_prefix(end + 1);
    }
    if (record.key.empty()) throw std::invalid_argument("no intent line");
  } catch (const std::exception& failure) {
    return SystemError(Code::kDataLoss, std::string("keeper record: ") + failure.what());
  }
  return record;
}

bool IsSafeName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

RecordStore::RecordStore(Files& files, std::string directory)
    : files_(files),
      boot_path_(directory + "/boot"),
      directory_(std::move(directory) + "/attempts") {}

Status RecordStore::MakeDirectories() { return files_.MakeDirectories(directory_); }

Status RecordStore::Save(const Record& record) {
  const std::string text = EncodeRecord(record);
  const auto known = written_.find(record.name);
  if (known == written_.end() || !text.starts_with(known->second)) {
    return Replace(record.name, text);
  }
  auto file = files_.OpenAppend(directory_ + '/' + record.name + std::string(kSuffix));
  if (!file) return Forward(file);
  Status written = (*file)->Append(std::string_view(text).substr(known->second.size()));
  if (written) written = (*file)->Close();
  if (written) {
    known->second = text;
  } else {
    // Part of a line may be there: the next step replaces the file.
    written_.erase(known);
  }
  return written;
}

Status RecordStore::Replace(const std::string& name, const std::string& text) {
  const std::string path = directory_ + '/' + name + std::string(kSuffix);
  const std::string temporary = directory_ + '/' + name + ".tmp";
  auto file = files_.Create(temporary);
  if (!file && file.error().code == Code::kAlreadyExists) {
    // Left by a keeper that died between writing and renaming.
    if (Status removed = files_.Remove(temporary); !removed) return removed;
    file = files_.Create(temporary);
  }
  if (!file) return Forward(file);
  Status written = (*file)->Append(text);
  if (written) written = (*file)->Close();
  if (written) written = files_.Rename(temporary, path);
  if (written) written_[name] = text;
  return written;
}

Result<std::vector<Record>> RecordStore::LoadAll(const std::string& boot_id,
                                                 std::vector<std::string>& problems) {
  auto boot = files_.ReadAll(boot_path_, kRecordBytesMax);
  if (!boot && boot.error().code != Code::kNotFound) return Forward(boot);
  auto entries = files_.List(directory_);
  if (!entries) return Forward(entries);
  std::vector<Record> records;
  for (const FileInfo& entry : *entries) {
    if (!entry.name.ends_with(kSuffix)) continue;
    auto text = files_.ReadAll(directory_ + '/' + entry.name, kRecordBytesMax);
    auto record = text ? DecodeRecord(*text) : Result<Record>(Forward(text));
    if (record) {
      records.push_back(std::move(*record));
      continue;
    }
    const std::string problem = entry.name + ": " + record.error().message;
    if (!boot || *boot == boot_id) {
      problems.push_back(problem);
      continue;
    }
    LogWarning("keeper.record_lost_with_power", {{"problem", problem}});
    if (Status removed = Remove(entry.name.substr(0, entry.name.size() - kSuffix.size()));
        !removed) {
      return Forward(removed);
    }
  }
  // Only now: a keeper that dies before has lost the reason to remove anything.
  if (!boot || *boot != boot_id) {
    if (Status written = WriteDurably(files_, boot_path_, boot_id); !written) {
      return Forward(written);
    }
  }
  return records;
}

Status RecordStore::Remove(const std::string& name) {
  written_.erase(name);
  for (const std::string& path :
       {MarkerPath(name), directory_ + '/' + name + std::string(kSuffix)}) {
    Status removed = files_.Remove(path);
    if (!removed && removed.error().code != Code::kNotFound) return removed;
  }
  return {};
}

std::string RecordStore::MarkerPath(const std::string& name) const {
  return directory_ + '/' + name + ".exit";
}

std::optional<ExitMarker> RecordStore::ReadMarker(const std::string& name) {
  auto text = files_.ReadAll(MarkerPath(name), kRecordBytesMax);
  if (!text) return std::nullopt;
  auto marker = ParseWith<ExitMarker>(*text, "exit marker", [](const Json& json) {
    ExitMarker parsed;
    json.at("code").get_to(parsed.code);
    Read(json, "at", parsed.at.nanos);
    Read(json, "imported", parsed.imported);
    return parsed;
  });
  return marker ? std::optional(*marker) : std::nullopt;
}

}  // namespace martlet::keeper
