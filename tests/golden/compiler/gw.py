"""Workflows whose compiled form is pinned: one of each construct that flytekit can write."""

import typing
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from flytekit import (
    LaunchPlan,
    approve,
    conditional,
    dynamic,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)
from flytekit.core.array_node import array_node
from flytekit.types.error.error import FlyteError
from flytekit.types.file import FlyteFile


@dataclass
class Point:
    x: int
    y: float
    tags: typing.List[str]


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@task(retries=2, timeout=timedelta(seconds=30))
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def text(x: typing.Optional[int] = None) -> str:
    return str(x)


@task
def point(x: int) -> Point:
    return Point(x, 1.0, ["a"])


@task
def lists(xs: typing.List[int], m: typing.Dict[str, int]) -> typing.List[int]:
    return xs


@task
def color(c: Color) -> Color:
    return c


@task
def touch(f: FlyteFile) -> FlyteFile:
    return f


@task
def split(x: int) -> typing.NamedTuple("Parts", low=int, high=int):
    return x, x


@task
def clean_up(x: int, err: typing.Optional[FlyteError] = None) -> None:
    pass


@workflow
def chain(x: int = 3) -> int:
    first = inc(x=x)
    return inc(x=first)


@workflow
def containers(x: int) -> typing.List[int]:
    one = inc(x=x)
    return lists(xs=[one, 5, x], m={"a": one, "b": 2})


@workflow
def attributes(x: int) -> typing.Tuple[int, str]:
    p = point(x=x)
    return inc(x=p.x), p.tags[0]


@workflow
def optional_and_enum(f: FlyteFile, c: Color = Color.BLUE) -> typing.Tuple[str, Color, FlyteFile]:
    return text(), color(c=c), touch(f=f)


@workflow
def ordered() -> None:
    a = inc(x=1)
    b = inc(x=2)
    c = text(x=3)
    a >> b
    b >> c


@workflow
def named_outputs(x: int) -> typing.Tuple[int, int]:
    parts = split(x=x)
    return parts.low, parts.high


@workflow
def branched(x: int) -> int:
    return (
        conditional("sign")
        .if_((x > 0) & (x < 100))
        .then(inc(x=x))
        .elif_(x < 0)
        .then(chain(x=x))
        .else_()
        .fail("zero or huge")
    )


@workflow
def nested_branch(x: int) -> int:
    y = inc(x=x)
    return (
        conditional("outer")
        .if_(y > 10)
        .then(
            conditional("inner").if_(y > 20).then(inc(x=y)).else_().then(add(a=y, b=x))
        )
        .else_()
        .then(add(a=y, b=y))
    )


@workflow
def twice(x: int) -> int:
    a = branched(x=x)
    b = nested_branch(x=a)
    return add(a=a, b=b)


@workflow
def gates(x: int) -> int:
    n = wait_for_input("number", timeout=timedelta(hours=1), expected_type=int)
    s = sleep(timedelta(seconds=10))
    y = add(a=x, b=n)
    s >> y
    ok = approve(y, "fine", timeout=timedelta(hours=1))
    return inc(x=ok)


@workflow
def mapped(xs: typing.List[int]) -> typing.List[typing.Optional[int]]:
    return map_task(inc, concurrency=2, min_success_ratio=0.5)(x=xs)


chain_lp = LaunchPlan.get_or_create(chain, "gw.chain_fixed", default_inputs={"x": 7})


@workflow
def launches(x: int) -> typing.Tuple[int, int]:
    return chain_lp(x=x), chain_lp()


@workflow
def mapped_launch_plan(xs: typing.List[int]) -> typing.List[int]:
    return array_node(chain_lp, concurrency=3)(x=xs)


@workflow(on_failure=clean_up)
def cleaned(x: int) -> int:
    return inc(x=x)


@dynamic
def fan_out(n: int) -> typing.List[int]:
    return [inc(x=i) for i in range(n)]


@workflow
def dynamic_parent(n: int) -> typing.List[int]:
    return fan_out(n=n)
