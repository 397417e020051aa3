"""The pinned plans against a second reading of the same registrations.

`compiler/plan/*.txt` are written by the program. This derives each of them again from what
`pyflyte serialize` wrote (not from a compiled closure), by the rules of the plan: numbering,
edges, inputs, branches, arrays, gates, policies. It shares no code with the compiler.
"""

import pathlib

import pytest
from flyteidl.admin import task_pb2, workflow_pb2
from flyteidl.core import condition_pb2, workflow_pb2 as core

HERE = pathlib.Path(__file__).parent / "compiler"
OPERATORS = {0: "==", 1: "!=", 2: ">", 3: ">=", 4: "<", 5: "<="}


def load(suffix, kind):
    for file in sorted((HERE / "flytekit").glob(f"*_{suffix}.pb")):
        message = kind()
        message.ParseFromString(file.read_bytes())
        yield message


TASKS = {}
for spec in load(1, task_pb2.TaskSpec):
    TASKS[spec.template.id.name] = spec.template
SPECS = {spec.template.id.name: spec for spec in load(2, workflow_pb2.WorkflowSpec)}


def children(branch):
    """What a branch chooses between: case, others, else."""
    block = branch.if_else
    found = [block.case.then_node] + [other.then_node for other in block.other]
    return found + ([block.else_node] if block.WhichOneof("default") == "else_node" else [])


def all_nodes(template):
    def nested(node):
        yield node
        if node.WhichOneof("target") == "branch_node":
            for child in children(node.branch_node):
                yield from nested(child)
        if node.WhichOneof("target") == "array_node":
            yield from nested(node.array_node.node)

    for node in template.nodes:
        yield from nested(node)
    if template.HasField("failure_node"):
        yield from nested(template.failure_node)


def promises(data):
    """(node, output) in the order of the binding, mappings by key."""
    kind = data.WhichOneof("value")
    if kind == "promise":
        yield data.promise.node_id or "start-node", data.promise.var
    elif kind == "collection":
        for item in data.collection.bindings:
            yield from promises(item)
    elif kind == "map":
        for key in sorted(data.map.bindings):
            yield from promises(data.map.bindings[key])


def operand(side):
    kind = side.WhichOneof("val")
    if kind == "var":
        return side.var
    value = side.primitive
    field = value.WhichOneof("value")
    if field == "boolean":
        return "true" if value.boolean else "false"
    if field == "float_value":
        return f"{value.float_value:f}f"
    return f'"{value.string_value}"' if field == "string_value" else str(value.integer)


def condition(expression):
    if expression.WhichOneof("expr") == "comparison":
        one = expression.comparison
        return f" ({operand(one.left_value)} {OPERATORS[one.operator]} {operand(one.right_value)})"
    both = expression.conjunction
    word = "or" if both.operator == condition_pb2.ConjunctionExpression.OR else "and"
    return condition(both.left_expression) + condition(both.right_expression) + f" {word}"


class Scope:
    """One workflow: its nodes in the order of their numbers, with what joins them."""

    def __init__(self, template):
        self.template = template
        self.numbered = []  # (id, node, role, number of the parent)
        self.add("start-node", None, "", None)
        self.add("end-node", None, "", None)
        for node in template.nodes:
            self.add(node.id, node, "", None)
        self.listed = len(self.numbered)
        self.numbers = {id: at for at, (id, *_) in enumerate(self.numbered)}
        if template.HasField("failure_node"):
            self.failure = self.add(template.failure_node.id, template.failure_node, " failure", None)
        else:
            self.failure = None
        for at in range(2, self.listed):
            self.add_nested(at)
        if self.failure is not None:
            self.add_nested(self.failure)
        self.connect()

    def add(self, id, node, role, parent):
        self.numbered.append((id, node, role, parent))
        return len(self.numbered) - 1

    def add_nested(self, at):
        id, node, *_ = self.numbered[at]
        if node.WhichOneof("target") == "branch_node":
            for child in children(node.branch_node):
                self.add_nested(self.add(f"{id}-{child.id}", child, " child", at))
        if node.WhichOneof("target") == "array_node":
            item = node.array_node.node
            self.add_nested(self.add(item.id, item, " item", at))

    def bindings(self, at):
        _, node, role, _ = self.numbered[at]
        if at == 0 or role == " item":
            return []
        return self.template.outputs if at == 1 else node.inputs

    def connect(self):
        self.up = [set() for _ in self.numbered]
        self.down = [set() for _ in self.numbered]
        for at, (_, node, role, _) in enumerate(self.numbered):
            for binding in self.bindings(at):
                self.up[at] |= {self.numbers[id] for id, _ in promises(binding.binding)}
            if node is not None and role == "":
                self.up[at] |= {self.numbers[id or "start-node"] for id in node.upstream_node_ids}
        for at in range(2, self.listed):
            self.up[at] = self.up[at] or {0}
        read = set().union(*self.up[1 : self.listed])
        self.up[1] |= {at for at in range(2, self.listed) if at not in read}
        for at in range(1, self.listed):
            for above in self.up[at]:
                self.down[above].add(at)

    def number_of(self, at, child):
        """The number of a branch's child, by its message."""
        for number, (_, node, _, parent) in enumerate(self.numbered):
            if parent == at and node is child:
                return number
        raise KeyError(child.id)


def numbers(found):
    return "[" + " ".join(str(number) for number in sorted(found)) + "]"


