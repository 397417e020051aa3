"""`python -m tests.replay`: see README.md beside this file."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import sys
import tempfile
from collections.abc import Iterator

from tests.conformance.server import Server, ServerFailed, binary
from tests.replay import normalise, recording, report
from tests.replay.allow import Deviations
from tests.replay.normalise import Substitution
from tests.replay.runner import DIFFERENT, Outcome, Replay
from tests.replay.transports import Connection


# What the recorded server was configured with (README of the recordings).
RECORDED_SETTINGS = (
    "--task-resource-limits", "cpu=4,memory=4Gi,gpu=1", "--max-workflow-nodes", "100",
)  # fmt: skip

# Families that go on where another one's scenario ended; that one is sent first and not counted.
PREPARED_BY = {"08_signals": ("07_events", "setup")}

# An interpreter that never gets ready. The recorder's engine was off: executions of API recordings
# stay as untouched as they were, and no answer depends on how fast a task is.
IDLE_PYTHON = "#!/bin/sh\nexec sleep 100000\n"


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    if options.doc:
        sys.stdout.write(report.compatibility_page(Deviations.load(options.deviations)))
        return 0
    if options.engine:
        # Imported here: it needs flytekit, which takes seconds to load.
        from tests.replay.engine import main as engine_main

        return engine_main(options)
    if options.oracle is None:
        raise SystemExit("name the folder of the recordings, or use --engine or --doc")
    return _replay_families(options)


def _replay_families(options: argparse.Namespace) -> int:
    known = recording.families(options.oracle)
    chosen = options.family or known
    if unknown := sorted(set(chosen) - set(known)):
        raise SystemExit(f"no such family: {', '.join(unknown)}; there are {', '.join(known)}")
    deviations = Deviations.load(options.deviations)
    everything: list[Outcome] = []
    for family in chosen:
        steps = recording.load(options.oracle, family)
        with _connection(options) as connection:
            root = connection.storage_root()
            if root.startswith("/"):
                connection.storage_folder = pathlib.Path(root)
            substitution = Substitution(root or normalise.BUCKET)
            replay = Replay(connection, deviations, substitution)
            replay.run(_preparation(options.oracle, family))
            outcomes = replay.run(steps)
        everything += outcomes
        print(report.counts_line(family, outcomes), flush=True)
        if options.verbose:
            report.print_details(outcomes, sys.stdout)
    if len(chosen) > 1:
        print(report.counts_line("all", everything))
    if options.verbose:
        for entry in deviations.unused():
            print(f"unused: {', '.join(entry.steps)}: every step of it was equal")
    if options.json:
        report.write_json(everything, options.json)
    return 1 if any(outcome.verdict == DIFFERENT for outcome in everything) else 0


def _preparation(oracle: pathlib.Path, family: str) -> list[recording.Step]:
    if family not in PREPARED_BY:
        return []
    other, scenario = PREPARED_BY[family]
    return [step for step in recording.load(oracle, other) if step.scenario == scenario]


@contextlib.contextmanager
def _connection(options: argparse.Namespace) -> Iterator[Connection]:
    """A connection to a fresh server, or to the one at --address."""
    if options.address:
        connection = Connection(options.address)
        try:
            yield connection
        finally:
            connection.close()
        return
    with tempfile.TemporaryDirectory(prefix="martlet-replay-") as folder:
        idle = pathlib.Path(folder, "python")
        idle.write_text(IDLE_PYTHON)
        idle.chmod(0o700)
        server = Server(
            pathlib.Path(folder),
            program=options.server_bin,
            python=str(idle),
            arguments=(*RECORDED_SETTINGS, *options.server_arg),
        ).start()
        connection = Connection(server.address)
        try:
            yield connection
        finally:
            connection.close()
            try:
                server.close()
            except ServerFailed as failure:
                # Verdicts on answers stand; what the server logged is shown beside them.
                print(f"  the server: {failure}", file=sys.stderr)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("oracle", nargs="?", type=pathlib.Path, help="folder of the recordings")
    parser.add_argument("--family", nargs="+", help="only these, for example 01_projects")
    parser.add_argument("--engine", type=pathlib.Path, metavar="ORACLE",
                        help="replay execution trees instead of API calls")
    parser.add_argument("--scenario", nargs="+", help="with --engine: only these")
    parser.add_argument("--kinds", type=lambda text: set(text.split(",")),
                        help="with --engine: scenarios that need no other kinds than these")
    parser.add_argument("--parallel", type=int, default=4,
                        help="with --engine: how many scenarios run at once")
    parser.add_argument("--doc", action="store_true", help="print docs/compatibility.md")
    parser.add_argument("--server-bin", type=pathlib.Path, default=binary())
    parser.add_argument("--python", default=sys.executable,
                        help="with --engine: the interpreter of the tasks")
    parser.add_argument("--server-arg", action="append", default=[],
                        help="one more argument of `martlet serve`, repeatable")
    parser.add_argument("--address", help="a running, fresh server instead of starting one")
    parser.add_argument("--deviations", type=pathlib.Path,
                        default=pathlib.Path(__file__).with_name("deviations.yaml"))
    parser.add_argument("--verbose", action="store_true", help="show every difference")
    parser.add_argument("--json", type=pathlib.Path, help="write every outcome to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
