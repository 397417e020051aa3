"""gRPC and REST share one port: many clients, big messages, idle channels, the end under load."""

import collections
import concurrent.futures
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest
import requests
from flyteidl.admin import common_pb2, version_pb2
from flyteidl.core import identifier_pb2

from tests.conformance import clients, entities, wire
from tests.conformance.clients import Rest, Stubs

CHANNELS = 200
GO_CLIENT = pathlib.Path(__file__).with_name("goclient")
MIB = 1 << 20


def own_channel(address, *options):
    """A channel that shares its connection with no other channel of this process."""
    return grpc.insecure_channel(
        address,
        options=[
            *clients.FLYTEKIT_CHANNEL_OPTIONS,
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", -1),
            *options,
        ],
    )


def version_call(channel):
    return wire.unary(channel, f"/{wire.ADMIN}/GetVersion")


def test_two_hundred_channels_and_rest_at_once(server):
    channels = [own_channel(server.address) for _ in range(CHANNELS)]
    request = version_pb2.GetVersionRequest()
    calls = [
        version_call(channel).future(request, timeout=30, wait_for_ready=True)
        for channel in channels
    ]

    def ask(_):
        rest = Rest(server.url)
        try:
            return [rest.get("/api/v1/version").status_code for _ in range(10)]
        finally:
            rest.close()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = [status for answers in pool.map(ask, range(16)) for status in answers]
    assert all(call.result().control_plane_version.Version for call in calls)
    assert collections.Counter(statuses) == {200: 160}
    for channel in channels:
        channel.close()


def test_a_literal_of_15_mib_is_stored_and_read_back(server, stubs):
    text = "z" * (15 * MIB)
    stubs.admin.CreateTask(entities.task("big", text=text), timeout=60)
    own = entities.identifier(identifier_pb2.TASK, "big")
    task = stubs.admin.GetTask(common_pb2.ObjectGetRequest(id=own), timeout=60)
    assert task.closure.compiled_task.template.config["text"] == text


def test_a_message_of_20_mib_is_accepted(server):
    channel = own_channel(server.address)
    own = entities.identifier(identifier_pb2.TASK, "n" * (20 * MIB))
    with pytest.raises(grpc.RpcError) as refused:
        wire.unary(channel, f"/{wire.ADMIN}/GetTask")(
            common_pb2.ObjectGetRequest(id=own), timeout=60
        )
    # There is no such task; what matters is that the message was read, and the answer is short.
    assert refused.value.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
    assert len(refused.value.details()) < 8192
    channel.close()


def test_a_message_of_40_mib_is_refused_and_the_channel_lives(server):
    channel = own_channel(server.address)
    own = entities.identifier(identifier_pb2.TASK, "n" * (40 * MIB))
    with pytest.raises(grpc.RpcError) as refused:
        wire.unary(channel, f"/{wire.ADMIN}/GetTask")(
            common_pb2.ObjectGetRequest(id=own), timeout=60
        )
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert version_call(channel)(version_pb2.GetVersionRequest(), timeout=10)
    channel.close()


def test_a_rest_body_of_40_mib_is_refused(server, rest):
    try:
        answer = rest.raw(
            "POST",
            "/api/v1/tasks",
            data=b'{"spec": "' + b"z" * (40 * MIB) + b'"}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in (413, 429), answer.text[:200]
    except requests.ConnectionError:
        pass  # the server may hang up instead of reading what it will not take
    fresh = Rest(server.url)
    assert fresh.get("/api/v1/version").status_code == 200
    fresh.close()


def test_an_idle_channel_is_kept(server):
    """flytekit pings every 30 s without any call; a default server hangs up for that.

    For a short idle time the pings come so much more often that a strict server would hang up.
    """
    idle = float(os.environ.get("MARTLET_IDLE_SECONDS", "20"))
    keepalive = min(30_000, int(idle * 1000 / 5))
    channel = own_channel(server.address, ("grpc.keepalive_time_ms", keepalive))
    states = []
    left = threading.Event()

    def watch(state):
        states.append(state)
        if grpc.ChannelConnectivity.READY in states and state != grpc.ChannelConnectivity.READY:
            left.set()

    channel.subscribe(watch)
    assert version_call(channel)(version_pb2.GetVersionRequest(), timeout=10)
    assert not left.wait(idle), f"the server hung up: {states}"
    assert version_call(channel)(version_pb2.GetVersionRequest(), timeout=10)
    channel.close()


def test_sigterm_under_load_loses_no_answer(server_factory):
    """Every call is answered or fails with UNAVAILABLE, and what was answered is there later."""
    server = server_factory()
    workers = 8
    acknowledged = [[] for _ in range(workers)]
    failures = []
    enough = threading.Event()

    def write(worker):
        stubs = Stubs(server.address)
        for number in range(100_000):
            name = f"load.{worker}.{number}"
            try:
                stubs.admin.CreateTask(entities.task(name), timeout=20)
            except grpc.RpcError as error:
                failures.append((error.code(), error.details()))
                break
            acknowledged[worker].append(name)
            if sum(map(len, acknowledged)) >= 200:
                enough.set()
        stubs.close()

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    assert enough.wait(60), "the load did not get going"
    os.kill(server.pid, signal.SIGTERM)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a call was never answered"
    assert server.process.wait(20) == 0
    assert {code for code, _ in failures} == {grpc.StatusCode.UNAVAILABLE}, failures

    server.restart()
    stubs = Stubs(server.address)
    for name in (name for names in acknowledged for name in names):
        own = entities.identifier(identifier_pb2.TASK, name)
        assert stubs.admin.GetTask(common_pb2.ObjectGetRequest(id=own)).id.name == name
    stubs.close()


def test_many_half_open_connections_do_not_stop_the_others(server, stubs):
    """Clients that connect and say nothing, or stop in the middle of a request."""
    sockets = []
    for index in range(100):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        connection.sendall((b"", b"P", b"PRI * HTTP/2.0\r\n", b"GET /api")[index % 4])
        sockets.append(connection)
    started = time.monotonic()
    assert stubs.admin.GetVersion(version_pb2.GetVersionRequest(), timeout=5)
    assert Rest(server.url).get("/api/v1/version").status_code == 200
    assert time.monotonic() - started < 5
    for connection in sockets:
        connection.close()


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not on PATH")
def test_a_go_client_uses_the_port(server):
    done = subprocess.run(
        ["go", "run", ".", server.address],
        cwd=GO_CLIENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "ok"
