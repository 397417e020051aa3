"""The workflows of the first acceptance scenarios: tasks, chains, defaults, a failure."""

import typing

from flytekit import CronSchedule, LaunchPlan, task, workflow


@task
def task_add(a: int, b: int = 2) -> int:
    return a + b


@task
def greet(n: str) -> str:
    return f"hello {n}"


@task
def measure(s: str, x: int) -> typing.NamedTuple("Measured", text=str, length=int):
    return s, len(s) * x


@workflow
def wf(n: str = "world", x: int = 1) -> typing.NamedTuple("Out", text=str, length=int):
    measured = measure(s=greet(n=n), x=x)
    return measured.text, measured.length


@task
def fail(message: str) -> int:
    if message:
        raise ValueError(message)
    return 0


@workflow
def boom(message: str = "it broke here") -> int:
    return fail(message=message)


wf_sched = LaunchPlan.get_or_create(
    wf,
    name="wf_sched",
    default_inputs={"n": "schedule", "x": 3},
    schedule=CronSchedule(schedule="0 0 1 1 *"),
)
