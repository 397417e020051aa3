"""The command line: what is refused, and in which words."""

import os
import pathlib
import subprocess

import pytest

from tests.conformance import clients, executions
from tests.conformance.processes import alive, until
from tests.conformance.server import START_SECONDS, binary

FAILED, USAGE = 1, 2


def martlet(*arguments, folder):
    return subprocess.run(
        [str(binary()), *arguments],
        cwd=folder,
        env=os.environ | {"MARTLET_LISTEN": "127.0.0.1:0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def serve(*arguments, folder):
    """A server that is meant to be refused: it would serve until the time is up."""
    return martlet("serve", *arguments, folder=folder)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--listen", "0.0.0.0:0"), "refusing to listen on 0.0.0.0"),
        (("--listen", "127.0.0.1:65536"), "HOST:PORT is expected"),
        (("--python", "/nonexistent/python"), "'/nonexistent/python' cannot be run"),
        (("--python", "."), "'.' cannot be run"),
        (("--public-url", "not a url"), "is not a URL"),
        (("--seed-projects", "Not An Id"), "'Not An Id'"),
        (("--domains", ""), "at least one name"),
        (("--config", "absent.yaml"), "cannot be read"),
        (("--task-slots", "many"), "not a whole number"),
        (("--no-such-flag",), "--no-such-flag"),
    ],
)
def test_a_bad_setting_is_refused_by_name(tmp_path, arguments, told):
    done = serve("--data", "data", *arguments, folder=tmp_path)
    assert done.returncode == USAGE, done.stderr
    assert told in done.stderr
    assert not (tmp_path / "data" / "store").exists()


def test_folders_of_somebody_else_are_left_alone(tmp_path):
    # A server sweeps `work` when it starts: this one is somebody's.
    thesis = tmp_path / "work" / "thesis" / "text"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of it")
    before = sorted(tmp_path.rglob("*"))
    done = serve("--data", str(tmp_path), folder=tmp_path)
    assert done.returncode == FAILED
    assert "is not a data directory of Martlet, but has work/thesis" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_second_server_of_one_data_directory_is_refused(server, tmp_path):
    done = serve("--data", str(server.data), folder=tmp_path)
    assert done.returncode == FAILED
    assert f"belongs to the running process {server.pid}" in done.stderr


def test_a_taken_port_is_refused(server, tmp_path):
    done = serve("--data", "data", "--listen", server.address, folder=tmp_path)
    assert done.returncode == FAILED
    assert "another program uses it" in done.stderr


def test_an_unknown_command_is_named(tmp_path):
    done = martlet("sevre", folder=tmp_path)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "'sevre'" in done.stderr


def test_the_version_is_a_flag_and_a_command(tmp_path):
    flag = martlet("--version", folder=tmp_path)
    command = martlet("version", folder=tmp_path)
    assert (flag.returncode, command.returncode) == (0, 0)
    assert command.stdout.startswith(flag.stdout.strip())


def test_a_python_without_flytekit_is_told(server_factory, workflows, tmp_path):
    bare = tmp_path / "bin" / "python"
    bare.parent.mkdir()
    bare.symlink_to(pathlib.Path("/usr/bin/python3"))
    # Without the PATH of the tests, which may lead to an environment with flytekit.
    own = server_factory(python=str(bare), environment={"PATH": "/usr/bin:/bin"})
    assert "server.no_flytekit" in own.log_tail()
    pyflyte = clients.Pyflyte(own.address, tmp_path / "home", workflows)
    stubs = clients.Stubs(own.address)
    run = ("run", "--remote", "-p", clients.PROJECT, "-d", clients.DOMAIN, *clients.WAIT)
    done = pyflyte(*run, "nested.py", "with_sub_workflow")
    closure = executions.wait(stubs, executions.name_in(done.output)).closure
    stubs.close()
    assert "flytekit is not installed beside the Python" in closure.error.message


def test_stop_leaves_tasks_and_stop_tasks_does_not(server_factory, workflows, tmp_path):
    own = server_factory()
    pyflyte = clients.Pyflyte(own.address, tmp_path / "home", workflows)
    trace = tmp_path / "trace"
    run = ("run", "--remote", "-p", clients.PROJECT, "-d", clients.DOMAIN)
    started = pyflyte(*run, "slow.py", "hang", "--trace", str(trace))
    assert started.code == 0, started.output
    until(trace.exists, "the task to run")
    pids = [int(pid) for pid in trace.read_text().split()]
    stop = ("stop", "--data", str(own.data))

    first = martlet(*stop, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "tasks go on" in first.stderr
    assert not own.running() and all(alive(pid) for pid in pids)

    second = martlet(*stop, "--tasks", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "no server was running" in second.stderr
    until(lambda: not any(alive(pid) for pid in pids), f"processes {pids} to end")
