"""Runs one recorded scenario on a server: starts it, signals, aborts, and waits for its end."""

from __future__ import annotations

import json
import pathlib
import time
from dataclasses import dataclass
from typing import Any

import grpc
from flyteidl.admin import execution_pb2, signal_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from google.protobuf import json_format

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT, Stubs
from tests.replay import normalise

RUNNING = core_execution_pb2.TaskExecution.RUNNING
_POLL_SECONDS = 0.05
_ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
# The platform's default, which a client that says nothing gets.
_DEFAULT_PARALLELISM = 25


class ScenarioFailed(Exception):
    """The scenario could not be driven to its end; the text says how far it came."""


@dataclass(frozen=True)
class Scenario:
    """One recorded tree and what `scenarios.yaml` says about it."""

    name: str
    recorded: dict[str, Any]
    kinds: frozenset[str]
    after: tuple[str, ...]
    together: str
    drive: str
    seconds: float

    @staticmethod
    def load(folder: pathlib.Path, name: str, listed: dict[str, Any]) -> "Scenario":
        return Scenario(
            name=name,
            recorded=json.loads((folder / f"{name}.json").read_text()),
            kinds=frozenset(listed["kinds"]),
            after=tuple(listed.get("after", ())),
            together=listed.get("together", ""),
            drive=listed.get("drive", ""),
            seconds=float(listed.get("seconds", 120)),
        )

    @property
    def execution_name(self) -> str:
        return self.recorded["execution"]["id"]["name"]

    @property
    def version(self) -> str:
        return self.recorded["execution"]["spec"]["launch_plan"]["version"]

    def trees(self) -> list[dict[str, Any]]:
        """The recorded tree and those of its children or its original."""
        return [self.recorded, *self.recorded.get("related", [])]

    def ended_with(self) -> list[str]:
        """The other executions of the recording that had ended."""
        related = [tree["execution"] for tree in self.recorded.get("related", [])]
        return [e["id"]["name"] for e in related if e["closure"].get("phase") in _ENDED]


