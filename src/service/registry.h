#pragma once

#include "service/description_entities.h"
#include "service/launch_plans.h"
#include "service/named_entities.h"
#include "service/projects.h"
#include "service/tasks.h"
#include "service/workflows.h"

namespace martlet::service {

/// Everything that is registered, over one store. Store and settings must outlive it and every
/// Finish. Thread-safe.
struct Registry {
  Registry(store::Store& store, const Settings& settings)
      : projects(store, settings),
        tasks(store, settings),
        workflows(store, settings),
        launch_plans(store, settings),
        names(store),
        descriptions(store) {}

  ProjectRegistry projects;
  TaskRegistry tasks;
  WorkflowRegistry workflows;
  LaunchPlanRegistry launch_plans;
  NamedEntities names;
  DescriptionEntities descriptions;
};

}  // namespace martlet::service
