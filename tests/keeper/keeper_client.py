"""Drives the real martlet-keeper over its socket, as the server does."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = str(pathlib.Path(sys.executable).parent / "python")
DEADLINE_SECONDS = 120


def keeper_binary():
    told = os.environ.get("MARTLET_BIN")
    candidates = [pathlib.Path(told).parent] if told else []
    candidates += [ROOT / "build" / preset for preset in ("release", "debug")]
    for directory in candidates:
        if (directory / "martlet-keeper").exists():
            return str(directory / "martlet-keeper")
    raise FileNotFoundError("build the target martlet-keeper first")


class Keeper:
    """One keeper in `directory`/keeper, and one connection to it."""

    def __init__(self, directory, *arguments):
        self.directory = str(directory)
        self.arguments = arguments
        self.environment = [
            ["PATH", os.path.dirname(PYTHON) + ":/usr/local/bin:/usr/bin:/bin"],
            ["HOME", str(directory)],
        ]
        self.ended = {}
        self.count = 0
        self.launch()
        self.connect()

    def launch(self):
        command = [keeper_binary(), "--directory", self.directory + "/keeper", *self.arguments]
        subprocess.run(command, check=True, timeout=DEADLINE_SECONDS)

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_SECONDS)
        self.socket.connect(self.directory + "/keeper/keeper.sock")
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.pid = self.call("hello", version=1)["welcome"]["pid"]
        self.call("subscribe")

    def read(self):
        line = self.lines.readline()
        if not line:
            raise EOFError("the keeper closed the connection")
        message = json.loads(line)
        attempt = message.get("event")
        if attempt and attempt["phase"] == "ended":
            self.ended[attempt["name"]] = attempt
        return message

    def call(self, op, **members):
        self.count += 1
        request = dict(op=op, id=self.count, **members)
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.read()
            if message.get("id") == self.count:
                assert "error" not in message, message
                return message

    def prepare(self, spares=2):
        """Waits until the interpreter's spares are ready."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            told = self.call("prepare", python=PYTHON, env=self.environment, spares=spares)
            assert not told["interpreter"]["problem"], told
            if told["interpreter"]["spares"] >= spares:
                return told["interpreter"]
            time.sleep(0.01)
        raise TimeoutError("no spares")

    def start(self, name, argv, env=(), python=PYTHON, code=None):
        """Starts an attempt in a directory of its own; `code` maps file names to sources."""
        work = pathlib.Path(self.directory) / "work" / name
        (work / "tmp").mkdir(parents=True)
        (work / "cwd").mkdir()
        for file, source in (code or {}).items():
            (work / "cwd" / file).write_text(source)
        own = [["TMPDIR", str(work / "tmp")], *[list(pair) for pair in env]]
        reply = self.call(
            "start", key=f"1/{name}/0/1", name=name, argv=argv, env=self.environment + own,
            cwd=str(work / "cwd"), log_path=str(work / "log"), log_bytes_max=1 << 20,
            python=python,
        )
        return reply["attempts"][0]

    def start_task(self, name, task, code, inputs=b"", env=(), python=PYTHON):
        """Starts the flytekit task `task` of the module `probe`."""
        place = pathlib.Path(self.directory) / "data" / name
        place.mkdir(parents=True)
        (place / "inputs.pb").write_bytes(inputs)
        argv = [
            "pyflyte-execute", "--inputs", str(place / "inputs.pb"),
            "--output-prefix", str(place / "out"),
            "--raw-output-data-prefix", str(place / "raw"),
            "--checkpoint-path", str(place / "raw/_flytecheckpoints"), "--prev-checkpoint", '""',
            "--resolver", "flytekit.core.python_auto_container.default_task_resolver",
            "--", "task-module", "probe", "task-name", task,
        ]
        return self.start(name, argv, env, python, {"probe.py": code})

    def wait(self, name):
        while name not in self.ended:
            self.read()
        return self.ended[name]

    def output_path(self, name, file="outputs.pb"):
        return pathlib.Path(self.directory) / "data" / name / "out" / file

    def log(self, name):
        return (pathlib.Path(self.directory) / "work" / name / "log").read_text()

    def record(self, name):
        path = pathlib.Path(self.directory) / "keeper" / "attempts" / f"{name}.rec"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def kill_keeper(self):
        os.kill(self.pid, signal.SIGKILL)
        while os.path.exists(f"/proc/{self.pid}"):
            time.sleep(0.001)

    def stop(self):
        try:
            self.call("stop", tasks=True)
            while self.read():
                pass
        except (EOFError, OSError):
            pass
        while os.path.exists(f"/proc/{self.pid}"):
            time.sleep(0.001)
