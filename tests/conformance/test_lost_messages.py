"""Scenario 32: one message of every method is lost; pyflyte's commands succeed all the same."""

import grpc
import pytest
from flyteidl.admin import common_pb2, launch_plan_pb2, project_pb2, version_pb2

from tests.conformance import clients, executions
from tests.conformance.clients import DOMAIN, PROJECT, Stubs, WAIT
from tests.conformance.faulty import REPLY, REQUEST, FaultyProxy

PLACE = ("-p", PROJECT, "-d", DOMAIN)


@pytest.fixture(params=[REQUEST, REPLY])
def faulty(request, server, workflows, tmp_path):
    """What is lost, the proxy, and a pyflyte that talks through it."""
    with FaultyProxy(server.address, request.param) as proxy:
        yield request.param, proxy, clients.Pyflyte(proxy.address, tmp_path, workflows)


def test_the_proxy_loses_the_first_message_of_a_method(faulty, stubs):
    lost, proxy, _ = faulty
    through = Stubs(proxy.address)
    project = project_pb2.Project(id=f"lost-{lost}", name="p")
    register = project_pb2.ProjectRegisterRequest(project=project)
    codes = []
    for _ in range(2):
        try:
            through.admin.RegisterProject(register)
            codes.append(grpc.StatusCode.OK)
        except grpc.RpcError as error:
            codes.append(error.code())
    done_twice = grpc.StatusCode.ALREADY_EXISTS if lost == REPLY else grpc.StatusCode.OK
    assert codes == [grpc.StatusCode.UNAVAILABLE, done_twice]
    with pytest.raises(grpc.RpcError):
        through.admin.GetVersion(version_pb2.GetVersionRequest())
    assert through.admin.GetVersion(version_pb2.GetVersionRequest())
    through.close()


def test_a_run_succeeds_and_happens_once(faulty, stubs):
    lost, proxy, pyflyte = faulty
    name = f"run-lost-{lost}"
    done = pyflyte("run", "--remote", *PLACE, *WAIT, "--name", name, "wf.py", "wf", "--n", lost)
    assert done.code == 0, done.output
    assert executions.names_found(stubs, f"eq(execution_name,{name})") == [name]
    outputs = executions.succeeded(stubs, name).literals
    assert outputs["text"].scalar.primitive.string_value == f"hello {lost}"
    lost_names = {method.rsplit("/", 1)[-1] for method in proxy.lost_methods}
    assert {"CreateUploadLocation", "CreateTask", "CreateWorkflow", "CreateExecution"} <= lost_names


def test_a_registration_succeeds_and_activates(faulty, stubs):
    lost, _, pyflyte = faulty
    done = pyflyte(
        "register", *PLACE, "--version", f"lost-{lost}", "--activate-launchplans", "wf.py"
    )
    assert done.code == 0, done.output
    plan = common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN, name="wf_sched")
    active = stubs.admin.GetActiveLaunchPlan(launch_plan_pb2.ActiveLaunchPlanRequest(id=plan))
    assert active.id.version == f"lost-{lost}"
