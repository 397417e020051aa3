#include "service/launches.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/limits.h"
#include "compiler/compiler.h"
#include "compiler/launch_inputs.h"
#include "compiler/single_task.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/admin/launch_plan.pb.h"
#include "flyteidl/admin/project.pb.h"
#include "flyteidl/admin/workflow.pb.h"
#include "flyteidl/core/compiler.pb.h"
#include "service/execution_queries.h"
#include "service/launch_checks.h"
#include "service/registry_writes.h"
#include "service/request_checks.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::ExecutionCreateRequest;
using flyteidl::admin::ExecutionCreateResponse;
using flyteidl::admin::ExecutionMetadata;
using flyteidl::admin::ExecutionSpec;
using flyteidl::core::LiteralMap;

/// Flyte's generated names: 'a' and 19 safe characters.
std::string GeneratedExecutionName(Random& random) { return "a" + random.SafeString(19); }

/// True if the context names who should run it (admin contract §4.5).
bool SaysWhoRuns(const flyteidl::core::SecurityContext& context) {
  const flyteidl::core::Identity& run_as = context.run_as();
  return !run_as.k8s_service_account().empty() || !run_as.iam_role().empty() ||
         !run_as.execution_identity().empty();
}

/// The workflow and launch plan that run one task, as they are registered the first time.
struct SingleTaskEntities {
  store::WorkflowRow workflow;
  std::string closure;
  store::LaunchPlanRow launch_plan;
};

/// For a request that names the node it was made by: takes over that execution's user and goes
/// one level deeper. NOT_FOUND when there is no such node (admin contract §4.5).
Status InheritFromParent(store::Reader& reader, ExecutionCreateRequest& request,
                         std::string& principal) {
  ExecutionMetadata* metadata = request.mutable_spec()->mutable_metadata();
  const auto parent = FindNodeExecution(reader, metadata->parent_node_execution());
  if (!parent) return Forward(parent);
  ExecutionSpec parent_spec;
  if (!parent_spec.ParseFromString(parent->execution.spec.data)) {
    return SystemError(Code::kDataLoss, "the stored spec of " + parent->execution.name +
                                            " does not parse; run `martlet verify`");
  }
  metadata->set_nesting(parent_spec.metadata().nesting() + 1);
  principal = parent->execution.user;
  return {};
}

flyteidl::core::ParameterMap RequiredParameters(const flyteidl::core::VariableMap& inputs) {
  flyteidl::core::ParameterMap parameters;
  for (const auto& [name, variable] : inputs.variables()) {
    flyteidl::core::Parameter parameter;
    *parameter.mutable_var() = variable;
    parameter.set_required(true);
    (*parameters.mutable_parameters())[name] = parameter;
  }
  return parameters;
}

}  // namespace

/// Resolves one request against what is registered, on one snapshot.
class Launches::Preparation {
 public:
  Preparation(const Launches& launches, store::Reader& reader,
              const ExecutionCreateRequest& request, const std::string& principal)
      : launches_(launches), reader_(reader), request_(request), principal_(principal) {}

  Result<runtime::NewExecution> Run() {
    // Flyte takes the deprecated field when the new one is empty; the console still uses it.
    user_inputs_ =
        request_.inputs().literals().empty() ? request_.spec().inputs() : request_.inputs();
    spec_ = request_.spec();
    const EntityName target = NameOf(spec_.launch_plan());
    const bool is_task = spec_.launch_plan().resource_type() == flyteidl::core::TASK;
    if (Status resolved = is_task ? ResolveTask(target) : ResolveLaunchPlan(target); !resolved) {
      return Forward(resolved);
    }
    if (Status sized = CheckLiteralSizes(inputs_, launches_.settings_.literal_bytes_max); !sized) {
      return Forward(sized);
    }
    if (Status merged = MergeProjectLabels(); !merged) return Forward(merged);
    FillRow();
    execution_.inputs = std::make_shared<const LiteralMap>(inputs_);
    execution_.user_inputs = std::make_shared<const LiteralMap>(user_inputs_);
    execution_.max_parallelism = static_cast<std::uint32_t>(std::max(0, EffectiveParallelism()));
    if (spec_.has_interruptible()) {
      execution_.interruptible = spec_.interruptible().value();
    } else if (launch_plan_spec_.has_interruptible()) {
      execution_.interruptible = launch_plan_spec_.interruptible().value();
    }
    execution_.raw_prefix =
        !spec_.raw_output_data_config().output_location_prefix().empty()
            ? spec_.raw_output_data_config().output_location_prefix()
            : launch_plan_spec_.raw_output_data_config().output_location_prefix();
    for (const auto& [key, value] : spec_.labels().values())
      execution_.tags.emplace_back(key, value);
    const auto& envs = !spec_.envs().values().empty() ? spec_.envs() : launch_plan_spec_.envs();
    for (const auto& pair : envs.values()) execution_.envs.emplace_back(pair.key(), pair.value());
    for (const std::string& tag : spec_.tags()) execution_.tags.emplace_back(tag, "");
    return std::move(execution_);
  }

