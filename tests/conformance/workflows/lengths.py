"""Long texts as inputs and as outputs."""

from flytekit import task, workflow


@task
def length(text: str) -> int:
    return len(text)


@task
def make(count: int) -> str:
    return "x" * count


@workflow
def measure(text: str) -> int:
    return length(text=text)


@workflow
def produce(count: int) -> int:
    return length(text=make(count=count))
