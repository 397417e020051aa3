"""Workflows whose compiled form is pinned: what people write less often."""

import typing
from dataclasses import dataclass
from datetime import timedelta

from flytekit import (
    Artifact,
    Cache,
    ConcurrencyLimitBehavior,
    ConcurrencyPolicy,
    LaunchPlan,
    Resources,
    approve,
    conditional,
    map_task,
    reference_task,
    task,
    workflow,
)
from flytekit.core.array_node import array_node
from flytekit.core.artifact import Inputs
from flytekit.core.node_creation import create_node
from flytekit.core.pod_template import PodTemplate
from flytekit.extras.accelerators import T4
from flytekit.types.error.error import FlyteError
from pydantic import BaseModel
from typing_extensions import Annotated


class Part(BaseModel):
    name: str
    weight: float


class Machine(BaseModel):
    parts: typing.List[Part]
    by_name: typing.Dict[str, Part]
    spare: typing.Optional[Part] = None


@dataclass
class Box:
    width: int


Models = Artifact(name="models", partition_keys=["region"], time_partitioned=False)


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def tell(x: int) -> None:
    pass


@task
def truth(x: int) -> bool:
    return x > 0


@task
def machine(x: int) -> Machine:
    return Machine(parts=[], by_name={})


@task
def weigh(part: Part, name: str, weight: float) -> float:
    return weight


@task
def box_or_int(v: typing.Union[Box, int]) -> typing.Union[Box, int]:
    return v


@task
def train(region: str) -> Annotated[int, Models(region=Inputs.region)]:
    return 1


@task(cache=Cache(version="7", serialize=True, ignored_inputs=("b",)))
def cached_add(a: int, b: int) -> int:
    return a + b


@task
def apologise(x: int, err: typing.Optional[FlyteError] = None) -> int:
    return x


# --- Names, aliases and order ---------------------------------------------------------------------


@workflow
def aliased(x: int) -> int:
    a = inc(x=x).with_overrides(aliases={"o0": "increased"})
    return inc(x=a)


@workflow
def created(x: int) -> int:
    first = create_node(inc, x=x)
    quiet = create_node(tell, x=first.o0)
    second = create_node(add, a=first.o0, b=first.o0)
    quiet >> second
    quiet >> second
    first >> second
    return second.o0


@workflow
def named_nodes(x: int) -> int:
    a = inc(x=x).with_overrides(node_name="My.Node_1")
    b = inc(x=a).with_overrides(node_name="n0")
    return add(a=a, b=b)


@workflow
def all_overrides(x: int) -> int:
    a = cached_add(a=x, b=1).with_overrides(
        resources=Resources(cpu=("1", "2"), mem="1Gi"),
        accelerator=T4,
        shared_memory="2Gi",
        pod_template=PodTemplate(labels={"k": "v"}),
        retries=0,
        timeout=None,
    )
    return inc(x=a).with_overrides(timeout=90, retries=2, interruptible=True)


@workflow
def constants() -> typing.Tuple[int, str]:
    tell(x=1)
    return inc(x=2), "fixed"


# --- Types ----------------------------------------------------------------------------------------


@workflow
def pydantic_attributes(x: int) -> float:
    m = machine(x=x)
    a = weigh(part=m.parts[0], name=m.by_name["a"].name, weight=m.parts[1].weight)
    return weigh(part=m.by_name["b"], name="n", weight=a)


@workflow
def union_of_dataclass(x: int) -> typing.Union[Box, int]:
    a = box_or_int(v=x)
    b = box_or_int(v=Box(3))
    return box_or_int(v=a)


# --- Branches -------------------------------------------------------------------------------------


@workflow
def branch_three_deep(x: int, on: bool) -> int:
    y = inc(x=x)
    return (
        conditional("a")
        .if_(y > 1)
        .then(
            conditional("b")
            .if_(on.is_false())
            .then(
                conditional("c").if_(x == y).then(inc(x=y)).elif_(x < y).then(inc(x=x)).else_().fail("c")
            )
            .else_()
            .fail("b")
        )
        .elif_((y > 0) & ((x > 3) | (x < -3)))
        .then(map_sum(x=x))
        .else_()
        .fail("a")
    )


@workflow
def map_sum(x: int) -> int:
    xs = map_task(inc)(x=[x, 2, x])
    return add(a=xs[0], b=xs[2])


@workflow
def branch_on_task(x: int) -> int:
    ok = truth(x=x)
    first = conditional("one").if_(ok.is_true()).then(inc(x=x)).else_().then(add(a=x, b=1))
    second = conditional("two").if_(first == 3).then(inc(x=first)).else_().then(add(a=first, b=x))
    return add(a=first, b=second)


@workflow
def branch_of_cleaned(x: int) -> int:
    return conditional("c").if_(x > 0).then(cleaned_branch(x=x)).else_().then(cleaned_branch(x=7))


@workflow(on_failure=apologise)
def cleaned_branch(x: int) -> int:
    return conditional("d").if_(x > 1).then(inc(x=x)).else_().fail("small")


# --- Gates ----------------------------------------------------------------------------------------


@workflow
def approved_twice(x: int) -> int:
    a = approve(inc(x=x), "once", timeout=timedelta(minutes=1))
    b = approve(a, "again", timeout=timedelta(minutes=2))
    return b


# --- Elsewhere ------------------------------------------------------------------------------------


@reference_task(project="flytesnacks", domain="development", name="gw_entities.inc", version="v1")
def far_inc(x: int) -> int: ...


@workflow
def mapped_reference(xs: typing.List[int]) -> typing.List[typing.Optional[int]]:
    return array_node(far_inc, concurrency=2, min_successes=1, run_all_sub_nodes=True)(x=xs)


far_lp = LaunchPlan.create(
    "gw_uses.far_lp",
    map_sum,
    default_inputs={"x": 5},
    max_parallelism=2,
    overwrite_cache=True,
    concurrency=ConcurrencyPolicy(max_concurrency=1, behavior=ConcurrencyLimitBehavior.SKIP),
)


@workflow
def trained(region: str) -> int:
    return inc(x=train(region=region))


@workflow
def uses_model(model: int = Models.query(region="eu")) -> int:
    return inc(x=model)


@workflow
def launches_limited(x: int) -> typing.Tuple[int, int]:
    return far_lp(), far_lp(x=x)
