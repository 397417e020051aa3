"""Limits that a task's author wrote are enforced; nothing that nobody wrote is."""

from __future__ import annotations

import pathlib

import pytest
from flyteidl.core import execution_pb2 as core_execution_pb2

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT


@pytest.fixture(scope="module")
def enforced(server) -> str:
    """Skips where the keeper has no cgroup that it may write: it says so itself."""
    for kind in ("memory", "cpu"):
        if not _cgroup_of(server, kind):
            pytest.skip(f"no writable cgroup of the controller {kind}: limits are not enforced")
    return "cgroups"


def _cgroup_of(server, controller: str) -> str:
    """A directory in which the user that runs this may make cgroups with the controller."""
    own = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            own[name] = path.rstrip("/")
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        point = pathlib.Path(before.split()[4])
        if kind == "cgroup" and controller in options.split(","):
            place = pathlib.Path(f"{point}{own.get(controller, '')}")
        elif kind == "cgroup2" and controller in _words(f"{point}{own.get('', '')}"):
            place = pathlib.Path(f"{point}{own.get('', '')}")
        else:
            continue
        probe = place / f"probe-{server.pid}"
        try:
            probe.mkdir()
            probe.rmdir()
        except OSError:
            continue
        return str(place)
    return ""


def _words(directory: str) -> list[str]:
    try:
        return (pathlib.Path(directory) / "cgroup.controllers").read_text().split()
    except OSError:
        return []


def run(pyflyte, *arguments):
    done = pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, "limited.py", *arguments)
    assert done.code == 0, done.output
    return executions.name_in(done.output)


def integer(stubs, name):
    return executions.succeeded(stubs, name).literals["o0"].scalar.primitive.integer


def assert_out_of_memory(stubs, name):
    closure = executions.wait(stubs, name).closure
    assert closure.phase == executions.Phase.FAILED, executions.describe(stubs, name)
    assert closure.error.code == "RetriesExhausted|OOMKilled", closure.error
    assert closure.error.message.startswith("[1/1] currentAttempt done. Last Error: USER::")
    assert "terminated with exit code (137). Reason [OOMKilled]." in closure.error.message
    assert closure.error.kind == core_execution_pb2.ExecutionError.USER


def test_a_task_within_its_limit_succeeds(pyflyte, stubs, enforced):
    assert integer(stubs, run(pyflyte, "fits")) == 100


def test_a_task_above_its_limit_is_out_of_memory(pyflyte, stubs, enforced):
    assert_out_of_memory(stubs, run(pyflyte, "fits", "--megabytes", "700"))


def test_the_node_may_widen_a_limit(pyflyte, stubs, enforced):
    assert integer(stubs, run(pyflyte, "overridden")) == 700


def test_the_node_may_tighten_a_limit(pyflyte, stubs, enforced):
    assert_out_of_memory(stubs, run(pyflyte, "tightened"))


def test_a_request_is_no_limit(pyflyte, stubs):
    assert integer(stubs, run(pyflyte, "unbounded", "--megabytes", "300")) == 300


def test_a_limit_above_the_machine_is_clamped(pyflyte, stubs, server):
    assert integer(stubs, run(pyflyte, "generous", "--megabytes", "50")) == 50
    machine = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) * 1024
    if machine < 64 << 30:
        assert "event=executor.limit_clamped" in server.log_path.read_text()


def test_processor_time_is_held_to_its_limit(pyflyte, stubs, enforced):
    name = run(pyflyte, "spins", "--seconds", "3")
    used = executions.succeeded(stubs, name, seconds=120).literals["o0"].scalar.primitive
    # A fifth of a processor for three seconds, and what a period lets through at its edges.
    assert used.float_value < 0.2 * 3 + 0.3, used


def test_strict_limits_refuse_what_the_machine_has_not(server_factory, pyflyte, tmp_path):
    from tests.conformance import clients

    strict = server_factory(arguments=("--strict-limits", "1"))
    own = clients.Pyflyte(strict.address, tmp_path / "home", pyflyte.folder)
    stubs = clients.Stubs(strict.address)
    name = run(own, "generous", "--megabytes", "50")
    closure = executions.wait(stubs, name).closure
    stubs.close()
    assert closure.phase == executions.Phase.FAILED
    assert closure.error.code == "FailedToBuildResource", closure.error
    assert "a memory limit of 68719476736 bytes, and the machine has" in closure.error.message
