#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"

/// A compiled closure as the engine walks it: numbers instead of names, and nothing of protobuf.
/// Rebuilt from the closure whenever it is needed and never stored; what is stored are node numbers
/// inside paths, therefore the numbering is part of the on-disk format
/// (tests/golden/compiler/plan).
///
/// Numbers within a scope:
///   0               start-node; its outputs are the scope's inputs
///   1               end-node; its inputs are the scope's outputs
///   2 … n-1         the nodes of `template.nodes`, in the closure's order
///   then            the failure node, if there is one
///   then            the children of branches (case, others, else; a nested branch is followed by
///                   its own children) and the sub-nodes of arrays, in the order of their parents
namespace martlet::compiler {

using NodeNumber = std::uint32_t;
using ScopeNumber = std::uint32_t;

inline constexpr NodeNumber kStartNode = 0;
inline constexpr NodeNumber kEndNode = 1;
inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

enum class NodeKind : std::uint8_t {
  kStart,
  kEnd,
  kTask,
  kSubWorkflow,
  kLaunchPlan,
  kBranch,
  kGate,
  kArray,
};

/// What a node is to its scope. Only kRegular ones (with start and end) are walked by edges.
enum class NodeRole : std::uint8_t {
  kRegular,
  kFailure,      ///< runs when the scope has failed
  kBranchChild,  ///< runs when its branch chooses it
  kArrayItem,    ///< the sub-node of an array, once per item
};

/// One output that an input is made of.
struct Source {
  NodeNumber node = kNone;
  std::string output;
  bool operator==(const Source&) const = default;
};

/// One input (or, of the end-node, one output of the scope) in short.
struct Input {
  std::string name;
  /// What it reads, in the order of the binding, without duplicates. Empty: a constant.
  std::vector<Source> sources;
  /// False: the value of the only source, unchanged — its reference can be copied. True: a
  /// constant, or something to be built from the closure's binding (`literals::MaterialiseInputs`).
  bool needs_resolution = true;
  bool operator==(const Input&) const = default;
};

/// How often and for how long. Zero durations mean no limit.
struct Policy {
  /// User retries: the node's, else the task's. Attempts are one more.
  std::uint32_t retries = 0;
  /// The node's, else the task's: flytekit gives it to the node in workflows, but nobody does for
  /// an execution of a single task.
  std::chrono::nanoseconds timeout{0};
  std::optional<bool> interruptible;
};

// --- Conditions
// -----------------------------------------------------------------------------------

struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool operator==(const Timestamp&) const = default;
};

/// monostate: an operand that conditions cannot compare (a scalar, an empty primitive).
using ConditionValue = std::variant<std::monostate, std::int64_t, double, std::string, bool,
                                    Timestamp, std::chrono::nanoseconds>;

/// An input of the branch node by name, else a constant.
struct Operand {
  std::optional<std::string> input;
  ConditionValue constant;
  bool operator==(const Operand&) const = default;
};

enum class ConditionOperator : std::uint8_t {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kAnd,
  kOr,
};

/// One step of a condition in postfix order: comparisons push, kAnd and kOr combine the last two.
struct ConditionStep {
  ConditionOperator op = ConditionOperator::kEqual;
  Operand left;   ///< unused by kAnd and kOr
  Operand right;  ///< unused by kAnd and kOr
  bool operator==(const ConditionStep&) const = default;
};

// --- What each kind adds
// --------------------------------------------------------------------------

struct TaskDetail {
  std::uint32_t task = kNone;  ///< index into `closure.tasks` and `Plan::tasks`
};

struct SubWorkflowDetail {
  ScopeNumber scope = kNone;
};

struct LaunchPlanDetail {
  EntityName id;
};

struct BranchDetail {
  struct Case {
    std::vector<ConditionStep> condition;
    NodeNumber node = kNone;
  };
  std::vector<Case> cases;  ///< tried in order
  NodeNumber else_node = kNone;
  std::optional<std::string> error;  ///< message when nothing matched and there is no else_node
};

struct GateDetail {
  enum class Kind : std::uint8_t { kApprove, kSignal, kSleep };
  Kind kind = Kind::kSleep;
  std::string signal_id;                 ///< kApprove, kSignal
  std::string output;                    ///< kSignal: the output that the value becomes
  std::string signal_type;               ///< kSignal: serialized flyteidl.core.LiteralType
  std::chrono::nanoseconds duration{0};  ///< kSleep
};

struct ArrayDetail {
  NodeNumber item = kNone;
  std::optional<std::uint32_t> parallelism;  ///< unset: the configured behaviour; 0: no limit
  std::optional<std::uint32_t> min_successes;
  /// A float on the wire, and v1 takes ceil(double(float) * items): keep the width.
  std::optional<float> min_success_ratio;
  bool full_state = false;              ///< execution_mode FULL_STATE, else MINIMAL_STATE
  bool individual_input_files = false;  ///< data_mode INDIVIDUAL_INPUT_FILES
  bool original_interface = false;      ///< the item's interface is that of one item, not of lists
  bool run_all = false;                 ///< run_all_sub_nodes
  std::vector<std::string> bound_inputs;
};

/// monostate: start-node, end-node.
using NodeDetail = std::variant<std::monostate, TaskDetail, SubWorkflowDetail, LaunchPlanDetail,
                                BranchDetail, GateDetail, ArrayDetail>;

// --- The plan
// -------------------------------------------------------------------------------------

/// Another name under which an output is read.
struct OutputAlias {
  std::string alias;
  std::string output;
};

struct Node {
  NodeKind kind = NodeKind::kTask;
  NodeRole role = NodeRole::kRegular;
  std::string id;    ///< in the spec; branch children carry their branch's prefix
  std::string name;  ///< metadata.name
  /// The branch or array that owns a child or item, else kNone.
  NodeNumber parent = kNone;
  /// Ascending. Branch children and the failure node have upstream only, for binding.
  std::vector<NodeNumber> upstream;
  std::vector<NodeNumber> downstream;
  /// In the order of the bindings. None for array items: their inputs are made from the array's.
  std::vector<Input> inputs;
  /// `Input::sources` name outputs; whoever resolves bindings of the closure looks aliases up here.
  std::vector<OutputAlias> aliases;
  Policy policy;
  NodeDetail detail;
};

enum class OnFailure : std::uint8_t { kFailImmediately, kFailAfterExecutableNodesComplete };

/// One graph: the workflow itself or a sub-workflow.
struct Scope {
  EntityName id;
  std::vector<Node> nodes;
  NodeNumber failure_node = kNone;
  OnFailure on_failure = OnFailure::kFailImmediately;
  std::optional<bool> interruptible;  ///< metadata_defaults
  std::vector<std::string> inputs;    ///< declared, by name
  std::vector<std::string> outputs;   ///< declared, by name
};

/// What the engine asks of a task without reading its template.
struct TaskTraits {
  EntityName id;
  std::string type;
  bool declares_outputs = false;
  bool cacheable = false;
  bool cache_serializable = false;
  std::string cache_version;
};

struct Plan {
  /// 0 is the workflow; i + 1 is `closure.sub_workflows[i]`. A sub-workflow that nothing refers to
  /// has not been compiled and is a scope without nodes.
  std::vector<Scope> scopes;
  /// In the order of `closure.tasks`.
  std::vector<TaskTraits> tasks;

  [[nodiscard]] const Scope& root() const { return scopes.front(); }
};

}  // namespace martlet::compiler