 private:
  Status ResolveLaunchPlan(const EntityName& name) {
    const auto launch_plan = store::GetRow<store::LaunchPlanRow>(reader_, KeyOfVersion(name));
    if (!launch_plan) return Forward(launch_plan);
    if (!launch_plan->has_value()) return EntityNotFound(flyteidl::core::LAUNCH_PLAN, name);
    const store::LaunchPlanRow& row = **launch_plan;
    flyteidl::core::ParameterMap expected;
    if (!launch_plan_spec_.ParseFromString(row.spec.data) ||
        !expected.ParseFromString(row.expected_inputs.data)) {
      return SystemError(Code::kDataLoss, "the stored launch plan " + name.ToString() +
                                              " does not parse; run `martlet verify`");
    }
    if (Status resolved = ResolveInputs(expected, launch_plan_spec_.fixed_inputs()); !resolved) {
      return resolved;
    }
    const EntityName workflow_name{row.workflow_project, row.workflow_domain, row.workflow_name,
                                   row.workflow_version};
    const auto workflow = store::GetRow<store::WorkflowRow>(reader_, KeyOfVersion(workflow_name));
    if (!workflow) return Forward(workflow);
    if (!workflow->has_value()) return EntityNotFound(flyteidl::core::WORKFLOW, workflow_name);
    if (Status loaded = LoadWorkflow(workflow_name, (*workflow)->closure_digest.data); !loaded) {
      return loaded;
    }
    execution_.row.launch_entity = "launch_plan";
    execution_.row.launch_plan_project = name.project;
    execution_.row.launch_plan_domain = name.domain;
    execution_.row.launch_plan_name = name.name;
    execution_.row.launch_plan_version = name.version;
    const flyteidl::admin::ConcurrencyPolicy policy = launch_plan_spec_.concurrency_policy();
    if (policy.behavior() == flyteidl::admin::CONCURRENCY_LIMIT_BEHAVIOR_SKIP) {
      execution_.guards = [name, limit = policy.max()](store::Txn& txn) {
        return store::RequireConcurrencyBelow(txn, name.project, name.domain, name.name, limit);
      };
    }
    return {};
  }

