"""The workloads of docs/benchmarks.md as Flyte workflows."""

from flytekit import task, workflow

CHAIN = 40


@task
def inc(x: int) -> int:
    return x + 1


@workflow
def one(x: int) -> int:
    return inc(x=x)


@workflow
def chain(x: int) -> int:
    for _ in range(CHAIN):
        x = inc(x=x)
    return x


@workflow
def wide_100(x: int) -> int:
    last = inc(x=x)
    for _ in range(99):
        last = inc(x=x)
    return last


@workflow
def wide_1000(x: int) -> int:
    last = inc(x=x)
    for _ in range(999):
        last = inc(x=x)
    return last
