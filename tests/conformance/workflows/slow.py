"""Tasks that last until someone ends them, leaving a trace of their process."""

import os
import pathlib
import subprocess
import time

from flytekit import task, workflow


@task
def hang(trace: str) -> int:
    # A child of its own: ending the task must end this one too.
    child = subprocess.Popen(["sleep", "600"])
    path = pathlib.Path(trace)
    path.with_suffix(".part").write_text(f"{os.getpid()} {child.pid}")
    path.with_suffix(".part").rename(path)
    time.sleep(600)
    return 1


@workflow
def hanging(trace: str) -> int:
    return hang(trace=trace)
