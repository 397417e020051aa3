"""A keeper serves its own user."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from keeper_client import DEADLINE_SECONDS, keeper_binary

NOBODY = 65534


@pytest.fixture
def directory():
    """Everything that nobody needs, the programs too: the checkout may be root's alone."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="martlet-owner-"))
    built = pathlib.Path(keeper_binary()).parent
    for program in ("martlet", "martlet-keeper"):
        shutil.copy(built / program, made / program)
    os.chown(made, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_whose_keeper_it_is(directory):
    stop = [directory / "martlet", "stop", "--tasks", "--data", directory]
    launch = [directory / "martlet-keeper", "--directory", directory / "keeper"]
    subprocess.run(launch, check=True, timeout=DEADLINE_SECONDS, cwd=directory, user=NOBODY, group=NOBODY, extra_groups=[])
    try:
        refused = subprocess.run(stop, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        assert refused.returncode != 0
        assert f"belongs to user {NOBODY}" in refused.stderr
        assert "as that user" in refused.stderr
    finally:
        done = subprocess.run(stop, timeout=DEADLINE_SECONDS, cwd=directory, user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 0
