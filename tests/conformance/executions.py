"""Following executions through the API, as a client sees them."""

from __future__ import annotations

import re
import time

import grpc
from flyteidl.admin import common_pb2, execution_pb2, node_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2

from tests.conformance.clients import DOMAIN, PROJECT, Stubs

Phase = core_execution_pb2.WorkflowExecution
TERMINAL = (Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED, Phase.TIMED_OUT)

_CONSOLE_URL = re.compile(r"/executions/([a-z][a-z0-9-]*)")


def name_in(output: str) -> str:
    """The execution that a pyflyte command says it started."""
    found = _CONSOLE_URL.search(output)
    assert found, f"no execution is named in:\n{output}"
    return found[1]


def identifier(name: str) -> identifier_pb2.WorkflowExecutionIdentifier:
    return identifier_pb2.WorkflowExecutionIdentifier(project=PROJECT, domain=DOMAIN, name=name)


def get(stubs: Stubs, name: str) -> execution_pb2.Execution:
    request = execution_pb2.WorkflowExecutionGetRequest(id=identifier(name))
    return stubs.admin.GetExecution(request, timeout=10)


def wait(stubs: Stubs, name: str, *, seconds: float = 60) -> execution_pb2.Execution:
    """Polls until the execution is terminal: the v1 API has no other way to wait."""
    deadline = time.monotonic() + seconds
    while True:
        execution = get(stubs, name)
        if execution.closure.phase in TERMINAL:
            return execution
        assert time.monotonic() < deadline, (
            f"{name} is {Phase.Phase.Name(execution.closure.phase)} after {seconds} s:\n"
            + describe(stubs, name)
        )
        time.sleep(0.05)


def succeeded(stubs: Stubs, name: str, *, seconds: float = 60) -> literals_pb2.LiteralMap:
    """Waits, requires success, and returns the outputs."""
    execution = wait(stubs, name, seconds=seconds)
    assert execution.closure.phase == Phase.SUCCEEDED, describe(stubs, name)
    return data(stubs, name).full_outputs


def data(stubs: Stubs, name: str) -> execution_pb2.WorkflowExecutionGetDataResponse:
    request = execution_pb2.WorkflowExecutionGetDataRequest(id=identifier(name))
    return stubs.admin.GetExecutionData(request, timeout=10)


def nodes(stubs: Stubs, name: str, parent: str = "") -> list[node_execution_pb2.NodeExecution]:
    """The node executions of a level, all pages."""
    found: list[node_execution_pb2.NodeExecution] = []
    token = ""
    while True:
        page = stubs.admin.ListNodeExecutions(
            node_execution_pb2.NodeExecutionListRequest(
                workflow_execution_id=identifier(name),
                limit=100,
                token=token,
                unique_parent_id=parent,
                sort_by=common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING),
            ),
            timeout=10,
        )
        found += page.node_executions
        token = page.token
        if not token:
            return found


def names_found(stubs: Stubs, filters: str) -> list[str]:
    """Names of the executions that a filter finds."""
    request = common_pb2.ResourceListRequest(
        id=common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN),
        filters=filters,
        limit=100,
    )
    return [e.id.name for e in stubs.admin.ListExecutions(request, timeout=10).executions]


def describe(stubs: Stubs, name: str) -> str:
    """What went wrong, for the text of a failed assertion."""
    try:
        lines = [str(get(stubs, name).closure)]
        lines += [f"{n.id.node_id}: {n.closure}" for n in nodes(stubs, name)]
        return "\n".join(lines)
    except grpc.RpcError as error:
        return f"{name} cannot be read: {error.code().name}: {error.details()}"
