#include "compiler/closure_text_for_test.h"

#include <flyteidl/core/compiler.pb.h>

#include <cctype>
#include <map>
#include <sstream>

#include "literals/go_text.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

template <class Range, class Text>
std::string Joined(const Range& range, const std::string& between, Text text) {
  std::string joined;
  for (const auto& one : range) joined += (joined.empty() ? "" : between) + text(one);
  return joined;
}

std::string Seconds(const google::protobuf::Duration& duration) {
  return literals::GoFloat(static_cast<double>(duration.seconds()) + duration.nanos() / 1e9) + 's';
}

// --- Types
// ----------------------------------------------------------------------------------------

std::string TypeText(const core::LiteralType& type);

std::string SimpleText(core::SimpleType simple) {
  if (simple == core::INTEGER) return "int";
  if (simple == core::STRING) return "str";
  if (simple == core::BOOLEAN) return "bool";
  std::string name = core::SimpleType_Name(simple);
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  return name;
}

std::string DatasetText(const core::StructuredDatasetType& dataset) {
  std::string text = "dataset(" + dataset.format();
  for (const auto& column : dataset.columns()) {
    text += ' ' + column.name() + ':' + TypeText(column.literal_type());
  }
  return text + ')';
}

std::string TypeText(const core::LiteralType& type) {
  std::string text;
  if (type.type_case() == core::LiteralType::kSimple) {
    text = SimpleText(type.simple());
  } else if (type.has_collection_type()) {
    text = "list(" + TypeText(type.collection_type()) + ')';
  } else if (type.has_map_value_type()) {
    text = "map(" + TypeText(type.map_value_type()) + ')';
  } else if (type.has_enum_type()) {
    const auto itself = [](const std::string& value) { return value; };
    text = "enum(" + Joined(type.enum_type().values(), " ", itself) + ')';
  } else if (type.has_union_type()) {
    return "union(" + Joined(type.union_type().variants(), " | ", TypeText) + ')';
  } else if (type.has_blob()) {
    const bool many = type.blob().dimensionality() == core::BlobType::MULTIPART;
    text = (many ? "blobs(" : "blob(") + type.blob().format() + ')';
  } else if (type.has_structured_dataset_type()) {
    text = DatasetText(type.structured_dataset_type());
  } else {
    text = literals::ProtoText(type);
  }
  if (!type.structure().tag().empty()) text += '\'' + type.structure().tag() + '\'';
  return text;
}

// --- Values and bindings
// --------------------------------------------------------------------------

std::string LiteralText(const core::Literal& literal);

