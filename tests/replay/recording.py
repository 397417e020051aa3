"""Reads recorded steps. The format is described beside the recordings, in their README."""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass, field
from typing import Any

from tests.replay.paths import Vary


@dataclass(frozen=True)
class Step:
    """One recorded request with its answer, or one thing done to the surroundings."""

    family: str
    scenario: str
    number: int
    transport: str
    record: dict[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """How deviations name it: `family/scenario#step`."""
        return f"{self.family}/{self.scenario}#{self.number}"

    @property
    def method(self) -> str:
        """The full gRPC method, empty for other transports."""
        return self.record.get("method", "")

    @property
    def title(self) -> str:
        what = self.method.rsplit("/", 1)[-1] or self.transport
        if self.transport == "rest":
            what = f"{self.record['http_method']} {self.record['path'][:80]}"
        label = self.record.get("label")
        return f"{what} ({label})" if label else what

    def vary(self) -> Vary:
        return Vary.of(self.record.get("vary", []))


class RecordingError(Exception):
    """A file that is not a recording."""


def families(oracle: pathlib.Path) -> list[str]:
    """The families in a folder of recordings, in their order."""
    names = sorted(file.stem for file in admin_folder(oracle).glob("*.jsonl"))
    if not names:
        raise RecordingError(f"no recordings (*.jsonl) in {oracle}")
    return names


def admin_folder(oracle: pathlib.Path) -> pathlib.Path:
    """Accepts the oracle folder or its `admin` folder."""
    inner = oracle / "admin"
    return inner if inner.is_dir() else oracle


def load(oracle: pathlib.Path, family: str) -> list[Step]:
    """All steps of a family in the order they were recorded."""
    path = admin_folder(oracle) / f"{family}.jsonl"
    steps: list[Step] = []
    with open(path, encoding="utf-8") as file:
        for line_number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                steps.append(
                    Step(
                        family=family,
                        scenario=record["scenario"],
                        number=record["step"],
                        transport=record["transport"],
                        record=record,
                    )
                )
            except (ValueError, KeyError) as error:
                raise RecordingError(f"{path}:{line_number}: not a step: {error}") from error
    return steps
