#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulation/crash_disk.h"
#include "simulation/crash_vfs.h"
#include "store/group.h"
#include "store/store.h"

/// What crash tests share: scripted random work, and what a store must look like after a prefix of
/// it.
namespace martlet::simulation {

/// One group of random transactions.
using Group = std::vector<std::uint64_t>;  // seeds of store::RandomStep

/// `groups` groups of 1 to `group_max` steps.
[[nodiscard]] std::vector<Group> RandomGroups(std::uint64_t seed, std::size_t groups,
                                              std::size_t group_max);

/// What is stored, by content.
struct StoredState {
  std::uint64_t commits = 0;  ///< number of the last transaction
  std::string digest;         ///< of every row
  bool operator==(const StoredState&) const = default;
};

/// Reads the state and checks the invariants of store::RandomStep's world.
[[nodiscard]] Result<StoredState> Examine(store::Store& store);

/// The state after a group as the memory store has it: the model.
class Model {
 public:
  Model();
  ~Model();

  /// Runs the group at its place in the script; every transaction of it is accepted.
  StoredState Apply(std::size_t place, const Group& group);
  [[nodiscard]] StoredState State();

 private:
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<store::PumpedStore> store_;
};

/// Wall time of the group at this place of a script, the same for model and store.
[[nodiscard]] Timestamp TimeOfGroup(std::size_t place);

/// Submits the steps of a group. `acknowledged` is called for each outcome.
void SubmitGroup(store::PumpedStore& store, const Group& group,
                 const std::function<void(const Result<store::Commit>&)>& acknowledged);

/// The product's store on a disk that can crash.
[[nodiscard]] Result<std::unique_ptr<store::PumpedStore>> OpenOn(const CrashVfs& vfs,
                                                                 const Clock& clock,
                                                                 store::FatalHook fatal);

/// MARTLET_CRASH_SCALE, a percentage of the usual size. 100 if it is not set.
[[nodiscard]] std::size_t CrashScale();

}  // namespace martlet::simulation