class Driver:
    """Drives scenarios with one set of stubs. Threads may share it."""

    def __init__(self, stubs: Stubs, scratch: pathlib.Path) -> None:
        self._stubs = stubs
        self._scratch = scratch

    def run(self, scenario: Scenario) -> None:
        """Runs the scenario to its end, under the recorded names."""
        deadline = time.monotonic() + scenario.seconds
        self._start(scenario, deadline)
        signals = [s for s in scenario.recorded.get("signals", []) if "value" in s]
        abort = _abort(scenario)
        while True:
            execution = executions.get(self._stubs, scenario.execution_name)
            if execution.closure.phase in executions.TERMINAL:
                break
            if time.monotonic() > deadline:
                raise ScenarioFailed(
                    f"not terminal after {scenario.seconds} s:\n"
                    + executions.describe(self._stubs, scenario.execution_name)
                )
            signals = [signal for signal in signals if not self._signalled(signal)]
            if abort and self._all_running(scenario.trees()):
                self._terminate(*abort)
                abort = None
            time.sleep(_POLL_SECONDS)
        # An abort reaches children after their parent has ended.
        for name in scenario.ended_with():
            executions.wait(self._stubs, name, seconds=max(1.0, deadline - time.monotonic()))

    def wait_for_task(self, name: str, seconds: float) -> None:
        """Waits until a task of the execution runs (or has run)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if any(self._tasks(node.id) for node in executions.nodes(self._stubs, name)):
                    return
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
            time.sleep(_POLL_SECONDS)
        raise ScenarioFailed(f"no task of {name} was running after {seconds} s")

    def _start(self, scenario: Scenario, deadline: float) -> None:
        admin = self._stubs.admin
        own = scenario.execution_name
        if scenario.drive not in ("recover", "relaunch"):
            self._create(own, scenario.recorded["execution"]["spec"], scenario.recorded["data"])
            return
        metadata = scenario.recorded["execution"]["spec"]["metadata"]
        reference = metadata["reference_execution"]["name"]
        original = next(iter(scenario.recorded.get("related", [])), scenario.recorded)
        spec = {
            key: value for key, value in original["execution"]["spec"].items() if key != "metadata"
        }
        self._create(reference, spec, original["data"])
        executions.wait(self._stubs, reference, seconds=max(1.0, deadline - time.monotonic()))
        again = {"id": executions.identifier(reference), "name": own}
        if scenario.drive == "recover":
            admin.RecoverExecution(execution_pb2.ExecutionRecoverRequest(**again), timeout=30)
        else:
            admin.RelaunchExecution(execution_pb2.ExecutionRelaunchRequest(**again), timeout=30)

    def _create(self, name: str, spec: dict[str, Any], data: dict[str, Any]) -> None:
        sent = {"launch_plan": spec["launch_plan"], "metadata": {}}
        for key in ("overwrite_cache", "interruptible"):
            if key in spec:
                sent[key] = spec[key]
        if spec.get("max_parallelism", _DEFAULT_PARALLELISM) != _DEFAULT_PARALLELISM:
            sent["max_parallelism"] = spec["max_parallelism"]
        inputs = normalise.map_strings(
            data.get("full_inputs", {}),
            lambda text: text.replace(normalise.SCRATCH, str(self._scratch)),
        )
        self._stubs.admin.CreateExecution(
            execution_pb2.ExecutionCreateRequest(
                project=PROJECT,
                domain=DOMAIN,
                name=name,
                spec=json_format.ParseDict(sent, execution_pb2.ExecutionSpec()),
                inputs=json_format.ParseDict(inputs, literals_pb2.LiteralMap()),
            ),
            timeout=30,
        )

    def _signalled(self, signal: dict[str, Any]) -> bool:
        """Sets a recorded signal as soon as its row exists."""
        own = json_format.ParseDict(signal["id"], identifier_pb2.SignalIdentifier())
        listed = self._stubs.signal.ListSignals(
            signal_pb2.SignalListRequest(workflow_execution_id=own.execution_id, limit=100),
            timeout=30,
        )
        if own not in [row.id for row in listed.signals]:
            return False
        value = json_format.ParseDict(signal["value"], literals_pb2.Literal())
        self._stubs.signal.SetSignal(signal_pb2.SignalSetRequest(id=own, value=value), timeout=30)
        return True

    def _terminate(self, name: str, cause: str) -> None:
        self._stubs.admin.TerminateExecution(
            execution_pb2.ExecutionTerminateRequest(id=executions.identifier(name), cause=cause),
            timeout=30,
        )

    def _all_running(self, trees: list[dict[str, Any]]) -> bool:
        """Whether every task that the recordings hold exists and runs, array items included."""
        for recorded in trees:
            for row in _rows(recorded["node_executions"]):
                if not row["task_executions"]:
                    continue
                own = json_format.ParseDict(
                    row["node_execution"]["id"], identifier_pb2.NodeExecutionIdentifier()
                )
                try:
                    tasks = self._tasks(own)
                except grpc.RpcError as error:
                    if error.code() == grpc.StatusCode.NOT_FOUND:
                        return False
                    raise
                if len(tasks) < len(row["task_executions"]):
                    return False
                for task, wanted in zip(tasks, row["task_executions"]):
                    closure = wanted["task_execution"]["closure"]
                    items = len(closure.get("metadata", {}).get("external_resources", []))
                    resources = task.closure.metadata.external_resources
                    if sum(r.phase >= RUNNING for r in resources) < items:
                        return False
        return True

    def _tasks(self, node: identifier_pb2.NodeExecutionIdentifier) -> list:
        request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node, limit=100)
        listed = self._stubs.admin.ListTaskExecutions(request, timeout=30).task_executions
        return [task for task in listed if task.closure.phase >= RUNNING]


def _abort(scenario: Scenario) -> tuple[str, str] | None:
    """Whom to terminate once everything recorded is running, and why."""
    if scenario.drive == "abort":
        terminated = scenario.recorded["execution"]
    elif scenario.drive == "abort_child":
        terminated = scenario.recorded["related"][0]["execution"]
    else:
        return None
    return terminated["id"]["name"], terminated["closure"]["abort_metadata"]["cause"]


def _rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [inner for row in rows for inner in (row, *_rows(row.get("children", [])))]
