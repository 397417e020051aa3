"""Values within values: lists of lists of Optionals, and what is taken out of dataclasses."""

import typing
from dataclasses import dataclass, field

from flytekit import task, workflow


@dataclass
class Inner:
    size: int = 3
    names: typing.List[str] = field(default_factory=lambda: ["n0", "n1"])


@dataclass
class Base:
    scale: float = 2.0
    nothing: typing.Optional[int] = None
    steps: typing.List[int] = field(default_factory=lambda: [1, 2, 3])
    shares: typing.List[float] = field(default_factory=lambda: [1.0, 0.5])
    inner: Inner = field(default_factory=Inner)
    inners: typing.List[Inner] = field(default_factory=lambda: [Inner(), Inner(size=4)])
    by_name: typing.Dict[str, typing.List[int]] = field(default_factory=lambda: {"a": [7, 8]})


@dataclass
class Wider(Base):
    extra: str = "x"


@task
def make() -> Base:
    return Base()


@task
def make_wider() -> Wider:
    return Wider(scale=8.0)


@task
def scale_of(base: Base) -> float:
    return base.scale


@task
def show(
    scale: float,
    nothing: typing.Optional[int],
    steps: typing.List[int],
    shares: typing.List[float],
    inner: Inner,
    inners: typing.List[Inner],
    by_name: typing.Dict[str, typing.List[int]],
    size: int,
    name: str,
    eight: int,
) -> str:
    return (
        f"{scale} {nothing} {steps} {shares} {inner.size}{inner.names} "
        f"{[i.size for i in inners]} {by_name} {size} {name} {eight}"
    )


@workflow
def taken_out() -> typing.Tuple[str, float]:
    base = make()
    text = show(
        scale=base.scale,
        nothing=base.nothing,
        steps=base.steps,
        shares=base.shares,
        inner=base.inner,
        inners=base.inners,
        by_name=base.by_name,
        size=base.inners[1].size,
        name=base.inner.names[0],
        eight=base.by_name["a"][1],
    )
    return text, scale_of(base=make_wider())


@task
def show_nested(
    rows: typing.List[typing.List[typing.Optional[int]]],
    table: typing.Dict[str, typing.Dict[str, typing.Optional[int]]],
    deep: typing.List[typing.List[typing.List[int]]],
    dicts: typing.List[typing.Dict[str, int]],
) -> str:
    return f"{rows} {sorted(table.items())} {deep} {dicts}"


@workflow
def nested(
    rows: typing.List[typing.List[typing.Optional[int]]],
    table: typing.Dict[str, typing.Dict[str, typing.Optional[int]]],
    deep: typing.List[typing.List[typing.List[int]]],
    dicts: typing.List[typing.Dict[str, int]],
) -> str:
    return show_nested(rows=rows, table=table, deep=deep, dicts=dicts)
