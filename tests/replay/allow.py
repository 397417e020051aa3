"""The list of steps in which Martlet answers otherwise than Flyte v1, on purpose or not yet."""

from __future__ import annotations

import fnmatch
import pathlib
from dataclasses import dataclass, field
from typing import Any

import yaml

DEVIATIONS = pathlib.Path(__file__).with_name("deviations.yaml")

FIX = "FIX"  # deliberate: what Flyte v1 does there is wrong or unsafe
LATER = "LATER"  # not served yet
SKIP = "SKIP"  # cannot be replayed, not even against the real Flyte
KINDS = (FIX, LATER, SKIP)


class DeviationsError(ValueError):
    """A list that does not follow its own rules."""


@dataclass
class Deviation:
    """One entry of the list.

    `after_unserved` narrows an entry: it holds only for steps after one in the same family whose
    method (one of these) the server answered UNIMPLEMENTED, so the entry ends with the gap.
    """

    steps: list[str]
    kind: str
    reason: str
    after_unserved: list[str] = field(default_factory=list)
    equal: int = 0
    different: int = 0

    def covers(self, key: str, unserved: set[str]) -> bool:
        if self.after_unserved and not unserved.intersection(self.after_unserved):
            return False
        return any(fnmatch.fnmatchcase(key, _as_glob(pattern)) for pattern in self.steps)


@dataclass
class Deviations:
    """The whole list, first entry that covers a step wins."""

    entries: list[Deviation]

    @staticmethod
    def load(path: pathlib.Path = DEVIATIONS) -> "Deviations":
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file) or {}
        return Deviations([_entry(raw, path) for raw in document.get("deviations", [])])

    def find(self, key: str, unserved: set[str], *kinds: str) -> Deviation | None:
        for entry in self.entries:
            if (not kinds or entry.kind in kinds) and entry.covers(key, unserved):
                return entry
        return None

    def unused(self) -> list[Deviation]:
        """Entries that covered only steps that were equal: they may go."""
        return [e for e in self.entries if e.kind != SKIP and e.equal and not e.different]


def _as_glob(pattern: str) -> str:
    # Scenario names may hold brackets, which are classes of characters for fnmatch.
    return pattern.replace("[", "[[]")


def _entry(raw: dict[str, Any], path: pathlib.Path) -> Deviation:
    steps = raw.get("steps")
    steps = [steps] if isinstance(steps, str) else steps
    unknown = raw.keys() - {"steps", "kind", "reason", "after_unserved"}
    if not steps or raw.get("kind") not in KINDS or not raw.get("reason") or unknown:
        raise DeviationsError(
            f"{path}: an entry needs steps, kind ({', '.join(KINDS)}) and a reason: {raw}"
        )
    return Deviation(
        steps=[str(step) for step in steps],
        kind=raw["kind"],
        reason=" ".join(str(raw["reason"]).split()),
        after_unserved=list(raw.get("after_unserved", [])),
    )
