"""Changes of single bytes in a data directory, each with its way back."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import re
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Columns that are no part of a log, a record or a digest: docs/formats/rows.md.
UNCOVERED = {
    "execution": {"version", "state", "state_changed_at", "state_principal"},
    "launch_plan": {"state", "updated_at"},
}
KEYS = {
    "execution": ("id",),
    "node_execution": ("execution", "path"),
    "attempt": ("execution", "path", "attempt"),
    "event": ("execution", "sequence"),
    "closure": ("digest",),
    "task": ("project", "domain", "name", "version"),
    "workflow": ("project", "domain", "name", "version"),
    "launch_plan": ("project", "domain", "name", "version"),
}


@dataclass(frozen=True)
class Cell:
    """A cell with one byte changed."""

    table: str
    key: tuple[object, ...]
    column: str
    before: object
    after: object


def flipped(value: object, chance: random.Random) -> object:
    """The value with one of its stored bytes changed."""
    if isinstance(value, int):
        data = bytearray(struct.pack("<q", value))
        data[chance.randrange(8)] ^= chance.randrange(1, 256)
        return struct.unpack("<q", data)[0]
    if isinstance(value, str):
        at = chance.randrange(len(value))
        letter = chance.choice([c for c in "abcxyz0189./" if c != value[at]])
        return value[:at] + letter + value[at + 1 :]
    data = bytearray(bytes(value))
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    return bytes(data)


class Database:
    """The database as somebody with a hex editor has it: without triggers and constraints."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        with self._open() as database:
            triggers = database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                database.execute(f'DROP TRIGGER "{name}"')

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path)
        try:
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.execute("PRAGMA synchronous = OFF")
            yield database
            database.commit()
        finally:
            database.close()

    def choose(
        self, chance: random.Random, table: str, columns: list[str] | None = None
    ) -> Cell | None:
        """A random cell of the table, changed; nothing if the cell drawn has no byte to change."""
        with self._open() as database:
            database.row_factory = sqlite3.Row
            rows = database.execute(f"SELECT * FROM {table}").fetchall()
        row = chance.choice(rows)
        column = chance.choice(columns or list(row.keys()))
        value = row[column]
        identity = (table, column) in {("execution", "id")}
        if value in (None, "", b"") or column in UNCOVERED.get(table, ()) or identity:
            return None
        if table == "closure" and column == "created_at":
            return None
        key = tuple(row[part] for part in KEYS[table])
        return Cell(table, key, column, value, flipped(value, chance))

    def write(self, cell: Cell, *, back: bool = False) -> None:
        key = list(cell.key)
        if back and cell.column in KEYS[cell.table]:
            key[KEYS[cell.table].index(cell.column)] = cell.after
        where = " AND ".join(f'"{part}" = ?' for part in KEYS[cell.table])
        with self._open() as database:
            done = database.execute(
                f'UPDATE {cell.table} SET "{cell.column}" = ? WHERE {where}',
                [cell.before if back else cell.after, *key],
            )
            assert done.rowcount == 1, cell

    def output_files(self) -> list[pathlib.Path]:
        """Objects that events refer to."""
        with self._open() as database:
            payloads = [bytes(row[0]) for row in database.execute("SELECT payload FROM event")]
        found = {name for p in payloads for name in re.findall(rb"/[\x20-\x7e]+?/outputs\.pb", p)}
        paths = [pathlib.Path(name.decode()) for name in sorted(found)]
        return [path for path in paths if path.exists() and path.stat().st_size > 0]


@contextlib.contextmanager
def changed_cell(database: Database, cell: Cell) -> Iterator[None]:
    database.write(cell)
    try:
        yield
    finally:
        database.write(cell, back=True)


@contextlib.contextmanager
def changed_file(path: pathlib.Path, chance: random.Random, *, keep_time: bool) -> Iterator[None]:
    """One byte of the file is another one; without a new time, as when a disk forgets."""
    times = path.stat()
    before = path.read_bytes()

    def put(data: bytes) -> None:
        with open(path, "r+b") as file:  # in place: the inode stays
            file.write(data)

    put(bytes(flipped(before, chance)))
    if keep_time:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    try:
        yield
    finally:
        put(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
