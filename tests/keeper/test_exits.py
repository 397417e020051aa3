"""How tasks end, with a warm interpreter and with a fresh one."""

import os
import signal
import time

import pytest
from flyteidl.core import dynamic_job_pb2, errors_pb2, literals_pb2
from keeper_client import DEADLINE_SECONDS, PYTHON

CODE = '''
import atexit, os, sys, threading, time

from flytekit import dynamic, map_task, task


@task
def fine() -> int:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    atexit.register(print, "at exit")
    return 3


@task
def boom() -> int:
    raise ValueError("boom")


@task
def leaves() -> int:
    sys.exit(3)


@task
def vanishes() -> int:
    print("said before", flush=True)
    os._exit(7)


@task
def segfaults() -> int:
    os.kill(os.getpid(), 11)


@task
def slow() -> int:
    open("up", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    return 4


@task
def lingers() -> int:
    # The interpreter waits for threads that are not daemons.
    threading.Thread(target=lambda: (time.sleep(0.3), print("thread done"))).start()
    return 5


@task
def double(a: int) -> int:
    return 2 * a


mapped = map_task(double)


@dynamic
def expands(n: int) -> int:
    x = n
    for _ in range(3):
        x = double(a=x)
    return x


@task
def framed() -> int:
    import pandas
    return len(pandas.DataFrame({"a": [1]}))
'''

WAYS = pytest.mark.parametrize("python", [PYTHON, ""], ids=["zygote", "exec"])


def run(keeper, task, python, name=None, inputs=b"", env=()):
    name = name or task
    if python:
        keeper.prepare()
    started = keeper.start_task(name, task, CODE, inputs, env, python)
    del started
    return keeper.wait(name)


def wait_for(path):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.005)


@WAYS
def test_success(keeper, python):
    end = run(keeper, "fine", python)
    assert (end["exit_code"], end["exit_signal"], end["source"]) == (0, 0, "waited")
    outputs = literals_pb2.LiteralMap.FromString(keeper.output_path("fine").read_bytes())
    assert outputs.literals["o0"].scalar.primitive.integer == 3
    log = keeper.log("fine")
    assert "to stdout\n" in log and "to stderr\n" in log and log.endswith("at exit\n")


@WAYS
def test_a_user_exception_exits_zero_and_leaves_an_error_file(keeper, python):
    end = run(keeper, "boom", python)
    assert end["exit_code"] == 0
    document = errors_pb2.ErrorDocument()
    document.ParseFromString(keeper.output_path("boom", "error.pb").read_bytes())
    assert document.error.code == "USER:ValueError" or document.error.code == "USER:RuntimeError"
    assert "ValueError: boom" in document.error.message


@WAYS
@pytest.mark.parametrize(
    "task, code, number", [("leaves", 3, 0), ("vanishes", 7, 0), ("segfaults", 0, signal.SIGSEGV)]
)
def test_other_ends(keeper, python, task, code, number):
    end = run(keeper, task, python)
    assert (end["exit_code"], end["exit_signal"]) == (code, number)
    assert not keeper.output_path(task).exists()


@WAYS
def test_a_module_that_is_not_there(keeper, python):
    if python:
        keeper.prepare()
    argv = ["pyflyte-execute", "--inputs", "none", "--output-prefix", "out",
            "--raw-output-data-prefix", "raw", "--resolver",
            "no.such.resolver", "--", "task-module", "x", "task-name", "y"]
    keeper.start("a", argv, python=python)
    assert keeper.wait("a")["exit_code"] == 1
    assert "ModuleNotFoundError" in keeper.log("a")


@WAYS
def test_bad_options_exit_two(keeper, python):
    if python:
        keeper.prepare()
    keeper.start("a", ["pyflyte-execute", "--no-such-option"], python=python)
    assert keeper.wait("a")["exit_code"] == 2
    assert "No such option" in keeper.log("a")


@WAYS
def test_threads_are_waited_for(keeper, python):
    assert run(keeper, "lingers", python)["exit_code"] == 0
    assert "thread done" in keeper.log("lingers")


@WAYS
def test_termination_ends_a_task_without_any_file(keeper, python):
    if python:
        keeper.prepare()
    keeper.start_task("slow", "slow", CODE, python=python)
    wait_for(keeper.output_path("slow").parents[3] / "work/slow/cwd/up")
    keeper.call("kill", key="1/slow/0/1", reason="abort", grace=30_000_000_000)
    assert keeper.wait("slow")["exit_signal"] == signal.SIGTERM
    assert not keeper.output_path("slow").parent.exists()