  /// A single task runs inside a generated workflow of one node, registered at its first run.
  Status ResolveTask(const EntityName& name) {
    const auto task = store::GetRow<store::TaskRow>(reader_, KeyOfVersion(name));
    if (!task) return Forward(task);
    if (!task->has_value()) return EntityNotFound(flyteidl::core::TASK, name);
    flyteidl::core::CompiledTask compiled;
    if (!compiled.ParseFromString((*task)->closure.data)) {
      return SystemError(Code::kDataLoss, "the stored task " + name.ToString() +
                                              " does not parse; run `martlet verify`");
    }
    const flyteidl::core::TypedInterface& interface = compiled.template_().interface();
    if (Status resolved = ResolveInputs(RequiredParameters(interface.inputs()), {}); !resolved) {
      return resolved;
    }
    const EntityName workflow_name{name.project, name.domain,
                                   std::string(compiler::kGeneratedPrefix) + name.name,
                                   name.version};
    execution_.row.launch_entity = "task";
    execution_.row.task_project = name.project;
    execution_.row.task_domain = name.domain;
    execution_.row.task_name = name.name;
    execution_.row.task_version = name.version;

    const auto known = store::GetRow<store::WorkflowRow>(reader_, KeyOfVersion(workflow_name));
    if (!known) return Forward(known);
    if (known->has_value()) {
      return LoadWorkflow(workflow_name, (*known)->closure_digest.data);
    }
    Result<SingleTaskEntities> entities = MakeSingleTaskEntities(workflow_name, name, compiled);
    if (!entities) return Forward(entities);
    flyteidl::core::CompiledWorkflowClosure closure;
    closure.ParseFromString(entities->closure);
    auto workflow = runtime::MakeCompiledWorkflow(std::move(closure));
    if (!workflow) return Forward(workflow);
    execution_.workflow = *workflow;
    SetWorkflowId(workflow_name);
    execution_.guards = [entities = *std::move(entities)](store::Txn& txn) -> Status {
      // Somebody else's first run may have come in between: then it is there already.
      Status inserted =
          InsertWorkflow(txn, entities.workflow, entities.closure, NameOrigin::kGenerated);
      if (!inserted) {
        return inserted.error().code == Code::kAlreadyExists ? Status() : inserted;
      }
      inserted = InsertLaunchPlan(txn, entities.launch_plan, NameOrigin::kGenerated);
      if (!inserted && inserted.error().code != Code::kAlreadyExists) return inserted;
      return {};
    };
    return {};
  }

  Result<SingleTaskEntities> MakeSingleTaskEntities(const EntityName& workflow_name,
                                                    const EntityName& task_name,
                                                    const flyteidl::core::CompiledTask& task) {
    const flyteidl::core::WorkflowTemplate workflow_template =
        compiler::SingleTaskWorkflow(task.template_());
    const flyteidl::core::CompiledTask* tasks[] = {&task};
    auto compiled = compiler::CompileWorkflow(
        {.primary = &workflow_template, .sub_workflows = {}, .tasks = tasks, .launch_plans = {}});
    if (!compiled) {
      return UserError(Code::kInvalidArgument, "failed to compile workflow for [" +
                                                   workflow_name.ToString() +
                                                   "] with err: " + compiled.error().Text());
    }
    SingleTaskEntities entities;
    entities.closure = runtime::SerializeClosure(*compiled);
    entities.workflow.project = workflow_name.project;
    entities.workflow.domain = workflow_name.domain;
    entities.workflow.name = workflow_name.name;
    entities.workflow.version = workflow_name.version;
    entities.workflow.typed_interface.data = workflow_template.interface().SerializeAsString();
    flyteidl::admin::WorkflowSpec spec;
    *spec.mutable_template_() = workflow_template;
    entities.workflow.spec.data = spec.SerializeAsString();
    entities.workflow.closure_digest.data = Sha256(entities.closure);
    entities.workflow.digest = entities.workflow.closure_digest;

    // v1's launch plan of a single task names the TASK in workflow_id, and clients can see it.
    flyteidl::admin::LaunchPlanSpec launch_plan;
    *launch_plan.mutable_workflow_id() = ToIdentifier(task_name, flyteidl::core::WORKFLOW);
    launch_plan.mutable_entity_metadata();
    *launch_plan.mutable_default_inputs() =
        RequiredParameters(workflow_template.interface().inputs());
    launch_plan.mutable_fixed_inputs();
    launch_plan.mutable_labels();
    launch_plan.mutable_annotations();
    store::LaunchPlanRow& row = entities.launch_plan;
    row.project = workflow_name.project;
    row.domain = workflow_name.domain;
    row.name = workflow_name.name;
    row.version = workflow_name.version;
    row.spec.data = launch_plan.SerializeAsString();
    row.expected_inputs.data = launch_plan.default_inputs().SerializeAsString();
    row.expected_outputs.data = workflow_template.interface().outputs().SerializeAsString();
    row.digest.data = Sha256(row.spec.data);
    row.workflow_project = workflow_name.project;
    row.workflow_domain = workflow_name.domain;
    row.workflow_name = workflow_name.name;
    row.workflow_version = workflow_name.version;
    row.schedule_type = "NONE";
    return entities;
  }

