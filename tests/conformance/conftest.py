"""A real server per test module and the official clients that talk to it."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.conformance import clients
from tests.conformance.server import Server

WORKFLOWS = pathlib.Path(__file__).with_name("workflows")

# Set before any flytekit code runs in a test: no prompts, no user's configuration.
os.environ.setdefault("FLYTE_SDK_RICH_TRACEBACKS", "0")


@pytest.fixture(scope="module")
def server_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers; each ends with the module, and fails it when its log holds an error."""
    started: list[Server] = []

    def start(**arguments: object) -> Server:
        server = Server(tmp_path_factory.mktemp("server"), **arguments)
        started.append(server)
        return server.start()

    yield start
    failures = []
    for server in started:
        try:
            server.close()
        except Exception as failure:  # noqa: BLE001  every server must be ended before failing
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="module")
def server(server_factory: Callable[..., Server]) -> Server:
    return server_factory()


@pytest.fixture(scope="module")
def stubs(server: Server) -> Iterator[clients.Stubs]:
    made = clients.Stubs(server.address)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rest(server: Server) -> Iterator[clients.Rest]:
    made = clients.Rest(server.url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A private copy of the workflows: pyflyte writes caches beside the sources it loads."""
    folder = tmp_path_factory.mktemp("workflows")
    for source in WORKFLOWS.glob("*.py"):
        shutil.copy(source, folder)
    return folder


@pytest.fixture(scope="module")
def pyflyte(
    server: Server, workflows: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> clients.Pyflyte:
    return clients.Pyflyte(server.address, tmp_path_factory.mktemp("home"), workflows)


@pytest.fixture(scope="module")
def remote(server: Server, tmp_path_factory: pytest.TempPathFactory):
    return clients.remote(server.address, tmp_path_factory.mktemp("remote"))
