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
    made = tempfile.mkdtemp(prefix="martlet-owner-")
    os.chown(made, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_whose_keeper_it_is(directory):
    stop = [str(pathlib.Path(keeper_binary()).parent / "martlet"), "stop", "--tasks", "--data", directory]
    launch = [keeper_binary(), "--directory", directory + "/keeper"]
    subprocess.run(launch, check=True, timeout=DEADLINE_SECONDS, user=NOBODY, group=NOBODY, extra_groups=[])
    try:
        refused = subprocess.run(stop, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        assert refused.returncode != 0
        assert f"belongs to user {NOBODY}" in refused.stderr
        assert "as that user" in refused.stderr
    finally:
        done = subprocess.run(stop, timeout=DEADLINE_SECONDS, user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 0
