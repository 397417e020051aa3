"""Work that can be caught in flight: tasks that wait while a file is there."""

import os
import pathlib
import time
import typing

import pandas as pd
from flytekit import LaunchPlan, current_context, task, workflow
from flytekit.exceptions.user import FlyteRecoverableException
from flytekit.types.file import FlyteFile


def wait_while(hold: str) -> None:
    (pathlib.Path(hold).parent / f"up-{os.getpid()}").touch()
    while os.path.exists(hold):
        time.sleep(0.02)


@task
def held(hold: str, x: int) -> int:
    wait_while(hold)
    return 2 * x


@task(retries=3)
def second_try(hold: str, x: int) -> int:
    if os.environ["FLYTE_ATTEMPT_NUMBER"] == "0":
        raise FlyteRecoverableException("not yet")
    wait_while(hold)
    return x + 1


@task
def add(values: typing.List[int]) -> int:
    return sum(values)


@workflow
def inner(hold: str, x: int) -> int:
    return add(values=[held(hold=hold, x=x), 1])


inner_plan = LaunchPlan.get_or_create(inner, name="inflight.inner_plan")


@workflow
def nested(hold: str, x: int) -> int:
    """A task, a sub-workflow and a child execution, all of them waiting: 2x + (2x+1) + (2x+1)."""
    return add(
        values=[held(hold=hold, x=x), inner(hold=hold, x=x), inner_plan(hold=hold, x=x)]
    )


@workflow
def retried(hold: str, x: int) -> int:
    return second_try(hold=hold, x=x)


@task
def make_frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": list(range(n))})


@task
def total(frame: pd.DataFrame) -> int:
    return int(frame["n"].sum())


@task
def write(text: str) -> FlyteFile:
    path = pathlib.Path(current_context().working_directory) / "text.txt"
    path.write_text(text)
    return FlyteFile(str(path))


@task
def broken(x: int) -> int:
    if x > 0:
        raise ValueError("broken on purpose")
    return x


@workflow
def finished(n: int) -> typing.NamedTuple("Finished", total=int, file=FlyteFile):
    return total(frame=make_frame(n=n)), write(text="kept")


@workflow
def failed(x: int) -> int:
    return broken(x=x)
