"""Whoever has an answer to a write finds it in every read from then on, on any connection."""

import concurrent.futures

import pytest
from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2

from tests.conformance import entities, executions
from tests.conformance.clients import DOMAIN, PROJECT, Rest, Stubs

WORKERS = 8
WRITES = 25


@pytest.fixture(scope="module", autouse=True)
def registered(stubs):
    stubs.admin.CreateTask(entities.task("base"))
    stubs.admin.CreateWorkflow(entities.workflow("base", "base"))
    stubs.admin.CreateLaunchPlan(entities.launch_plan("base", "base"))


def in_parallel(work):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))


def test_a_registered_task_is_read_by_another_connection_at_once(server):
    def work(worker):
        writer, reader, rest = Stubs(server.address), Stubs(server.address), Rest(server.url)
        for number in range(WRITES):
            name = f"ryw.{worker}.{number}"
            writer.admin.CreateTask(entities.task(name))
            own = entities.identifier(identifier_pb2.TASK, name)
            got = reader.admin.GetTask(common_pb2.ObjectGetRequest(id=own))
            assert got.id.name == name
            listed = reader.admin.ListTasks(
                common_pb2.ResourceListRequest(
                    id=common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN, name=name),
                    limit=1,
                )
            )
            assert [task.id.name for task in listed.tasks] == [name]
            assert rest.get(f"/api/v1/tasks/{PROJECT}/{DOMAIN}/{name}/v1").status_code == 200
        for client in (writer, reader, rest):
            client.close()

    in_parallel(work)


def test_an_execution_is_read_at_once(server):
    def work(worker):
        writer, reader = Stubs(server.address), Stubs(server.address)
        for number in range(5):
            name = f"ryw-{worker}-{number}"
            created = writer.admin.CreateExecution(entities.execution(name, "base", x=number))
            assert created.id.name == name
            execution = executions.get(reader, name)
            assert execution.spec.launch_plan.name == "base"
            inputs = executions.data(reader, name).full_inputs.literals
            assert inputs["x"].scalar.primitive.integer == number
        writer.close()
        reader.close()

    in_parallel(work)


def test_acknowledged_writes_survive_a_kill(server_factory):
    server = server_factory()
    stubs = Stubs(server.address)
    for number in range(50):
        stubs.admin.CreateTask(entities.task(f"kept.{number}"))
    server.kill9()
    stubs.close()
    server.restart()
    stubs = Stubs(server.address)
    for number in range(50):
        own = entities.identifier(identifier_pb2.TASK, f"kept.{number}")
        assert stubs.admin.GetTask(common_pb2.ObjectGetRequest(id=own)).id.name == own.name
    stubs.close()