  Status ResolveInputs(const flyteidl::core::ParameterMap& expected, const LiteralMap& fixed) {
    auto resolved = compiler::ResolveExecutionInputs(expected, fixed, user_inputs_);
    if (!resolved) return Forward(resolved);
    inputs_ = *std::move(resolved);
    return {};
  }

  Status LoadWorkflow(const EntityName& name, const std::string& digest) {
    auto workflow = launches_.runtime_.closures().Get(reader_, digest);
    if (!workflow) return Forward(workflow);
    execution_.workflow = *std::move(workflow);
    SetWorkflowId(name);
    return {};
  }

  void SetWorkflowId(const EntityName& name) {
    execution_.row.workflow_project = name.project;
    execution_.row.workflow_domain = name.domain;
    execution_.row.workflow_name = name.name;
    execution_.row.workflow_version = name.version;
    execution_.row.closure_digest.data = execution_.workflow->digest;
  }

  /// v1 writes the project's labels into a label map that the caller sent, and only then
  /// (oracle corrections-admin 1): clients that filter by a project label rely on it.
  Status MergeProjectLabels() {
    if (spec_.labels().values().empty()) return {};
    const auto found = store::GetRow<store::ProjectRow>(reader_, store::KeyOf(request_.project()));
    if (!found) return Forward(found);
    if (!found->has_value()) return {};
    // The column holds a project that has nothing but labels.
    flyteidl::admin::Project project;
    project.ParseFromString((*found)->labels.data);
    for (const auto& [key, value] : project.labels().values()) {
      spec_.mutable_labels()->mutable_values()->insert({key, value});
    }
    return {};
  }

  [[nodiscard]] std::int32_t EffectiveParallelism() const {
    if (spec_.max_parallelism() > 0) return spec_.max_parallelism();
    if (launch_plan_spec_.max_parallelism() > 0) return launch_plan_spec_.max_parallelism();
    return launches_.settings_.max_parallelism;
  }

  /// The spec as clients read it back: what they sent, with principal, namespace, and the resolved
  /// security context and parallelism (admin contract §4.5).
  void FillRow() {
    ExecutionMetadata* metadata = spec_.mutable_metadata();
    metadata->set_principal(principal_);
    metadata->clear_artifact_ids();
    metadata->clear_system_metadata();  // the server's to say, whatever the caller sent
    metadata->mutable_system_metadata()->set_namespace_(request_.project() + '-' +
                                                        request_.domain());
    if (!SaysWhoRuns(spec_.security_context())) {
      spec_.clear_security_context();
      if (SaysWhoRuns(launch_plan_spec_.security_context())) {
        *spec_.mutable_security_context() = launch_plan_spec_.security_context();
      } else if (!spec_.auth_role().kubernetes_service_account().empty() ||
                 !spec_.auth_role().assumable_iam_role().empty()) {
        flyteidl::core::Identity* run_as = spec_.mutable_security_context()->mutable_run_as();
        run_as->set_k8s_service_account(spec_.auth_role().kubernetes_service_account());
        run_as->set_iam_role(spec_.auth_role().assumable_iam_role());
      }
    }
    flyteidl::core::Identity* run_as = spec_.mutable_security_context()->mutable_run_as();
    if (run_as->execution_identity().empty()) run_as->set_execution_identity(principal_);
    if (execution_.row.launch_entity == "launch_plan") {
      spec_.set_max_parallelism(EffectiveParallelism());
    }

    store::ExecutionRow& row = execution_.row;
    row.project = request_.project();
    row.domain = request_.domain();
    row.name =
        request_.name().empty() ? GeneratedExecutionName(launches_.random_) : request_.name();
    row.spec.data = spec_.SerializeAsString();
    row.user = principal_;
    row.mode = spec_.metadata().mode();
    row.state_principal = principal_;
  }

