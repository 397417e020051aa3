"""Verifies a Martlet database from docs/formats alone: no code, schema or library of Martlet's.

    python reader.py DIR/store/store.db

Checks every event log's chain, folds the logs and compares what they say of executions, nodes and
attempts with the rows, and checks every digest that the database itself can prove. It does not know
the compiled workflows, so columns that follow from them (places of data, names, tasks) are left to
`martlet verify`.
"""

from __future__ import annotations

import hashlib
import pathlib
import sqlite3
import struct
import sys
from dataclasses import dataclass, field

if __package__:
    from tests.verify import wire
else:
    import wire

APPLICATION_ID = 0x4D525454
SCHEMA_VERSION = 1

# docs/formats/rows.md, "Records": in this order.
RECORDS = {
    "execution": (
        "id project domain name created_at launch_entity launch_plan_project launch_plan_domain"
        " launch_plan_name launch_plan_version workflow_project workflow_domain workflow_name"
        " workflow_version task_project task_domain task_name task_version closure_digest"
        " inputs_uri user_inputs_uri user mode cluster parent_execution parent_path parent_attempt"
        " parent_epoch source_execution inputs user_inputs spec"
    ),
    "task": (
        "project domain name version type short_description digest created_at updated_at spec"
        " closure"
    ),
    "workflow": (
        "project domain name version short_description closure_digest digest created_at updated_at"
        " typed_interface spec"
    ),
    "launch_plan": (
        "project domain name version digest workflow_project workflow_domain workflow_name"
        " workflow_version schedule_type launch_condition_type created_at expected_inputs"
        " expected_outputs spec"
    ),
}
SETTINGS_FIELDS = range(1, 6)  # of the blob execution.engine

QUEUED, RUNNING, SUCCEEDED = 1, 2, 3  # of nodes and attempts
NODE_FAILED, NODE_ABORTED, NODE_SKIPPED, NODE_TIMED_OUT, NODE_RECOVERED = 5, 6, 7, 8, 10
ATTEMPT_ABORTED, ATTEMPT_FAILED = 4, 5
EXECUTION_TERMINAL = {4, 6, 7, 8}
NODE_TERMINAL = {3, 5, 6, 7, 8, 10}
ATTEMPT_TERMINAL = {3, 4, 5}
KINDS = {0: "UNKNOWN", 1: "USER", 2: "SYSTEM"}


@dataclass(frozen=True)
class Finding:
    table: str
    key: str
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table} {self.key} {self.column}: {self.problem}"


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def say(self, table: str, key: object, column: str, problem: str) -> None:
        self.findings.append(Finding(table, str(key), column, problem))

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by


def le64(number: int) -> bytes:
    return struct.pack("<q", number)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def record_digest(table: str, cells: list[tuple[str, object]]) -> bytes:
    """docs/formats/rows.md, "Records"."""

    def framed(data: bytes) -> bytes:
        return le64(len(data)) + data

    parts = [b"martlet.record.v1", framed(table.encode())]
    for name, value in cells:
        if value is None:
            continue
        parts.append(framed(name.encode()))
        if isinstance(value, int):
            parts += [b"i", le64(value)]
        elif isinstance(value, str):
            parts += [b"t", framed(value.encode())]
        else:
            parts += [b"b", framed(bytes(value))]
    return sha256(*parts)


