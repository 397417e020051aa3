"""Where the data directories of the fixtures live.

URIs of objects are absolute paths and are part of what is stored, so a data directory opens only
where it was made. The fixtures were made at a path that any machine can have.
"""

from __future__ import annotations

import contextlib
import fcntl
import pathlib
import shutil
import sys
from collections.abc import Iterator

ROOT = pathlib.Path("/tmp/martlet-upgrade")
DATA = ROOT / "server" / "data"
# The interpreter's path is in records: the same for all, whatever it points to.
VENV = ROOT / "venv"
PYTHON = VENV / "bin" / "python"
# Tasks in flight wait while it is there.
HOLD = ROOT / "hold"
EXPECTED = ROOT / "expected.json"
PROJECT = "upgrade"


@contextlib.contextmanager
def occupied() -> Iterator[pathlib.Path]:
    """The empty place, for one process of this machine at a time; removed in the end."""
    with open(f"{ROOT}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(ROOT, ignore_errors=True)
        ROOT.mkdir(mode=0o700)
        VENV.symlink_to(pathlib.Path(sys.executable).parents[1])
        try:
            yield ROOT
        finally:
            shutil.rmtree(ROOT, ignore_errors=True)
