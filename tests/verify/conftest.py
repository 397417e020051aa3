"""The servers and clients of the conformance tests."""

from tests.conformance.conftest import (  # noqa: F401  fixtures
    pyflyte,
    remote,
    server,
    server_factory,
    stubs,
    workflows,
)