def target(scope, at, node, tasks, scopes):
    kind = node.WhichOneof("target")
    if kind == "task_node":
        return " task", f" task={tasks.index(node.task_node.reference_id.name)}"
    if kind == "workflow_node":
        if node.workflow_node.WhichOneof("reference") == "launchplan_ref":
            return " launch-plan", f" id={node.workflow_node.launchplan_ref.name}"
        return " sub-workflow", f" scope={scopes.index(node.workflow_node.sub_workflow_ref.name)}"
    if kind == "gate_node":
        gate = node.gate_node
        if gate.WhichOneof("condition") == "approve":
            return " gate", f" approve={gate.approve.signal_id}"
        if gate.WhichOneof("condition") == "sleep":
            return " gate", f" sleep={gate.sleep.duration.ToNanoseconds()}"
        signal = gate.signal
        return " gate", f" signal={signal.signal_id} output={signal.output_variable_name}"
    if kind == "array_node":
        array = node.array_node
        text = f" item={scope.number_of(at, array.node)}"
        if array.WhichOneof("parallelism_option") == "parallelism":
            text += f" parallelism={array.parallelism}"
        criterion = array.WhichOneof("success_criteria")
        if criterion == "min_successes":
            text += f" min_successes={array.min_successes}"
        if criterion == "min_success_ratio":
            text += f" min_success_ratio={array.min_success_ratio:g}"
        if array.execution_mode == core.ArrayNode.FULL_STATE:
            text += " full_state"
        if array.data_mode == core.ArrayNode.INDIVIDUAL_INPUT_FILES:
            text += " individual_input_files"
        text += " original_interface" if array.is_original_sub_node_interface.value else ""
        text += " run_all" if array.run_all_sub_nodes else ""
        return " array", text + "".join(f" bound={name}" for name in array.bound_inputs)
    block = node.branch_node.if_else
    text = ""
    for case in [block.case, *block.other]:
        chosen = scope.number_of(at, case.then_node)
        text += f"\n      case{condition(case.condition)} -> {chosen}"
    if block.WhichOneof("default") == "else_node":
        text += f"\n      else -> {scope.number_of(at, block.else_node)}"
    else:
        text += f'\n      else fail "{block.error.message}"'
    return " branch", text


def node_text(scope, at, tasks, scopes):
    id, node, role, parent = scope.numbered[at]
    if node is None:
        kind, detail = (" start", " end")[at], ""
    else:
        kind, detail = target(scope, at, node, tasks, scopes)
    text = f"  {at} {id}{kind}{role}" + (f" of {parent}" if parent is not None else "")
    text += f" up={numbers(scope.up[at])} down={numbers(scope.down[at])}"
    if node is not None:
        metadata = node.metadata
        retries = metadata.retries.retries
        if not retries and node.WhichOneof("target") == "task_node":
            retries = TASKS[node.task_node.reference_id.name].metadata.retries.retries
        text += f" retries={retries}" if retries else ""
        timeout = metadata.timeout.ToNanoseconds()
        text += f" timeout={timeout}" if timeout else ""
        if metadata.WhichOneof("interruptible_value"):
            text += f" interruptible={int(metadata.interruptible)}"
        text += "".join(f" alias={one.alias}:{one.var}" for one in node.output_aliases)
    text += detail + "\n"
    for binding in scope.bindings(at):
        sources = list(dict.fromkeys(promises(binding.binding)))
        named = "".join(f" {scope.numbers[id]}.{output}" for id, output in sources) or " constant"
        whole = binding.binding.HasField("promise") and not binding.binding.promise.attr_path
        text += f"      {binding.var} <-{named}{' resolved' if sources and not whole else ''}\n"
    return text


def plan_text(spec):
    templates = [spec.template, *spec.sub_workflows]
    scopes = [template.id.name for template in templates]
    used = {}
    for template in templates:
        for node in all_nodes(template):
            if node.WhichOneof("target") == "task_node":
                id = node.task_node.reference_id
                used[(id.project, id.domain, id.name, id.version)] = id.name
    tasks = [used[key] for key in sorted(used)]
    text = ""
    for at, name in enumerate(tasks):
        task = TASKS[name]
        text += f"task {at} {name} type={task.type}"
        text += " outputs" if task.interface.outputs.variables else ""
        text += f" cacheable={task.metadata.discovery_version}" if task.metadata.discoverable else ""
        text += " serialized\n" if task.metadata.cache_serializable else "\n"
    for at, template in enumerate(templates):
        scope = Scope(template)
        text += f"scope {at} {template.id.name}"
        text += "".join(f" in:{name}" for name in sorted(template.interface.inputs.variables))
        text += "".join(f" out:{name}" for name in sorted(template.interface.outputs.variables))
        text += f" failure={scope.failure}" if scope.failure is not None else ""
        text += " fail-after" if template.metadata.on_failure else ""
        if template.HasField("metadata_defaults"):
            text += f" interruptible={int(template.metadata_defaults.interruptible)}"
        text += "\n"
        for number in range(len(scope.numbered)):
            text += node_text(scope, number, tasks, scopes)
    return text


def test_every_workflow_has_a_plan():
    assert {file.stem for file in (HERE / "plan").glob("*.txt")} == set(SPECS)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_plan_is_what_the_registration_asks_for(name):
    assert (HERE / "plan" / f"{name}.txt").read_text() == plan_text(SPECS[name])
