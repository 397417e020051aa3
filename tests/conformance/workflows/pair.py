"""Two tasks that write their frames at the same moment, in one execution."""

import pathlib
import time
import typing

import pandas as pd
from flytekit import task, workflow


@task
def write_frame(who: str, rendezvous: str) -> pd.DataFrame:
    folder = pathlib.Path(rendezvous)
    (folder / who).touch()
    # Both are here before either writes, so that equal random choices would meet.
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.002)
    return pd.DataFrame({"who": [who] * 1000})


@task
def owners(frame: pd.DataFrame) -> str:
    return ",".join(sorted(set(frame["who"])))


@workflow
def both(rendezvous: str) -> typing.NamedTuple("Owners", left=str, right=str):
    left = write_frame(who="left", rendezvous=rendezvous)
    right = write_frame(who="right", rendezvous=rendezvous)
    return owners(frame=left), owners(frame=right)
