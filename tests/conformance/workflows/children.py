"""Children of launch-plan nodes that end in unusual ways."""

import typing

from flytekit import LaunchPlan, conditional, task, workflow


@task
def inc(n: int) -> int:
    return n + 1


@task
def join(a: int, text: str) -> str:
    return f"{a} {text}"


@workflow
def passing(n: int, text: str) -> typing.Tuple[int, str]:
    return inc(n=n), text


passing_plan = LaunchPlan.get_or_create(passing, name="children_passing_plan")


@workflow
def reads_what_was_passed(n: int, text: str) -> typing.Tuple[str, str]:
    a, same = passing_plan(n=n, text=text)
    return join(a=a, text=same), same


@workflow
def choosing(n: int) -> int:
    return conditional("sign").if_(n > 0).then(inc(n=n)).else_().fail("not positive")


choosing_plan = LaunchPlan.get_or_create(choosing, name="children_choosing_plan")


@workflow
def waits_for_a_choice(n: int) -> int:
    return inc(n=choosing_plan(n=n))
