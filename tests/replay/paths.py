"""JSON paths as the recordings write them: `$.response.executions[3].spec (keys differ)`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Token = str | int

VALUE = "value"
ORDER = "order differs"
LENGTH = "length differs"
KEYS = "keys differ"

_SUFFIX = re.compile(r"^(?P<path>\S+)(?: \((?P<suffix>[a-z ]+)\))?$")
_TOKEN = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class PathError(ValueError):
    """A path that the recordings' format does not allow."""


def parse(path: str) -> tuple[list[Token], str]:
    """Splits a path into its tokens and what varies there."""
    match = _SUFFIX.match(path)
    if not match or not match["path"].startswith("$"):
        raise PathError(f"not a path: {path!r}")
    rest = match["path"][1:]
    tokens: list[Token] = []
    position = 0
    while position < len(rest):
        token = _TOKEN.match(rest, position)
        if not token:
            raise PathError(f"cannot read {path!r} from {rest[position:]!r}")
        tokens.append(token[1] if token[1] is not None else int(token[2]))
        position = token.end()
    suffix = match["suffix"] or VALUE
    if suffix not in (VALUE, ORDER, LENGTH, KEYS):
        raise PathError(f"unknown suffix in {path!r}")
    return tokens, suffix


def render(tokens: list[Token] | tuple[Token, ...]) -> str:
    """The inverse of `parse`, without a suffix."""
    return "$" + "".join(f"[{t}]" if isinstance(t, int) else f".{t}" for t in tokens)


def get(document: Any, path: str) -> Any:
    """The value at `path`; KeyError when there is none."""
    for token in parse(path)[0]:
        try:
            document = document[token]
        except (IndexError, KeyError, TypeError):
            raise KeyError(path) from None
    return document


def put(document: Any, path: str, value: Any) -> None:
    """Replaces the value at `path`; everything above it must exist."""
    tokens, _ = parse(path)
    for token in tokens[:-1]:
        document = document[token]
    document[tokens[-1]] = value


@dataclass
class Vary:
    """The unstable places of an answer as a tree that is walked along with the answer."""

    suffixes: set[str] = field(default_factory=set)
    children: dict[Token, "Vary"] = field(default_factory=dict)

    @staticmethod
    def of(paths: list[str]) -> "Vary":
        root = Vary()
        for path in paths:
            tokens, suffix = parse(path)
            node = root
            for token in tokens:
                node = node.children.setdefault(token, Vary())
            node.suffixes.add(suffix)
        return root

    def at(self, token: Token) -> "Vary":
        return self.children.get(token, _STABLE)

    def of_any_element(self) -> "Vary":
        """What may vary in some element: elements of a list whose order varies have no index."""
        merged = Vary()
        for child in self.children.values():
            merged._add(child)
        return merged

    def _add(self, other: "Vary") -> None:
        self.suffixes |= other.suffixes
        for token, child in other.children.items():
            self.children.setdefault(token, Vary())._add(child)


_STABLE = Vary()
