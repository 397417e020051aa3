"""Scenario 23: terminating a running execution ends its processes and records who asked why."""

import os

import grpc
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT
from tests.conformance.executions import Phase
from tests.conformance.processes import alive, until


def test_terminating_ends_the_task_and_everything_it_started(pyflyte, stubs, remote, tmp_path):
    trace = tmp_path / "trace"
    done = pyflyte(
        "run", "--remote", "-p", PROJECT, "-d", DOMAIN, "slow.py", "hanging", "--trace", str(trace)
    )
    assert done.code == 0, done.output
    name = executions.name_in(done.output)
    until(trace.exists, "the task to run")
    pids = [int(pid) for pid in trace.read_text().split()]
    assert all(alive(pid) for pid in pids)
    assert os.getpid() not in pids

    remote.terminate(remote.fetch_execution(name=name), cause="a test said so")

    closure = executions.wait(stubs, name).closure
    assert closure.phase == Phase.ABORTED
    assert closure.abort_metadata.cause == "a test said so"
    until(lambda: not any(alive(pid) for pid in pids), f"processes {pids} to end")
    node = next(n for n in executions.nodes(stubs, name) if n.id.node_id == "n0")
    assert node.closure.phase == core_execution_pb2.NodeExecution.ABORTED

    with pytest.raises(grpc.RpcError) as refused:
        stubs.admin.TerminateExecution(
            execution_pb2.ExecutionTerminateRequest(id=executions.identifier(name), cause="late")
        )
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.details() == "Cannot abort an already terminated workflow execution"


def test_terminating_what_does_not_exist_is_not_found(stubs):
    with pytest.raises(grpc.RpcError) as refused:
        stubs.admin.TerminateExecution(
            execution_pb2.ExecutionTerminateRequest(id=executions.identifier("nosuch"))
        )
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
