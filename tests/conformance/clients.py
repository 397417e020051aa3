"""The official clients, pointed at a server: stubs, FlyteRemote, pyflyte and plain HTTP."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap
from dataclasses import dataclass

import grpc
import requests
from flyteidl.service import (
    admin_pb2_grpc,
    auth_pb2_grpc,
    dataproxy_pb2_grpc,
    identity_pb2_grpc,
    signal_pb2_grpc,
)
from flytekit.configuration import Config, PlatformConfig
from flytekit.remote import FlyteRemote

PROJECT = "flytesnacks"
DOMAIN = "development"
IMAGE = "img:1"
# `pyflyte run` looks every 30 s unless told.
WAIT = ("--wait", "--poll-interval", "1")

# What flytekit's own channel has: keepalive pings on an idle connection, without any call.
FLYTEKIT_CHANNEL_OPTIONS = [
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.max_receive_message_length", 20 << 20),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
]


class Stubs:
    """One channel with every Flyte service on it."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(
            address, options=[*FLYTEKIT_CHANNEL_OPTIONS, ("grpc.max_send_message_length", -1)]
        )
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.data_proxy = dataproxy_pb2_grpc.DataProxyServiceStub(self.channel)
        self.signal = signal_pb2_grpc.SignalServiceStub(self.channel)
        self.auth_metadata = auth_pb2_grpc.AuthMetadataServiceStub(self.channel)
        self.identity = identity_pb2_grpc.IdentityServiceStub(self.channel)

    def close(self) -> None:
        self.channel.close()


class Rest:
    """The REST gateway: JSON in, JSON out; `raw` for everything else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # no proxies between a test and the loopback
        # The console's header; any other gets JSON with camel case names, as Flyte gives it.
        self.session.headers["Accept"] = "application/json"

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.session.get(self.url + path, params=parameters, timeout=30)

    def post(self, path: str, body: object, **headers: str) -> requests.Response:
        return self.session.post(self.url + path, json=body, headers=headers, timeout=30)

    def raw(self, verb: str, path: str, **arguments: object) -> requests.Response:
        return self.session.request(verb, self.url + path, timeout=30, **arguments)

    def close(self) -> None:
        self.session.close()


def remote(address: str, folder: pathlib.Path) -> FlyteRemote:
    """FlyteRemote without authentication; `folder` takes its downloads."""
    folder.mkdir(parents=True, exist_ok=True)
    return FlyteRemote(
        config=Config(platform=PlatformConfig(endpoint=address, insecure=True)),
        default_project=PROJECT,
        default_domain=DOMAIN,
        data_upload_location="flyte://data",
    )


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class Pyflyte:
    """Runs the real `pyflyte` as a user would, with a home and a configuration of its own."""

    def __init__(self, address: str, home: pathlib.Path, folder: pathlib.Path) -> None:
        self.home = home
        self.folder = folder
        self.config = home / "config.yaml"
        home.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            textwrap.dedent(f"""\
                admin:
                  endpoint: dns:///{address}
                  insecure: true
                """)
        )

    def __call__(
        self, *arguments: str, timeout: float = 120, environment: dict[str, str] | None = None
    ) -> Finished:
        """Runs `pyflyte ARGUMENTS` in the folder of the workflows."""
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("pyflyte")), *arguments],
            cwd=self.folder,
            env=self.environment() | (environment or {}),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def environment(self) -> dict[str, str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("FLYTE", "_F_", "PYTEST"))
        }
        return inherited | {
            "FLYTECTL_CONFIG": str(self.config),
            "HOME": str(self.home),
            # Wide enough that tables and URLs are not wrapped in the middle of a word.
            "COLUMNS": "250",
            "TERM": "dumb",
            "NO_COLOR": "1",
        }
