#include "api/registry_handlers.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/admin/description_entity.pb.h>
#include <flyteidl/admin/launch_plan.pb.h>
#include <flyteidl/admin/project.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/workflow.pb.h>

#include <string>
#include <utility>

#include "api/method_table.h"
#include "service/registry.h"

namespace martlet::api {
namespace {

std::string MethodName(const char* method) {
  return std::string("/flyteidl.service.AdminService/") + method;
}

template <class Owner, class Request, class Response>
void AddRead(MethodTable& table, const char* method, Owner& owner,
             Result<Response> (Owner::*read)(const Request&)) {
  table.Add<Scope::kRead, Request, Response>(
      MethodName(method),
      [&owner, read](const Authorized<Scope::kRead>&, const Request& request,
                     const CallContext&) -> Result<Response> { return (owner.*read)(request); });
}

template <Scope scope, class Owner, class Request, class Response>
void AddWrite(MethodTable& table, const char* method, Owner& owner,
              void (Owner::*write)(const Request&, service::Finish<Response>)) {
  table.AddAsync<scope, Request, Response>(
      MethodName(method), [&owner, write](const Authorized<scope>&, Call<Request, Response> call) {
        (owner.*write)(call.request(),
                       [call](Result<Response> response) { call.Finish(std::move(response)); });
      });
}

void AddProjectHandlers(MethodTable& table, service::ProjectRegistry& projects) {
  using service::ProjectRegistry;
  AddWrite<Scope::kAdmin>(table, "RegisterProject", projects, &ProjectRegistry::Register);
  AddWrite<Scope::kAdmin>(table, "UpdateProject", projects, &ProjectRegistry::Update);
  AddRead(table, "GetProject", projects, &ProjectRegistry::Get);
  AddRead(table, "ListProjects", projects, &ProjectRegistry::List);
  using flyteidl::admin::GetDomainRequest;
  using flyteidl::admin::GetDomainsResponse;
  table.Add<Scope::kRead, GetDomainRequest, GetDomainsResponse>(
      MethodName("GetDomains"),
      [&projects](const Authorized<Scope::kRead>&, const GetDomainRequest&,
                  const CallContext&) -> Result<GetDomainsResponse> { return projects.Domains(); });
}

void AddEntityHandlers(MethodTable& table, service::Registry& registry) {
  using service::LaunchPlanRegistry;
  using service::TaskRegistry;
  using service::WorkflowRegistry;
  AddWrite<Scope::kWrite>(table, "CreateTask", registry.tasks, &TaskRegistry::Create);
  AddRead(table, "GetTask", registry.tasks, &TaskRegistry::Get);
  AddRead(table, "ListTasks", registry.tasks, &TaskRegistry::List);
  AddRead(table, "ListTaskIds", registry.tasks, &TaskRegistry::ListIds);

  AddWrite<Scope::kWrite>(table, "CreateWorkflow", registry.workflows, &WorkflowRegistry::Create);
  AddRead(table, "GetWorkflow", registry.workflows, &WorkflowRegistry::Get);
  AddRead(table, "ListWorkflows", registry.workflows, &WorkflowRegistry::List);
  AddRead(table, "ListWorkflowIds", registry.workflows, &WorkflowRegistry::ListIds);

  auto& launch_plans = registry.launch_plans;
  AddWrite<Scope::kWrite>(table, "CreateLaunchPlan", launch_plans, &LaunchPlanRegistry::Create);
  AddWrite<Scope::kWrite>(table, "UpdateLaunchPlan", launch_plans, &LaunchPlanRegistry::Update);
  AddRead(table, "GetLaunchPlan", launch_plans, &LaunchPlanRegistry::Get);
  AddRead(table, "GetActiveLaunchPlan", launch_plans, &LaunchPlanRegistry::GetActive);
  AddRead(table, "ListLaunchPlans", launch_plans, &LaunchPlanRegistry::List);
  AddRead(table, "ListActiveLaunchPlans", launch_plans, &LaunchPlanRegistry::ListActive);
  AddRead(table, "ListLaunchPlanIds", launch_plans, &LaunchPlanRegistry::ListIds);
}

void AddNameHandlers(MethodTable& table, service::Registry& registry) {
  using service::DescriptionEntities;
  using service::NamedEntities;
  AddWrite<Scope::kWrite>(table, "UpdateNamedEntity", registry.names, &NamedEntities::Update);
  AddRead(table, "GetNamedEntity", registry.names, &NamedEntities::Get);
  AddRead(table, "ListNamedEntities", registry.names, &NamedEntities::List);
  AddRead(table, "GetDescriptionEntity", registry.descriptions, &DescriptionEntities::Get);
  AddRead(table, "ListDescriptionEntities", registry.descriptions, &DescriptionEntities::List);
}

}  // namespace

void AddRegistryHandlers(MethodTable& table, service::Registry& registry) {
  AddProjectHandlers(table, registry.projects);
  AddEntityHandlers(table, registry);
  AddNameHandlers(table, registry);
}

}  // namespace martlet::api
