"""Scenarios 10, 13, 14, 17 and 28: files, nested workflows, retries, decks, kinds of values."""

import pandas as pd
from flyteidl.admin import execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from tests.conformance import clients, executions
from tests.conformance.clients import DOMAIN, PROJECT, WAIT
from tests.conformance.executions import Phase


def run(pyflyte, stubs, *arguments):
    """Runs a workflow to success and returns its name and outputs."""
    done = pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *WAIT, *arguments)
    assert done.code == 0, done.output
    name = executions.name_in(done.output)
    return name, executions.succeeded(stubs, name).literals


def test_files_and_directories_pass_between_tasks(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "files.py", "fw", "--text", "one\ntwo")
    assert outputs["o0"].scalar.primitive.string_value == "one|two"


def test_a_local_file_is_uploaded_and_read_by_a_task(pyflyte, stubs, tmp_path):
    local = tmp_path / "local.txt"
    local.write_text("from the user's disk")
    name, outputs = run(pyflyte, stubs, "files.py", "ff", "--f", str(local))
    assert outputs["o0"].scalar.primitive.string_value == "from the user's disk"
    blob = executions.data(stubs, name).full_inputs.literals["f"].scalar.blob
    assert blob.uri.endswith("/local.txt")


def test_a_sub_workflow_runs_inside_its_parent(pyflyte, stubs):
    name, outputs = run(pyflyte, stubs, "nested.py", "with_sub_workflow", "--x", "1")
    assert outputs["o0"].scalar.primitive.integer == 4
    parent = next(n for n in executions.nodes(stubs, name) if n.id.node_id == "n0")
    assert parent.metadata.is_parent_node and not parent.metadata.is_dynamic
    children = {n.id.node_id for n in executions.nodes(stubs, name, parent="n0")}
    assert children == {"n0-0-start-node", "n0-0-n0", "n0-0-n1", "n0-0-end-node"}


def test_a_launch_plan_node_runs_a_child_execution(pyflyte, stubs):
    # Launch plans must be registered before a workflow can name them.
    place = ("-p", PROJECT, "-d", DOMAIN)
    done = pyflyte("register", *place, "--version", "nested1", "nested.py")
    assert done.code == 0, done.output
    started = pyflyte(
        "run", *place, "remote-workflow", "nested.with_launch_plan:nested1", "--x", "1"
    )
    assert started.code == 0, started.output
    name = executions.name_in(started.output)
    outputs = executions.succeeded(stubs, name).literals
    assert outputs["o0"].scalar.primitive.integer == 4
    node = next(n for n in executions.nodes(stubs, name) if n.id.node_id == "n0")
    child = node.closure.workflow_node_metadata.executionId
    execution = executions.get(stubs, child.name)
    assert execution.closure.phase == Phase.SUCCEEDED
    assert execution.spec.metadata.parent_node_execution.execution_id.name == name
    assert execution.spec.metadata.nesting == 1


def run_registered(pyflyte, workflow, *inputs):
    """Registers children.py and starts one of its workflows."""
    place = ("-p", PROJECT, "-d", DOMAIN)
    done = pyflyte("register", *place, "--version", "children1", "children.py")
    assert done.code == 0, done.output
    started = pyflyte("run", *place, "remote-workflow", f"children.{workflow}:children1", *inputs)
    assert started.code == 0, started.output
    return executions.name_in(started.output)


def test_a_child_hands_its_own_inputs_back_to_its_parent(pyflyte, stubs):
    name = run_registered(pyflyte, "reads_what_was_passed", "--n", "1", "--text", "mine")
    outputs = executions.succeeded(stubs, name).literals
    assert outputs["o0"].scalar.primitive.string_value == "2 mine"
    assert outputs["o1"].scalar.primitive.string_value == "mine"


def test_a_child_that_fails_as_it_starts_ends_its_parent(pyflyte, stubs):
    name = run_registered(pyflyte, "waits_for_a_choice", "--n", "0")
    assert executions.wait(stubs, name).closure.phase == Phase.FAILED


def test_metrics_tell_where_the_time_went(pyflyte, stubs):
    name, _ = run(pyflyte, stubs, "nested.py", "with_sub_workflow", "--x", "1")
    explained = pyflyte("metrics", "-p", PROJECT, "explain", name)
    assert explained.code == 0, explained.output
    for shown in ("WORKFLOW_SETUP", "NODE_TRANSITION", "TASK_RUNTIME", "node/n0-0-n1", "TEARDOWN"):
        assert shown in explained.output, explained.output
    request = execution_pb2.WorkflowExecutionGetMetricsRequest(id=executions.identifier(name))
    assert not stubs.admin.GetExecutionMetrics(request).span.spans


def attempts(stubs, name, node="n0"):
    parent = identifier_pb2.NodeExecutionIdentifier(
        node_id=node, execution_id=executions.identifier(name)
    )
    request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=parent, limit=100)
    rows = stubs.admin.ListTaskExecutions(request).task_executions
    return sorted((row.id.retry_attempt, row.closure.phase) for row in rows)


def test_recoverable_errors_are_retried(pyflyte, stubs):
    task = core_execution_pb2.TaskExecution
    name, outputs = run(pyflyte, stubs, "retries.py", "lucky")
    assert outputs["o0"].scalar.primitive.integer == 2
    assert attempts(stubs, name) == [(0, task.FAILED), (1, task.FAILED), (2, task.SUCCEEDED)]


