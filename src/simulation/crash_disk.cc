#include "simulation/crash_disk.h"

#include <algorithm>

#include "base/check.h"

namespace martlet::simulation {
namespace {

using Kind = DiskOperation::Kind;

void WriteAt(std::string& content, std::uint64_t offset, std::string_view data) {
  // A hole reads as zeros.
  if (content.size() < offset + data.size()) content.resize(offset + data.size());
  content.replace(offset, data.size(), data);
}

bool ConcernsNames(const DiskOperation& operation) {
  return operation.kind == Kind::kCreate || operation.kind == Kind::kDelete;
}

}  // namespace

CrashDisk::CrashDisk(const DiskImage& durable, std::uint64_t seed) : random_(seed) {
  for (const auto& [path, content] : durable) {
    durable_.files[next_file_] = content;
    durable_.names[path] = next_file_++;
  }
  names_ = durable_.names;
}

void CrashDisk::ApplyWhole(Content& content, const Pending& change) {
  const DiskOperation& operation = change.operation;
  switch (operation.kind) {
    case Kind::kCreate:
      content.names[operation.file] = change.file;
      return;
    case Kind::kDelete:
      content.names.erase(operation.file);
      return;
    case Kind::kWrite:
      return WriteAt(content.files[change.file], operation.offset, operation.data);
    case Kind::kTruncate:
      content.files[change.file].resize(operation.offset);
      return;
    case Kind::kSync:
    case Kind::kSyncDirectory:
    case Kind::kFailedSync:
      break;
  }
  MARTLET_CHECK(false);
}

// A write of which each sector is there or not.
void CrashDisk::ApplyTorn(Content& content, const Pending& change, Random& random) {
  const DiskOperation& write = change.operation;
  std::uint64_t begin = 0;
  while (begin < write.data.size()) {
    const std::uint64_t sector_end = ((write.offset + begin) / kSectorBytes + 1) * kSectorBytes;
    const std::uint64_t end = std::min<std::uint64_t>(sector_end - write.offset, write.data.size());
    if (random.Chance(50)) {
      WriteAt(content.files[change.file], write.offset + begin,
              std::string_view(write.data).substr(begin, end - begin));
    }
    begin = end;
  }
}

void CrashDisk::Apply(const DiskOperation& operation) {
  switch (operation.kind) {
    case Kind::kSync:
      return Settle(names_.at(operation.file), false);
    case Kind::kFailedSync:
      return Settle(names_.at(operation.file), true);
    case Kind::kSyncDirectory:
      std::erase_if(pending_, [&](const Pending& one) {
        if (!ConcernsNames(one.operation)) return false;
        ApplyWhole(durable_, one);
        return true;
      });
      ++generation_;
      return;
    case Kind::kCreate:
      names_[operation.file] = next_file_++;
      break;
    case Kind::kWrite:
    case Kind::kTruncate:
    case Kind::kDelete:
      break;
  }
  pending_.push_back({operation, names_.at(operation.file)});
  if (operation.kind == Kind::kDelete) names_.erase(operation.file);
}

void CrashDisk::Settle(FileNumber file, bool lose) {
  std::erase_if(pending_, [&](const Pending& one) {
    if (one.file != file || ConcernsNames(one.operation)) return false;
    if (!lose || random_.Chance(50)) ApplyWhole(durable_, one);
    return true;
  });
  ++generation_;
}

DiskImage CrashDisk::Image(Survival survival, Random& random) const {
  Content content = durable_;
  // Now and then nearly everything survives or is lost: the rare combinations.
  const unsigned percents[] = {10, 50, 90};
  const unsigned percent = percents[random.Below(3)];
  for (const Pending& change : pending_) {
    if (survival == Survival::kNone) break;
    if (survival == Survival::kAll) {
      ApplyWhole(content, change);
    } else if (change.operation.kind == Kind::kWrite && random.Chance(25)) {
      ApplyTorn(content, change, random);
    } else if (random.Chance(percent)) {
      ApplyWhole(content, change);
    }
  }
  DiskImage image;
  for (const auto& [path, file] : content.names) image[path] = std::move(content.files[file]);
  return image;
}

}  // namespace martlet::simulation
