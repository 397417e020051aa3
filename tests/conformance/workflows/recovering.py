"""Workflows that fail until a file exists, to be recovered afterwards."""

import pathlib
import time
import typing

from flytekit import LaunchPlan, WorkflowFailurePolicy, task, workflow


@task
def count(trace: str, x: int) -> int:
    with open(trace, "a") as file:
        file.write("counted\n")
    return x + 1


@task
def needs(file: str, x: int) -> int:
    if not pathlib.Path(file).exists():
        raise ValueError(f"{file} is missing")
    return x * 2


@workflow
def inner(trace: str, file: str, x: int) -> typing.Tuple[int, int]:
    return needs(file=file, x=count(trace=trace, x=x)), x


@workflow
def nested(trace: str, file: str, x: int) -> int:
    doubled, given = inner(trace=trace, file=file, x=count(trace=trace, x=x))
    return count(trace=trace, x=doubled)


@workflow
def counted(trace: str, x: int) -> typing.Tuple[int, int]:
    # The second output is an input handed through.
    return count(trace=trace, x=x), x


counted_plan = LaunchPlan.get_or_create(counted, name="recovering_counted_plan")


@workflow
def with_child(trace: str, file: str, x: int) -> typing.Tuple[int, int]:
    new, old = counted_plan(trace=trace, x=x)
    return needs(file=file, x=new), needs(file=file, x=old)


@task
def slow_needs(file: str, x: int) -> int:
    if not pathlib.Path(file).exists():
        raise ValueError(f"{file} is missing")
    pathlib.Path(file).with_name("running").touch()
    time.sleep(3)
    return x


@workflow(failure_policy=WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE)
def in_turn(trace: str, file: str, x: int) -> typing.Tuple[int, int]:
    return slow_needs(file=file, x=x), count(trace=trace, x=x)
