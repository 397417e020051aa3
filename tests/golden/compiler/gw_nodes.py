"""Workflows whose compiled form is pinned: what flytekit makes nodes of."""

import typing
from datetime import timedelta
from functools import partial

from flytekit import (
    ImageSpec,
    LaunchPlan,
    Resources,
    WorkflowFailurePolicy,
    approve,
    conditional,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)
from flytekit.core.array_node import array_node
from flytekit.core.workflow import ImperativeWorkflow
from flytekit.types.error.error import FlyteError


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def say(text: str, loud: bool = False) -> str:
    return text


@task
def tell(x: int) -> None:
    pass


@task
def both(x: int) -> typing.NamedTuple("Both", small=int, name=str):
    return x, str(x)


@task
def clean_up(x: int, name: str, err: typing.Optional[FlyteError] = None) -> None:
    pass


# --- Conditions -----------------------------------------------------------------------------------


@workflow
def elif_chain(x: float, name: str, on: bool) -> str:
    return (
        conditional("size")
        .if_((x > 1.5) | (name == "big"))
        .then(say(text=name))
        .elif_((x <= 0.0) & on.is_true())
        .then(say(text="small"))
        .elif_(x != 1.0)
        .then(say(text=name, loud=True))
        .else_()
        .then(say(text="one"))
    )


@workflow
def half(x: int) -> int:
    return conditional("half").if_(x >= 2).then(inc(x=x)).else_().fail("too small")


half_lp = LaunchPlan.get_or_create(half, "gw_nodes.half_lp", default_inputs={"x": 4})


@workflow
def branch_kinds(x: int) -> int:
    y = inc(x=x)
    z = (
        conditional("outer")
        .if_(y < 10)
        .then(half(x=y))
        .elif_(y < 20)
        .then(half_lp(x=x))
        .else_()
        .then(
            conditional("inner")
            .if_(x == 7)
            .then(add(a=y, b=x))
            .else_()
            .then(inc(x=y))
        )
    )
    return inc(x=z)


@workflow
def branch_without_outputs(x: int):
    conditional("quiet").if_(x > 0).then(tell(x=x)).else_().then(tell(x=1))


@workflow
def branch_over_outputs(x: int) -> int:
    one = both(x=x)
    two = inc(x=one.small)
    return (
        conditional("names")
        .if_(one.name == "1")
        .then(inc(x=two))
        .elif_(two > one.small)
        .then(inc(x=one.small))
        .else_()
        .fail("neither")
    )


@workflow
def branch_after_signal(x: int) -> int:
    go = wait_for_input("go", timeout=timedelta(minutes=5), expected_type=bool)
    return conditional("go?").if_(go.is_true()).then(inc(x=x)).else_().fail("no")


# --- Failure --------------------------------------------------------------------------------------


@workflow(on_failure=clean_up)
def cleaned_inner(x: int, name: str) -> int:
    return inc(x=x)


@workflow(
    on_failure=clean_up,
    failure_policy=WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE,
    interruptible=True,
)
def cleaned_twice(x: int, name: str = "n") -> int:
    a = inc(x=x)
    b = cleaned_inner(x=a, name=name)
    return add(a=a, b=b)


@workflow
def mop(x: int):
    tell(x=x)


@workflow(on_failure=mop)
def cleaned_by_workflow(x: int) -> int:
    return inc(x=x)


# --- Workflows in workflows -----------------------------------------------------------------------


@workflow
def innermost(x: int) -> int:
    return inc(x=x)


@workflow
def inner(x: int) -> typing.Tuple[int, int]:
    a = innermost(x=x)
    return a, innermost(x=a)


@workflow
def three_levels(x: int) -> int:
    a, b = inner(x=x)
    c = innermost(x=b)
    return add(a=a, b=c)


imperative = ImperativeWorkflow(name="gw_nodes.imperative")
imperative.add_workflow_input("x", int)
imperative.add_workflow_input("xs", typing.List[int])
_first = imperative.add_entity(inc, x=imperative.inputs["x"])
_second = imperative.add_entity(add, a=_first.outputs["o0"], b=2)
_third = imperative.add_entity(innermost, x=_second.outputs["o0"])
_quiet = imperative.add_entity(tell, x=3)
_quiet.runs_before(_third)
imperative.add_workflow_output("sum", _second.outputs["o0"])
imperative.add_workflow_output(
    "all", [_first.outputs["o0"], _third.outputs["o0"]], python_type=typing.List[int]
)


# --- Order ----------------------------------------------------------------------------------------


@workflow
def ordered_by_hand(x: int) -> int:
    a = tell(x=x)
    b = tell(x=2)
    c = mop(x=3)
    d = inc(x=x)
    a >> c
    b >> c
    c >> d
    return d


@workflow
def diamond(x: int) -> int:
    top = inc(x=x)
    left = inc(x=top)
    right = add(a=top, b=x)
    return add(a=left, b=right)


@workflow
def passed_through(x: int, name: str) -> typing.Tuple[int, str, int]:
    tell(x=x)
    return x, name, x


@workflow
def same_output_twice(x: int) -> typing.Tuple[int, typing.List[int], typing.Dict[str, int]]:
    y = inc(x=x)
    return y, [y, y], {"y": y, "x": x}


# --- Gates ----------------------------------------------------------------------------------------


@workflow
def gated(x: int) -> str:
    y = inc(x=x)
    approved = approve(y, "check", timeout=timedelta(hours=2))
    word = wait_for_input("word", timeout=timedelta(seconds=90), expected_type=str)
    nap = sleep(timedelta(minutes=1))
    z = inc(x=approved)
    nap >> z
    done = say(text=word)
    z >> done
    return done


# --- Arrays ---------------------------------------------------------------------------------------


@workflow
def map_partial(xs: typing.List[int], y: int) -> typing.List[int]:
    return map_task(partial(add, b=y))(a=xs)


@workflow
def map_some(xs: typing.List[int]) -> typing.List[typing.Optional[int]]:
    return map_task(inc, min_successes=2, concurrency=0)(x=xs).with_overrides(retries=3)


@workflow
def map_of_map(xs: typing.List[int]) -> typing.List[int]:
    once = map_task(inc)(x=xs)
    return map_task(inc)(x=once)


@workflow
def map_quiet(xs: typing.List[int]):
    map_task(tell)(x=xs)


@workflow
def map_launch_plan(xs: typing.List[int]) -> typing.List[typing.Optional[int]]:
    return array_node(half_lp, concurrency=4, min_success_ratio=0.25)(x=xs)


# --- Overrides ------------------------------------------------------------------------------------


@task(retries=1, cache=True, cache_version="1", interruptible=True, timeout=timedelta(minutes=1))
def plain(x: int) -> int:
    return x


@workflow
def overridden(x: int) -> int:
    a = plain(x=x).with_overrides(
        node_name="my-node",
        name="my name",
        requests=Resources(cpu="1", mem="2Gi"),
        limits=Resources(cpu="2", mem="4Gi"),
        retries=5,
        timeout=timedelta(seconds=30),
        interruptible=False,
        container_image="other:2",
    )
    b = plain(x=a).with_overrides(cache=True, cache_version="9", cache_serialize=True)
    return plain(x=b)
