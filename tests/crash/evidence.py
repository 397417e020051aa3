"""What the witnessed tasks of one execution wrote down, and what must be true of it."""

from __future__ import annotations

import pathlib
from collections import defaultdict
from dataclasses import dataclass, field

SLOW = (1, 2, 4)
QUICK = tuple(range(10, 26))
# What `busy` returns: the slow tasks' numbers and the length of the chain.
RESULT = sum(SLOW) + len(QUICK)


@dataclass
class Run:
    """One process that began to run a task, with the boot times of what it wrote."""

    number: int
    attempt: int
    pid: int
    began: int
    ended: int | None = None


@dataclass
class Trace:
    runs: dict[int, list[Run]] = field(default_factory=lambda: defaultdict(list))
    beside: list[str] = field(default_factory=list)

    def in_flight(self) -> int:
        """Slow tasks that began and did not end; those whose process is gone count as well."""
        return sum(1 for n in SLOW if self.runs[n] and self.runs[n][-1].ended is None)

    def is_over(self) -> bool:
        return all(any(run.ended for run in self.runs[n]) for n in SLOW)


def read(path: pathlib.Path) -> Trace:
    trace = Trace()
    for line in path.read_text().splitlines() if path.exists() else []:
        word, *numbers = line.split()
        number, attempt, pid, at = map(int, numbers)
        if word == "beside":
            trace.beside.append(line)
        elif word == "begin":
            trace.runs[number].append(Run(number, attempt, pid, at))
        else:
            owner = [run for run in trace.runs[number] if (run.attempt, run.pid) == (attempt, pid)]
            assert len(owner) == 1 and owner[0].ended is None, f"an end without a begin: {line}"
            owner[0].ended = at
    return trace


def check(trace: Trace, may_be_lost: bool) -> int:
    """Asserts that nothing ran twice or beside itself; returns how many runs were lost.

    Where nothing may be lost, each task began once and ended once, in its first attempt.
    """
    assert not trace.beside, f"two at once: {trace.beside}"
    lost = 0
    for number in (*SLOW, *QUICK):
        runs = trace.runs[number]
        attempts = [run.attempt for run in runs]
        assert attempts == sorted(set(attempts)), f"an attempt ran twice: {runs}"
        for earlier, later in zip(runs, runs[1:]):
            assert earlier.ended is None or earlier.ended <= later.began, f"they overlap: {runs}"
        lost += sum(1 for run in runs if run.ended is None)
        if not may_be_lost:
            assert attempts == [0] and runs[0].ended is not None, f"task {number}: {runs}"
    return lost
