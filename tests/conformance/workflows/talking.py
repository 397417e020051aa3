"""A task whose log is known."""

from flytekit import task, workflow


@task
def talk() -> int:
    print("one größer three")
    return 1


@workflow
def talking() -> int:
    return talk()
