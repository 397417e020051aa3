#include "simulation/watched_executor.h"

namespace martlet::simulation {

Status WatchedExecutor::Start(const executors::AttemptSpec& spec) {
  watch_.boundary("start", false);
  if (Status refused = watch_.starting(spec); !refused) return refused;
  for (const executors::AttemptKey& running : inner_.RunningKeys()) {
    const bool same_node = running.execution == spec.key.execution && running.path == spec.key.path;
    if (same_node && running != spec.key) {
      watch_.broken("attempt " + spec.key.ToString() + " starts while " + running.ToString() +
                    " runs");
    }
  }
  const Status started = inner_.Start(spec);
  watch_.boundary("start", true);
  return started;
}

Status WatchedExecutor::Kill(const executors::AttemptKey& key, std::string_view reason,
                             Nanos grace) {
  watch_.boundary("kill", false);
  const Status killed = inner_.Kill(key, reason, grace);
  watch_.boundary("kill", true);
  return killed;
}

Result<std::vector<executors::Adopted>> WatchedExecutor::Adopt(
    const std::vector<executors::AttemptKey>& keys) {
  watch_.boundary("adopt", false);
  auto adopted = inner_.Adopt(keys);
  watch_.boundary("adopt", true);
  return adopted;
}

Status WatchedExecutor::Forget(const executors::AttemptKey& key) {
  watch_.boundary("forget", false);
  const Status forgotten = inner_.Forget(key);
  watch_.boundary("forget", true);
  return forgotten;
}

}  // namespace martlet::simulation
