"""Writes a data directory with work in flight, as `python -m tests.upgrade.make_fixture VERSION`.

Run once for each release, with that release's program (MARTLET_BIN); the archive is kept for ever.
"""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import signal
import sys
import tarfile

from flyteidl.admin import project_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2

from tests.conformance import clients
from tests.conformance.server import REPOSITORY, Server
from tests.crash import remains
from tests.upgrade import place

FIXTURES = pathlib.Path(__file__).with_name("fixtures")
WORKFLOWS = pathlib.Path(__file__).with_name("workflows")
BYTES_MAX = 300 << 10
PHASE = core_execution_pb2.WorkflowExecution.Phase
# Fewer than there is work: something waits.
SLOTS = 4


class Maker:
    def __init__(self) -> None:
        self.server = Server(
            place.ROOT / "server",
            python=str(place.PYTHON),
            arguments=("--task-slots", str(SLOTS)),
        ).start()
        self.stubs = clients.Stubs(self.server.address)
        self.stubs.admin.RegisterProject(
            project_pb2.ProjectRegisterRequest(
                project=project_pb2.Project(id=place.PROJECT, name=place.PROJECT)
            )
        )
        pyflyte = clients.Pyflyte(self.server.address, place.ROOT / "home", WORKFLOWS)
        done = pyflyte(
            "register", "-p", place.PROJECT, "--version", "v1", "inflight.py", timeout=600
        )
        assert done.code == 0, done.output
        self.remote = clients.remote(self.server.address, place.ROOT / "client")
        self.expected: dict[str, dict] = {}

    def launch(self, name: str, phase: str, outputs: dict | None = None, **inputs):
        plan = self.remote.fetch_launch_plan(
            project=place.PROJECT, domain="development", name=f"inflight.{name}"
        )
        execution = self.remote.execute(
            plan, inputs=inputs, project=place.PROJECT, domain="development"
        )
        self.expected[execution.id.name] = {"phase": phase, "outputs": outputs or {}}
        return execution.id

    def await_phase(self, identifier, phase: str) -> None:
        remains.await_true(
            lambda: PHASE.Name(self.remote.client.get_execution(identifier).closure.phase) == phase,
            lambda: f"{identifier.name} does not become {phase}",
        )

    def fill(self) -> None:
        """Ended work first, then as much as there are slots and one more."""
        done = self.launch("finished", "SUCCEEDED", {"total": 4950}, n=100)
        failed = self.launch("failed", "FAILED", x=1)
        self.await_phase(done, "SUCCEEDED")
        self.await_phase(failed, "FAILED")
        place.HOLD.touch()
        hold = str(place.HOLD)
        aborted = self.launch("inner", "ABORTED", hold=hold, x=9)
        self.await_held(1)
        self.remote.client.terminate_execution(aborted, "not wanted")
        self.await_phase(aborted, "ABORTED")
        self.launch("nested", "SUCCEEDED", {"o0": 32}, hold=hold, x=5)
        self.launch("retried", "SUCCEEDED", {"o0": 8}, hold=hold, x=7)
        self.await_held(1 + SLOTS)
        self.launch("inner", "SUCCEEDED", {"o0": 7}, hold=hold, x=3)

    def await_held(self, count: int) -> None:
        remains.await_true(
            lambda: len(list(place.ROOT.glob("up-*"))) >= count, lambda: "no task begins"
        )

    def crash(self) -> None:
        """All of it at once, and then the tasks, as when the machine goes down."""
        self.stubs.close()
        self.server.kill9()
        assert remains.kill_keeper(place.DATA)
        for pid in remains.processes_of(place.DATA):
            os.kill(pid, signal.SIGKILL)
        remains.await_true(lambda: not remains.processes_of(place.DATA), lambda: "tasks live on")


def check_paths() -> None:
    """Nothing of the machine that made it: neither its sources nor its interpreter."""
    own = [REPOSITORY, pathlib.Path(sys.prefix), pathlib.Path(sys.prefix).resolve()]
    for file in place.DATA.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            found = [path for path in own if str(path).encode() in file.read_bytes()]
            assert not found, f"{file} names {found}"


def pack(archive: pathlib.Path) -> None:
    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if "__pycache__" in member.name or member.name.endswith((".sock", "/lock")):
            return None
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(place.DATA, "server/data", filter=kept)
            tar.add(place.EXPECTED, "expected.json", filter=kept)


def main(version: str) -> None:
    with place.occupied():
        maker = Maker()
        try:
            maker.fill()
        finally:
            maker.crash()
        place.EXPECTED.write_text(json.dumps(maker.expected, indent=1) + "\n")
        archive = FIXTURES / f"{version}.tar.gz"
        check_paths()
        pack(archive)
    size = archive.stat().st_size
    assert size <= BYTES_MAX, f"{archive} has {size} bytes, {BYTES_MAX} at most"
    print(f"{archive}: {size} bytes, {len(maker.expected)} executions")


if __name__ == "__main__":
    main(sys.argv[1])
