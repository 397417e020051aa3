"""What people do now and then: deadlines, folders with empty files, raw containers."""

import datetime
import os
import time
import typing

from flytekit import ContainerTask, kwtypes, task, workflow
from flytekit.types.directory import FlyteDirectory


@task(timeout=datetime.timedelta(seconds=1))
def naps(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@task
def sizes(folder: FlyteDirectory) -> typing.Dict[str, int]:
    top = folder.download()
    paths = [os.path.join(at, name) for at, _, names in os.walk(top) for name in names]
    return {os.path.relpath(path, top): os.path.getsize(path) for path in paths}


said = ContainerTask(
    name="odd.said",
    image="none",
    inputs=kwtypes(word=str),
    command=["sh", "-c", "test {{.inputs.word}} = hello"],
)

copied = ContainerTask(
    name="odd.copied",
    image="none",
    inputs=kwtypes(word=str),
    outputs=kwtypes(copy=str),
    input_data_dir="/var/inputs",
    output_data_dir="/var/outputs",
    command=["cp", "/var/inputs/word", "/var/outputs/copy"],
)


@workflow
def says(word: str = "hello") -> None:
    said(word=word)


@workflow
def copies(word: str = "hello") -> str:
    return copied(word=word)


@task
def double(x: int) -> int:
    return 2 * x


@workflow
def namesakes(x: int) -> int:
    # Ids of more than 20 characters are shortened to a hash of 32 bits: these two to the same, below n0.
    double(x=x).with_overrides(node_name="long-node-name-509669")
    return double(x=x).with_overrides(node_name="long-node-name-1027632")


@workflow
def clashes_at_once(x: int = 1) -> int:
    return namesakes(x=x).with_overrides(node_name="n0")


@workflow
def clashes_later(x: int = 1) -> int:
    before = double(x=x).with_overrides(node_name="first")
    return namesakes(x=before).with_overrides(node_name="n0")
