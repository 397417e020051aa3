#include "app/verify_objects.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "objects/layout.h"
#include "objects/local/sidecar.h"

namespace martlet::app {
namespace {

constexpr std::size_t kSidecarBytesMax = 64u << 10;
constexpr std::size_t kChunkBytes = 1u << 20;
constexpr char kRestore[] =
    "restore the file from a backup, or upload it again; readers are answered DATA_LOSS until then";
constexpr char kRestoreSidecar[] =
    "restore the record from a backup, or put the object again: it cannot be read until then";

Result<std::string> DigestOf(const ReadableFile& file) {
  DigestStream digest(DigestStream::Kind::kSha256);
  for (std::uint64_t offset = 0;;) {
    const Result<std::string> chunk = file.Read(offset, kChunkBytes);
    if (!chunk) return Forward(chunk);
    if (chunk->empty()) return digest.Finish();
    digest.Update(*chunk);
    offset += chunk->size();
  }
}

class Pass {
 public:
  Pass(Files& files, std::string root) : files_(files), root_(std::move(root)) {}

  ObjectsVerdict Run() {
    const std::string records = root_ + "/.martlet/meta";
    for (const FileInfo& folder : Entries(records)) {
      const std::string path = records + '/' + folder.name;
      if (!folder.is_directory) continue;
      for (const FileInfo& entry : Entries(path)) {
        // What a crash left of a record being written: not a record yet.
        if (entry.name.size() == 64) CheckSidecar(path, entry.name);
      }
    }
    return std::move(verdict_);
  }

 private:
  std::vector<FileInfo> Entries(const std::string& path) {
    auto entries = files_.List(path);
    if (entries) return *std::move(entries);
    if (entries.error().code != Code::kNotFound) Report(path, entries.error().message, kRestore);
    return {};
  }

  void Report(const std::string& key, std::string problem, std::string remedy) {
    verdict_.findings.push_back({"object", key, "", std::move(problem), std::move(remedy)});
  }

  void CheckSidecar(const std::string& folder, const std::string& name) {
    const std::string path = folder + '/' + name;
    const auto text = files_.ReadAll(path, kSidecarBytesMax);
    if (!text) return Report(path, text.error().message, kRestoreSidecar);
    const auto sidecar = objects::DecodeSidecar(*text);
    if (!sidecar) return Report(path, sidecar.error().message, kRestoreSidecar);
    if (HexEncode(Sha256(sidecar->key)) != name) {
      return Report(path, "the record names the object [" + sidecar->key + "], which is another's",
                    kRestoreSidecar);
    }
    CheckObject(*sidecar);
  }

  void CheckObject(const objects::Sidecar& sidecar) {
    const std::string path = root_ + '/' + sidecar.key;
    const auto file = files_.Open(path);
    if (!file) {
      // The record is written before its object and removed after it.
      if (file.error().code == Code::kNotFound) return;
      return Report(sidecar.key, file.error().message, kRestore);
    }
    const objects::SidecarRecord* record = objects::FindRecord(sidecar, (*file)->Info());
    const bool upload = sidecar.key.starts_with(std::string(objects::kUploadsPrefix) + '/');
    if (record == nullptr && !upload) {
      ++verdict_.replaced;
      return;
    }
    const Result<std::string> digest = DigestOf(**file);
    if (!digest) return Report(sidecar.key, digest.error().message, kRestore);
    ++verdict_.objects;
    if (record != nullptr) {
      if (record->sha256.empty() || record->sha256 == *digest) return;
      return Report(
          sidecar.key,
          "has SHA-256 " + HexEncode(*digest) + ", recorded is " + HexEncode(record->sha256),
          kRestore);
    }
    // Nobody but the store writes uploads: a changed time does not excuse changed bytes.
    const bool known =
        std::any_of(sidecar.records.begin(), sidecar.records.end(),
                    [&](const objects::SidecarRecord& one) { return one.sha256 == *digest; });
    if (!known) {
      Report(sidecar.key,
             "was written over: it has SHA-256 " + HexEncode(*digest) +
                 ", which no record of it names",
             kRestore);
    }
  }

  Files& files_;
  const std::string root_;
  ObjectsVerdict verdict_;
};

}  // namespace

ObjectsVerdict VerifyObjects(Files& files, const std::string& root) {
  return Pass(files, root).Run();
}

}  // namespace martlet::app
