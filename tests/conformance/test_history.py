"""martlet.v1.HistoryService: the log of an execution, over REST and gRPC."""

import grpc
import pytest
from flyteidl.admin import execution_pb2

from tests.conformance import entities, executions, wire
from tests.conformance.clients import DOMAIN, PROJECT

LIST_EVENTS = "/martlet.v1.HistoryService/ListEvents"


@pytest.fixture(scope="module")
def ended(stubs):
    """An execution that was started and aborted."""
    stubs.admin.CreateTask(entities.task("base"))
    stubs.admin.CreateWorkflow(entities.workflow("base", "base"))
    stubs.admin.CreateLaunchPlan(entities.launch_plan("base", "base"))
    name = "history"
    stubs.admin.CreateExecution(entities.execution(name, "base", x=1))
    request = execution_pb2.ExecutionTerminateRequest(
        id=executions.identifier(name), cause="seen enough"
    )
    stubs.admin.TerminateExecution(request)
    executions.wait(stubs, name)
    return f"/martlet/v1/events/{PROJECT}/{DOMAIN}/{name}"


def test_the_log_is_whole_and_in_order(rest, ended):
    log = rest.get(ended).json()
    events = log["events"]
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    assert int(log["last_sequence"]) == len(events)
    assert "execution_started" in events[0]["event"]
    assert "execution_aborted" in events[-1]["event"]
    assert "seen enough" in str([event["event"] for event in events])
    assert all(event["hash"] and event["at"] for event in events)


def test_a_log_is_read_on_from_any_place(rest, ended):
    events = rest.get(ended).json()["events"]
    page = rest.get(f"{ended}?after=1&limit=1").json()
    assert page["events"] == events[1:2]
    after_all = rest.get(f"{ended}?after={len(events)}").json()
    assert not after_all.get("events") and int(after_all["last_sequence"]) == len(events)


def test_an_unknown_execution_has_no_log(rest, stubs):
    assert rest.get(f"/martlet/v1/events/{PROJECT}/{DOMAIN}/nobody").status_code == 404
    with pytest.raises(grpc.RpcError) as refused:
        wire.raw(stubs.channel, LIST_EVENTS)(b"", timeout=5)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
