"""Does not register: a value of the base class goes where a subclass is wanted."""

from shapes import Wider, make

from flytekit import task, workflow


@task
def extra_of(wider: Wider) -> str:
    return wider.extra


@workflow
def narrowing() -> str:
    return extra_of(wider=make())
