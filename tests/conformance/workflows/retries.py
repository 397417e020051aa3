"""Retries: recoverable errors are tried again, others are not."""

import os

from flytekit import task, workflow
from flytekit.exceptions.user import FlyteRecoverableException


@task(retries=2)
def third_time_lucky() -> int:
    attempt = int(os.environ["FLYTE_ATTEMPT_NUMBER"])
    if attempt < 2:
        raise FlyteRecoverableException(f"attempt {attempt}")
    return attempt


@task(retries=2)
def plainly_wrong() -> int:
    if "FLYTE_ATTEMPT_NUMBER" in os.environ:
        raise ValueError("this will not get better")
    return 0


@workflow
def lucky() -> int:
    return third_time_lucky()


@workflow
def wrong() -> int:
    return plainly_wrong()
