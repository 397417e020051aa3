#include "base/fault_point.h"

namespace martlet {
namespace {

thread_local FaultPlan* installed_plan = nullptr;

}  // namespace

FaultPlan* InstallFaultPlan(FaultPlan* plan) {
  FaultPlan* previous = installed_plan;
  installed_plan = plan;
  return previous;
}

bool FaultFires(std::string_view name) {
  return installed_plan != nullptr && installed_plan->Fires(name);
}

}  // namespace martlet
