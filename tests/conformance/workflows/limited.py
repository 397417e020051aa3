"""Tasks with limits of memory and processor time, and what they see of them."""

import time

from flytekit import Resources, task, workflow


def fill(megabytes: int) -> int:
    block = bytearray()
    for _ in range(megabytes):
        block += bytes([1]) * (1 << 20)
    return len(block) >> 20


@task(limits=Resources(mem="400Mi"))
def bounded(megabytes: int) -> int:
    return fill(megabytes)


@task(requests=Resources(mem="64Mi", cpu="100m"))
def unbounded(megabytes: int) -> int:
    return fill(megabytes)


@task(limits=Resources(mem="64Gi"))
def generous(megabytes: int) -> int:
    return fill(megabytes)


@task(limits=Resources(cpu="200m"))
def spins(seconds: float) -> float:
    """Processor time that it gets in so many seconds of its clock."""
    begin, used = time.monotonic(), time.process_time()
    while time.monotonic() - begin < seconds:
        pass
    return time.process_time() - used


@workflow
def fits(megabytes: int = 100) -> int:
    return bounded(megabytes=megabytes)


@workflow
def overridden(megabytes: int = 700) -> int:
    return bounded(megabytes=megabytes).with_overrides(limits=Resources(mem="2Gi"))


@workflow
def tightened(megabytes: int = 700) -> int:
    return generous(megabytes=megabytes).with_overrides(limits=Resources(mem="300Mi"))
