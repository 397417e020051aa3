"""The REST routes of the Flyte services, read from the `google.api.http` rules of flyteidl."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf import descriptor_pool

from tests.conformance import wire

_VERBS = ("get", "post", "put", "delete", "patch")
_VARIABLE = re.compile(r"\{([^}=]+)(?:=([^}]*))?\}")


@dataclass(frozen=True)
class Route:
    """One HTTP binding of a method; `method` is the full gRPC name."""

    verb: str
    template: str
    method: str
    has_body: bool

    @property
    def changes_state(self) -> bool:
        """Every verb but GET: the server must not serve these to another origin's page."""
        return self.verb != "GET"

    def path(self, value: str = "x") -> str:
        """The route with every variable filled in."""
        return _VARIABLE.sub(value, self.template)

    def matches(self, verb: str, path: str) -> bool:
        return verb == self.verb and bool(_pattern(self.template).fullmatch(path.split("?")[0]))


@functools.cache
def all_routes(services: tuple[str, ...] = wire.FLYTE_SERVICES) -> tuple[Route, ...]:
    """Every binding, additional ones included."""
    pool = descriptor_pool.Default()
    found: list[Route] = []
    for service in services:
        for method in pool.FindServiceByName(service).methods:
            rule = method.GetOptions().Extensions[annotations_pb2.http]
            for binding in (rule, *rule.additional_bindings):
                for verb in _VERBS:
                    if template := getattr(binding, verb):
                        found.append(
                            Route(
                                verb=verb.upper(),
                                template=template,
                                method=f"/{service}/{method.name}",
                                has_body=bool(binding.body),
                            )
                        )
    return tuple(found)


def method_of(verb: str, path: str) -> str:
    """The method a request would reach, most literal template first; empty when none."""
    fitting = [route for route in all_routes() if route.matches(verb, path)]
    fitting.sort(key=lambda route: len(_VARIABLE.findall(route.template)))
    return fitting[0].method if fitting else ""


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = _VARIABLE.split(template)
    # split gives literal, variable, pattern, literal, …
    pieces = [re.escape(parts[0])]
    for index in range(1, len(parts), 3):
        pieces.append("[^/]+" if parts[index + 1] in (None, "*") else ".+")
        pieces.append(re.escape(parts[index + 2]))
    return re.compile("".join(pieces))
