"""flytekit sends a failed call up to four times at once: every write must bear being repeated."""

import collections
import concurrent.futures
import threading

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2, project_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service import dataproxy_pb2

from tests.conformance import entities, executions
from tests.conformance.clients import DOMAIN, PROJECT, Stubs

TIMES = 4
OK = grpc.StatusCode.OK
EXISTS = grpc.StatusCode.ALREADY_EXISTS


def at_once(server, call):
    """Makes one call on four channels at the same moment; returns codes and answers."""
    barrier = threading.Barrier(TIMES)

    def one(_):
        stubs = Stubs(server.address)
        try:
            grpc.channel_ready_future(stubs.channel).result(timeout=10)
            barrier.wait()
            return OK, call(stubs)
        except grpc.RpcError as error:
            return error.code(), error.details()
        finally:
            stubs.close()

    with concurrent.futures.ThreadPoolExecutor(TIMES) as pool:
        results = list(pool.map(one, range(TIMES)))
    return collections.Counter(code for code, _ in results), [answer for _, answer in results]


@pytest.fixture(scope="module", autouse=True)
def registered(stubs):
    """What the calls of this module refer to."""
    stubs.admin.CreateTask(entities.task("base"))
    stubs.admin.CreateWorkflow(entities.workflow("base", "base"))
    stubs.admin.CreateLaunchPlan(entities.launch_plan("base", "base"))
    stubs.admin.CreateExecution(entities.execution("archived", "base"))


CREATES = {
    "task": lambda s: s.admin.CreateTask(entities.task("repeated")),
    "workflow": lambda s: s.admin.CreateWorkflow(entities.workflow("repeated", "base")),
    "launch plan": lambda s: s.admin.CreateLaunchPlan(entities.launch_plan("repeated", "base")),
    "execution": lambda s: s.admin.CreateExecution(entities.execution("repeated", "base")),
    "project": lambda s: s.admin.RegisterProject(
        project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id="repeated", name="r"))
    ),
}


@pytest.mark.parametrize("what", CREATES)
def test_one_of_four_equal_creations_wins(server, stubs, what):
    codes, _ = at_once(server, CREATES[what])
    assert codes == {OK: 1, EXISTS: TIMES - 1}
    again, _ = at_once(server, CREATES[what])
    assert again == {EXISTS: TIMES}


def test_four_equal_creations_leave_one_execution(stubs):
    found = executions.names_found(stubs, "eq(execution_name,repeated)")
    assert found == ["repeated"]


UPDATES = {
    "activate": lambda s: s.admin.UpdateLaunchPlan(
        launch_plan_pb2.LaunchPlanUpdateRequest(
            id=entities.identifier(identifier_pb2.LAUNCH_PLAN, "base"), state="ACTIVE"
        )
    ),
    "deactivate": lambda s: s.admin.UpdateLaunchPlan(
        launch_plan_pb2.LaunchPlanUpdateRequest(
            id=entities.identifier(identifier_pb2.LAUNCH_PLAN, "base"), state="INACTIVE"
        )
    ),
    "describe project": lambda s: s.admin.UpdateProject(
        project_pb2.Project(id=PROJECT, name=PROJECT, description="again and again")
    ),
    "describe entity": lambda s: s.admin.UpdateNamedEntity(
        common_pb2.NamedEntityUpdateRequest(
            resource_type=identifier_pb2.TASK,
            id=common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN, name="base"),
            metadata=common_pb2.NamedEntityMetadata(description="again"),
        )
    ),
    "archive execution": lambda s: s.admin.UpdateExecution(
        execution_pb2.ExecutionUpdateRequest(
            id=executions.identifier("archived"), state="EXECUTION_ARCHIVED"
        )
    ),
}


@pytest.mark.parametrize("what", UPDATES)
def test_four_equal_updates_all_succeed(server, what):
    codes, answers = at_once(server, UPDATES[what])
    assert codes == {OK: TIMES}, answers


def test_four_requests_for_an_upload_location_get_the_same_place(server):
    request = dataproxy_pb2.CreateUploadLocationRequest(
        project=PROJECT,
        domain=DOMAIN,
        filename="script.tar.gz",
        content_md5=b"0123456789abcdef",
        add_content_md5_metadata=True,
    )
    codes, answers = at_once(server, lambda s: s.data_proxy.CreateUploadLocation(request))
    assert codes == {OK: TIMES}, answers
    assert len({answer.native_url for answer in answers}) == 1


def test_four_terminations_end_an_execution_once(server, stubs):
    stubs.admin.CreateExecution(entities.execution("ended", "base"))
    request = execution_pb2.ExecutionTerminateRequest(
        id=executions.identifier("ended"), cause="four times"
    )
    codes, answers = at_once(server, lambda s: s.admin.TerminateExecution(request))
    # Whoever comes after the end is told so, in the words that flytekit knows.
    assert set(codes) <= {OK, grpc.StatusCode.FAILED_PRECONDITION}, answers
    closure = executions.wait(stubs, "ended").closure
    assert closure.phase in executions.TERMINAL
