import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from keeper_client import Keeper  # noqa: E402


@pytest.fixture
def keeper(tmp_path):
    running = Keeper(tmp_path)
    yield running
    running.stop()
