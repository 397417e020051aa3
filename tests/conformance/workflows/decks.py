"""A task with a deck."""

import flytekit
from flytekit import task, workflow


@task(enable_deck=True)
def report(title: str) -> str:
    flytekit.Deck("report", f"<h1>{title}</h1>")
    return title.upper()


@workflow
def decked(title: str = "figures") -> str:
    return report(title=title)
