"""Tasks that leave evidence: a line when they begin and end, and a lock while they run."""

import contextlib
import fcntl
import os
import subprocess
import time
import typing

from flytekit import task, workflow


@contextlib.contextmanager
def witnessed(trace: str, number: int):
    """Lines are `word number attempt pid boot-time`, each appended by one write.

    The kernel frees the lock when the process ends, however it ends: whoever finds it taken runs
    beside another attempt of the same node.
    """
    lines = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    lock = os.open(f"{trace}.{number}", os.O_RDWR | os.O_CREAT, 0o600)

    def note(word: str) -> None:
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        attempt = os.environ["FLYTE_ATTEMPT_NUMBER"]
        os.write(lines, f"{word} {number} {attempt} {os.getpid()} {now}\n".encode())

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note("beside")
    note("begin")
    yield
    note("end")


@task
def slow(trace: str, number: int, seconds: float) -> int:
    with witnessed(trace, number):
        # Left behind in a session of its own: whoever ends the task has to end it as well.
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        time.sleep(seconds)
    return number


@task
def quick(trace: str, number: int, value: int) -> int:
    with witnessed(trace, number):
        return value + 1


@task
def total(values: typing.List[int]) -> int:
    return sum(values)


@workflow
def busy(trace: str, seconds: float) -> int:
    """Three slow tasks side by side, and beside them a chain whose steps begin and end often."""
    first = slow(trace=trace, number=1, seconds=seconds)
    second = slow(trace=trace, number=2, seconds=seconds)
    third = slow(trace=trace, number=4, seconds=seconds)
    step = 0
    for number in range(10, 26):
        step = quick(trace=trace, number=number, value=step)
    return total(values=[first, second, third, step])
