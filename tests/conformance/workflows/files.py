"""Files and directories made by tasks and given by users."""

import os
import pathlib

from flytekit import current_context, task, workflow
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile


@task
def read(f: FlyteFile) -> str:
    return pathlib.Path(f.download()).read_text()


@task
def write(text: str) -> FlyteFile:
    path = pathlib.Path(current_context().working_directory) / "made.txt"
    path.write_text(text)
    return FlyteFile(str(path))


@task
def spread(f: FlyteFile) -> FlyteDirectory:
    folder = pathlib.Path(current_context().working_directory) / "spread"
    folder.mkdir()
    for index, line in enumerate(pathlib.Path(f.download()).read_text().splitlines()):
        (folder / f"line{index}.txt").write_text(line)
    return FlyteDirectory(str(folder))


@task
def gather(d: FlyteDirectory) -> str:
    folder = pathlib.Path(d.download())
    return "|".join((folder / name).read_text() for name in sorted(os.listdir(folder)))


@workflow
def ff(f: FlyteFile) -> str:
    return read(f=f)


@workflow
def fw(text: str = "one\ntwo\nthree") -> str:
    return gather(d=spread(f=write(text=text)))