def test_other_errors_are_not_retried(pyflyte, stubs):
    done = pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *WAIT, "retries.py", "wrong")
    assert done.code != 0
    name = executions.name_in(done.output)
    assert executions.wait(stubs, name).closure.phase == Phase.FAILED
    assert [attempt for attempt, _ in attempts(stubs, name)] == [0]


def test_a_deck_and_data_are_fetched_by_flyte_url(pyflyte, stubs, remote):
    name, _ = run(pyflyte, stubs, "decks.py", "decked", "--title", "figures")
    node = next(n for n in executions.nodes(stubs, name) if n.id.node_id == "n0")
    assert node.closure.deck_uri
    base = f"flyte://v1/{PROJECT}/{DOMAIN}/{name}/n0"
    for what, shown in {"o": "FIGURES", "i/title": "figures", "0/o/o0": "FIGURES"}.items():
        done = pyflyte("fetch", f"{base}/{what}")
        assert done.code == 0, f"{what}: {done.output}"
        assert shown in done.output, f"{what}: {done.output}"
    assert pyflyte("fetch", f"{base}/d").code == 0
    assert b"<h1>figures</h1>" in remote.get(f"{base}/d")


def test_a_file_is_fetched_to_the_disk(pyflyte, stubs, tmp_path):
    name, _ = run(pyflyte, stubs, "files.py", "fw", "--text", "fetched")
    url = f"flyte://v1/{PROJECT}/{DOMAIN}/{name}/n0/o/o0"
    done = pyflyte("fetch", url, str(tmp_path))
    assert done.code == 0, done.output
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.read_text() == "fetched"


def test_values_of_every_kind_arrive_unchanged(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "values.py", "every_value", "--span", "90s")
    assert outputs["o0"].scalar.primitive.string_value == (
        "7pab 7 blue 2024-02-29T12:30:00+00:00 90.0 [[1, 2], [3]] {'e': 2.5, 'pi': 3.5} "
        "None str:text"
    )


def test_what_is_taken_out_of_a_dataclass_arrives(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "shapes.py", "taken_out")
    assert outputs["o0"].scalar.primitive.string_value == (
        "2.0 None [1, 2, 3] [1.0, 0.5] 3['n0', 'n1'] [3, 4] {'a': [7, 8]} 4 n0 8"
    )
    assert outputs["o1"].scalar.primitive.float_value == 8.0


def test_optionals_and_empty_lists_within_lists_are_accepted(pyflyte, stubs):
    _, outputs = run(
        pyflyte, stubs, "shapes.py", "nested",
        "--rows", "[[1, null], [2], []]",
        "--table", '{"a": {"x": 1}, "b": {"y": null}, "c": {}}',
        "--deep", "[[[]], [[1]], []]",
        "--dicts", '[{}, {"a": 1}]',
    )
    assert outputs["o0"].scalar.primitive.string_value == (
        "[[1, None], [2], []] [('a', {'x': 1}), ('b', {'y': None}), ('c', {})] "
        "[[[]], [[1]], []] [{}, {'a': 1}]"
    )


def test_a_base_class_is_not_its_subclass(pyflyte):
    place = ("-p", PROJECT, "-d", DOMAIN)
    done = pyflyte("register", *place, "--version", "narrow1", "narrow.py")
    assert done.code != 0
    assert "Code: MismatchingTypes, Node Id: n1" in done.output


def test_frames_and_datasets_pass_between_tasks(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "values.py", "frames")
    assert outputs["total"].scalar.primitive.integer == 33
    assert outputs["rows"].scalar.primitive.integer == 3


def test_a_shell_task_leaves_a_file(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "values.py", "shelled", "--text", "twelve chars")
    assert outputs["o0"].scalar.primitive.integer == 12


def test_two_tasks_that_write_at_once_keep_their_own_frames(pyflyte, stubs, tmp_path):
    # Forks of one interpreter share its random state: equal "unique" paths would meet here.
    name, outputs = run(pyflyte, stubs, "pair.py", "both", "--rendezvous", str(tmp_path))
    assert outputs["left"].scalar.primitive.string_value == "left"
    assert outputs["right"].scalar.primitive.string_value == "right"


def test_a_crowd_that_writes_at_once_keeps_its_own_data(server_factory, workflows, tmp_path):
    (tmp_path / "meeting").mkdir()
    # All four are there at once only if there is room for them, however small the machine.
    server = server_factory(arguments=("--task-slots", "4"))
    own = clients.Pyflyte(server.address, tmp_path / "home", workflows)
    stubs = clients.Stubs(server.address)
    _, outputs = run(own, stubs, "crowd.py", "crowd", "--rendezvous", str(tmp_path / "meeting"))
    stubs.close()
    assert outputs["o0"].scalar.primitive.string_value == (
        "left:50000 right:3 in0,in1,in2 deep/deeper/a name.txt:dir+large.bin:dir"
    )


def test_data_in_data_passes_between_tasks(pyflyte, stubs):
    _, outputs = run(pyflyte, stubs, "crowd.py", "data_in_data")
    text = outputs["o0"].scalar.primitive.string_value
    assert text == "file inside {'a': [1, 2]} 499500"


def test_a_frame_is_stored_by_reference(remote, pyflyte, stubs):
    name, _ = run(pyflyte, stubs, "values.py", "frames")
    execution = remote.fetch_execution(name=name)
    execution = remote.sync(execution, sync_nodes=True)
    literal = execution.node_executions["n0"].outputs.get_literal("o0")
    uri = literal.scalar.structured_dataset.uri
    assert uri and "outputs.pb" not in uri
    frame = execution.node_executions["n0"].outputs.get("o0", pd.DataFrame)
    assert list(frame["n"]) == [10, 11, 12]
