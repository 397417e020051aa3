"""Tasks that take a while and write down when they began and ended, and as which process."""

import os
import pathlib
import time
import typing

from flytekit import task, workflow


@task
def slow(trace: str, number: int, seconds: float) -> int:
    path = pathlib.Path(trace)
    with path.open("a") as log:
        log.write(f"begin {number} {os.getpid()}\n")
    time.sleep(seconds)
    with path.open("a") as log:
        log.write(f"end {number} {os.getpid()}\n")
    return number


@task
def total(values: typing.List[int]) -> int:
    return sum(values)


@workflow
def three(trace: str, seconds: float) -> int:
    first = slow(trace=trace, number=1, seconds=seconds)
    second = slow(trace=trace, number=2, seconds=seconds)
    third = slow(trace=trace, number=4, seconds=seconds)
    return total(values=[first, second, third])