  const Launches& launches_;
  store::Reader& reader_;
  const ExecutionCreateRequest& request_;
  const std::string& principal_;

  ExecutionSpec spec_;
  flyteidl::admin::LaunchPlanSpec launch_plan_spec_;
  LiteralMap user_inputs_;
  LiteralMap inputs_;
  runtime::NewExecution execution_;
};

void Launches::Create(const ExecutionCreateRequest& request, const std::string& principal,
                      const Finish<ExecutionCreateResponse>& finish) {
  auto reader = store_.Snapshot();
  if (!reader) return finish(Forward(reader));
  if (Status checked = CheckCreateRequest(**reader, registry_, request); !checked) {
    return finish(Forward(checked));
  }
  std::string user = principal;
  // Copied only then: inputs may be large.
  std::optional<ExecutionCreateRequest> of_parent;
  if (request.spec().metadata().has_parent_node_execution()) {
    of_parent = request;
    if (Status parent = InheritFromParent(**reader, *of_parent, user); !parent) {
      return finish(Forward(parent));
    }
  }
  Result<runtime::NewExecution> prepared =
      Preparation(*this, **reader, of_parent ? *of_parent : request, user).Run();
  reader->reset();
  Launch(std::move(prepared), finish);
}

void Launches::Launch(Result<runtime::NewExecution> prepared,
                      const Finish<ExecutionCreateResponse>& finish) {
  if (!prepared) return finish(Forward(prepared));
  ExecutionCreateResponse response;
  response.mutable_id()->set_project(prepared->row.project);
  response.mutable_id()->set_domain(prepared->row.domain);
  response.mutable_id()->set_name(prepared->row.name);
  runtime_.Create(*std::move(prepared), [finish, response](const Status& created) {
    if (!created) return finish(Forward(created));
    finish(response);
  });
}

void Launches::Repeat(const flyteidl::core::WorkflowExecutionIdentifier& id,
                      const std::string& name, const std::function<void(ExecutionSpec&)>& change,
                      const std::string& principal, const Finish<ExecutionCreateResponse>& finish) {
  if (Status valid = CheckExecutionId(id); !valid) return finish(Forward(valid));
  auto reader = store_.Snapshot();
  if (!reader) return finish(Forward(reader));
  auto row = FindExecution(**reader, id);
  if (!row) return finish(Forward(row));

  ExecutionCreateRequest again;
  again.set_project(id.project());
  again.set_domain(id.domain());
  again.set_name(name);
  if (!again.mutable_spec()->ParseFromString(row->spec.data)) {
    return finish(SystemError(Code::kDataLoss, "the stored spec of " + id.name() +
                                                   " does not parse; run "
                                                   "`martlet verify`"));
  }
  change(*again.mutable_spec());
  ExecutionMetadata* metadata = again.mutable_spec()->mutable_metadata();
  *metadata->mutable_reference_execution() = id;
  auto user_inputs = runtime_.values().ReadUserInputs(*row);
  if (!user_inputs) return finish(Forward(user_inputs));
  *again.mutable_inputs() = *std::move(user_inputs);
  if (Status checked = CheckCreateRequest(**reader, registry_, again); !checked) {
    return finish(Forward(checked));
  }
  std::string user = principal;
  if (metadata->has_parent_node_execution()) {
    if (Status parent = InheritFromParent(**reader, again, user); !parent) {
      return finish(Forward(parent));
    }
  }
  Result<runtime::NewExecution> prepared = Preparation(*this, **reader, again, user).Run();
  if (prepared) prepared->row.source_execution = ExecutionId{row->id};
  reader->reset();
  Launch(std::move(prepared), finish);
}

void Launches::Relaunch(const flyteidl::admin::ExecutionRelaunchRequest& request,
                        const std::string& principal,
                        const Finish<ExecutionCreateResponse>& finish) {
  const auto change = [&](ExecutionSpec& spec) {
    spec.mutable_metadata()->set_mode(ExecutionMetadata::RELAUNCH);
    spec.set_overwrite_cache(request.overwrite_cache());
  };
  Repeat(request.id(), request.name(), change, principal, finish);
}

