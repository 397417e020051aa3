#include "runtime/task_command.h"

#include "flyteidl/core/identifier.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/tasks.pb.h"
#include "literals/command_template.h"
#include "runtime/pod_spec.h"

namespace martlet::runtime {
namespace {

using flyteidl::core::TaskTemplate;
using google::protobuf::Struct;
using Variables = std::vector<std::pair<std::string, std::string>>;

struct Program {
  std::vector<std::string> arguments;
  Variables env;
};

void AppendTexts(const Struct& message, const std::string& name, std::vector<std::string>& out) {
  const google::protobuf::Value* value = Field(message, name);
  if (value == nullptr) return;
  for (const auto& item : value->list_value().values()) out.push_back(item.string_value());
}

/// Nothing can be run: Flyte's code and words (oracle engine/unknown_type).
tl::unexpected<Error> NotRunnable() {
  return UserError(Code::kInvalidArgument,
                   "could not build resource for task: [BadTaskSpecification] invalid "
                   "TaskSpecification, unable to determine Pod configuration");
}

/// Flyte's co-pilot brings inputs as files beside the container and collects files as outputs.
/// flytekit's ContainerTask asks for it always, also where there is nothing to bring or to collect.
bool NeedsFilesBeside(const TaskTemplate& task, const flyteidl::core::DataLoadingConfig& config) {
  const auto& interface = task.interface();
  return config.enabled() &&
         (interface.outputs().variables_size() > 0 ||
          (!config.input_path().empty() && interface.inputs().variables_size() > 0));
}

tl::unexpected<Error> NoFilesBeside() {
  return UserError(Code::kUnimplemented,
                   "the task wants its inputs as files or its outputs collected from files "
                   "(data_config of its container, as flytekit's ContainerTask has it); this "
                   "version of Martlet does neither. Give the inputs in the command as "
                   "{{.inputs.NAME}} and have no outputs, or use a ShellTask or a Python task.");
}

Result<Program> FromPod(const TaskTemplate& task) {
  const Struct* container = PrimaryContainer(task);
  if (container == nullptr) return NotRunnable();
  Program program;
  AppendTexts(*container, "command", program.arguments);
  AppendTexts(*container, "args", program.arguments);
  if (const auto* env = Field(*container, "env")) {
    for (const auto& variable : env->list_value().values()) {
      program.env.emplace_back(Text(variable.struct_value(), "name"),
                               Text(variable.struct_value(), "value"));
    }
  }
  return program;
}

Result<Program> ProgramOf(const TaskTemplate& task) {
  if (task.has_k8s_pod()) {
    if (NeedsFilesBeside(task, task.k8s_pod().data_config())) return NoFilesBeside();
    return FromPod(task);
  }
  if (!task.has_container()) return NotRunnable();
  if (NeedsFilesBeside(task, task.container().data_config())) return NoFilesBeside();
  Program program;
  program.arguments.assign(task.container().command().begin(), task.container().command().end());
  program.arguments.insert(program.arguments.end(), task.container().args().begin(),
                           task.container().args().end());
  for (const auto& variable : task.container().env()) {
    program.env.emplace_back(variable.key(), variable.value());
  }
  return program;
}

}  // namespace

std::string TaskTemplatePath(const engine::AttemptPlaces& places) {
  return places.data_dir + "/task.pb";
}

Result<TaskCommand> BuildTaskCommand(const ExecutionContext& context, const TaskTemplate& task,
                                     const engine::AttemptPlaces& places, std::uint32_t attempt,
                                     const std::string& previous_checkpoint,
                                     const flyteidl::core::LiteralMap& inputs,
                                     const PlatformAddress& platform) {
  Result<Program> program = ProgramOf(task);
  if (!program) return Forward(program);
  if (program->arguments.empty()) return NotRunnable();

  const literals::TemplateValues values{
      .input = places.data_dir + "/inputs.pb",
      .input_prefix = places.data_dir,
      .output_prefix = places.output_dir,
      .raw_output_prefix = places.raw_prefix,
      .checkpoint_prefix = places.raw_prefix + "/_flytecheckpoints",
      .previous_checkpoint_prefix = previous_checkpoint,
      .generated_name = places.generated_name,
      .task_template_path = TaskTemplatePath(places),
      .name_space = context.name.project + '-' + context.name.domain,
      .inputs = &inputs};
  Result<std::vector<std::string>> argv = literals::FillTemplates(program->arguments, values);
  if (!argv) return Forward(argv);

  Variables env = std::move(program->env);
  const EntityName& workflow = context.workflow_id;
  env.emplace_back("FLYTE_INTERNAL_EXECUTION_WORKFLOW",
                   workflow.project + ':' + workflow.domain + ':' + workflow.name);
  env.emplace_back("FLYTE_INTERNAL_EXECUTION_ID", context.name.name);
  env.emplace_back("FLYTE_INTERNAL_EXECUTION_PROJECT", context.name.project);
  env.emplace_back("FLYTE_INTERNAL_EXECUTION_DOMAIN", context.name.domain);
  env.emplace_back("FLYTE_ATTEMPT_NUMBER", std::to_string(attempt));
  env.emplace_back("FLYTE_INTERNAL_TASK_PROJECT", task.id().project());
  env.emplace_back("FLYTE_INTERNAL_TASK_DOMAIN", task.id().domain());
  env.emplace_back("FLYTE_INTERNAL_TASK_NAME", task.id().name());
  env.emplace_back("FLYTE_INTERNAL_TASK_VERSION", task.id().version());
  env.insert(env.end(), context.envs.begin(), context.envs.end());
  env.emplace_back("FLYTE_PLATFORM_URL", platform.authority);
  env.emplace_back("FLYTE_PLATFORM_INSECURE", platform.insecure ? "true" : "false");

  return TaskCommand{.argv = *std::move(argv),
                     .env = std::move(env),
                     .needs_task_template = literals::NamesTaskTemplate(program->arguments)};
}

}  // namespace martlet::runtime
