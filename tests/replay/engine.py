"""Replays recorded execution trees: registers their sources, runs them, compares the trees."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import pathlib
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import grpc
import yaml

from tests.conformance import wire
from tests.conformance.clients import DOMAIN, IMAGE, PROJECT, Pyflyte, Stubs
from tests.conformance.server import Server, ServerFailed
from tests.replay import tree
from tests.replay.allow import Deviations
from tests.replay.compare import Difference, differences
from tests.replay.drive import Driver, Scenario, ScenarioFailed
from tests.replay.judge import judge
from tests.replay.normalise import Substitution
from tests.replay.paths import Vary
from tests.replay.recording import Step
from tests.replay.runner import DIFFERENT, EQUAL, LISTED, SKIPPED, UNSERVED, VERDICTS
from tests.replay.transports import Connection

SCENARIOS = pathlib.Path(__file__).with_name("scenarios.yaml")
# Objects are written after what they are made of is committed.
_OBJECTS_SECONDS = 2.0
_OBJECTS_POLL_SECONDS = 0.05
COMPILE_ERRORS = "compile_errors.json"
# The recorder's connector is not among the recordings' sources.
_NOT_DRIVEN = {"connector": "needs the connector of the recordings"}


@dataclass
class Result:
    """What became of one scenario."""

    name: str
    verdict: str
    reason: str = ""
    different: list[Difference] = field(default_factory=list)
    listed: list[tuple[Difference, str]] = field(default_factory=list)


def main(options: argparse.Namespace) -> int:
    folder = options.engine / "engine" if (options.engine / "engine").is_dir() else options.engine
    chosen = select(folder, options.scenario, options.kinds)
    deviations = Deviations.load(options.deviations)
    with tempfile.TemporaryDirectory(prefix="martlet-trees-") as name:
        root = pathlib.Path(name)
        server = Server(
            root / "server",
            program=options.server_bin,
            python=options.python,
            arguments=tuple(options.server_arg),
        ).start()
        try:
            results = _Replay(server, root, deviations, options).run(folder, chosen)
        finally:
            try:
                server.close()
            except ServerFailed as failure:
                print(f"the server: {failure}")
    counted = {v: sum(result.verdict == v for result in results) for v in VERDICTS}
    print("all  " + "  ".join(f"{verdict} {number}" for verdict, number in counted.items()))
    return 1 if counted[DIFFERENT] else 0


def select(
    folder: pathlib.Path, names: list[str] | None, kinds: set[str] | None
) -> dict[str, Scenario]:
    """The chosen scenarios in their order, with those that must have run before them."""
    listed: dict[str, Any] = yaml.safe_load(SCENARIOS.read_text())["scenarios"]
    if unknown := sorted(set(names or ()) - listed.keys()):
        raise SystemExit(f"no such scenario: {', '.join(unknown)}")
    wanted = [
        name
        for name, entry in listed.items()
        if (not names or name in names) and (kinds is None or kinds.issuperset(entry["kinds"]))
    ]
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in needed:
            continue
        needed.add(name)
        wanted += listed[name].get("after", [])
        wanted += [listed[name]["together"]] if "together" in listed[name] else []
    return {
        name: Scenario.load(folder, name, entry)
        for name, entry in listed.items()
        if name in needed
    }


class _Replay:
    def __init__(
        self,
        server: Server,
        root: pathlib.Path,
        deviations: Deviations,
        options: argparse.Namespace,
    ) -> None:
        self._server = server
        self._root = root
        self._deviations = deviations
        self._verbose = options.verbose
        self._parallel = options.parallel
        self._compile_errors = not options.scenario and not options.kinds
        self._stubs = Stubs(server.address)
        self._scratch = root / "scratch"
        self._driver = Driver(self._stubs, self._scratch)
        self._printing = threading.Lock()
        connection = Connection(server.address)
        storage = pathlib.Path(connection.storage_root())
        connection.close()
        # Executions have their folders beside that of the uploads. Without a folder to look into,
        # metadata objects are not compared.
        self._storage = storage.parent if storage.is_absolute() else None

    def run(self, folder: pathlib.Path, chosen: dict[str, Scenario]) -> list[Result]:
        self._register(folder, sorted({scenario.version for scenario in chosen.values()} | {"o1"}))
        done = {name: threading.Event() for name in chosen}
        # Scenarios are submitted after those they wait for, so waiting never blocks the pool.
        with concurrent.futures.ThreadPoolExecutor(self._parallel) as pool:
            futures = [pool.submit(self._one, chosen, name, done) for name in chosen]
            results = [future.result() for future in futures]
        if self._compile_errors:
            results.append(self._compiled(folder))
            self._print(results[-1])
        return results

    def _register(self, folder: pathlib.Path, versions: list[str]) -> None:
        sources = self._root / "sources"
        shutil.copytree(folder / "src", sources / "orc")
        pyflyte = Pyflyte(self._server.address, self._root / "home", sources)
        for version in versions:
            done = pyflyte(
                "register", "-p", PROJECT, "-d", DOMAIN, "--version", version, "--image", IMAGE,
                "--copy", "all", "orc", timeout=300,
            )  # fmt: skip
            if done.code != 0:
                raise SystemExit(f"cannot register the sources as {version}:\n{done.output}")

    def _one(
        self, chosen: dict[str, Scenario], name: str, done: dict[str, threading.Event]
    ) -> Result:
        scenario = chosen[name]
        try:
            for earlier in scenario.after:
                done[earlier].wait()
            if scenario.together:
                other = chosen[scenario.together]
                self._driver.wait_for_task(other.execution_name, other.seconds)
            result = self._replayed(scenario)
        finally:
            done[name].set()
        with self._printing:
            self._print(result)
        return result

    def _replayed(self, scenario: Scenario) -> Result:
        for kind, reason in _NOT_DRIVEN.items():
            if kind in scenario.kinds:
                return Result(scenario.name, SKIPPED, reason)
        try:
            self._driver.run(scenario)
        except grpc.RpcError as error:
            reason = f"{error.code().name}: {error.details()}"
            unserved = error.code() == grpc.StatusCode.UNIMPLEMENTED
            return Result(scenario.name, UNSERVED if unserved else DIFFERENT, reason)
        except (ScenarioFailed, AssertionError) as failure:
            return Result(scenario.name, DIFFERENT, str(failure))
        found: list[Difference] = []
        for recorded in scenario.trees():
            found += self._compared(recorded)
        return self._result(scenario.name, found)

    def _compared(self, recorded: dict[str, Any]) -> list[Difference]:
        name = recorded["execution"]["id"]["name"]
        try:
            fetched = tree.fetch(self._stubs, name, self._storage)
        except grpc.RpcError as error:
            return [Difference(f"$.{name}", "a tree", f"{error.code().name}: {error.details()}")]
        if self._storage is None:
            recorded = {key: v for key, v in recorded.items() if key != "metadata_objects"}
        deadline = time.monotonic() + _OBJECTS_SECONDS
        while True:
            expected, actual = tree.align(
                tree.comparable(recorded, name), tree.comparable(fetched, name, str(self._scratch))
            )
            if self._storage is None or time.monotonic() > deadline:
                break
            if expected["metadata_objects"].keys() <= actual["metadata_objects"].keys():
                break
            time.sleep(_OBJECTS_POLL_SECONDS)
            fetched["metadata_objects"] = tree.metadata_objects(self._storage, name)
        return differences(expected, actual, Vary())

    def _compiled(self, folder: pathlib.Path) -> Result:
        """The recorded CreateWorkflow requests; each is a step, named by its case."""
        method = f"/{wire.ADMIN}/CreateWorkflow"
        connection = Connection(self._server.address)
        found: list[Difference] = []
        for number, case in enumerate(json.loads((folder / COMPILE_ERRORS).read_text()), 1):
            record = {"method": method, "request": case["request"], "transport": "grpc"}
            if case["code"] == "OK":
                record["response"] = {}
            else:
                record["error"] = {"code": case["code"], "message": case["details"]}
            step = Step("engine", "compile_errors", number, "grpc", record)
            answer = connection.send(step, Substitution())
            # The recorder kept code and text, not the details behind them.
            answer.parts.get("error", {}).pop("details", None)
            found += [
                Difference(f"$.{case['scenario']}{d.path[1:]}", d.expected, d.actual)
                for d in judge(step, answer, Substitution())
            ]
        connection.close()
        return self._result("compile_errors", found)

    def _result(self, name: str, found: list[Difference]) -> Result:
        result = Result(name, EQUAL)
        for difference in found:
            key = f"engine/{name}#{difference.path}"
            if entry := self._deviations.find(key, set()):
                result.listed.append((difference, f"{entry.kind}: {entry.reason}"))
            else:
                result.different.append(difference)
        if result.different:
            result.verdict = DIFFERENT
        elif result.listed:
            result.verdict = LISTED
        return result

    def _print(self, result: Result) -> None:
        number = f" ({len(result.different)})" if result.different else ""
        reason = f": {result.reason.splitlines()[0]}" if result.reason else ""
        print(f"{result.name:14} {result.verdict}{number}{reason}", flush=True)
        if not self._verbose:
            return
        for line in result.reason.splitlines()[1:20]:
            print(f"    {line}")
        for difference in result.different:
            print(f"    {difference}")
        for difference, why in result.listed:
            print(f"    listed {difference.path}: {why}")
