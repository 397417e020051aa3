"""Workflows whose compiled form is pinned: tasks of other kinds, references, launch plans."""

import typing
from datetime import timedelta

from flytekit import (
    ContainerTask,
    CronSchedule,
    Email,
    FixedRate,
    LaunchPlan,
    Slack,
    dynamic,
    eager,
    kwtypes,
    reference_launch_plan,
    reference_task,
    task,
    workflow,
)
from flytekit.core.task import Echo
from flytekit.extras.tasks.shell import OutputLocation, ShellTask
from flytekit.models.common import Annotations, Labels
from flytekit.models.core.execution import WorkflowExecutionPhase
from flytekit.types.file import FlyteFile


@task
def inc(x: int) -> int:
    return x + 1


@workflow
def weighed(x: int, factor: int, name: str = "n", unit: str = "kg") -> int:
    return inc(x=x)


nightly = LaunchPlan.create(
    "gw_entities.nightly",
    weighed,
    default_inputs={"x": 1},
    fixed_inputs={"factor": 2, "unit": "g"},
    schedule=CronSchedule(schedule="0 3 * * *"),
    notifications=[
        Email(phases=[WorkflowExecutionPhase.FAILED], recipients_email=["a@example.org"]),
        Slack(phases=[WorkflowExecutionPhase.SUCCEEDED], recipients_email=["b@example.org"]),
    ],
    labels=Labels({"team": "t"}),
    annotations=Annotations({"note": "n"}),
    max_parallelism=3,
)
hourly = LaunchPlan.create(
    "gw_entities.hourly",
    weighed,
    default_inputs={"x": 1, "factor": 3},
    schedule=FixedRate(duration=timedelta(hours=1)),
)


@workflow
def launch_with_fixed(x: int) -> typing.Tuple[int, int, int]:
    return nightly(), nightly(x=x, name="m"), hourly(unit="t")


@reference_task(project="flytesnacks", domain="development", name="gw_entities.inc", version="v1")
def far_inc(x: int) -> int: ...


@reference_launch_plan(
    project="flytesnacks", domain="development", name="gw_entities.nightly", version="v1"
)
def far_nightly(x: int, name: str) -> int: ...


@workflow
def references(x: int) -> int:
    return far_nightly(x=far_inc(x=x), name="far")


in_container = ContainerTask(
    name="gw_entities.in_container",
    image="alpine:3",
    input_data_dir="/in",
    output_data_dir="/out",
    inputs=kwtypes(a=int, b=str),
    outputs=kwtypes(sum=int, log=FlyteFile),
    command=["sh", "-c", "echo {{.inputs.a}} {{.inputs.b}}", "/out/sum"],
)


@workflow
def containers(a: int) -> typing.Tuple[int, FlyteFile]:
    total, log = in_container(a=a, b="b")
    return inc(x=total), log


in_shell = ShellTask(
    name="gw_entities.in_shell",
    script="sort {inputs.f} > {outputs.g}",
    inputs=kwtypes(f=FlyteFile),
    output_locs=[OutputLocation(var="g", var_type=FlyteFile, location="{inputs.f}.sorted")],
)


@workflow
def shells(f: FlyteFile) -> FlyteFile:
    return in_shell(f=in_shell(f=f))


echo = Echo(name="gw_entities.echo", inputs={"a": int, "b": str})


@workflow
def echoed(a: int) -> typing.Tuple[int, str]:
    x, y = echo(a=a, b="b")
    return inc(x=x), y


@dynamic
def inner_dynamic(n: int) -> int:
    return inc(x=n)


@dynamic(retries=2)
def outer_dynamic(n: int) -> typing.List[int]:
    return [inner_dynamic(n=i) for i in range(n)]


@workflow
def dynamics(n: int) -> typing.Tuple[typing.List[int], int]:
    return outer_dynamic(n=n), inner_dynamic(n=n)


@eager
async def eager_sum(x: int) -> int:
    return inc(x=x)
