#pragma once

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <string>
#include <vector>

#include "compiler/errors.h"
#include "compiler/node_facts.h"

namespace martlet::compiler {

/// Checks the bindings of one node against its inputs (engine contract §1.6) and finds out what
/// they read. Promises to "" are pointed at start-node in place.
class BindingChecker {
 public:
  /// `consumer` owns the bindings; all are borrowed.
  BindingChecker(const NodeTable& nodes, const NodeFacts& consumer, CompileErrors& errors)
      : nodes_(nodes), consumer_(consumer), errors_(errors) {}

  /// Checks all bindings and that nothing is missing. The types that discovered inputs have go to
  /// `discovered`, which may be nullptr.
  void Check(google::protobuf::RepeatedPtrField<flyteidl::core::Binding>& bindings,
             flyteidl::core::VariableMap* discovered);

  /// Numbers of the nodes that valid bindings read, with repetitions.
  [[nodiscard]] const std::vector<NodeNumber>& sources() const { return sources_; }

 private:
  using Type = flyteidl::core::LiteralType;

  /// What a binding turned out to be. `type` is set only when wanted and known.
  struct Outcome {
    bool ok = true;
    Type type;
  };

  Outcome CheckData(const std::string& input, flyteidl::core::BindingData& data,
                    const Type* expected);
  Outcome CheckScalar(const std::string& input, const flyteidl::core::Scalar& scalar,
                      const Type* expected);
  Outcome CheckPromise(const std::string& input, flyteidl::core::OutputReference& promise,
                       const Type* expected);
  Outcome CheckContainer(const std::string& input, flyteidl::core::BindingData& data,
                         const Type* expected);
  Outcome CheckVariants(const std::string& input, flyteidl::core::BindingData& data,
                        const Type& expected);
  /// The part of an output's type that a promise reads; nullptr after reporting why there is none.
  const Type* WalkType(const flyteidl::core::OutputReference& promise, const std::string& variable,
                       const Type& type, bool element);

  Outcome Fail(CompileError error) {
    errors_.Add(std::move(error));
    return {false, {}};
  }

  const NodeTable& nodes_;
  const NodeFacts& consumer_;
  CompileErrors& errors_;
  std::vector<NodeNumber> sources_;
  /// Variants tried for lists and mappings bound to unions: nested ones multiply.
  std::size_t variants_tried_ = 0;
};

}  // namespace martlet::compiler