class Fold:
    """What the events of one execution say, in the columns' terms. proto/martlet/event.proto."""

    def __init__(self) -> None:
        self.record = b""
        self.execution: dict[str, object] = {
            "phase": 0, "epoch": 1, "sequence": 0, "created_at": None, "updated_at": None,
            "started_at": None, "ended_at": None, "duration": None, "abort_cause": None,
            "abort_principal": None, "outputs": None, "due_at": None, **self._fault(None),
        }  # fmt: skip
        self.nodes: dict[str, dict[str, object]] = {}
        self.attempts: dict[tuple[str, int], dict[str, object]] = {}

    def apply(self, payload: bytes, at: int) -> None:
        if payload[:1] != b"\x01":
            raise wire.Malformed("the format of the payload is not known")
        event = wire.last(payload[1:])
        if wire.integer(event, 1) != 1:
            raise wire.Malformed("the event is of a later version")
        bodies = [number for number in event if number != 1]
        if len(bodies) != 1 or not isinstance(event[bodies[0]], bytes):
            raise wire.Malformed("the event has no single body")
        kind, body = bodies[0], bytes(event[bodies[0]])
        if not self.execution["sequence"]:
            self.execution["created_at"] = self.execution["updated_at"] = at
        self.execution["sequence"] = int(self.execution["sequence"]) + 1
        if 10 <= kind <= 17:
            self._execution(kind, body, at)
        elif 30 <= kind <= 39:
            self._node(kind, body, at)
        elif 50 <= kind <= 54:
            self._attempt(kind, body, at)
        elif kind != 55:
            raise wire.Malformed(f"the event is of the unknown kind {kind}")

    def _execution(self, kind: int, body: bytes, at: int) -> None:
        row, message = self.execution, wire.last(body)
        if kind == 17:
            row["epoch"] = wire.integer(message, 1)
            return
        row["phase"] = {10: 2, 11: 3, 12: 4, 13: 5, 14: 6, 15: 9, 16: 7}[kind]
        row["updated_at"] = at
        if kind == 10:
            row["started_at"] = at
            self.record = bytes(message.get(1, b""))
        if kind == 13:
            row.update(self._fault(message.get(1)))
        if kind == 15:
            row["abort_cause"], row["abort_principal"] = (wire.text(message, n) for n in (1, 2))
        if row["phase"] in EXECUTION_TERMINAL:
            self._end(row, at)

    def _node(self, kind: int, body: bytes, at: int) -> None:
        path = ".".join(map(str, wire.numbers(body, 1)))
        message = wire.last(body)
        node = self.nodes.get(path)
        if kind in (37, 38):
            if node is None:
                raise wire.Malformed(f"there is no node {path}")
            if kind == 37:  # the next attempt: nothing that clients see of the node changes
                node["attempt"] = int(node["attempt"]) + 1
                node["child_name"] = None
            return
        if node is None:
            node = self.nodes[path] = self._new_node(path, at)
        node["updated_at"] = at
        node["phase"] = {
            30: QUEUED, 31: RUNNING, 32: SUCCEEDED, 33: NODE_FAILED, 34: NODE_TIMED_OUT,
            35: NODE_ABORTED, 36: NODE_SKIPPED, 39: NODE_RECOVERED,
        }[kind]  # fmt: skip
        if kind == 31:
            if node["started_at"] is None:
                node["started_at"] = wire.integer(message, 2) or None
            node["child_name"] = wire.text(message, 3) or None
        if kind == 33:
            node.update(self._fault(message.get(2)))
        if kind == 39:
            node["child_name"] = wire.text(message, 3) or None
        if kind == 35:
            node.update(self._fault(None) | {
                "error_code": "NodeAborted", "error_kind": "UNKNOWN",
                "error_message": wire.text(message, 2), "error_uri": "", "error_worker": "",
            })  # fmt: skip
        if node["phase"] in NODE_TERMINAL:
            self._end(node, at)

    def _new_node(self, path: str, at: int) -> dict[str, object]:
        parts = path.split(".")
        nested = len(parts) > 1
        return {
            "phase": 0, "attempt": 0, "created_at": at, "updated_at": at, "started_at": None,
            "ended_at": None, "duration": None, "child_name": None,
            "parent_path": ".".join(parts[:-2]) if nested else None,
            "parent_attempt": int(parts[-2]) if nested else None,
            "retry_group": parts[-2] if nested else "",
            "is_dynamic": 0, "is_array": 0, "cache_status": None, "closure_digest": None,
            **self._fault(None),
        }  # fmt: skip

    def _attempt(self, kind: int, body: bytes, at: int) -> None:
        path = ".".join(map(str, wire.numbers(body, 1)))
        message = wire.last(body)
        if path not in self.nodes:
            raise wire.Malformed(f"there is no node {path}")
        key = (path, int(self.nodes[path]["attempt"]))
        row = self.attempts.setdefault(key, {
            "phase": 0, "phase_version": 0, "created_at": at, "updated_at": at,
            "started_at": None, "ended_at": None, "duration": None, "executor_instance": None,
            "due_at": None, "log_uri": None, **self._fault(None),
        })  # fmt: skip
        row["updated_at"] = at
        row["phase"] = {
            50: QUEUED, 51: RUNNING, 52: SUCCEEDED, 53: ATTEMPT_FAILED, 54: ATTEMPT_ABORTED,
        }[kind]  # fmt: skip
        if kind == 51:
            row["executor_instance"] = wire.text(message, 2) or None
            row["started_at"] = wire.integer(message, 3) or None
        if kind == 53:
            row.update(self._fault(message.get(2)))
        if row["phase"] in ATTEMPT_TERMINAL:
            self._end(row, at)

    @staticmethod
    def _end(row: dict[str, object], at: int) -> None:
        row["ended_at"] = at
        if row["started_at"] is not None:
            row["duration"] = at - int(row["started_at"])

    @staticmethod
    def _fault(data: object) -> dict[str, object]:
        names = ("code", "message", "kind", "at", "uri", "worker")
        if not isinstance(data, bytes):
            return {f"error_{name}": None for name in names}
        fault = wire.last(data)
        return {
            "error_code": wire.text(fault, 1),
            "error_message": wire.text(fault, 2),
            "error_kind": KINDS.get(wire.integer(fault, 3), "UNKNOWN"),
            "error_at": wire.integer(fault, 4) or None,
            "error_uri": wire.text(fault, 5),
            "error_worker": wire.text(fault, 6),
        }


