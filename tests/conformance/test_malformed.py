"""Ten thousand malformed requests: typed codes only, the server lives, and its memory is bounded.

The requests are made from a seed (MARTLET_SEED), so that a failure can be had again.
"""

import base64
import collections
import http.client
import json
import os
import random
import socket
import urllib.parse

import grpc
import pytest
from flyteidl.admin import version_pb2
from google.protobuf import descriptor_pool

from tests.conformance import entities, routes, wire
from tests.conformance.clients import DOMAIN, PROJECT
from tests.conformance.wicked import Wicked

REQUESTS = int(os.environ.get("MARTLET_MALFORMED", "10000"))
SEED = int(os.environ.get("MARTLET_SEED", "20260101"))
GROWTH_BYTES = 128 << 20

# UNKNOWN means "log in" to flytekit, INTERNAL means "our fault": neither is right for bad input.
NEVER = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}
METHODS = [
    f"/{service}/{method.name}"
    for service in wire.FLYTE_SERVICES
    for method in descriptor_pool.Default().FindServiceByName(service).methods
]
STRINGS = ["", "x", "x" * 5000, "\u0000", "é", "../../etc/passwd", "'; DROP TABLE task; --",
           "%s%n", "a\nb", "eq(name,x)", "{{.input}}", "s3://b/k", "file:///etc/passwd", "-1",
           "NaN", PROJECT, DOMAIN]  # fmt: skip


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


class Maker:
    """Makes requests of growing wickedness from one random source."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def garbage(self):
        return self.random.randbytes(self.random.randrange(0, 200))

    def wrong_wire_types(self):
        """Valid tags of small fields with the wrong kind of value, and lengths that lie."""
        out = b""
        for _ in range(self.random.randrange(1, 8)):
            out += varint(self.random.randrange(1, 20) << 3 | self.random.randrange(0, 6))
            out += self.random.choice(
                [b"", varint(self.random.getrandbits(64)), b"\xff" * 10, b"\x7f" + self.garbage(),
                 self.random.randbytes(8)]
            )  # fmt: skip
        return out

    def nested(self):
        """A message inside itself, hundreds of levels deep."""
        field = self.random.randrange(1, 12)
        data = b""
        for _ in range(self.random.randrange(50, 400)):
            data = varint(field << 3 | 2) + varint(len(data)) + data
        return data

    def filled(self, method):
        """A well-formed request whose every scalar is drawn from the wicked strings."""
        request, _ = wire.method_types(method)
        message = request()
        self._fill(message, depth=0)
        return message.SerializeToString()

    def truncated(self, method):
        data = self.filled(method)
        return data[: self.random.randrange(len(data) + 1)]

    def request(self, method):
        kind = self.random.randrange(5)
        if kind == 0:
            return self.garbage()
        if kind == 1:
            return self.wrong_wire_types()
        if kind == 2:
            return self.nested()
        return self.filled(method) if kind == 3 else self.truncated(method)

    def json(self):
        return self.random.choice(
            [
                lambda: self.garbage(),
                lambda: b"{",
                lambda: b"[]",
                lambda: b"null",
                lambda: b'{"id": 7}',
                lambda: b'{"id": {"project": ["a"]}}',
                lambda: b"[" * 10_000,
                lambda: b'{"a":' * 5_000,
                lambda: json.dumps({"nope": self.random.choice(STRINGS)}).encode(),
                lambda: b'{"id": {"project": "\xff\xfe"}}',
                lambda: b'{"id": {"project": "\\ud800"}}',
                lambda: b'{"limit": 1e999, "id": {}}',
                lambda: b'{"id": {}, "id": {}}',
                lambda: base64.b64encode(self.garbage()),
            ]
        )()

    def path(self, route):
        value = self.random.choice(STRINGS + ["%2F", "%00", "%", "%zz", "..", "*", "{x}", "a b"])
        quoted = value if self.random.random() < 0.3 else urllib.parse.quote(value, safe="")
        path = route.path(quoted.replace("\n", "%0A").replace("\u0000", "%00").replace(" ", "%20"))
        path = path.encode("ascii", "ignore").decode()
        if self.random.random() < 0.5:
            names = ["limit", "token", "filters", "sort_by.key", "id.project", "nope", "depth"]
            key = self.random.choice(names)
            path += f"?{key}={urllib.parse.quote(self.random.choice(STRINGS))}"
        return path[:6000]

    def _fill(self, message, depth):
        for field in message.DESCRIPTOR.fields:
            if self.random.random() < 0.4:
                continue
            if field.message_type is not None:
                if depth < 4 and not field.message_type.GetOptions().map_entry:
                    target = getattr(message, field.name)
                    self._fill(target.add() if field.is_repeated else target, depth + 1)
                continue
            value = self._scalar(field)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)

    def _scalar(self, field):
        kinds = {
            field.CPPTYPE_STRING: lambda: self.random.choice(STRINGS)
            if field.type == field.TYPE_STRING
            else self.garbage(),
            field.CPPTYPE_BOOL: lambda: True,
            field.CPPTYPE_ENUM: lambda: self.random.choice([0, 1, 7, 99]),
            field.CPPTYPE_DOUBLE: lambda: self.random.choice([0.0, -1.5, float("nan"), 1e308]),
            field.CPPTYPE_FLOAT: lambda: self.random.choice([0.0, -1.5, float("inf")]),
            field.CPPTYPE_INT32: lambda: self.random.choice([0, -1, 2**31 - 1, -(2**31)]),
            field.CPPTYPE_INT64: lambda: self.random.choice([0, -1, 2**63 - 1, -(2**63)]),
            field.CPPTYPE_UINT32: lambda: self.random.choice([0, 1, 2**32 - 1]),
            field.CPPTYPE_UINT64: lambda: self.random.choice([0, 1, 2**64 - 1]),
        }
        return kinds[field.cpp_type]()


@pytest.fixture(scope="module")
def server(server_factory, tmp_path_factory):
    """Its tasks do nothing: requests that start executions shall measure the requests."""
    folder = tmp_path_factory.mktemp("idle")
    for name in ("python", "pyflyte-execute", "pyflyte-fast-execute"):
        program = folder / name
        program.write_text("#!/bin/sh\nexec sleep 100000\n")
        program.chmod(0o700)
    return server_factory(python=str(folder / "python"))


@pytest.fixture(scope="module", autouse=True)
def registered(stubs):
    """Something to be found, so that requests get further than "no such entity"."""
    stubs.admin.CreateTask(entities.task("x", "x"))
    stubs.admin.CreateWorkflow(entities.workflow("x", "x", "x"))
    stubs.admin.CreateLaunchPlan(entities.launch_plan("x", "x", "x"))


def bounded(server, work):
    """Runs the work and requires that the server lives on with about the memory it had."""
    before = server.resident_bytes()
    work()
    assert server.running(), server.log_tail()
    grown = server.resident_bytes() - before
    assert grown < GROWTH_BYTES, f"the server grew by {grown >> 20} MiB"


def rejected_wrongly(channel, method, request):
    """Sends bytes; the code that must not be, or None. The second is the code's name."""
    try:
        wire.raw(channel, method)(request, timeout=20)
        return None, "OK"
    except grpc.RpcError as error:
        code = error.code()
        bad = code in NEVER or code == grpc.StatusCode.DEADLINE_EXCEEDED
        text = f"{code.name}: {(error.details() or '')[:200]}"
        return (text if bad else None), code.name


