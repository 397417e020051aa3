"""Values of every kind, through the wire, storage and a second task."""

import enum
import typing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pandas as pd
from flytekit import task, workflow
from flytekit.extras.tasks.shell import OutputLocation, ShellTask
from flytekit.types.file import FlyteFile
from flytekit.types.structured import StructuredDataset


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int = 1
    label: str = "p"
    tags: typing.List[str] = field(default_factory=lambda: ["a", "b"])


@task
def make_point(x: int) -> Point:
    return Point(x=x)


@task
def show(
    point: Point,
    inner: int,
    colour: Colour,
    when: datetime,
    span: timedelta,
    grid: typing.List[typing.List[int]],
    names: typing.Dict[str, float],
    maybe: typing.Optional[int],
    either: typing.Union[int, str],
) -> str:
    parts = [
        f"{point.x}{point.label}{''.join(point.tags)}",
        str(inner),
        colour.value,
        when.astimezone(timezone.utc).isoformat(),
        str(span.total_seconds()),
        str(grid),
        str(dict(sorted(names.items()))),
        str(maybe),
        f"{type(either).__name__}:{either}",
    ]
    return " ".join(parts)


@workflow
def every_value(
    span: timedelta,  # no default: `pyflyte run` cannot parse a default of this type
    colour: Colour = Colour.BLUE,
    when: datetime = datetime(2024, 2, 29, 12, 30, tzinfo=timezone.utc),
    maybe: typing.Optional[int] = None,
    either: typing.Union[int, str] = "text",
) -> str:
    point = make_point(x=7)
    return show(
        point=point,
        inner=point.x,
        colour=colour,
        when=when,
        span=span,
        grid=[[1, 2], [3]],
        names={"pi": 3.5, "e": 2.5},
        maybe=maybe,
        either=either,
    )


@task
def make_frame(start: int) -> pd.DataFrame:
    return pd.DataFrame({"n": [start, start + 1, start + 2]})


@task
def total(frame: pd.DataFrame) -> int:
    return int(frame["n"].sum())


@task
def as_dataset(frame: pd.DataFrame) -> StructuredDataset:
    return StructuredDataset(dataframe=frame)


@task
def rows(dataset: StructuredDataset) -> int:
    return len(dataset.open(pd.DataFrame).all())


@workflow
def frames() -> typing.NamedTuple("Frames", total=int, rows=int):
    frame = make_frame(start=10)
    return total(frame=frame), rows(dataset=as_dataset(frame=frame))


shell_count = ShellTask(
    name="values.shell_count",
    script="""
    set -e
    printf '%s' "{inputs.text}" | wc -c > {outputs.counted}
    """,
    inputs={"text": str},
    output_locs=[OutputLocation(var="counted", var_type=FlyteFile, location="counted.txt")],
)


@task
def read_number(f: FlyteFile) -> int:
    with open(f.download()) as file:
        return int(file.read())


@workflow
def shelled(text: str = "twelve chars") -> int:
    return read_number(f=shell_count(text=text))
