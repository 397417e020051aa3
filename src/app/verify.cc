#include "app/verify.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/verify_objects.h"
#include "app/verify_store.h"
#include "base/confined_files.h"
#include "base/random.h"
#include "objects/local/local_store.h"
#include "store/sqlite/sqlite_store.h"

namespace martlet::app {
namespace {

Status RequireFile(Files& files, const std::string& data, const std::string& name) {
  const auto found = files.Stat(data + name);
  if (!found) return Forward(found);
  if (found->has_value()) return {};
  return UserError(Code::kFailedPrecondition,
                   data + " is not a data directory of Martlet: there is no " + data + name);
}

}  // namespace

Result<VerifyReport> VerifyDataDirectory(const std::string& directory) {
  PosixFiles files;
  const SystemClock clock;
  SystemRandom random;
  std::error_code error;
  std::string data = std::filesystem::absolute(directory, error).lexically_normal().string();
  while (data.size() > 1 && data.back() == '/') data.pop_back();
  // Opening makes what is missing; a check must not.
  for (const char* name : {"/store/store.db", "/objects/.martlet/root.json"}) {
    if (Status there = RequireFile(files, data, name); !there) return Forward(there);
  }
  const auto store = store::OpenSqliteStore({.directory = data + "/store"}, clock);
  if (!store) return Forward(store);
  const auto root = ConfinedFiles::OpenRoot(data + "/objects");
  if (!root) return Forward(root);
  const auto objects = objects::LocalObjectStore::Open({.files = root->get(),
                                                        .root = (*root)->root(),
                                                        .clock = &clock,
                                                        .random = &random,
                                                        .signer = nullptr});
  if (!objects) return Forward(objects);
  const auto reader = (*store)->Snapshot();
  if (!reader) return Forward(reader);

  StoreVerdict rows = VerifyStore(**reader, **objects);
  ObjectsVerdict recorded = VerifyObjects(**root, (*root)->root());
  VerifyReport report;
  report.counts = {{"executions", rows.executions},
                   {"executions_with_record", rows.recorded},
                   {"events", rows.events},
                   {"node_executions", rows.nodes},
                   {"attempts", rows.attempts},
                   {"entities", rows.entities},
                   {"closures", rows.closures},
                   {"value_objects", rows.value_objects},
                   {"literals", rows.literals},
                   {"recorded_objects", recorded.objects},
                   {"replaced_objects", recorded.replaced}};
  report.findings = std::move(rows.findings);
  for (runtime::Finding& finding : recorded.findings) {
    report.findings.push_back(std::move(finding));
  }
  return report;
}

std::string ReportText(const VerifyReport& report) {
  std::string text;
  for (const runtime::Finding& finding : report.findings) {
    text += finding.table + ' ' + finding.key;
    if (!finding.column.empty()) text += ", " + finding.column;
    text += ": " + finding.problem + "\n  " + finding.remedy + '\n';
  }
  for (const VerifyReport::Count& count : report.counts) {
    text += count.name + ": " + std::to_string(count.value) + '\n';
  }
  text += "findings: " + std::to_string(report.findings.size()) + '\n';
  return text;
}

std::string ReportJson(const VerifyReport& report) {
  nlohmann::ordered_json json;
  json["ok"] = report.findings.empty();
  for (const VerifyReport::Count& count : report.counts) json["counts"][count.name] = count.value;
  json["findings"] = nlohmann::ordered_json::array();
  for (const runtime::Finding& finding : report.findings) {
    json["findings"].push_back({{"table", finding.table},
                                {"key", finding.key},
                                {"column", finding.column},
                                {"problem", finding.problem},
                                {"remedy", finding.remedy}});
  }
  // Damaged text need not be UTF-8.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace martlet::app
