"""`martlet verify` passes what a real server wrote and finds every single changed byte of it; so
does a reader that knows nothing but docs/formats."""

from __future__ import annotations

import collections
import json
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

import pytest
from flyteidl.admin import execution_pb2

from tests.conformance import executions
from tests.conformance.clients import DOMAIN, PROJECT
from tests.conformance.server import Server, binary
from tests.verify import damage, reader

GOOD, FOUND, UNCHECKED = 0, 1, 3
# The reader of docs/formats does not compile workflows: what follows from them is not its to know.
READER_SEES = {
    "execution": {"chain", *reader.Fold().execution, *reader.RECORDS["execution"].split()},
    "node_execution": set(reader.Fold()._new_node("0", 0)) | {"execution", "path"},
    "attempt": {
        "execution", "path", "attempt", "phase", "phase_version", "created_at", "updated_at",
        "started_at", "ended_at", "duration", "executor_instance", "error_code", "error_kind",
        "error_message", "error_uri", "error_worker", "error_at",
    },
}  # fmt: skip


def verify(data: pathlib.Path) -> tuple[int, dict]:
    done = subprocess.run(
        [str(binary()), "verify", "--data", str(data), "--json"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode in (GOOD, FOUND), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def launch(pyflyte, *arguments: str) -> str:
    done = pyflyte("run", "--remote", "-p", PROJECT, "-d", DOMAIN, *arguments)
    assert done.code == 0, done.output
    return executions.name_in(done.output)


def hang(pyflyte, trace: pathlib.Path) -> str:
    name = launch(pyflyte, "slow.py", "hanging", "--trace", str(trace))
    deadline = time.monotonic() + 30
    while not trace.exists():
        assert time.monotonic() < deadline, "the task does not run"
        time.sleep(0.01)
    return name


@pytest.fixture(scope="module")
def stopped(server: Server, pyflyte, stubs, remote, tmp_path_factory) -> pathlib.Path:
    """The data directory of a server that ran executions of every fate, one still unfinished."""
    traces = tmp_path_factory.mktemp("traces")
    names = [
        launch(pyflyte, "wf.py", "wf", "--n", "x" * 5000),  # inputs too large for the row
        launch(pyflyte, "retries.py", "lucky"),
        launch(pyflyte, "retries.py", "wrong"),
        launch(pyflyte, "nested.py", "with_sub_workflow", "--x", "3"),
        launch(pyflyte, "nested.py", "with_launch_plan", "--x", "4"),
        launch(pyflyte, "values.py", "every_value", "--span", "90s"),
        launch(pyflyte, "wf.py", "task_add", "--a", "1"),
    ]
    aborted = hang(pyflyte, traces / "aborted")
    remote.terminate(remote.fetch_execution(name=aborted), "enough")
    phases = collections.Counter(
        executions.Phase.Phase.Name(executions.wait(stubs, name).closure.phase)
        for name in [*names, aborted]
    )
    assert phases == {"SUCCEEDED": 6, "FAILED": 1, "ABORTED": 1}
    stubs.admin.UpdateExecution(
        execution_pb2.ExecutionUpdateRequest(
            id=executions.identifier(names[0]), state=execution_pb2.EXECUTION_ARCHIVED
        )
    )
    hang(pyflyte, traces / "unfinished")

    refused = subprocess.run(
        [str(binary()), "verify", "--data", str(server.data)], capture_output=True, text=True
    )
    assert refused.returncode == UNCHECKED
    assert str(server.pid) in refused.stderr

    assert server.stop() == 0
    return server.data


def test_what_a_server_wrote_is_good(stopped):
    code, report = verify(stopped)
    assert (code, report["findings"]) == (GOOD, [])
    counts = report["counts"]
    print(json.dumps(counts))
    assert counts["executions"] == counts["executions_with_record"] == 10  # one is a child
    assert counts["literals"] >= 30 and counts["recorded_objects"] >= 4
    independent = reader.read(stopped / "store" / "store.db")
    assert [str(finding) for finding in independent.findings] == []
    print(independent.counts)
    assert independent.counts["node_execution"] == counts["node_executions"]
    for name in ("events", "executions_with_record", "entities", "closures"):
        assert independent.counts[name] == counts[name]
    assert independent.counts["attempt"] == counts["attempts"]


def test_the_reader_is_a_program_of_its_own(stopped):
    program = pathlib.Path(reader.__file__)
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", str(program), str(stopped / "store" / "store.db")],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_directory_of_something_else_is_refused_and_left_alone(tmp_path):
    done = subprocess.run(
        [str(binary()), "verify", "--data", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == UNCHECKED
    assert "is not a data directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


CELLS = [  # table, columns, how many
    ("event", ["payload"], 60),
    ("event", ["hash"], 25),
    ("event", ["at", "sequence", "execution"], 15),
    ("execution", None, 50),
    ("node_execution", None, 70),
    ("attempt", None, 60),
    ("closure", ["bytes", "digest"], 30),
    ("task", None, 20),
    ("workflow", None, 20),
    ("launch_plan", None, 20),
]


@pytest.mark.parametrize(("table", "columns", "wanted"), CELLS)
def test_every_changed_byte_of_a_row_is_found(stopped, table, columns, wanted):
    chance = random.Random(f"{table} {columns}")
    database = damage.Database(stopped / "store" / "store.db")
    done = seen = 0
    missed = []
    while done < wanted:
        cell = database.choose(chance, table, columns)
        if cell is None:
            continue
        try:
            with damage.changed_cell(database, cell):
                code, report = verify(stopped)
                independent = reader.read(database.path).findings
        except sqlite3.IntegrityError:
            continue  # another row has that key or digest
        done += 1
        if code != FOUND or not all(f["remedy"] for f in report["findings"]):
            missed.append(("verify", cell))
        if table not in READER_SEES or cell.column in READER_SEES[table]:
            seen += 1
            if not independent:
                missed.append(("reader", cell))
    print(f"{table} {columns or '*'}: {done} changes, {seen} of them the reader's as well")
    assert not missed
    assert verify(stopped)[0] == GOOD


def test_every_changed_byte_of_an_object_is_found(stopped):
    chance = random.Random("objects")
    database = damage.Database(stopped / "store" / "store.db")
    objects = stopped / "objects"
    recorded = [
        objects / json.loads(path.read_text())["key"]
        for path in objects.glob(".martlet/meta/*/*")
    ]
    recorded = [path for path in recorded if path.exists() and path.stat().st_size > 0]
    kinds = {
        "outputs.pb": (database.output_files(), 80, (True, False)),
        "inputs-*.pb": (sorted(objects.glob("metadata/**/inputs-*.pb")), 15, (True, False)),
        "uploads": (sorted(objects.glob("uploads/**/*")), 25, (True, False)),
        "recorded": (sorted(recorded), 25, (True,)),
    }
    missed = []
    for kind, (paths, wanted, times) in kinds.items():
        paths = [path for path in paths if path.is_file()]
        assert paths, kind
        for _ in range(wanted):
            path = chance.choice(paths)
            with damage.changed_file(path, chance, keep_time=chance.choice(times)):
                code, report = verify(stopped)
            named = [f for f in report["findings"] if f["key"] in str(path)]
            if code != FOUND or not named or not named[0]["remedy"]:
                missed.append((kind, path))
        print(f"{kind}: {wanted} changes in {len(paths)} files")
    assert not missed
    assert verify(stopped)[0] == GOOD


def test_a_missing_object_is_found(stopped):
    # What start-nodes hand on is in the rows too.
    found = damage.Database(stopped / "store" / "store.db").output_files()
    path = next(path for path in found if "start-node" not in path.parts)
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        code, report = verify(stopped)
    finally:
        aside.rename(path)
    assert code == FOUND
    assert [f["key"] for f in report["findings"]] == [str(path)]


def test_a_changed_digest_or_key_of_a_sidecar_is_found(stopped):
    sidecars = sorted((stopped / "objects").glob(".martlet/meta/*/*"))
    for path in sidecars:
        text = path.read_text()
        for member in ("sha256", "key"):
            sidecar = json.loads(text)
            owner = sidecar if member == "key" else sidecar["records"][0]
            owner[member] = ("B" if owner[member][0] != "B" else "C") + owner[member][1:]
            path.write_text(json.dumps(sidecar))
            code, report = verify(stopped)
            path.write_text(text)
            assert code == FOUND, (path, member)
            assert report["findings"][0]["table"] == "object"
    assert verify(stopped)[0] == GOOD
