"""What a data directory owns outside its database: processes, cgroups, scratch directories."""

from __future__ import annotations

import os
import pathlib
import signal
import time
from collections.abc import Callable

PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.01
_CGROUPS = pathlib.Path("/sys/fs/cgroup")


def await_true(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(_POLL_SECONDS)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """State, parent, group, session, …; empty when the process is gone."""
    text = _read(f"/proc/{pid}/stat").decode(errors="replace")
    return text.rsplit(")", 1)[1].split() if ")" in text else []


def _names(pid: int, directory: str) -> bool:
    """Whether a process has to do with a directory: by command, environment, place or files."""
    place = f"/proc/{pid}"
    told = _read(f"{place}/cmdline") + b"\0" + _read(f"{place}/environ")
    if directory.encode() + b"/" in told or _link(f"{place}/cwd").startswith(directory + "/"):
        return True
    try:
        files = os.listdir(f"{place}/fd")
    except OSError:
        return False
    return any(_link(f"{place}/fd/{file}").startswith(directory + "/") for file in files)


def processes_of(data: pathlib.Path) -> dict[int, int]:
    """Living processes that have to do with `data`, each with its parent."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        stat = _stat(int(entry))
        if stat and stat[0] not in "ZX" and _names(int(entry), str(data)):
            found[int(entry)] = int(stat[1])
    return found


def describe(pid: int) -> str:
    command = _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
    return f"{pid}: {command[:200]}; parent {(_stat(pid) or ['', 'gone'])[1]}"


def keeper_of(data: pathlib.Path) -> int | None:
    """The keeper that serves `data`; its launcher, which waits for it, is not meant."""
    keepers = {}
    for pid, parent in processes_of(data).items():
        words = _read(f"/proc/{pid}/cmdline").split(b"\0")
        if words[0].endswith(b"martlet-keeper") and f"{data}/keeper".encode() in words:
            keepers[pid] = parent
    return next((pid for pid, parent in keepers.items() if parent not in keepers and
                 pid not in keepers.values()), None)  # fmt: skip


def kill_keeper(data: pathlib.Path) -> bool:
    """SIGKILL, and waits until it is gone. False when there was none at that moment."""
    pid = keeper_of(data)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    await_true(lambda: (_stat(pid) or "X")[0] in "ZX", lambda: f"{describe(pid)} does not die")
    return True


def strays(data: pathlib.Path, server: int | None) -> list[str]:
    """Processes that neither the server nor its keeper answers for."""
    found = processes_of(data)
    family = {server, keeper_of(data)} - {None}
    grew = True
    while grew:
        children = {pid for pid, parent in found.items() if parent in family} - family
        family |= children
        grew = bool(children)
    return [describe(pid) for pid in found if pid not in family]


def _fnv32a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def cgroups_of(data: pathlib.Path) -> list[pathlib.Path]:
    """The keeper's places in the cgroup trees: `martlet-` and the hash of its directory."""
    name = f"martlet-{_fnv32a(f'{data}/keeper'):08x}"
    return [
        pathlib.Path(place) / name
        for place, directories, _ in os.walk(_CGROUPS)
        if name in directories
    ]


def task_cgroups(data: pathlib.Path) -> list[str]:
    """Cgroups of attempts; those of warm spares are somebody's."""
    return [
        str(entry)
        for place in cgroups_of(data)
        for entry in place.iterdir()
        if entry.is_dir() and not entry.name.startswith("spare-")
    ]


def scratch(data: pathlib.Path) -> list[str]:
    """Working directories, records and markers of attempts."""
    return [
        str(entry)
        for part in ("work", "keeper/attempts")
        if (data / part).is_dir()
        for entry in (data / part).iterdir()
    ]


def await_nothing_left(data: pathlib.Path, server: int | None) -> None:
    """Every execution has ended: so must what it ran, and what was made for it."""
    await_true(lambda: not strays(data, server), lambda: f"left: {strays(data, server)}")
    await_true(lambda: not scratch(data), lambda: f"left: {scratch(data)}")
    await_true(lambda: not task_cgroups(data), lambda: f"left: {task_cgroups(data)}")


def await_no_trace(data: pathlib.Path) -> None:
    """After `martlet stop --tasks`."""
    await_true(
        lambda: not processes_of(data),
        lambda: f"left: {[describe(pid) for pid in processes_of(data)]}",
    )
    await_true(lambda: not cgroups_of(data), lambda: f"left: {cgroups_of(data)}")
