"""A workflow in a workflow, and a launch plan in a workflow."""

from flytekit import LaunchPlan, task, workflow


@task
def inc(x: int) -> int:
    return x + 1


@workflow
def inner(x: int) -> int:
    return inc(x=inc(x=x))


@workflow
def with_sub_workflow(x: int = 1) -> int:
    return inc(x=inner(x=x))


inner_plan = LaunchPlan.get_or_create(inner, name="nested_inner_plan")


@workflow
def with_launch_plan(x: int = 1) -> int:
    return inc(x=inner_plan(x=x))