class Reader:
    """One pass over a database."""

    def __init__(self, path: pathlib.Path) -> None:
        self.report = Report()
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._database.row_factory = sqlite3.Row
        # Text that is damaged need not be UTF-8.
        self._database.text_factory = lambda data: data.decode(errors="surrogateescape")

    def run(self) -> Report:
        try:
            self._database.execute("BEGIN")
            self._check_kind()
            closures = self._check_closures()
            for table in ("task", "workflow", "launch_plan"):
                self._check_entities(table, closures)
            for row in self._rows("SELECT * FROM execution ORDER BY id"):
                if bytes(row["closure_digest"]) not in closures:
                    self.report.say("execution", row["id"], "closure_digest", "no such closure")
                self._check_execution(row)
            for table in ("event", "node_execution", "attempt"):
                query = (
                    f"SELECT DISTINCT execution FROM {table}"
                    " WHERE execution NOT IN (SELECT id FROM execution)"
                )
                for row in self._rows(query):
                    self.report.say(table, row[0], "", "rows of an execution that does not exist")
        finally:
            self._database.close()
        return self.report

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self._database.execute(query, values).fetchall()

    def _check_kind(self) -> None:
        kind = self._rows("PRAGMA application_id")[0][0]
        version = self._rows("PRAGMA user_version")[0][0]
        if kind != APPLICATION_ID or version != SCHEMA_VERSION:
            raise SystemExit(f"not a database this reader knows: kind {kind:#x}, version {version}")

    def _check_closures(self) -> set[bytes]:
        digests = set()
        for row in self._rows("SELECT digest, bytes FROM closure"):
            self.report.count("closures")
            digests.add(bytes(row["digest"]))
            if sha256(row["bytes"]) != row["digest"]:
                self.report.say("closure", row["digest"].hex(), "bytes", "not what its digest says")
        return digests

    def _check_entities(self, table: str, closures: set[bytes]) -> None:
        for row in self._rows(f"SELECT * FROM {table}"):
            self.report.count("entities")
            key = "/".join(row[part] for part in ("project", "domain", "name", "version"))
            cells = [(column, row[column]) for column in RECORDS[table].split()]
            if record_digest(table, cells) != row["record"]:
                self.report.say(table, key, "", "not what was registered")
            if table == "workflow" and bytes(row["closure_digest"]) not in closures:
                self.report.say(table, key, "closure_digest", "no such closure")

    def _check_execution(self, row: sqlite3.Row) -> None:
        self.report.count("executions")
        number = row["id"]
        events = self._rows("SELECT * FROM event WHERE execution = ? ORDER BY sequence", number)
        fold = Fold()
        head, before = sha256(b"martlet.event-log.v1", le64(number)), 0
        for position, event in enumerate(events, 1):
            self.report.count("events")
            key = f"{number}/{position}"
            if event["sequence"] != position:
                return self.report.say("event", key, "sequence", f"is {event['sequence']}")
            if event["at"] < before:
                return self.report.say("event", key, "at", "older than the event before it")
            head = sha256(head, le64(position), le64(event["at"]), event["payload"])
            if head != event["hash"]:
                return self.report.say("event", key, "hash", "does not continue the chain")
            before = event["at"]
            try:
                fold.apply(event["payload"], before)
            except (wire.Malformed, UnicodeDecodeError) as error:
                return self.report.say("event", key, "payload", str(error))
        if row["sequence"] != len(events) or row["chain"] != head:
            return self.report.say("execution", number, "chain", "the log ends elsewhere")
        self._check_record(row, fold.record)
        self._compare("execution", number, row, fold.execution, EXECUTION_TERMINAL)
        query = "SELECT * FROM node_execution WHERE execution = ?"
        stored = {node["path"]: node for node in self._rows(query, number)}
        self._compare_all("node_execution", number, stored, fold.nodes, NODE_TERMINAL)
        query = "SELECT * FROM attempt WHERE execution = ?"
        tries = {(one["path"], one["attempt"]): one for one in self._rows(query, number)}
        self._compare_all("attempt", number, tries, fold.attempts, ATTEMPT_TERMINAL)

    def _check_record(self, row: sqlite3.Row, record: bytes) -> None:
        if not record:
            return
        self.report.count("executions_with_record")
        try:
            settings = b"".join(
                own for number, _, own in wire.fields(row["engine"]) if number in SETTINGS_FIELDS
            )
        except wire.Malformed as error:
            return self.report.say("execution", row["id"], "engine", str(error))
        cells = [(column, row[column]) for column in RECORDS["execution"].split()]
        if record_digest("execution", [*cells, ("engine", settings)]) != record:
            self.report.say("execution", row["id"], "", "not what the execution was created with")

    def _compare_all(
        self, table: str, number: int, stored: dict, folded: dict, terminal: set
    ) -> None:
        for key in stored.keys() ^ folded.keys():
            lacks = "events" if key in stored else "a row"
            self.report.say(table, f"{number}/{key}", "", f"has no {lacks.removeprefix('a ')}")
        for key in stored.keys() & folded.keys():
            self.report.count(table)
            self._compare(table, f"{number}/{key}", stored[key], folded[key], terminal)

    def _compare(
        self, table: str, key: object, row: sqlite3.Row, folded: dict, terminal: set
    ) -> None:
        for column, value in folded.items():
            if row[column] != value:
                self.report.say(table, key, column, f"is {row[column]!r}, the log says {value!r}")
        if (row["witness"] is None) != (folded["phase"] in terminal):
            self.report.say(table, key, "witness", "an unfinished row has one, a finished one none")


def read(path: pathlib.Path) -> Report:
    return Reader(path).run()


def main() -> int:
    report = read(pathlib.Path(sys.argv[1]))
    for finding in report.findings:
        print(finding)
    print(", ".join(f"{name}: {count}" for name, count in report.counts.items()))
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
