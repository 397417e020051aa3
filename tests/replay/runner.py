"""Replays the steps of one family in order and keeps the verdict of each."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from tests.conformance import routes
from tests.replay import paths
from tests.replay.allow import SKIP, Deviations
from tests.replay.compare import Difference
from tests.replay.judge import judge
from tests.replay.normalise import Substitution
from tests.replay.recording import Step
from tests.replay.transports import Answer, Connection, NotReplayable

EQUAL = "equal"
LISTED = "listed"
DIFFERENT = "different"
UNSERVED = "unserved"
SKIPPED = "skipped"
VERDICTS = (EQUAL, LISTED, DIFFERENT, UNSERVED, SKIPPED)


@dataclass(frozen=True)
class Outcome:
    """What became of one step."""

    step: Step
    verdict: str
    reason: str = ""
    differences: list[Difference] = field(default_factory=list)


class Replay:
    """One family against one server. Steps depend on each other, so it runs once, in order."""

    def __init__(
        self, connection: Connection, deviations: Deviations, substitution: Substitution
    ) -> None:
        self._connection = connection
        self._deviations = deviations
        self._substitution = substitution
        self._unserved: set[str] = set()
        # Why a variable that a later step uses was never bound.
        self._unbound: dict[str, Outcome] = {}
        # Scenarios whose rest needs something that this replayer cannot do.
        self._abandoned: dict[str, str] = {}

    def run(self, steps: list[Step]) -> list[Outcome]:
        return [self._one(step) for step in steps]

    def _one(self, step: Step) -> Outcome:
        if step.scenario in self._abandoned:
            return Outcome(step, SKIPPED, self._abandoned[step.scenario])
        if entry := self._deviations.find(step.key, self._unserved, SKIP):
            return Outcome(step, SKIPPED, entry.reason)
        for use in step.record.get("uses", []):
            if use["var"] in self._unbound:
                cause = self._unbound[use["var"]]
                verdict = UNSERVED if cause.verdict == UNSERVED else SKIPPED
                return Outcome(step, verdict, f"uses the answer of {cause.step.key}")
        try:
            answer = self._connection.send(self._bound(step), self._substitution)
        except NotReplayable as reason:
            if step.transport == "control":
                self._abandoned[step.scenario] = str(reason)
            return Outcome(step, SKIPPED, str(reason))
        outcome = self._judged(step, answer)
        self._bind(step, answer, outcome)
        return outcome

    def _judged(self, step: Step, answer: Answer) -> Outcome:
        found = judge(step, answer, self._substitution)
        entry = self._deviations.find(step.key, self._unserved)
        if not found:
            if entry:
                entry.equal += 1
            return Outcome(step, EQUAL)
        if method := self._unserved_method(step, answer):
            self._unserved.add(method)
            return Outcome(step, UNSERVED, f"{method} is not served", found)
        if entry:
            entry.different += 1
            return Outcome(step, LISTED, f"{entry.kind}: {entry.reason}", found)
        return Outcome(step, DIFFERENT, "", found)

    def _unserved_method(self, step: Step, answer: Answer) -> str:
        """The short name of the method that the server says it does not have."""
        if not answer.unserved:
            return ""
        if step.transport == "rest":
            method = routes.method_of(step.record["http_method"], step.record["path"])
            return method.rsplit("/", 1)[-1]
        service, name = step.method.lstrip("/").split("/")
        # An UNIMPLEMENTED that names neither is a proxy's or a library's: a difference.
        return name if name in answer.message or service in answer.message else ""

    def _bound(self, step: Step) -> Step:
        if not step.record.get("uses"):
            return step
        record = copy.deepcopy(step.record)
        for use in record["uses"]:
            recorded = paths.get(record, use["path"])
            paths.put(record, use["path"], self._substitution.expected(recorded))
        return Step(step.family, step.scenario, step.number, step.transport, record)

    def _bind(self, step: Step, answer: Answer, outcome: Outcome) -> None:
        for variable, path in step.record.get("bind", {}).items():
            try:
                self._substitution.bind(paths.get(step.record, path), paths.get(answer.parts, path))
            except KeyError:
                self._unbound[variable] = outcome
