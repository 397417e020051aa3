"""Compares a recorded answer with a received one, leaving out what the recording says varies."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.replay import paths
from tests.replay.paths import Token, Vary

_ABSENT = object()
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
# A time that the real server always writes must be there although its value varies. Start times
# are not in this list: they vary together with the order of answers.
_ALWAYS_STAMPED = {
    "created_at", "updated_at", "occurred_at", "expires_at", "createdAt", "updatedAt", "occurredAt",
}  # fmt: skip
_SHOWN = 160


@dataclass(frozen=True)
class Difference:
    """One place where the answers differ; `expected` is the recording."""

    path: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.path}: recorded {self.expected}, got {self.actual}"


def differences(
    expected: Any, actual: Any, vary: Vary, at: tuple[Token, ...] = ()
) -> list[Difference]:
    """Every difference between the two values. Empty when they are equal."""
    if paths.VALUE in vary.suffixes:
        return _stamp_difference(expected, actual, at)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _of_dicts(expected, actual, vary, at)
    if isinstance(expected, list) and isinstance(actual, list):
        return _of_lists(expected, actual, vary, at)
    if type(expected) is type(actual) and expected == actual:
        return []
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        # bool is an int for Python; JSON keeps them apart.
        if not isinstance(expected, bool) and not isinstance(actual, bool) and expected == actual:
            return []
    return [_difference(at, expected, actual)]


def _of_dicts(expected: dict, actual: dict, vary: Vary, at: tuple[Token, ...]) -> list[Difference]:
    common_only = paths.KEYS in vary.suffixes
    found: list[Difference] = []
    for key in sorted(expected.keys() | actual.keys()):
        left, right = expected.get(key, _ABSENT), actual.get(key, _ABSENT)
        if common_only and (left is _ABSENT or right is _ABSENT):
            continue
        inner = vary.at(key)
        if left is _ABSENT or right is _ABSENT:
            if paths.VALUE in inner.suffixes:
                found += _stamp_difference(left, right, (*at, key))
            else:
                found.append(_difference((*at, key), left, right))
            continue
        found += differences(left, right, inner, (*at, key))
    return found


def _of_lists(expected: list, actual: list, vary: Vary, at: tuple[Token, ...]) -> list[Difference]:
    if paths.LENGTH in vary.suffixes:
        return []
    if len(expected) != len(actual):
        return [_difference(at, f"{len(expected)} elements", f"{len(actual)} elements")]
    if paths.ORDER in vary.suffixes:
        return _of_multisets(expected, actual, vary.of_any_element(), at)
    found: list[Difference] = []
    for index, (left, right) in enumerate(zip(expected, actual)):
        found += differences(left, right, vary.at(index), (*at, index))
    return found


def _of_multisets(
    expected: list, actual: list, element: Vary, at: tuple[Token, ...]
) -> list[Difference]:
    """Pairs the elements so that as many as possible are equal (lists are short: page sizes)."""
    equal = [
        [not differences(left, right, element, at) for right in actual] for left in expected
    ]
    taken: dict[int, int] = {}

    def place(left: int, seen: set[int]) -> bool:
        for right, fits in enumerate(equal[left]):
            if not fits or right in seen:
                continue
            seen.add(right)
            if right not in taken or place(taken[right], seen):
                taken[right] = left
                return True
        return False

    return [
        _difference((*at, index), left, "no equal element")
        for index, left in enumerate(expected)
        if not place(index, set())
    ]


def _stamp_difference(expected: Any, actual: Any, at: tuple[Token, ...]) -> list[Difference]:
    """A varying time stays a time; every other varying value is free."""
    is_stamp = isinstance(expected, str) and bool(_TIMESTAMP.match(expected))
    if not is_stamp or at[-1] not in _ALWAYS_STAMPED:
        return []
    if isinstance(actual, str) and _TIMESTAMP.match(actual):
        return []
    return [_difference(at, "a time", actual)]


def _difference(at: tuple[Token, ...], expected: Any, actual: Any) -> Difference:
    return Difference(paths.render(at), _show(expected), _show(actual))


def _show(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + f"… ({len(text)} characters)"
