"""Workflows whose compiled form is pinned: what flytekit makes types and constants of."""

import typing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

import pandas
from flytekit import HashMethod, StructuredDataset, kwtypes, task, workflow
from flytekit.core.annotation import FlyteAnnotation
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from typing_extensions import Annotated


@dataclass
class Leaf:
    name: str
    sizes: typing.List[int]


@dataclass
class Tree:
    leaf: Leaf
    leaves: typing.List[Leaf]
    by_name: typing.Dict[str, Leaf]
    depth: int = 1
    note: typing.Optional[str] = None


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Odd:
    """No transformer knows it: it is pickled."""


Columns = Annotated[StructuredDataset, kwtypes(name=str, size=int), "parquet"]
Sizes = Annotated[StructuredDataset, kwtypes(size=int)]
Numbers = typing.List[typing.Dict[str, typing.List[int]]]


@task
def tree(x: int) -> Tree:
    return Tree(Leaf("l", [x]), [], {})


@task
def trees(x: int) -> typing.List[Tree]:
    return []


@task
def forest(x: int) -> typing.Dict[str, Tree]:
    return {}


@task
def name_of(leaf: Leaf, size: int, name: str) -> str:
    return name


@task
def numbers(n: Numbers, m: typing.Dict[str, typing.Dict[str, float]]) -> Numbers:
    return n


@task
def either(v: typing.Union[int, str], w: typing.Optional[typing.List[int]] = None) -> typing.Union[int, str]:
    return v


@task
def maybe(v: typing.Optional[int] = None) -> typing.Optional[int]:
    return v


@task
def mode(m: Mode, t: str = "x") -> Mode:
    return m


@task
def table(x: int) -> Columns:
    return StructuredDataset()


@task
def sizes(t: Sizes) -> pandas.DataFrame:
    return pandas.DataFrame()


@task
def any_table(t: StructuredDataset) -> pandas.DataFrame:
    return pandas.DataFrame()


@task
def file(f: FlyteFile["csv"], d: FlyteDirectory["png"]) -> FlyteFile["csv"]:
    return f


@task
def any_file(f: FlyteFile) -> FlyteDirectory:
    return FlyteDirectory("")


@task
def odd(x: int) -> Odd:
    return Odd()


@task
def even(o: Odd) -> int:
    return 1


@task
def marked(
    x: Annotated[int, FlyteAnnotation({"unit": "m"})],
) -> Annotated[int, HashMethod(lambda v: str(v))]:
    return x


@task
def when(at: datetime, for_: timedelta, f: float, b: bool) -> datetime:
    return at


@task
def loose(d: dict) -> dict:
    return d


@task
def nothing() -> None:
    pass


@task
def pair() -> typing.NamedTuple("Pair", first=int, second=typing.Optional[str]):
    return 1, None


@workflow
def deep_attributes(x: int) -> typing.Tuple[str, int]:
    t = tree(x=x)
    u = trees(x=x)
    f = forest(x=x)
    a = name_of(leaf=t.leaf, size=t.leaf.sizes[0], name=t.by_name["k"].name)
    b = name_of(leaf=u[1].leaves[2], size=f["a"].depth, name=f["b"].leaf.name)
    a >> b
    return b, u[0].depth


@workflow
def nested_containers(x: int, n: Numbers) -> Numbers:
    t = tree(x=x)
    a = numbers(n=[{"k": [x, 1, t.depth], "l": []}, {}], m={"a": {"b": 1.5}, "c": {}})
    return numbers(n=n, m={})


@workflow
def unions(
    v: typing.Union[int, str] = "d", w: typing.Optional[typing.List[int]] = None
) -> typing.Tuple[typing.Union[int, str], typing.Optional[int]]:
    a = either(v=v, w=w)
    b = either(v=3)
    c = either(v="three", w=[1])
    return c, maybe()


@workflow
def optional_chain(x: int) -> typing.Optional[int]:
    return maybe(v=maybe(v=x))


@workflow
def enums(m: Mode = Mode.SLOW, t: str = "fast") -> typing.Tuple[Mode, Mode]:
    return mode(m=m, t=t), mode(m=Mode.FAST)


@workflow
def datasets(x: int, given: Columns) -> typing.Tuple[pandas.DataFrame, pandas.DataFrame]:
    t = table(x=x)
    return sizes(t=given), any_table(t=t)


@workflow
def files(f: FlyteFile["csv"], d: FlyteDirectory["png"]) -> typing.Tuple[FlyteFile["csv"], FlyteDirectory]:
    g = file(f=f, d=d)
    return g, any_file(f=g)


@workflow
def file_default(f: FlyteFile = "s3://bucket/file") -> FlyteDirectory:
    return any_file(f=f)


@workflow
def pickled(x: int) -> int:
    return even(o=odd(x=x))


@workflow
def annotated(x: int) -> int:
    return marked(x=marked(x=x))


@workflow
def times(at: datetime = datetime(2024, 5, 1, 10, tzinfo=timezone.utc)) -> datetime:
    a = when(at=at, for_=timedelta(minutes=1), f=2.5, b=True)
    return when(
        at=datetime(2020, 1, 1, tzinfo=timezone.utc), for_=timedelta(days=1), f=-1.0, b=False
    )


@workflow
def untyped(d: dict) -> dict:
    return loose(d=loose(d=d))


@workflow
def named_tuple() -> typing.NamedTuple("Out", one=int, two=typing.Optional[str]):
    p = pair()
    return p.first, p.second


@workflow
def no_data():
    nothing()
    nothing()


@workflow
def every_default(
    i: int = 3,
    f: float = 0.5,
    s: str = "s",
    b: bool = True,
    d: timedelta = timedelta(seconds=5),
    l: typing.List[int] = [1, 2],
    m: typing.Dict[str, int] = {"k": 1},
    o: typing.Optional[int] = None,
    c: Leaf = Leaf("n", [1]),
) -> int:
    a = maybe(v=o)
    return even_number(x=i)


@task
def even_number(x: int) -> int:
    return x
