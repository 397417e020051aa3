"""A real `martlet serve` process: started, awaited, killed, restarted, and checked when it ends."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

START_SECONDS = 30.0
STOP_SECONDS = 20.0
# The ready file is renamed into place by the server; polling it costs less than a watcher would.
_POLL_SECONDS = 0.005
_SEVERE = ("level=error", "level=critical", "level=fatal")


class ServerFailed(Exception):
    """The server did not start or did not stop as promised; the text carries the end of its log."""


def binary() -> pathlib.Path:
    """The program under test: MARTLET_BIN, else the release build of this repository."""
    named = os.environ.get("MARTLET_BIN")
    path = pathlib.Path(named) if named else REPOSITORY / "build" / "release" / "martlet"
    return path if path.is_absolute() else REPOSITORY / path


class Server:
    """One server process and its data directory.

    Not thread-safe. The data directory outlives the process, so `kill9` and `start` in turn are a
    crash and a restart; the port stays the same from the first start on.
    """

    def __init__(
        self,
        root: pathlib.Path,
        *,
        program: pathlib.Path | None = None,
        python: str = sys.executable,
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.data = root / "data"
        self.log_path = root / "server.log"
        self.program = program or binary()
        self.python = python
        self.arguments = arguments
        self.environment = environment or {}
        self.address = ""
        self.process: subprocess.Popen[bytes] | None = None
        root.mkdir(parents=True, exist_ok=True)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server is not running"
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def start(self) -> "Server":
        """Starts the process and returns once it answers on its address."""
        self.launch()
        ready = self.root / "ready"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if ready.exists() and (address := ready.read_text().strip()):
                self.address = address
                return self
            if self.process.poll() is not None:
                raise ServerFailed(
                    f"the server ended with {self.process.returncode} before it was ready\n"
                    + self.log_tail()
                )
            time.sleep(_POLL_SECONDS)
        self.kill9()
        raise ServerFailed(f"the server was not ready after {START_SECONDS} s\n" + self.log_tail())

    def launch(self) -> None:
        """Starts the process and does not wait for it."""
        if not self.program.exists():
            raise ServerFailed(f"no server binary at {self.program}; set MARTLET_BIN or build it")
        ready = self.root / "ready"
        ready.unlink(missing_ok=True)
        command = [
            str(self.program), "serve",
            "--data", str(self.data),
            "--listen", self.address or "127.0.0.1:0",
            "--python", self.python,
            "--ready-file", str(ready),
            *self.arguments,
        ]  # fmt: skip
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._server_environment(),
                start_new_session=True,
            )

    def stop(self) -> int:
        """SIGTERM, then wait; SIGKILL is a failure. Returns the exit code."""
        assert self.process is not None, "the server is not running"
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise ServerFailed(
                f"the server was still alive {STOP_SECONDS} s after SIGTERM\n" + self.log_tail()
            ) from None

    def kill9(self) -> None:
        """A crash: SIGKILL, no warning. Tasks and their keeper live on."""
        assert self.process is not None, "the server is not running"
        self.process.kill()
        self.process.wait()

    def restart(self) -> "Server":
        """Starts again on the same data and the same port."""
        return self.start()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop_tasks(self) -> None:
        """Ends the keeper of this data directory and every task it owns."""
        if not self.data.exists():
            return
        done = subprocess.run(
            [str(self.program), "stop", "--tasks", "--data", str(self.data)],
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
        )
        if done.returncode != 0:
            raise ServerFailed(f"`martlet stop --tasks` failed: {done.stdout}{done.stderr}")

    def close(self) -> None:
        """Ends everything and checks what the server said while it lived."""
        try:
            if self.running():
                code = self.stop()
                if code != 0:
                    raise ServerFailed(f"SIGTERM ended the server with {code}\n" + self.log_tail())
        finally:
            if self.process is not None:
                self.stop_tasks()
        if errors := self.error_lines():
            raise ServerFailed("the server logged errors:\n" + "\n".join(errors[:20]))

    def error_lines(self) -> list[str]:
        """Log lines of error severity: in a passing test there is none."""
        if not self.log_path.exists():
            return []
        lines = self.log_path.read_text(errors="replace").splitlines()
        return [line for line in lines if any(severity in line for severity in _SEVERE)]

    def log_tail(self, lines: int = 40) -> str:
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def resident_bytes(self) -> int:
        """Resident memory of the server process alone."""
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _server_environment(self) -> dict[str, str]:
        """What a user's shell would give it, without settings of Flyte's or Martlet's."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("FLYTE", "_F_", "MARTLET_", "PYTEST"))
        }
        return kept | self.environment