std::string PrimitiveText(const core::Primitive& primitive) {
  if (primitive.value_case() == core::Primitive::kInteger) {
    return std::to_string(primitive.integer());
  }
  if (primitive.value_case() == core::Primitive::kFloatValue) {
    const std::string text = literals::GoFloat(primitive.float_value());
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  if (primitive.value_case() == core::Primitive::kBoolean) {
    return primitive.boolean() ? "true" : "false";
  }
  if (primitive.has_datetime()) return literals::GoTimestamp(primitive.datetime()).value();
  if (primitive.has_duration()) return Seconds(primitive.duration());
  return '"' + primitive.string_value() + '"';
}

std::string ScalarText(const core::Scalar& scalar) {
  if (scalar.has_primitive()) return PrimitiveText(scalar.primitive());
  if (scalar.has_none_type()) return "none";
  if (scalar.has_union_()) {
    return TypeText(scalar.union_().type()) + ' ' + LiteralText(scalar.union_().value());
  }
  if (scalar.has_binary()) return scalar.binary().tag();
  return literals::ProtoText(scalar);
}

std::string LiteralText(const core::Literal& literal) {
  if (literal.has_scalar()) return ScalarText(literal.scalar());
  if (literal.has_collection()) {
    return '[' + Joined(literal.collection().literals(), ", ", LiteralText) + ']';
  }
  return literals::ProtoText(literal);
}

std::string PromiseText(const core::OutputReference& promise) {
  std::string text = promise.node_id() + '.' + promise.var();
  for (const auto& attribute : promise.attr_path()) {
    text += attribute.has_int_value() ? '[' + std::to_string(attribute.int_value()) + ']'
                                      : '/' + attribute.string_value();
  }
  return text;
}

std::string BindingText(const core::BindingData& data) {
  if (data.has_scalar()) return ScalarText(data.scalar());
  if (data.has_promise()) return PromiseText(data.promise());
  if (data.has_collection()) {
    return '[' + Joined(data.collection().bindings(), ", ", BindingText) + ']';
  }
  if (!data.has_map()) return "nothing";
  const std::map<std::string, core::BindingData> sorted(data.map().bindings().begin(),
                                                        data.map().bindings().end());
  return '{' +
         Joined(sorted, ", ",
                [](const auto& entry) { return entry.first + ": " + BindingText(entry.second); }) +
         '}';
}

// --- Conditions
// -----------------------------------------------------------------------------------

std::string OperandText(const core::Operand& operand) {
  // Deprecated in favour of `scalar`, which v1 does not understand: flytekit sends primitives.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return operand.has_primitive() ? PrimitiveText(operand.primitive()) : operand.var();
#pragma GCC diagnostic pop
}

std::string ConditionText(const core::BooleanExpression& condition) {
  if (condition.has_comparison()) {
    static const std::map<int, std::string> kOperators{
        {core::ComparisonExpression::EQ, "=="}, {core::ComparisonExpression::NEQ, "!="},
        {core::ComparisonExpression::GT, ">"},  {core::ComparisonExpression::GTE, ">="},
        {core::ComparisonExpression::LT, "<"},  {core::ComparisonExpression::LTE, "<="}};
    const auto& comparison = condition.comparison();
    return OperandText(comparison.left_value()) + ' ' + kOperators.at(comparison.operator_()) +
           ' ' + OperandText(comparison.right_value());
  }
  const auto& both = condition.conjunction();
  const bool all = both.operator_() == core::ConjunctionExpression::AND;
  return '(' + ConditionText(both.left_expression()) + (all ? ") and (" : ") or (") +
         ConditionText(both.right_expression()) + ')';
}

// --- Nodes
// ----------------------------------------------------------------------------------------

std::string ResourcesText(const core::Resources& resources) {
  const auto entries = [](const auto& list) {
    return Joined(list, ",", [](const core::Resources::ResourceEntry& entry) {
      return core::Resources::ResourceName_Name(entry.name()) + ':' + entry.value();
    });
  };
  std::string text;
  if (resources.requests_size() > 0) text += " requests=" + entries(resources.requests());
  if (resources.limits_size() > 0) text += " limits=" + entries(resources.limits());
  return text;
}

std::string MetadataText(const core::NodeMetadata& metadata) {
  std::string text;
  if (metadata.retries().retries() > 0) {
    text += " retries=" + std::to_string(metadata.retries().retries());
  }
  if (metadata.has_timeout() && metadata.timeout().seconds() > 0) {
    text += " timeout=" + Seconds(metadata.timeout());
  }
  if (metadata.interruptible()) text += " interruptible";
  if (metadata.cacheable()) text += " cached=" + metadata.cache_version();
  if (metadata.cache_serializable()) text += " serialized";
  return text;
}

class Writer {
 public:
  std::string Write(const core::CompiledWorkflowClosure& closure) {
    WriteWorkflow("workflow", closure.primary());
    std::map<std::string, const core::CompiledWorkflow*> subs;
    for (const auto& sub : closure.sub_workflows()) subs[sub.template_().id().name()] = &sub;
    for (const auto& [name, sub] : subs) WriteWorkflow("sub", *sub);
    return out_.str();
  }

 private:
  void WriteWorkflow(const char* kind, const core::CompiledWorkflow& workflow) {
    const core::WorkflowTemplate& source = workflow.template_();
    out_ << kind << ' ' << source.id().name();
    if (source.metadata().on_failure() != core::WorkflowMetadata::FAIL_IMMEDIATELY) {
      out_ << " fail-after";
    }
    if (source.metadata_defaults().interruptible()) out_ << " interruptible";
    out_ << '\n';
    WriteVariables("in", source.interface().inputs());
    WriteVariables("out", source.interface().outputs());
    for (const core::Node& node : source.nodes()) WriteNode(node, "");
    if (source.has_failure_node()) WriteNode(source.failure_node(), "on failure ");
    WriteEdges("up", workflow.connections().upstream());
    WriteEdges("down", workflow.connections().downstream());
  }

  void WriteVariables(const char* kind, const core::VariableMap& variables) {
    const std::map<std::string, core::Variable> sorted(variables.variables().begin(),
                                                       variables.variables().end());
    for (const auto& [name, variable] : sorted) {
      out_ << kind << ' ' << name << ": " << TypeText(variable.type()) << '\n';
    }
  }

  template <class Edges>
  void WriteEdges(const char* kind, const Edges& edges) {
    std::map<std::string, std::string> sorted;
    for (const auto& [id, ids] : edges) {
      sorted[id] = Joined(ids.ids(), " ", [](const std::string& one) { return one; });
    }
    for (const auto& [id, ids] : sorted) out_ << kind << ' ' << id << ": " << ids << '\n';
  }

  void WriteNode(const core::Node& node, const std::string& prefix) {
    out_ << prefix << node.id() << TargetText(node) << MetadataText(node.metadata());
    if (node.upstream_node_ids_size() > 0) {
      out_ << " after";
      for (const std::string& id : node.upstream_node_ids()) out_ << ' ' << id;
    }
    out_ << '\n';
    for (const core::Binding& binding : node.inputs()) {
      out_ << "  " << binding.var() << " = " << BindingText(binding.binding()) << '\n';
    }
    if (node.has_branch_node()) WriteBranch(node.branch_node().if_else());
    if (node.has_array_node()) WriteNode(node.array_node().node(), "item ");
  }

  void WriteBranch(const core::IfElseBlock& block) {
    const auto write_case = [this](const core::IfBlock& one) {
      WriteNode(one.then_node(), "if " + ConditionText(one.condition()) + " then ");
    };
    write_case(block.case_());
    for (const core::IfBlock& other : block.other()) write_case(other);
    if (block.has_else_node()) WriteNode(block.else_node(), "else ");
    if (block.has_error()) out_ << "else fail " << block.error().message() << '\n';
  }

  static std::string TargetText(const core::Node& node) {
    if (node.has_task_node()) {
      const core::TaskNode& task = node.task_node();
      std::string text = " task " + task.reference_id().name();
      text += ResourcesText(task.overrides().resources());
      if (task.overrides().container_image().empty()) return text;
      return text + " image=" + task.overrides().container_image();
    }
    if (node.has_workflow_node()) {
      const core::WorkflowNode& workflow = node.workflow_node();
      return workflow.has_launchplan_ref() ? " launch-plan " + workflow.launchplan_ref().name()
                                           : " sub " + workflow.sub_workflow_ref().name();
    }
    if (node.has_branch_node()) return " branch";
    if (node.has_gate_node()) return GateText(node.gate_node());
    return node.has_array_node() ? ArrayText(node.array_node()) : "";
  }

  static std::string GateText(const core::GateNode& gate) {
    if (gate.has_approve()) return " approve " + gate.approve().signal_id();
    if (gate.has_sleep()) return " sleep " + Seconds(gate.sleep().duration());
    return " signal " + gate.signal().signal_id() + " -> " + gate.signal().output_variable_name() +
           ": " + TypeText(gate.signal().type());
  }

  static std::string ArrayText(const core::ArrayNode& array) {
    std::string text = " array";
    if (array.parallelism_option_case() == core::ArrayNode::kParallelism) {
      text += " parallelism=" + std::to_string(array.parallelism());
    }
    if (array.success_criteria_case() == core::ArrayNode::kMinSuccesses) {
      text += " min=" + std::to_string(array.min_successes());
    } else if (array.success_criteria_case() == core::ArrayNode::kMinSuccessRatio) {
      text += " ratio=" + literals::GoFloat(array.min_success_ratio());
    }
    for (const std::string& bound : array.bound_inputs()) text += " bound=" + bound;
    return text;
  }

  std::ostringstream out_;
};

}  // namespace

std::string ClosureText(const core::CompiledWorkflowClosure& closure) {
  return Writer().Write(closure);
}

}  // namespace martlet::compiler
