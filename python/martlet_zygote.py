"""Warm flytekit processes for martlet-keeper.

The keeper starts one of these per interpreter. It imports flytekit, and then, on the keeper's
orders, forks spare children ahead of need. A spare has already run a dummy task, so that lazy
imports and copy-on-write faults are behind it; it waits on its channel for one real task, becomes
what a freshly started `pyflyte-execute` would be, runs the task and exits. User code is imported in
spares alone, never here.

A fork is not a fresh process. Whatever a new interpreter would have of its own is renewed in
`become`: random generators, temporary directory, flytekit's contexts, environment, standard
streams, sys.path, sys.argv, __main__, working directory, session. What cannot be renewed (variables
that act when an interpreter starts) makes the keeper start a fresh interpreter instead.

Protocol: docs/formats/keeper-records.md.
"""

import array
import atexit
import gc
import importlib
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import types

# Libraries that spares may have imported before user code is: pure computation, safe to fork after
# import. What tasks import of these is reported, and later spares have it.
PRELOADABLE = ("numpy", "pandas", "pyarrow", "pyarrow.parquet")

LINE_BYTES_MAX = 8 << 20


# What the dummy dispatch runs. A file, because flytekit looks for a task's module on disk.
WARM_SOURCE = """
from flytekit import task


@task
def echo(number: int, text: str) -> int:
    return number + len(text)
"""


