"""Latency of one local task through martlet-keeper, without server and database.

  outputs   from the start request to outputs.pb on disk
  ended     from the start request to the report that the process and its descendants are gone

    python bench/keeper_latency.py [--runs 50] [--pause 0.2]

Printed beside what the machine did meanwhile: one fdatasync, one directory, the load.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "keeper"))
from figures import percentile  # noqa: E402
from flyteidl.core import literals_pb2  # noqa: E402
from keeper_client import PYTHON, Keeper  # noqa: E402

CODE = """
from flytekit import task


@task
def add(a: int, b: int) -> int:
    return a + b
"""


def report(label, millis):
    print(f"{label:<34} p50 {percentile(millis, 0.5):7.2f} ms   p95 {percentile(millis, 0.95):7.2f} ms"
          f"   mean {statistics.mean(millis):7.2f} ms   n {len(millis)}")


def timed(action, count):
    took = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        took.append(1000 * (time.perf_counter() - began))
    return took


def measure_machine(directory):
    path = pathlib.Path(directory) / "sync"
    with open(path, "wb") as file:
        def sync():
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())

        report("machine: append 4 KiB, fdatasync", timed(sync, 50))
    numbers = iter(range(1000))
    report("machine: make a directory",
           timed(lambda: os.mkdir(pathlib.Path(directory) / f"d{next(numbers)}"), 50))


def run(keeper, runs, pause, python, label):
    inputs = literals_pb2.LiteralMap()
    for name, number in (("a", 1), ("b", 2)):
        inputs.literals[name].scalar.primitive.integer = number
    outputs, ended, cpu = [], [], []
    for number in range(runs):
        if python:
            keeper.prepare()
        time.sleep(pause)
        name = f"{label}-{number}"
        began = time.time()
        keeper.start_task(name, "add", CODE, inputs.SerializeToString(), python=python)
        end = keeper.wait(name)
        ended.append(1000 * (time.time() - began))
        assert end["exit_code"] == 0, keeper.log(name)
        assert end["how"] == label, end
        outputs.append(1000 * (keeper.output_path(name).stat().st_mtime - began))
        cpu.append(end["cpu_micros"] / 1000)
        keeper.call("forget", keys=[end["key"]])
    report(f"{label}: start to outputs.pb", outputs)
    report(f"{label}: start to ended", ended)
    report(f"{label}: processor time of the child", cpu)


def burst(keeper, count):
    """All at once: what the interpreter can fork and run, sustained."""
    inputs = literals_pb2.LiteralMap()
    for name, number in (("a", 1), ("b", 2)):
        inputs.literals[name].scalar.primitive.integer = number
    began = time.perf_counter()
    for number in range(count):
        keeper.start_task(f"burst-{number}", "add", CODE, inputs.SerializeToString())
    for number in range(count):
        assert keeper.wait(f"burst-{number}")["exit_code"] == 0
    took = time.perf_counter() - began
    print(f"zygote: {count} tasks at once           {count / took:.0f} tasks/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--burst", type=int, default=200)
    arguments = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="martlet-bench-")
    began = time.perf_counter()
    keeper = Keeper(directory)
    try:
        keeper.prepare()
        print(f"keeper start to two warm spares     {1000 * (time.perf_counter() - began):.0f} ms")
        print("load average                       ", *os.getloadavg())
        measure_machine(directory)
        run(keeper, arguments.runs, arguments.pause, PYTHON, "zygote")
        run(keeper, max(arguments.runs // 10, 3), arguments.pause, "", "exec")
        burst(keeper, arguments.burst)
        with open(f"/proc/{keeper.pid}/status", encoding="utf-8") as status:
            print(*(line.strip() for line in status if line.startswith(("VmRSS", "RssAnon"))))
    finally:
        keeper.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
