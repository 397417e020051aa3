"""Server and keeper are killed at random moments while tasks run.

Killing the server stops no task and runs none twice. Killing the keeper may lose an attempt: then
it is a failure of the system's, retried as such; what comes out in the end is true all the same.
Never do two attempts of a node run at once, and nothing is left behind.
"""

from __future__ import annotations

import os
import pathlib
import random
import time

import pytest
from flyteidl.core import execution_pb2

from tests.conformance import clients
from tests.conformance.server import Server
from tests.crash import evidence, remains

# `make soak` raises both: 50 moments of 10 s tasks.
ROUNDS = int(os.environ.get("MARTLET_KILL_ROUNDS", "4"))
TASK_SECONDS = float(os.environ.get("MARTLET_KILL_TASK_SECONDS", "1.5"))
SEED = int(os.environ.get("MARTLET_SEED", "1"))
WORKFLOWS = pathlib.Path(__file__).with_name("workflows")
EXECUTIONS_A_WAVE = 2
# Of the engine: what the system's own failures may cost an attempt beyond the author's retries.
SYSTEM_RETRIES = 3

PHASE = execution_pb2.WorkflowExecution.Phase
TASK_PHASE = execution_pb2.TaskExecution.Phase
TERMINAL = {PHASE.Value(name) for name in ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")}


class World:
    """One server under fire, and what its executions left as evidence."""

    def __init__(self, root: pathlib.Path, how: str) -> None:
        self.root = root
        self.how = how
        self.chance = random.Random(f"{SEED}/{how}")
        self.server = Server(root / "server").start()
        self.connect()
        pyflyte = clients.Pyflyte(self.server.address, root / "home", WORKFLOWS)
        registered = pyflyte("register", "--version", "v1", "witnessed.py", timeout=600)
        assert registered.code == 0, registered.output
        self.launch_plan = self.remote.fetch_launch_plan(name="witnessed.busy")
        self.count = 0
        self.lost = 0
        self.succeeded = 0
        self.failed = 0
        self.hit = 0

    def connect(self) -> None:
        self.remote = clients.remote(self.server.address, self.root / "client")

    def launch(self):
        trace = self.root / f"trace-{self.count}"
        self.count += 1
        inputs = {"trace": str(trace), "seconds": TASK_SECONDS}
        return self.remote.execute(self.launch_plan, inputs=inputs), trace

    def pause(self, share: float) -> None:
        time.sleep(self.chance.uniform(0, share * TASK_SECONDS))

    def disturb(self) -> bool:
        """False when what was to be killed is not there: a keeper that is just being started."""
        if self.how == "keeper":
            return remains.kill_keeper(self.server.data)
        if self.how == "stop":
            self.server.stop()
        elif self.how == "kill":
            self.server.kill9()
        else:
            if self.chance.random() < 0.5:
                remains.kill_keeper(self.server.data)
            self.server.kill9()
            remains.kill_keeper(self.server.data)
        # Sometimes it dies once more while it takes over what it finds.
        while self.chance.random() < 0.3:
            self.server.launch()
            time.sleep(self.chance.uniform(0, 0.15))
            self.server.kill9()
        self.pause(0.3)
        self.server.restart()
        self.connect()
        return True

    def wave(self, moments: int) -> int:
        """Runs executions and disturbs them; returns at how many moments of slow tasks."""
        running = [self.launch() for _ in range(EXECUTIONS_A_WAVE)]
        done = 0
        may_hit_none = True
        while done < moments:
            self.pause(0.5)
            traces = [evidence.read(trace) for _, trace in running]
            if all(trace.is_over() for trace in traces):
                break
            in_flight = sum(trace.in_flight() for trace in traces)
            # Between tasks as well, but not again before one has begun: it has to get that far.
            if in_flight == 0 and not may_hit_none:
                continue
            may_hit_none = in_flight > 0
            if self.disturb() and in_flight > 0:
                done += 1
                self.hit += in_flight
        for execution, trace in running:
            self.check(execution, trace)
        remains.await_nothing_left(self.server.data, self.server.pid)
        return done

    def await_end(self, execution):
        deadline = time.monotonic() + 120 + 6 * TASK_SECONDS
        while time.monotonic() < deadline:
            found = self.remote.client.get_execution(execution.id)
            if found.closure.phase in TERMINAL:
                return found
            time.sleep(0.05)
        raise AssertionError(
            f"{execution.id.name} did not end: {PHASE.Name(found.closure.phase)}\n"
            + self.server.log_tail()
        )

    def check(self, execution, trace: pathlib.Path) -> None:
        ended = self.await_end(execution)
        may_be_lost = self.how in ("keeper", "both")
        if ended.closure.phase != PHASE.Value("SUCCEEDED"):
            error = ended.closure.error
            # Flyte calls every exhausted budget the user's and keeps the last error's kind in words.
            assert may_be_lost and "Last Error: SYSTEM::" in error.message, error
            self.failed += 1
        else:
            data = self.remote.client.get_execution_data(execution.id)
            result = data.full_outputs.literals["o0"].scalar.primitive.integer
            assert result == evidence.RESULT
            self.succeeded += 1
            self.check_attempts(execution, may_be_lost)
        self.lost += evidence.check(evidence.read(trace), may_be_lost)

    def check_attempts(self, execution, may_be_lost: bool) -> None:
        """All attempts of a node but the last are failures of the system's, within its budget."""
        nodes, _ = self.remote.client.list_node_executions(execution.id, limit=100)
        for node in nodes:
            if node.id.node_id in ("start-node", "end-node"):
                continue
            attempts, _ = self.remote.client.list_task_executions_paginated(node.id, limit=100)
            attempts = sorted(attempts, key=lambda attempt: attempt.id.retry_attempt)
            assert [a.id.retry_attempt for a in attempts] == list(range(len(attempts)))
            assert len(attempts) <= 1 + (SYSTEM_RETRIES if may_be_lost else 0), attempts
            for attempt in attempts[:-1]:
                assert attempt.closure.phase == TASK_PHASE.Value("FAILED"), attempt
                assert attempt.closure.error.kind == execution_pb2.ExecutionError.SYSTEM, attempt
            assert attempts[-1].closure.phase == TASK_PHASE.Value("SUCCEEDED"), attempts[-1]


@pytest.mark.parametrize("how", ["kill", "stop", "keeper", "both"])
def test_tasks_survive(tmp_path: pathlib.Path, how: str) -> None:
    world = World(tmp_path, how)
    waves = 0
    try:
        moments = 0
        while moments < ROUNDS:
            moments += world.wave(ROUNDS - moments)
            waves += 1
    finally:
        world.server.close()
    remains.await_no_trace(world.server.data)
    print(
        f"\n{how}: {moments} moments in {waves} waves hit {world.hit} tasks of {TASK_SECONDS} s in "
        f"flight; {world.succeeded} executions succeeded, {world.failed} failed by the system; "
        f"{world.lost} runs were lost and retried, none ran twice, nothing is left"
    )
