"""A literal of 9 MB passes; one of 11 MB is refused with its name, its size, the limit and what to do."""

from __future__ import annotations

import time

import pytest
from flytekit.exceptions.user import FlyteInvalidInputException

FITS = 9_000_000
TOO_LONG = 11_000_000
# The text inside its primitive, scalar and literal: a tag and a length each.
LITERAL_BYTES = TOO_LONG + 15
SUCCEEDED, FAILED = 4, 6


@pytest.fixture(scope="module")
def registered(remote, pyflyte):
    done = pyflyte("register", "--version", "v1", "lengths.py")
    assert done.code == 0, done.output
    return remote


def ended(remote, name, **inputs):
    execution = remote.execute(remote.fetch_launch_plan(name=f"lengths.{name}"), inputs=inputs)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = remote.client.get_execution(execution.id)
        if found.closure.phase in (SUCCEEDED, FAILED):
            return found.closure, remote.client.get_execution_data(execution.id).full_outputs
        time.sleep(0.05)
    raise AssertionError(f"{name} did not end")


def says_what_to_do(message, name):
    for part in (name, str(LITERAL_BYTES), "10485760", "max_literal_bytes", "FlyteFile"):
        assert part in message, message


def test_a_long_input_passes(registered) -> None:
    closure, outputs = ended(registered, "measure", text="a" * FITS)
    assert closure.phase == SUCCEEDED, closure.error
    assert outputs.literals["o0"].scalar.primitive.integer == FITS


def test_a_longer_input_is_refused(registered) -> None:
    with pytest.raises(FlyteInvalidInputException) as refusal:
        ended(registered, "measure", text="a" * TOO_LONG)
    says_what_to_do(str(refusal.value.__cause__), "input text")


def test_a_long_output_passes(registered) -> None:
    closure, outputs = ended(registered, "produce", count=FITS)
    assert closure.phase == SUCCEEDED, closure.error
    assert outputs.literals["o0"].scalar.primitive.integer == FITS


def test_a_longer_output_fails_its_task(registered) -> None:
    closure, _ = ended(registered, "produce", count=TOO_LONG)
    assert closure.phase == FAILED
    assert closure.error.code == "OutputSizeExceeded"
    says_what_to_do(closure.error.message, "output o0")
