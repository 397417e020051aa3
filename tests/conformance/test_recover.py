"""Recovering failed executions: what succeeded is taken over, the rest runs again."""

import time

import pytest
from flyteidl.admin import node_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT
from tests.conformance.executions import Phase

PLACE = ("-p", PROJECT, "-d", DOMAIN)
NodePhase = core_execution_pb2.NodeExecution


@pytest.fixture(scope="module", autouse=True)
def registered(pyflyte):
    done = pyflyte("register", *PLACE, "--version", "r1", "recovering.py")
    assert done.code == 0, done.output


class Run:
    """One workflow that fails because a file is missing, and its recovery."""

    def __init__(self, pyflyte, stubs, folder, workflow, *options):
        self.pyflyte, self.stubs = pyflyte, stubs
        self.trace, self.file = folder / "trace", folder / "file"
        started = pyflyte(
            "run", *PLACE, *options, "remote-workflow", f"recovering.{workflow}:r1",
            "--trace", str(self.trace), "--file", str(self.file), "--x", "1",
        )  # fmt: skip
        assert started.code == 0, started.output
        self.name = executions.name_in(started.output)
        assert executions.wait(stubs, self.name).closure.phase == Phase.FAILED

    def counted(self):
        return len(self.trace.read_text().splitlines())

    def recover(self):
        self.file.touch()
        done = self.pyflyte("execution", *PLACE, "--execution-id", self.name, "recover")
        assert done.code == 0, done.output
        name = recovery_of(self.stubs, self.name)
        return name, executions.succeeded(self.stubs, name).literals


def recovery_of(stubs, name):
    """The only execution that recovers this one: pyflyte does not print its name."""
    (found,) = [
        recovery
        for recovery in executions.names_found(stubs, "eq(mode,5)")
        if executions.get(stubs, recovery).spec.metadata.reference_execution.name == name
    ]
    return found


def phases(stubs, name, parent=""):
    return {n.id.node_id: n.closure.phase for n in executions.nodes(stubs, name, parent)}


def test_succeeded_nodes_are_taken_over_also_inside_a_failed_sub_workflow(
    pyflyte, stubs, tmp_path
):
    run = Run(pyflyte, stubs, tmp_path, "nested")
    assert run.counted() == 2
    name, outputs = run.recover()
    assert outputs["o0"].scalar.primitive.integer == (1 + 2) * 2 + 1
    assert run.counted() == 3
    spec = executions.get(stubs, name).spec.metadata
    assert spec.reference_execution.name == run.name
    top = phases(stubs, name)
    assert (top["n0"], top["n1"], top["n2"]) == (
        NodePhase.RECOVERED, NodePhase.SUCCEEDED, NodePhase.SUCCEEDED,
    )  # fmt: skip
    inside = phases(stubs, name, "n1")
    assert (inside["n1-0-n0"], inside["n1-0-n1"]) == (NodePhase.RECOVERED, NodePhase.SUCCEEDED)
    # What was taken over is read where the recovery's own data is.
    node = next(n for n in executions.nodes(stubs, name) if n.id.node_id == "n0")
    assert f"-{name}/n0/data/0/outputs.pb" in node.closure.output_uri
    data = stubs.admin.GetNodeExecutionData(
        node_execution_pb2.NodeExecutionGetDataRequest(id=node.id)
    )
    assert data.full_inputs.literals["x"].scalar.primitive.integer == 1
    assert data.full_outputs.literals["o0"].scalar.primitive.integer == 2


def test_a_recovery_that_fails_again_can_be_recovered(pyflyte, stubs, tmp_path):
    run = Run(pyflyte, stubs, tmp_path, "nested")
    done = pyflyte("execution", *PLACE, "--execution-id", run.name, "recover")
    assert done.code == 0, done.output
    second = recovery_of(stubs, run.name)
    assert executions.wait(stubs, second).closure.phase == Phase.FAILED
    assert phases(stubs, second)["n0"] == NodePhase.RECOVERED
    run.name = second
    _, outputs = run.recover()
    assert outputs["o0"].scalar.primitive.integer == 7
    assert run.counted() == 3


def test_a_launch_plan_node_keeps_its_child(pyflyte, stubs, tmp_path):
    run = Run(pyflyte, stubs, tmp_path, "with_child")
    name, outputs = run.recover()
    assert outputs["o0"].scalar.primitive.integer == 4
    assert outputs["o1"].scalar.primitive.integer == 2
    assert run.counted() == 1
    children = [
        next(n for n in executions.nodes(stubs, of) if n.id.node_id == "n0")
        .closure.workflow_node_metadata.executionId.name
        for of in (run.name, name)
    ]  # fmt: skip
    assert children[0] and children[0] == children[1]


def test_a_succeeded_execution_recovers_without_running_anything(pyflyte, stubs, tmp_path):
    run = Run(pyflyte, stubs, tmp_path, "nested")
    first, _ = run.recover()
    before = run.counted()
    run.name = first
    again, outputs = run.recover()
    assert outputs["o0"].scalar.primitive.integer == 7
    assert run.counted() == before
    assert set(phases(stubs, again).values()) == {NodePhase.RECOVERED, NodePhase.SUCCEEDED}


def test_a_recovery_goes_on_after_a_crash_of_the_server(pyflyte, stubs, server, tmp_path):
    # One slot: the second task, which is there to be taken over, waits while the first one runs.
    run = Run(pyflyte, stubs, tmp_path, "in_turn", "--max-parallelism", "1")
    assert run.counted() == 1
    run.file.touch()
    done = pyflyte("execution", *PLACE, "--execution-id", run.name, "recover")
    assert done.code == 0, done.output
    name = recovery_of(stubs, run.name)
    deadline = time.monotonic() + 30
    while not (tmp_path / "running").exists():
        assert time.monotonic() < deadline, executions.describe(stubs, name)
        time.sleep(0.01)
    server.kill9()
    server.restart()
    executions.succeeded(stubs, name)
    assert run.counted() == 1
    top = phases(stubs, name)
    assert (top["n0"], top["n1"]) == (NodePhase.SUCCEEDED, NodePhase.RECOVERED)
