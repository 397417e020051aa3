#include "compiler/node_facts.h"

#include <string>
#include <utility>

namespace martlet::compiler {

const flyteidl::core::Variable* NodeFacts::Output(const std::string& name) const {
  if (outputs == nullptr) return nullptr;
  const std::string* variable = &name;
  for (const auto& alias : node->output_aliases()) {
    if (alias.alias() == name) variable = &alias.var();
  }
  const auto found = outputs->variables().find(*variable);
  return found == outputs->variables().end() ? nullptr : &found->second;
}

void NodeTable::Reserve(std::size_t count) {
  nodes_.reserve(count);
  outputs_.reserve(count);
  numbers_.Reserve(count);
}

bool NodeTable::Add(NodeFacts facts) {
  facts.number = static_cast<NodeNumber>(nodes_.size());
  if (!numbers_.Add(facts.id)) return false;
  outputs_.push_back({facts.outputs, facts.node->output_aliases_size() > 0});
  nodes_.push_back(std::move(facts));
  return true;
}

const flyteidl::core::Variable* NodeTable::Output(NodeNumber number,
                                                  const std::string& name) const {
  if (outputs_[number].has_aliases) return nodes_[number].Output(name);
  const auto& variables = outputs_[number].variables->variables();
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

}  // namespace martlet::compiler
