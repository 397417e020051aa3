#include "simulation/store_host.h"

#include "base/check.h"
#include "simulation/crash_scenario.h"
#include "store/memory/memory_store.h"

namespace martlet::simulation {

StoreHost::StoreHost(StoreKind kind, const Clock& clock) : kind_(kind), clock_(clock) { Open(); }

void StoreHost::Open() {
  if (kind_ == StoreKind::kMemory) {
    store_ = store::NewPumpedMemoryStore(clock_);
    return;
  }
  vfs_ = std::make_unique<CrashVfs>(image_);
  auto opened = OpenOn(*vfs_, clock_, nullptr);
  MARTLET_CHECK_MSG(opened.has_value(), opened ? "" : opened.error().message);
  store_ = *std::move(opened);
}

std::size_t StoreHost::Crash(bool commit_first, bool power_loss, Random& random) {
  const std::size_t committed = commit_first ? store_->PumpUnacknowledged() : 0;
  store_->DropQueued();
  if (kind_ == StoreKind::kMemory) return committed;
  CrashDisk disk(image_, random.Next());
  for (const DiskOperation& operation : vfs_->operations()) disk.Apply(operation);
  store_.reset();
  vfs_.reset();
  image_ = disk.Image(power_loss ? Survival::kRandom : Survival::kAll, random);
  Open();
  return committed;
}

}  // namespace martlet::simulation
