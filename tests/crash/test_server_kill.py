"""The server is killed at random moments while tasks run: none is stopped, none runs twice."""

from __future__ import annotations

import os
import pathlib
import random
import time

import pytest

from tests.conformance import clients
from tests.conformance.server import Server

# `make soak` raises both: 50 rounds of 10 s tasks.
ROUNDS = int(os.environ.get("MARTLET_KILL_ROUNDS", "4"))
TASK_SECONDS = float(os.environ.get("MARTLET_KILL_TASK_SECONDS", "1.5"))
SEED = int(os.environ.get("MARTLET_SEED", "1"))
WORKFLOWS = pathlib.Path(__file__).with_name("workflows")

SUCCEEDED = 4
TERMINAL = {4, 6, 7, 8}


@pytest.fixture(params=["kill", "stop"])
def how(request: pytest.FixtureRequest) -> str:
    return request.param


def _await_end(remote, execution, deadline: float):
    while time.monotonic() < deadline:
        found = remote.client.get_execution(execution.id)
        if found.closure.phase in TERMINAL:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{execution.id.name} did not end; phase {found.closure.phase}")


def test_tasks_survive_the_server(tmp_path: pathlib.Path, how: str) -> None:
    chance = random.Random(f"{SEED}/{how}")
    server = Server(tmp_path / "server").start()
    try:
        remote = clients.remote(server.address, tmp_path / "client")
        pyflyte = clients.Pyflyte(server.address, tmp_path / "home", WORKFLOWS)
        registered = pyflyte("register", "--version", "v1", "witnessed.py")
        assert registered.code == 0, registered.output
        for number in range(ROUNDS):
            trace = tmp_path / f"trace-{number}"
            launch_plan = remote.fetch_launch_plan(name="witnessed.three")
            execution = remote.execute(
                launch_plan, inputs={"trace": str(trace), "seconds": TASK_SECONDS}
            )
            time.sleep(chance.uniform(0, TASK_SECONDS * 1.6))
            if how == "kill":
                server.kill9()
            else:
                server.stop()
            time.sleep(chance.uniform(0, TASK_SECONDS))
            server.restart()
            remote = clients.remote(server.address, tmp_path / "client")
            ended = _await_end(remote, execution, time.monotonic() + 60 + 3 * TASK_SECONDS)
            assert ended.closure.phase == SUCCEEDED, (number, ended.closure.error)
            data = remote.client.get_execution_data(execution.id)
            assert data.full_outputs.literals["o0"].scalar.primitive.integer == 7
            # Each task began once and ended once, in one process.
            lines = sorted(trace.read_text().split("\n")[:-1])
            begins = [line.split() for line in lines if line.startswith("begin")]
            ends = [line.split() for line in lines if line.startswith("end")]
            assert sorted(b[1] for b in begins) == ["1", "2", "4"], lines
            assert [b[1:] for b in begins] == [e[1:] for e in ends], lines
    finally:
        server.close()
