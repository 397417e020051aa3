"""Data directories that released versions left, with work in flight, are opened and finished."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tarfile

import pytest
from flyteidl.admin import execution_pb2, project_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2

from tests.conformance import clients
from tests.conformance.server import Server, binary
from tests.crash import remains
from tests.upgrade import place

FIXTURES = sorted(pathlib.Path(__file__).with_name("fixtures").glob("*.tar.gz"))
PHASE = core_execution_pb2.WorkflowExecution.Phase


def unpack(archive: pathlib.Path, to: pathlib.Path) -> dict[str, dict]:
    with tarfile.open(archive) as tar:
        tar.extractall(to)
    (to / "server" / "data").chmod(0o700)
    return json.loads((to / "expected.json").read_text())


def verify(data: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binary()), "verify", "--data", str(data)], capture_output=True, text=True, timeout=120
    )


def identifier(name: str) -> identifier_pb2.WorkflowExecutionIdentifier:
    return identifier_pb2.WorkflowExecutionIdentifier(
        project=place.PROJECT, domain="development", name=name
    )


def phase_of(stubs: clients.Stubs, name: str) -> str:
    request = execution_pb2.WorkflowExecutionGetRequest(id=identifier(name))
    return PHASE.Name(stubs.admin.GetExecution(request).closure.phase)


def outputs_of(stubs: clients.Stubs, name: str):
    request = execution_pb2.WorkflowExecutionGetDataRequest(id=identifier(name))
    return stubs.admin.GetExecutionData(request).full_outputs.literals


def test_there_are_fixtures() -> None:
    assert FIXTURES


@pytest.mark.parametrize("archive", FIXTURES, ids=lambda archive: archive.name)
def test_work_in_flight_is_finished(archive: pathlib.Path) -> None:
    with place.occupied() as root:
        expected = unpack(archive, root)
        before = verify(place.DATA)
        assert before.returncode == 0, before.stdout + before.stderr
        server = Server(root / "server", python=str(place.PYTHON)).start()
        stubs = clients.Stubs(server.address)
        try:
            projects = stubs.admin.ListProjects(project_pb2.ProjectListRequest(limit=100)).projects
            assert place.PROJECT in [project.id for project in projects]
            for name, told in expected.items():
                remains.await_true(
                    lambda: phase_of(stubs, name) == told["phase"],
                    lambda: f"{name} is {phase_of(stubs, name)}, not {told}\n{server.log_tail()}",
                )
                found = outputs_of(stubs, name)
                for output, value in told["outputs"].items():
                    assert found[output].scalar.primitive.integer == value, (name, output)
                if "file" in found:
                    assert pathlib.Path(found["file"].scalar.blob.uri).read_text() == "kept"
            remains.await_nothing_left(place.DATA, server.pid)
        finally:
            stubs.close()
            server.close()
        after = verify(place.DATA)
        assert after.returncode == 0, after.stdout + after.stderr


@pytest.mark.parametrize("archive", FIXTURES[-1:], ids=lambda archive: archive.name)
def test_a_moved_data_directory_is_refused(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    unpack(archive, tmp_path)
    data = tmp_path / "server" / "data"
    done = subprocess.run(
        [str(binary()), "serve", "--data", str(data), "--listen", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"{place.DATA}/objects" in done.stderr + done.stdout, done.stderr + done.stdout
