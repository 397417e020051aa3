"""Workflows whose pages the browser looks at: every kind of node, phase and awkward text."""

import dataclasses
import os
import typing

from flytekit import LaunchPlan, task, workflow
from flytekit.exceptions.user import FlyteRecoverableException

HOSTILE = "<img src=x onerror=hacked=1><script>hacked=1</script>"


@task
def add(a: int, b: int) -> int:
    return a + b


@dataclasses.dataclass
class Bird:
    name: str
    grams: float
    tags: typing.List[str]


@task
def ring(name: str) -> Bird:
    return Bird(name=name, grams=23.5, tags=[HOSTILE, "größer"])


@task(retries=1)
def flaky() -> str:
    if os.environ["FLYTE_ATTEMPT_NUMBER"] == "0":
        raise FlyteRecoverableException("the first attempt fails")
    return "second"


@task
def deep(depth: int) -> int:
    print("log line with", HOSTILE, "and \033[31mcolour\033[0m, größer")

    def down(left: int) -> int:
        if left == 0:
            raise ValueError("the well is dry " + HOSTILE)
        # Two functions in turn: a traceback leaves out lines that only repeat.
        return up(left - 1) if left % 2 else down(left - 1)

    def up(left: int) -> int:
        return down(left)

    return down(depth)


@task
def follow(pipe: str) -> int:
    """Prints what comes through the named pipe, until its end."""
    count = 0
    with open(pipe) as lines:
        for line in lines:
            print(line.rstrip("\n"), flush=True)
            count += 1
    return count


@workflow
def inner(a: int) -> int:
    return add(a=add(a=a, b=1), b=2)


@workflow
def middle(a: int) -> int:
    return inner(a=a)


inner_plan = LaunchPlan.get_or_create(inner, name="pages.inner plan <b>&%2F ü")


@workflow
def nested(a: int, name: str, words: typing.List[str]) -> typing.Tuple[int, Bird]:
    return inner_plan(a=middle(a=a)), ring(name=name)


@workflow
def retried() -> str:
    return flaky()


@workflow
def failing(depth: int) -> int:
    return middle(a=deep(depth=depth))


@workflow
def running(pipe: str) -> int:
    return follow(pipe=pipe)


@workflow
def quick(a: int = 1) -> int:
    return add(a=a, b=1)


@workflow
def wide() -> int:
    last = add(a=0, b=0)
    for number in range(1, 210):
        last = add(a=number, b=number)
    return last