@WAYS
def test_map_tasks_keep_an_empty_argument(keeper, python, tmp_path):
    if python:
        keeper.prepare()
    inputs = literals_pb2.LiteralMap()
    for number in (10, 20):
        literal = inputs.literals["a"].collection.literals.add()
        literal.scalar.primitive.integer = number
    (tmp_path / "in.pb").write_bytes(inputs.SerializeToString())
    argv = ["pyflyte-map-execute", "--inputs", str(tmp_path / "in.pb"),
            "--output-prefix", str(tmp_path / "data/map/out"),
            "--raw-output-data-prefix", str(tmp_path / "raw"),
            "--resolver", "flytekit.core.array_node_map_task.ArrayNodeMapTaskResolver", "--",
            "vars", "", "resolver", "flytekit.core.python_auto_container.default_task_resolver",
            "task-module", "probe", "task-name", "double"]
    env = [("BATCH_JOB_ARRAY_INDEX_VAR_NAME", "FLYTE_K8S_ARRAY_INDEX"),
           ("FLYTE_K8S_ARRAY_INDEX", "1")]
    keeper.start("map", argv, env, python, {"probe.py": CODE})
    assert keeper.wait("map")["exit_code"] == 0
    assert keeper.output_path("map").exists(), keeper.log("map")
    outputs = literals_pb2.LiteralMap.FromString(keeper.output_path("map").read_bytes())
    assert outputs.literals["o0"].scalar.primitive.integer == 40


@WAYS
def test_dynamic_tasks_leave_futures(keeper, python):
    from flytekit.configuration import Image, ImageConfig, SerializationSettings

    inputs = literals_pb2.LiteralMap()
    inputs.literals["n"].scalar.primitive.integer = 1
    image = ImageConfig(default_image=Image(name="default", fqn="x", tag="y"))
    settings = SerializationSettings(image_config=image, project="p", domain="d", version="v")
    env = [("_F_SS_C", settings.serialized_context)]
    end = run(keeper, "expands", python, inputs=inputs.SerializeToString(), env=env)
    assert end["exit_code"] == 0
    assert end["how"] == ("zygote" if python else "exec"), end
    spec = dynamic_job_pb2.DynamicJobSpec()
    spec.ParseFromString(keeper.output_path("expands", "futures.pb").read_bytes())
    assert len(spec.nodes) == 3


def test_variables_that_act_at_exec_get_a_fresh_interpreter(keeper):
    end = run(keeper, "fine", PYTHON, env=[("OMP_NUM_THREADS", "1")])
    assert end["how"] == "exec"
    assert end["how_reason"] == "OMP_NUM_THREADS acts when an interpreter starts"
    started = keeper.record("fine")[1]
    assert started["how_reason"] == end["how_reason"]


def test_records_and_process_lists_hold_no_secrets(keeper):
    keeper.prepare()
    keeper.start_task("slow", "slow", CODE, env=[("TOKEN", "s3cr3t-value")])
    wait_for(keeper.output_path("slow").parents[3] / "work/slow/cwd/up")
    assert "s3cr3t" not in str(keeper.record("slow"))
    pid = keeper.record("slow")[1]["pid"]
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        assert b"s3cr3t" not in file.read()
    keeper.call("kill", key="1/slow/0/1", reason="abort", grace=0)
    keeper.wait("slow")
    assert "s3cr3t" not in str(keeper.record("slow"))


def test_what_tasks_import_is_preloaded_for_the_next(keeper):
    first = run(keeper, "framed", PYTHON, name="first")
    assert first["exit_code"] == 0
    keeper.prepare()
    second = run(keeper, "framed", PYTHON, name="second")
    assert second["exit_code"] == 0
    assert second["cpu_micros"] > 0

    def running_time(end):
        return end["ended_at"] - end["started_at"]

    assert running_time(second) < running_time(first) / 2, (first, second)


def test_a_marker_tells_the_end_that_no_keeper_saw(keeper):
    keeper.prepare()
    keeper.start_task("slow", "slow", CODE)
    cwd = keeper.output_path("slow").parents[3] / "work/slow/cwd"
    wait_for(cwd / "up")
    keeper.kill_keeper()
    (cwd / "go").touch()
    wait_for(keeper.output_path("slow"))
    keeper.ended.clear()
    keeper.launch()
    keeper.connect()
    end = keeper.wait("slow")
    assert (end["source"], end["exit_code"]) == ("marker", 0), end


def test_spares_end_with_their_keeper(keeper):
    keeper.prepare()
    children = [
        int(pid) for pid in os.listdir("/proc")
        if pid.isdigit() and parent_of(pid) == keeper.pid
    ]
    assert len(children) >= 3, "a zygote and two spares"
    keeper.kill_keeper()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while any(is_alive(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    keeper.launch()
    keeper.connect()


def test_an_interpreter_that_hangs_ends_with_its_keeper(tmp_path):
    from keeper_client import Keeper

    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 100000\n")
    program.chmod(0o755)
    keeper = Keeper(tmp_path)
    keeper.call("prepare", python=str(program), env=keeper.environment, spares=1)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (hung := [int(pid) for pid in os.listdir("/proc")
                        if pid.isdigit() and parent_of(pid) == keeper.pid]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    keeper.stop()
    while any(is_alive(pid) for pid in hung):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_an_idle_keeper_ends(tmp_path):
    from keeper_client import Keeper

    keeper = Keeper(tmp_path, "--idle-seconds", "1")
    keeper.socket.close()
    keeper.lines.close()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while os.path.exists(f"/proc/{keeper.pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
