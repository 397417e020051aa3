"""Requests that look legal and are not: forged filters and tokens, odd paths, lying headers.

Everything is drawn from one random source, so that a seed repeats a run.
"""

from __future__ import annotations

import gzip
import re
import urllib.parse
from random import Random
from typing import Any

from google.protobuf import json_format

from tests.conformance import routes, wire
from tests.conformance.clients import DOMAIN, PROJECT

FILTERS = [
    "eq(name,x)", "eq(name,x)+eq(name,y)", "ne(name,')", "value_in(name,a;b;c)",
    "value_in(phase,1;zz)", "gt(created_at,notadate)", "gte(created_at,2020-01-01T00:00:00Z)",
    "lte(created_at,)", "contains(name,%)", "contains(name,\\)", "eq(id,1 OR 1=1)",
    "eq(execution_tag.key,x)", "eq(admin_tag.name,x)", "eq(phase,'; DROP TABLE execution;--)",
    "eq(name,x", "eq(,)", "()", f"eq(name,{'y' * 20_000})", "+".join(["eq(name,x)"] * 500),
    f"value_in(name,{';'.join(map(str, range(5_000)))})", "eq(name,\x00)", "not_like(name,%)",
    "eq(duration,9e999)", "gt(duration,NaN)", "eq(started_at,-1)", "eq(task.name,x)",
    "eq(launch_plan.id,99999999999999999999)", "eq(state,abc)", "eq(resource_type,1)",
    "ne(node_id,x)", "eq(retry_attempt,-1)", "eq(error_kind,x)", "eq(mode,x)", "eq(cluster,x)",
    "eq(id,9223372036854775808)",
]  # fmt: skip
SORT_KEYS = ["name", "created_at", "id", "'", "name; DROP", "phase", "x" * 5000, "\x00", "version",
             "updated_at", "execution_name", "node_id", "retry_attempt", "state"]  # fmt: skip
TOKENS = ["", "0", "1", "-1", "99999999999999999999", "abc", "9223372036854775807",
          "18446744073709551615", "1.5", "0x10", " 1", "１", "\x00"]  # fmt: skip
STRINGS = [
    "", "x", PROJECT, DOMAIN, "\x00", "a\x00b", "x" * 70_000, "é" * 100, "💩", "../..", "..", "/",
    "//", "%2e%2e", "%00", "a b", "\r\nX: y", "{{.inputs.x}}", "s3://", "s3://b", "s3:///",
    "gs://b/k", "file:///etc/passwd", "http://x/y", "http://", "://", "flyte://", "flyte://v1/a",
    f"flyte://v1/{PROJECT}/{DOMAIN}/x/n0/o", f"flyte://v1/{PROJECT}/{DOMAIN}/x/n0/0/i/%00",
    "/etc/passwd", "\ufffe", "\u202e", "x\ny", "'", '"', "\\", "$(id)", "`id`", "A" * 256, "-", ".",
    "a/b", "a:b", "@", "9" * 20,
]  # fmt: skip
BODIES = [
    b'{"id":{"project":"a","project":"b"}}', b'{"id":{},"id":{}}', b'{"id":null}', b'"x"', b"1",
    b'{"project":"\xff"}', b'{"project":"\\ud800"}', b'{"project":"\\u0000"}', b"\xef\xbb\xbf{}",
    b'{"limit":1e400}', b'{"limit":-0}', b'{"limit":1.5}', b'{"id":{"resource_type":"NOPE"}}',
    b'{"id":{"resourceType":99}}', b'{"id":{"resource_type":99999999999999}}', b"", b" ", b"nul",
    b"true", b"{}{}", b'{"@type":"type.googleapis.com/x"}', b"/*c*/{}", b"{'a':1}", b'{"a":1,}',
    b'{"spec":{"inputs":{"literals":{"x":{"scalar":{"generic":{"a":NaN}}}}}}}',
    b'{"x":' + b"1" * 100_000 + b"}", b'{"expires_in":"10000000000000s"}', b'{"expires_in":"-5s"}',
    b'{"created_at":"2020-13-45T00:00:00Z"}', b'{"content_md5":"!!!!"}', b"[" * 100_000,
    b'{"project":"' + b"a" * 2_000_000 + b'"}', b'{"spec":{"max_parallelism":2147483648}}',
    b'{"spec":{"template":{"custom":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}}",
]  # fmt: skip
PATH_PIECES = [b"%", b"%z", b"%0", b"%ff%fe", b"%c0%af", b"%ed%a0%80", b"\xff\xfe", b"..", b".",
               b"%2e%2e%2f", b"a;b", b"*", b"%252F"]  # fmt: skip
