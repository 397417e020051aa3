"""Tasks that write data of several kinds at the same moment, in one execution; data in data."""

import pathlib
import time
import typing
from dataclasses import dataclass

import numpy as np
import pandas as pd
from flytekit import current_context, task, workflow
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.structured import StructuredDataset


def meet(rendezvous: str, who: str, parties: int) -> None:
    """Returns when all are there, so that equal random choices would meet."""
    folder = pathlib.Path(rendezvous)
    (folder / who).touch()
    while len(list(folder.iterdir())) < parties:
        time.sleep(0.002)


@task
def dataset(who: str, rows: int, rendezvous: str, parties: int) -> StructuredDataset:
    meet(rendezvous, who, parties)
    return StructuredDataset(dataframe=pd.DataFrame({"who": [who] * rows}))


@task
def frame_list(who: str, rendezvous: str, parties: int) -> typing.List[pd.DataFrame]:
    meet(rendezvous, who, parties)
    return [pd.DataFrame({"who": [f"{who}{number}"] * 5}) for number in range(3)]


@task
def folder(who: str, rendezvous: str, parties: int) -> FlyteDirectory:
    meet(rendezvous, who, parties)
    top = pathlib.Path(current_context().working_directory) / "same"
    (top / "deep" / "deeper").mkdir(parents=True)
    (top / "deep" / "deeper" / "a name.txt").write_text(who)
    (top / "large.bin").write_bytes(who.encode() * (1 << 18))
    return FlyteDirectory(str(top))


@task
def owners_of_dataset(data: StructuredDataset) -> str:
    frame = data.open(pd.DataFrame).all()
    return f"{','.join(sorted(set(frame['who'])))}:{len(frame)}"


@task
def owners_of_list(frames: typing.List[pd.DataFrame]) -> str:
    return ",".join(frame["who"].iloc[0] for frame in frames)


@task
def owner_of_folder(data: FlyteDirectory) -> str:
    top = pathlib.Path(data.download())
    names = sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())
    return "+".join(f"{name}:{(top / name).read_bytes()[:3].decode()}" for name in names)


@task
def combine(parts: typing.List[str]) -> str:
    return " ".join(parts)


@workflow
def lists(rendezvous: str, parties: int) -> str:
    return owners_of_list(frames=frame_list(who="in", rendezvous=rendezvous, parties=parties))


@workflow
def crowd(rendezvous: str, parties: int = 4) -> str:
    left = dataset(who="left", rows=50_000, rendezvous=rendezvous, parties=parties)
    right = dataset(who="right", rows=3, rendezvous=rendezvous, parties=parties)
    inner = lists(rendezvous=rendezvous, parties=parties)
    files = folder(who="dir", rendezvous=rendezvous, parties=parties)
    return combine(
        parts=[
            owners_of_dataset(data=left),
            owners_of_dataset(data=right),
            inner,
            owner_of_folder(data=files),
        ]
    )


@dataclass
class Record:
    file: FlyteFile
    folder: FlyteDirectory
    numbers: typing.Dict[str, typing.List[int]]


@task
def make_record() -> Record:
    place = pathlib.Path(current_context().working_directory)
    (place / "file.txt").write_text("file")
    (place / "folder").mkdir()
    (place / "folder" / "inside").write_text("inside")
    return Record(
        file=FlyteFile(str(place / "file.txt")),
        folder=FlyteDirectory(str(place / "folder")),
        numbers={"a": [1, 2]},
    )


@task
def make_array() -> np.ndarray:
    return np.arange(1000)


@task
def read_record(record: Record, array: np.ndarray) -> str:
    inside = pathlib.Path(record.folder.download()) / "inside"
    file = pathlib.Path(record.file.download())
    return f"{file.read_text()} {inside.read_text()} {record.numbers} {int(array.sum())}"


@workflow
def data_in_data() -> str:
    return read_record(record=make_record(), array=make_array())