@pytest.mark.parametrize("kind", ["malformed", "wicked"])
def test_malformed_grpc_requests(server, stubs, kind):
    maker = Maker(SEED)
    wicked = Wicked(maker.random)
    make = maker.request if kind == "malformed" else wicked.message
    codes = collections.Counter()
    wrong = []

    def work():
        for number in range(REQUESTS):
            method = maker.random.choice(METHODS)
            request = make(method)
            why, code = rejected_wrongly(stubs.channel, method, request)
            codes[code] += 1
            if why:
                wrong.append((number, method, request.hex()[:200], why))

    bounded(server, work)
    assert not wrong, f"{len(wrong)} of {REQUESTS} (seed {SEED}); the first: {wrong[:5]}"
    assert codes["INVALID_ARGUMENT"] > REQUESTS / 10, codes
    assert stubs.admin.GetVersion(version_pb2.GetVersionRequest(), timeout=5)


def test_malformed_rest_requests(server, rest):
    maker = Maker(SEED + 1)
    sender = Sender(server.port)
    types = ["application/json", "application/octet-stream", "text/plain", "x", ""]
    wrong = []

    def work():
        for number in range(REQUESTS):
            route = maker.random.choice(routes.all_routes())
            path = maker.path(route)
            body = maker.json() if route.changes_state else None
            headers = {"Content-Type": maker.random.choice(types)}
            if maker.random.random() < 0.3:
                headers["Accept"] = maker.random.choice(types) or "*/*"
            status = sender.send(route.verb, path, body, headers)
            if not allowed(status):
                wrong.append((number, route.verb, path[:200], (body or b"")[:80], status))

    bounded(server, work)
    assert not wrong, f"{len(wrong)} of {REQUESTS} (seed {SEED}); the first: {wrong[:5]}"
    assert rest.get("/api/v1/version").status_code == 200


def test_wicked_http_requests(server, rest):
    wicked = Wicked(random.Random(SEED + 2))
    sender = RawSender(server.port)
    wrong = []

    def work():
        for number in range(REQUESTS):
            verb, request = wicked.http(wicked.random.choice(routes.all_routes()), server.address)
            status = sender.send(verb, request)
            if not allowed(status):
                wrong.append((number, request[:400], status))

    bounded(server, work)
    assert not wrong, f"{len(wrong)} of {REQUESTS} (seed {SEED}); the first: {wrong[:5]}"
    assert rest.get("/api/v1/version").status_code == 200


def allowed(status):
    """Answered, and not as if the server had broken."""
    return status is not None and (status < 500 or status in (501, 503))


class RawSender:
    """Sends whole requests as they are, over one connection while the server keeps it."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def send(self, verb, request):
        """The status, or None when even a fresh connection brings no answer."""
        for _ in range(2):
            try:
                if self.connection is None:
                    self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                try:
                    self.connection.sendall(request)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # refused before the body was read: the answer is there all the same
                answer = http.client.HTTPResponse(self.connection, method=verb)
                answer.begin()
                answer.read()
                if answer.will_close:
                    self._close()
                return answer.status
            except (OSError, http.client.HTTPException):
                self._close()
        return None

    def _close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Sender:
    """Sends bytes as they are (no client tidies the path up), over one kept connection."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def send(self, verb, path, body, headers):
        """The status, or None when even a fresh connection brings no answer."""
        for _ in range(2):
            try:
                return self._send(verb, path, body, headers)
            except http.client.InvalidURL:
                path = urllib.parse.quote(path, safe="/?&=%")
            except (OSError, http.client.HTTPException):
                # The server may close a connection after an error.
                self.connection.close()
                self.connection = None
        return None

    def _send(self, verb, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.connection.putrequest(verb, path, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if body is not None:
            self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status
