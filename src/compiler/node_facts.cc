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
  numbers_.Reserve(count);
}

bool NodeTable::Add(NodeFacts facts) {
  facts.number = static_cast<NodeNumber>(nodes_.size());
  if (!numbers_.Add(facts.id)) return false;
  nodes_.push_back(std::move(facts));
  return true;
}

const NodeFacts* NodeTable::Find(std::string_view id) const {
  const NodeNumber found = numbers_.Find(id);
  return found == kNone ? nullptr : &nodes_[found];
}

}  // namespace martlet::compiler
