#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// What an operator decides about registration. Immutable while the server runs; every use case
/// borrows one copy.
namespace martlet::service {

struct DomainSetting {
  std::string id;
  std::string name;
};

struct SeedProject {
  std::string id;
  std::string name;
  std::string description;
};

/// Upper bounds of what one container may ask for, as Kubernetes quantities. Empty: no bound.
struct TaskResourceLimits {
  std::string cpu;
  std::string memory;
  std::string gpu;
  std::string storage;
  std::string ephemeral_storage;
};

struct Settings {
  /// Every project has these.
  std::vector<DomainSetting> domains{
      {"development", "development"}, {"staging", "staging"}, {"production", "production"}};

  /// Made when the server starts and they are not there. Clients never register a project, and
  /// flytekit's default is flytesnacks/development (client contract §1.3).
  std::vector<SeedProject> seed_projects{{"flytesnacks", "flytesnacks", "flytesnacks description"}};

  TaskResourceLimits task_resource_limits;

  /// Nodes of a workflow's primary graph without its start and end; 0 means no bound of its own.
  std::size_t workflow_nodes_max = 0;
};

}  // namespace martlet::service
