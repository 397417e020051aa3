"""Draws numbers, describes them twice side by side, and reports: the workflow of `make demo`.

Six tasks: typed values, a data frame passed by reference, a sub-workflow, a failure that is retried,
and two tasks that run at the same time.
"""

import os
import typing

import pandas as pd
from flytekit import task, workflow
from flytekit.exceptions.user import FlyteRecoverableException


@task
def draw(n: int, mean: float, sigma: float) -> pd.DataFrame:
    import numpy as np

    generator = np.random.default_rng(seed=n)
    return pd.DataFrame({"x": generator.normal(mean, sigma, n)})


@task
def average(frame: pd.DataFrame) -> float:
    return float(frame["x"].mean())


@task
def spread(frame: pd.DataFrame) -> float:
    return float(frame["x"].std())


@task(retries=2)
def publish(mean: float, deviation: float) -> typing.Dict[str, float]:
    # The first attempt loses its connection, as first attempts do.
    if int(os.environ.get("FLYTE_ATTEMPT_NUMBER", "0")) == 0:
        raise FlyteRecoverableException("the registry did not answer")
    return {"mean": round(mean, 6), "deviation": round(deviation, 6)}


@task
def headline(numbers: typing.Dict[str, float], n: int) -> str:
    return f"{n} draws: mean {numbers['mean']:.2f}, deviation {numbers['deviation']:.2f}"


@task
def check(text: str, numbers: typing.Dict[str, float]) -> bool:
    return f"{numbers['mean']:.2f}" in text


@workflow
def describe(frame: pd.DataFrame) -> typing.Tuple[float, float]:
    return average(frame=frame), spread(frame=frame)


@workflow
def summarize(n: int = 100, mean: float = 0.0, sigma: float = 1.0) -> typing.Tuple[str, bool]:
    frame = draw(n=n, mean=mean, sigma=sigma)
    middle, width = describe(frame=frame)
    numbers = publish(mean=middle, deviation=width)
    text = headline(numbers=numbers, n=n)
    return text, check(text=text, numbers=numbers)