def make_warm_module(scratch):
    """Imports the dummy task's module, and takes it off flytekit's list of entities again."""
    from flytekit.core.context_manager import FlyteEntities

    path = os.path.join(scratch, "martlet_warm.py")
    with open(path, "w") as file:
        file.write(WARM_SOURCE)
    known = list(FlyteEntities.entities)
    spec = importlib.util.spec_from_file_location("martlet_warm", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["martlet_warm"] = module
    spec.loader.exec_module(module)
    FlyteEntities.entities[:] = known


def is_imported(name):
    """True if the module is there and is not one of flytekit's lazy stand-ins."""
    module = sys.modules.get(name)
    return module is not None and type(module) is types.ModuleType


class Zygote:
    def __init__(self, control, scratch):
        self.control = control
        self.scratch = scratch
        self.keeper = os.getppid()
        python_path = os.environ.get("PYTHONPATH")
        self.python_path_entries = len(python_path.split(os.pathsep)) if python_path else 0
        self.path = sys.path[1:]  # without this script's directory
        # Python itself sets it when it starts in the C locale (PEP 538). A task's locale variables
        # are those that this process was started with, or it would not be run here.
        self.coerced_locale = os.environ.get("LC_CTYPE")
        self.warm_inputs = os.path.join(scratch, "warm.pb")

    def tell(self, message, descriptor=None):
        ancillary = []
        if descriptor is not None:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self.control.sendmsg([json.dumps(message).encode()], ancillary)

    def load(self):
        """Imports flytekit. Returns what the keeper is told about it."""
        gc.disable()
        try:
            import flytekit
            from flytekit.bin import entrypoint  # noqa: F401
            from flytekit.core import array_node_map_task, python_auto_container  # noqa: F401
        except ImportError as failure:
            return {"problem": f"flytekit cannot be imported by {sys.executable}: {failure}"}
        threads = len(os.listdir("/proc/self/task"))
        if threads != 1:
            # Forking would leave them behind together with whatever locks they hold.
            return {"problem": f"importing flytekit started {threads - 1} unknown threads"}
        self.prepare_warm_up()
        return {
            "ready": True,
            "python_version": ".".join(map(str, sys.version_info[:3])),
            "flytekit_version": getattr(flytekit, "__version__", "") or "",
        }

    def prepare_warm_up(self):
        from flyteidl.core import literals_pb2

        inputs = literals_pb2.LiteralMap()
        inputs.literals["number"].scalar.primitive.integer = 1
        inputs.literals["text"].scalar.primitive.string_value = "a"
        with open(self.warm_inputs, "wb") as file:
            file.write(inputs.SerializeToString())
        make_warm_module(self.scratch)
        gc.collect()
        gc.freeze()

    def preload(self, modules):
        for module in modules:
            if module in PRELOADABLE and not is_imported(module):
                try:
                    # flytekit puts lazy stand-ins into sys.modules: touching one imports it.
                    getattr(importlib.import_module(module), "__version__", None)
                except Exception:
                    traceback.print_exc()
        gc.collect()
        gc.freeze()

    def serve(self):
        self.tell(self.load())
        while True:
            order = self.control.recv(1 << 16)
            if not order:
                return  # the keeper is gone
            order = json.loads(order)
            if order["op"] == "spawn":
                self.fork_spare()
            elif order["op"] == "preload":
                self.preload(order["modules"])

    def fork_spare(self):
        """Forks twice: the orphaned grandchild becomes the keeper's child."""
        between = os.fork()
        if between == 0:
            try:
                if os.fork() == 0:
                    Spare(self).run()
                else:
                    os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.waitpid(between, 0)


class Spare:
    def __init__(self, zygote):
        self.zygote = zygote
        os.setsid()
        deadline = time.monotonic() + 10
        while os.getppid() != zygote.keeper:
            if time.monotonic() > deadline:
                os._exit(1)  # the keeper died: nobody would see how a task ends
            time.sleep(0.0002)
        self.channel, theirs = socket.socketpair()
        zygote.tell({"spare": os.getpid()}, theirs.fileno())
        theirs.close()
        zygote.control.close()

    def run(self):
        self.warm()
        self.channel.sendall(b"r")
        task = self.receive()
        if task is None:
            os._exit(0)
        self.channel.close()
        try:
            code = become(task, self.zygote)
        except BaseException:
            traceback.print_exc()
            code = 126
        finish(code, task)

    def warm(self):
        from flytekit.bin.entrypoint import execute_task_cmd

        scratch = os.path.join(self.zygote.scratch, str(os.getpid()))
        os.makedirs(scratch)
        set_temporary_directory(scratch)
        execute_task_cmd.main(
            [
                "--inputs", self.zygote.warm_inputs,
                "--output-prefix", os.path.join(scratch, "out"),
                "--raw-output-data-prefix", os.path.join(scratch, "raw"),
                "--resolver", "flytekit.core.python_auto_container.default_task_resolver",
                "--", "task-module", "martlet_warm", "task-name", "echo",
            ],
            prog_name="pyflyte-execute",
            standalone_mode=False,
        )
        if not os.path.exists(os.path.join(scratch, "out", "outputs.pb")):
            raise RuntimeError("the dummy task wrote no outputs")
        shutil.rmtree(scratch, ignore_errors=True)
        sys.modules.pop("martlet_warm", None)

    def receive(self):
        """The task's line, or nothing if the keeper closed the channel before its end."""
        data = bytearray()
        while not data.endswith(b"\n"):
            part = self.channel.recv(1 << 16)
            if not part or len(data) > LINE_BYTES_MAX:
                return None
            data += part
        return json.loads(data)


def set_temporary_directory(path):
    os.environ["TMPDIR"] = path
    tempfile.tempdir = None


def redirect_streams(log):
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(null)
    os.close(out)


def reset_environment(env, zygote):
    os.environ.clear()
    os.environ.update(env)
    if zygote.coerced_locale is not None:
        os.environ.setdefault("LC_CTYPE", zygote.coerced_locale)
    tempfile.tempdir = None


def reset_random():
    """Generators that a fork shares with its siblings: two tasks would draw the same paths."""
    from flytekit.interfaces import random as flytekit_random

    random.seed()
    flytekit_random.random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def reset_flytekit():
    """What flytekit computed while it was imported, from a temporary directory that is not ours."""
    from flytekit.configuration import Config, DataConfig
    from flytekit.core import context_manager, data_persistence

    sandbox = tempfile.mkdtemp(prefix="flyte")
    old_sandbox = Config.local_sandbox_path
    Config.local_sandbox_path = sandbox
    Config.__init__.__defaults__ = tuple(
        sandbox if value == old_sandbox else value for value in Config.__init__.__defaults__
    )
    directory = tempfile.mkdtemp(prefix="flyte-")
    data_persistence.flyte_tmp_dir = directory
    provider = data_persistence.FileAccessProvider(
        local_sandbox_dir=os.path.join(directory, "sandbox"),
        raw_output_prefix=os.path.join(directory, "raw"),
        data_config=DataConfig.auto(),
    )
    data_persistence.default_local_file_access_provider = provider
    context_manager.default_local_file_access_provider = provider
    context_manager.FlyteContextManager.signal_handlers = []
    context_manager.FlyteContextManager.initialize()


def reset_interpreter(task, zygote):
    """sys.path, sys.argv and __main__ as the console script would have them."""
    program = task["program"]
    path = list(zygote.path)
    if task["code_dir"]:
        own = os.environ.get("PYTHONPATH")
        code_dir = os.path.realpath(task["code_dir"])
        os.environ["PYTHONPATH"] = own + os.pathsep + code_dir if own else code_dir
        path.insert(zygote.python_path_entries, code_dir)
    sys.path[:] = [os.path.dirname(os.path.realpath(program))] + path
    sys.argv[:] = [program] + task["argv"][1:]
    main_module = types.ModuleType("__main__")
    main_module.__file__ = program
    main_module.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = main_module
    try:
        with open("/proc/self/comm", "w") as comm:
            comm.write(os.path.basename(program)[:15])
    except OSError:
        pass  # only what `ps` shows
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def become(task, zygote):
    """Turns this spare into the task's process and runs it. Returns the exit code."""
    redirect_streams(task["log"])
    reset_environment(task["env"], zygote)
    os.chdir(task["cwd"])
    reset_random()
    reset_interpreter(task, zygote)
    reset_flytekit()
    gc.enable()
    from flytekit.bin import entrypoint

    commands = {
        "pyflyte-execute": entrypoint.execute_task_cmd,
        "pyflyte-map-execute": entrypoint.map_execute_task_cmd,
    }
    command = commands[os.path.basename(task["argv"][0])]
    try:
        sys.exit(command())
    except SystemExit as request:
        return exit_code(request)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1


def exit_code(request):
    """What the interpreter makes of a SystemExit."""
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code & 0xFF
    print(request.code, file=sys.stderr)
    return 1


def finish(code, task):
    """What the interpreter does at its end, then the marker as the very last act."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        code = code or 120  # as CPython when it cannot flush
    marker = task["marker"]
    imported = [module for module in PRELOADABLE if is_imported(module)]
    try:
        with open(marker + ".tmp", "w") as file:
            json.dump({"v": 1, "code": code, "at": time.time_ns(), "imported": imported}, file)
        os.rename(marker + ".tmp", marker)
    except OSError:
        traceback.print_exc()  # the keeper sees the status; only its successor would miss it
    os._exit(code)


def main():
    # martlet_zygote.py --control FD --scratch DIR
    control = socket.socket(fileno=int(sys.argv[2]))
    control.set_inheritable(False)
    scratch = sys.argv[4]
    os.makedirs(scratch, exist_ok=True)
    set_temporary_directory(scratch)
    Zygote(control, scratch).serve()


if __name__ == "__main__":
    main()
