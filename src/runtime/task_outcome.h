#pragma once

#include <cstddef>
#include <string>

#include "base/files.h"
#include "engine/action.h"
#include "engine/input.h"
#include "executors/executor.h"
#include "objects/object_store.h"
#include "runtime/literal_reader.h"

namespace flyteidl::core {
class TaskTemplate;
}

namespace martlet::runtime {

/// An attempt that ended, and where it may have left something.
struct EndedAttempt {
  engine::Stamp stamp;
  engine::AttemptPlaces places;
  const flyteidl::core::TaskTemplate& task;
  const executors::Report& report;
  Timestamp started_at;
  std::string executor_instance;
  std::size_t literal_bytes_max = 0;
};

/// What became of an attempt, from its files and its exit status (client contract §4.4-4.5, engine
/// contract §4.3-4.5): the error document wins over everything, then the outputs, then the status.
/// AttemptSucceeded only after everything the attempt wrote under its output prefix and local raw
/// prefix is durable. Blocks on the disk.
[[nodiscard]] engine::InputBody JudgeOutcome(const EndedAttempt& attempt,
                                             objects::ObjectStore& metadata, Files& files);

/// Writes an object that can be made again from what is committed: not synced.
Status PutRecoverable(objects::ObjectStore& metadata, const std::string& uri,
                      const std::string& bytes);

}  // namespace martlet::runtime