PARAMETERS = ["limit", "token", "filters", "sort_by.key", "sort_by.direction", "id.project", "id",
              "id.name", "nope", "depth", "sort_by", "limit.x", "", "%00", "a.b.c.d"]  # fmt: skip
CONTENT_TYPES = [b"application/json", b"application/json; charset=latin1", b"text/plain", b"\xff",
                 b"application/octet-stream", b"application/x-www-form-urlencoded",
                 b"multipart/form-data", b"application/grpc", b""]  # fmt: skip
VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FOO", "get"]


class Wicked:
    """Makes requests; `random` decides everything."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def message(self, method: str) -> bytes:
        """A request whose fields are plausible, and sometimes damaged afterwards."""
        request, _ = wire.method_types(method)
        message = request()
        self._fill(message, 0, self.random.choice([2, 4, 8]), self.random.choice([0.1, 0.5, 0.9]))
        data = message.SerializeToString()
        return data if self.random.random() < 0.6 else self._damaged(data)

    def http(self, route: routes.Route, host: str) -> tuple[str, bytes]:
        """The verb and the bytes of a whole HTTP/1.1 request."""
        random = self.random
        verb = route.verb if random.random() < 0.85 else random.choice(VERBS)
        headers = [b"Host: " + host.encode()]
        if kind := random.choice(CONTENT_TYPES):
            headers.append(b"Content-Type: " + kind)
        if random.random() < 0.3:
            headers.append(
                b"Accept: " + random.choice([b"application/json", b"*/*", b"x", b"text/html;q=0"])
            )
        if random.random() < 0.1:
            headers.append(b"X-HTTP-Method-Override: DELETE")
        if random.random() < 0.1:
            headers.append(b"Grpc-Timeout: " + random.choice([b"1n", b"abc", b"99999999999S"]))
        payload = b""
        if verb != "GET" or random.random() < 0.1:
            body = self._json(route)
            if random.random() < 0.15:
                body = gzip.compress(body)
                headers.append(b"Content-Encoding: gzip")
            if random.random() < 0.2:
                headers.append(b"Transfer-Encoding: chunked")
                payload = _chunked(body, random.choice([7, 1000, 100_000]))
            else:
                headers.append(b"Content-Length: %d" % len(body))
                payload = body
        head = verb.encode() + b" " + self._path(route) + b" HTTP/1.1\r\n" + b"\r\n".join(headers)
        return verb, head + b"\r\n\r\n" + payload

    def _fill(self, message: Any, depth: int, deepest: int, left_out: float) -> None:
        for field in message.DESCRIPTOR.fields:
            if self.random.random() < left_out:
                continue
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                self._fill_map(message, field, depth, deepest, left_out)
            elif field.message_type is not None:
                if depth == deepest:
                    continue
                target = getattr(message, field.name)
                for _ in range(self.random.randrange(0, 3) if field.is_repeated else 1):
                    inner = target.add() if field.is_repeated else target
                    inner.SetInParent()
                    self._fill(inner, depth + 1, deepest, left_out)
            elif field.is_repeated:
                values = [self._scalar(field) for _ in range(self.random.randrange(0, 3))]
                getattr(message, field.name).extend(values)
            else:
                setattr(message, field.name, self._scalar(field))

    def _fill_map(
        self, message: Any, field: Any, depth: int, deepest: int, left_out: float
    ) -> None:
        entries = getattr(message, field.name)
        value = field.message_type.fields_by_name["value"]
        for _ in range(self.random.randrange(0, 3)):
            key = self._string(field.message_type.fields_by_name["key"])
            if value.message_type is None:
                entries[key] = self._scalar(value)
            elif depth < deepest:
                self._fill(entries[key], depth + 1, deepest, left_out)

    def _string(self, field: Any) -> str:
        by_name = {"filters": FILTERS, "token": TOKENS, "key": SORT_KEYS}
        if field.name in by_name and not field.containing_type.GetOptions().map_entry:
            return self.random.choice(by_name[field.name])
        if self.random.random() < 0.35:
            return {"project": PROJECT, "domain": DOMAIN}.get(field.name, "x")
        return self.random.choice(STRINGS)

    def _scalar(self, field: Any) -> Any:
        choose = self.random.choice
        if field.cpp_type == field.CPPTYPE_STRING:
            if field.type == field.TYPE_STRING:
                return self._string(field)
            return self.random.randbytes(self.random.randrange(0, 40))
        if field.cpp_type == field.CPPTYPE_BOOL:
            return choose([True, False])
        if field.cpp_type == field.CPPTYPE_ENUM:
            return choose([0, 1, 2, 3, 7, 99, -1, 2**31 - 1])
        if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
            return choose([0.0, -0.0, 1.5, float("nan"), float("inf"), -1e30])
        return choose(
            {
                field.CPPTYPE_INT32: [0, 1, -1, 2**31 - 1, -(2**31), 100],
                field.CPPTYPE_INT64: [0, 1, -1, 2**63 - 1, -(2**63), 253402300800],
                field.CPPTYPE_UINT32: [0, 1, 2, 2**32 - 1, 100],
                field.CPPTYPE_UINT64: [0, 1, 2**64 - 1],
            }[field.cpp_type]
        )

    def _damaged(self, data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(self.random.randrange(1, 6)):
            if not damaged:
                break
            at = self.random.randrange(len(damaged))
            kind = self.random.randrange(5)
            if kind == 0:
                damaged[at] ^= 1 << self.random.randrange(8)
            elif kind == 1:
                del damaged[at : at + self.random.randrange(1, 9)]
            elif kind == 2:
                damaged[at:at] = self.random.randbytes(self.random.randrange(1, 9))
            elif kind == 3:
                damaged[at] = self.random.choice([0, 127, 128, 255])
            else:
                damaged[at:at] = damaged[at : at + 50] * self.random.randrange(1, 4)
        return bytes(damaged)

    def _json(self, route: routes.Route) -> bytes:
        if self.random.random() < 0.6:
            return self.random.choice(BODIES)
        request, _ = wire.method_types(route.method)
        message = request()
        self._fill(message, 0, 2, self.random.choice([0.1, 0.5, 0.8]))
        try:
            text = json_format.MessageToJson(
                message, preserving_proto_field_name=self.random.random() < 0.5
            )
        except (json_format.SerializeToJsonError, ValueError, OverflowError):
            text = "{}"  # times and durations that have no JSON
        data = text.encode("utf-8", "surrogatepass")
        return data if self.random.random() < 0.6 else self._damaged(data)

    def _piece(self) -> bytes:
        value = self.random.choice(STRINGS + TOKENS + FILTERS)[:3000]
        encoded = urllib.parse.quote(value, safe="")
        return self.random.choice(
            [
                encoded.encode(),
                b"".join(b"%%%02X" % byte for byte in value.encode())[:3000],
                urllib.parse.quote(encoded, safe="").encode(),
                self.random.choice(PATH_PIECES),
                b"x",
                self.random.choice([PROJECT, DOMAIN]).encode(),
            ]
        )

    def _path(self, route: routes.Route) -> bytes:
        first, *rest = re.split(r"\{[^}]*\}", route.template)
        path = first.encode() + b"".join(self._piece() + part.encode() for part in rest)
        path = self.random.choice(
            [
                path, path, path, path, path, path + b"/", path.upper(), b"http://evil" + path,
                path.replace(b"/", b"//", 2), path.replace(b"/", b"/./", 1),
            ]
        )  # fmt: skip
        if self.random.random() < 0.6:
            query = "&".join(
                self.random.choice(PARAMETERS) + "=" + self._value()
                for _ in range(self.random.randrange(1, 5))
            )
            path += b"?" + query.encode()[:6000]
        return path.replace(b" ", b"%20").replace(b"\n", b"%0A").replace(b"\r", b"")

    def _value(self) -> str:
        if self.random.random() < 0.4:
            return self.random.choice(["-1", "abc", "1e9", "99999999999", "4294967295", "", "%ff"])
        return urllib.parse.quote(self.random.choice(STRINGS + FILTERS + SORT_KEYS + TOKENS))


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    # A million tiny chunks would measure the sender.
    if len(chunks) > 2000:
        chunks = [*chunks[:2000], b"".join(chunks[2000:])]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
