#include "simulation/task_script.h"

#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/digest.h"
#include "base/random.h"
#include "flyteidl/core/errors.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "simulation/workflow_library.h"

namespace martlet::simulation {
namespace {

namespace core = flyteidl::core;

constexpr std::array<const char*, 10> kFateNames = {
    "",
    "task fails",
    "task fails recoverably",
    "task runs out of memory",
    "task's process fails",
    "task is lost",
    "task vanishes",
    "task vanishes when it is done",
    "task forgets an output",
    "executor refuses for good",
};

void WriteFile(Files& files, const std::string& path, const std::string& data) {
  const std::string directory = path.substr(0, path.rfind('/'));
  MARTLET_CHECK(files.MakeDirectories(directory).has_value());
  auto file = files.OpenAppend(path);
  MARTLET_CHECK_MSG(file.has_value(), path);
  MARTLET_CHECK((*file)->Append(data).has_value() && (*file)->Close().has_value());
}

std::string OutputsOf(Files& files, const executors::AttemptSpec& spec) {
  const auto bytes = files.ReadAll(spec.inputs_path, 1u << 20);
  core::LiteralMap inputs;
  MARTLET_CHECK_MSG(bytes.has_value() && inputs.ParseFromString(*bytes), spec.inputs_path);
  std::vector<std::int64_t> reads;
  for (const core::Literal& literal : inputs.literals().at("xs").collection().literals()) {
    reads.push_back(literal.scalar().primitive().integer());
  }
  core::LiteralMap outputs;
  (*outputs.mutable_literals())["o0"].mutable_scalar()->mutable_primitive()->set_integer(
      TaskResult(reads));
  return outputs.SerializeAsString();
}

std::string ErrorDocument(bool recoverable) {
  core::ErrorDocument document;
  core::ContainerError& error = *document.mutable_error();
  error.set_code("USER:Simulated");
  error.set_message("simulated");
  error.set_kind(recoverable ? core::ContainerError::RECOVERABLE
                             : core::ContainerError::NON_RECOVERABLE);
  error.set_origin(core::ExecutionError::USER);
  return document.SerializeAsString();
}

}  // namespace

const char* FateName(TaskFate fate) { return kFateNames[static_cast<std::size_t>(fate)]; }

std::uint64_t TaskScript::Dice(const std::string& execution, const std::string& path,
                               std::uint32_t attempt, const char* about) const {
  // Through a generator: the hash alone gives consecutive attempts related numbers.
  return SeededRandom(Fnv64a(std::to_string(seed_) + '/' + execution + '/' + path + '/' +
                             std::to_string(attempt) + '/' + about))
      .Below(1'000'000);
}

TaskFate TaskScript::FateOf(const std::string& execution, const std::string& path,
                            std::uint32_t attempt) const {
  if (Dice(execution, path, attempt, "trouble") % 100 >= trouble_) return TaskFate::kSucceeds;
  const std::uint64_t dice = Dice(execution, path, attempt, "fate") % 100;
  if (dice < 6) return TaskFate::kFails;
  if (dice < 35) return TaskFate::kFailsRecoverably;
  if (dice < 45) return TaskFate::kRunsOutOfMemory;
  if (dice < 60) return TaskFate::kCrashes;
  if (dice < 75) return TaskFate::kIsLost;
  if (dice < 87) return TaskFate::kVanishes;
  if (dice < 94) return TaskFate::kVanishesDone;
  return dice < 97 ? TaskFate::kForgetsOutput : TaskFate::kCannotStart;
}

executors::SimulatedPlan TaskScript::PlanOf(const std::string& execution,
                                            const executors::AttemptKey& key, bool hangs) const {
  using executors::SimulatedFate;
  const auto attempt = static_cast<std::uint32_t>(key.attempt);
  executors::SimulatedPlan plan;
  switch (FateOf(execution, key.path, attempt)) {
    case TaskFate::kSucceeds:
    case TaskFate::kFails:
    case TaskFate::kFailsRecoverably:
    case TaskFate::kForgetsOutput:
    case TaskFate::kCannotStart:
      plan.fate = SimulatedFate::kSucceed;
      break;
    case TaskFate::kRunsOutOfMemory:
      plan.fate = SimulatedFate::kOutOfMemory;
      break;
    case TaskFate::kCrashes:
      plan.fate = SimulatedFate::kFail;
      break;
    case TaskFate::kIsLost:
      plan.fate = SimulatedFate::kLose;
      break;
    case TaskFate::kVanishes:
    case TaskFate::kVanishesDone:
      plan.fate = SimulatedFate::kVanish;
      break;
  }
  const std::uint64_t dice = Dice(execution, key.path, attempt, "time");
  plan.start_after = std::chrono::milliseconds(dice % 50);
  plan.run_for = std::chrono::milliseconds(dice % 7 == 0 ? dice % 120'000 : dice % 2'000);
  if (hangs && dice % 3 == 0) plan.fate = SimulatedFate::kHang;
  return plan;
}

void TaskScript::Finish(Files& files, const std::string& execution,
                        const executors::AttemptSpec& spec) const {
  const TaskFate fate =
      FateOf(execution, spec.key.path, static_cast<std::uint32_t>(spec.key.attempt));
  if (fate == TaskFate::kSucceeds || fate == TaskFate::kVanishesDone) {
    WriteFile(files, spec.output_prefix + "/outputs.pb", OutputsOf(files, spec));
  } else if (fate == TaskFate::kForgetsOutput) {
    WriteFile(files, spec.output_prefix + "/outputs.pb", core::LiteralMap().SerializeAsString());
  } else if (fate == TaskFate::kFails || fate == TaskFate::kFailsRecoverably) {
    WriteFile(files, spec.output_prefix + "/error.pb",
              ErrorDocument(fate == TaskFate::kFailsRecoverably));
  }
}

}  // namespace martlet::simulation