void Launches::Recover(const flyteidl::admin::ExecutionRecoverRequest& request,
                       const std::string& principal,
                       const Finish<ExecutionCreateResponse>& finish) {
  const auto change = [&](ExecutionSpec& spec) {
    spec.mutable_metadata()->set_mode(ExecutionMetadata::RECOVERED);
    // Whoever recovers on behalf of a node says which one; the rest stays as it was.
    if (request.has_metadata()) {
      *spec.mutable_metadata()->mutable_parent_node_execution() =
          request.metadata().parent_node_execution();
    }
  };
  Repeat(request.id(), request.name(), change, principal, finish);
}

void Launches::CreateChild(const runtime::ChildLaunch& launch) {
  auto reader = store_.Snapshot();
  if (!reader) return launch.done(Forward(reader));
  // The child takes over what its parent was launched with: labels, parallelism, identity.
  const auto parent =
      store::GetRow<store::ExecutionRow>(**reader, store::KeyOf(launch.parent.execution));
  if (!parent) return launch.done(Forward(parent));
  if (!parent->has_value()) {
    return launch.done(SystemError(Code::kNotFound, "the parent execution is gone"));
  }
  const store::ExecutionRow& parent_row = **parent;
  ExecutionSpec parent_spec;
  parent_spec.ParseFromString(parent_row.spec.data);

  ExecutionCreateRequest request;
  request.set_project(parent_row.project);
  request.set_domain(parent_row.domain);
  request.set_name(launch.name);
  *request.mutable_inputs() = *launch.inputs;
  ExecutionSpec* spec = request.mutable_spec();
  *spec->mutable_launch_plan() = ToIdentifier(launch.launch_plan, flyteidl::core::LAUNCH_PLAN);
  ExecutionMetadata* metadata = spec->mutable_metadata();
  metadata->set_mode(ExecutionMetadata::CHILD_WORKFLOW);
  metadata->set_nesting(parent_spec.metadata().nesting() + 1);
  metadata->mutable_parent_node_execution()->set_node_id(launch.node_id);
  auto* parent_id = metadata->mutable_parent_node_execution()->mutable_execution_id();
  parent_id->set_project(parent_row.project);
  parent_id->set_domain(parent_row.domain);
  parent_id->set_name(parent_row.name);
  *spec->mutable_labels() = parent_spec.labels();
  *spec->mutable_annotations() = parent_spec.annotations();
  *spec->mutable_security_context() = parent_spec.security_context();
  *spec->mutable_envs() = parent_spec.envs();
  spec->set_max_parallelism(parent_spec.max_parallelism());
  spec->set_overwrite_cache(parent_spec.overwrite_cache());
  if (parent_spec.has_interruptible()) {
    *spec->mutable_interruptible() = parent_spec.interruptible();
  }
  if (!parent_spec.raw_output_data_config().output_location_prefix().empty()) {
    *spec->mutable_raw_output_data_config() = parent_spec.raw_output_data_config();
  }

  if (Status checked = CheckCreateRequest(**reader, registry_, request); !checked) {
    return launch.done(std::move(checked));
  }
  Result<runtime::NewExecution> prepared =
      Preparation(*this, **reader, request, parent_row.user).Run();
  reader->reset();
  if (!prepared) return launch.done(Forward(prepared));
  prepared->parent = launch.parent;
  prepared->row.parent_execution = launch.parent.execution;
  prepared->row.parent_path = launch.parent.stamp.path.ToString();
  prepared->row.parent_attempt = launch.parent.stamp.attempt;
  prepared->row.parent_epoch = static_cast<std::int64_t>(launch.parent.stamp.epoch);
  prepared->guards = [own = std::move(prepared->guards),
                      parent_id = launch.parent.execution](store::Txn& txn) -> Status {
    if (Status alive = store::RequireParentAlive(txn, parent_id); !alive) return alive;
    return own ? own(txn) : Status();
  };
  runtime_.Create(*std::move(prepared), launch.done);
}

}  // namespace martlet::service
