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
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import random
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

C_LIBRARY = ctypes.CDLL(None)
PYTHON = ctypes.PyDLL(None)


# What the dummy dispatch runs. A file, because flytekit looks for a task's module on disk.
WARM_SOURCE = """
from flytekit import task, workflow


@task
def echo(number: int, text: str) -> int:
    return number + len(text)


@workflow
def once(number: int, text: str) -> int:
    return echo(number=number, text=text)
"""


def import_warm_module(scratch):
    """Imports the dummy task's module as user code will be, and takes what it defines off
    flytekit's list of entities again."""
    from flytekit.core.context_manager import FlyteEntities

    path = os.path.join(scratch, "martlet_warm.py")
    known = list(FlyteEntities.entities)
    spec = importlib.util.spec_from_file_location("martlet_warm", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["martlet_warm"] = module
    spec.loader.exec_module(module)
    FlyteEntities.entities[:] = known


def use_huge_pages():
    """Puts the heap on huge pages where it fills them: a fork copies their page tables by the one
    entry instead of by 512. Only a hint: kernels before 6.1 do not know it."""
    huge = 2 << 20
    collapse = 25  # MADV_COLLAPSE, linux/mman.h
    with open("/proc/self/maps") as maps:
        entries = [line.split() for line in maps]
    for entry in entries:
        if entry[1] != "rw-p" or entry[5:] not in ([], ["[heap]"]):
            continue
        start, end = (int(address, 16) for address in entry[0].split("-"))
        start = -(-start // huge) * huge
        end = end // huge * huge
        if start < end:
            C_LIBRARY.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), collapse)


def is_imported(name):
    """True if the module is there and is not one of flytekit's lazy stand-ins."""
    module = sys.modules.get(name)
    return module is not None and type(module) is types.ModuleType


def clone_sibling(cgroup):
    """os.fork(), but the child is our parent's, and born in `cgroup`. A negative number if the
    system refuses. REQUIRES: this process has one thread.

    The C library's fork cannot do either. Forking twice instead costs another copy of the page
    tables and their end, and moving a process between cgroups stops every fork and exit of the
    machine for an RCU grace period.
    """
    own_parent = 0x00008000  # CLONE_PARENT, linux/sched.h
    set_thread_id, clear_thread_id = 0x01000000, 0x00200000  # CLONE_CHILD_SETTID, _CLEARTID
    into_cgroup = 0x200000000  # CLONE_INTO_CGROUP, Linux 5.7
    clone3 = 435  # the same number on every architecture
    get_thread_id_address = 40  # PR_GET_TID_ADDRESS
    # The C library keeps the main thread's id there; its own fork has the kernel renew it too.
    address = ctypes.c_uint64()
    if C_LIBRARY.prctl(get_thread_id_address, ctypes.byref(address), 0, 0, 0) != 0:
        return -1
    try:
        directory = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if cgroup else -1
    except OSError:
        return -1
    flags = own_parent | set_thread_id | clear_thread_id | (into_cgroup if cgroup else 0)
    # struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal (the parent's own), stack,
    # stack_size, tls, set_tid, set_tid_size, cgroup.
    arguments = (ctypes.c_uint64 * 11)(
        flags, 0, address.value, 0, 0, 0, 0, 0, 0, 0, max(directory, 0)
    )
    PYTHON.PyOS_BeforeFork()
    # By PyDLL, which keeps the interpreter's lock as os.fork() does.
    pid = PYTHON.syscall(clone3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    if pid == 0:
        PYTHON.PyOS_AfterFork_Child()
    else:
        PYTHON.PyOS_AfterFork_Parent()
    if directory >= 0:
        os.close(directory)
    return pid


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
        with open(os.path.join(self.scratch, "martlet_warm.py"), "w") as file:
            file.write(WARM_SOURCE)
        import_warm_module(self.scratch)  # so that its bytecode is there
        sys.modules.pop("martlet_warm")
        self.settle()

    def settle(self):
        """Once everything is imported: makes forking cheap."""
        gc.collect()
        gc.freeze()
        use_huge_pages()

    def preload(self, modules):
        for module in modules:
            if module in PRELOADABLE and not is_imported(module):
                try:
                    # flytekit puts lazy stand-ins into sys.modules: touching one imports it.
                    getattr(importlib.import_module(module), "__version__", None)
                except Exception:
                    traceback.print_exc()
        self.settle()

    def serve(self):
        self.tell(self.load())
        while True:
            order = self.control.recv(1 << 16)
            if not order:
                return  # the keeper is gone
            order = json.loads(order)
            if order["op"] == "spawn":
                for cgroup in order["cgroups"]:
                    self.fork_spare(cgroup, order["warm"])
            elif order["op"] == "preload":
                self.preload(order["modules"])

    def fork_spare(self, cgroup, warm):
        """Forks a child of the keeper's, born in `cgroup` (a directory, or empty)."""
        if len(os.listdir("/proc/self/task")) > 1:
            # Libraries' threads end by the handlers that the C library runs around its own fork.
            self.fork_twice(warm)
            return
        pid = clone_sibling(cgroup)
        if pid == 0:
            self.be_spare(cgroup, warm)
        if pid < 0:
            self.fork_twice(warm)

    def fork_twice(self, warm):
        """Where the system call is not there or not allowed: the orphaned grandchild becomes the
        keeper's child, which moves it into its cgroup."""
        between = os.fork()
        if between == 0:
            try:
                if os.fork() == 0:
                    self.be_spare("", warm)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        _, status = os.waitpid(between, 0)
        if status != 0:
            raise RuntimeError("cannot fork")  # the keeper starts another one of us

    def be_spare(self, cgroup, warm):
        try:
            Spare(self, cgroup).run(warm)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)


class Spare:
    def __init__(self, zygote, cgroup):
        self.zygote = zygote
        os.setsid()
        deadline = time.monotonic() + 10
        while os.getppid() != zygote.keeper:
            if time.monotonic() > deadline:
                os._exit(1)  # the keeper died: nobody would see how a task ends
            time.sleep(0.0002)
        self.channel, theirs = socket.socketpair()
        zygote.tell({"spare": os.getpid(), "cgroup": cgroup}, theirs.fileno())
        theirs.close()
        zygote.control.close()

    def run(self, warm):
        if warm:
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
        """Runs the dummy task as a real one is run, in directories that stay: making and removing
        some for every spare is what file systems are slowest at."""
        from flytekit.bin.entrypoint import execute_task_cmd

        scratch = os.path.join(self.zygote.scratch, "warm")
        out = os.path.join(scratch, "out")
        outputs = os.path.join(out, "outputs.pb")
        os.makedirs(out, exist_ok=True)
        with open(outputs, "wb"):
            pass
        set_temporary_directory(scratch)
        make_unique_directory = tempfile.mkdtemp
        tempfile.mkdtemp = make_lasting_directory
        try:
            import_warm_module(self.zygote.scratch)
            reset_flytekit()
            execute_task_cmd.main(
                [
                    "--inputs", self.zygote.warm_inputs,
                    "--output-prefix", out,
                    "--raw-output-data-prefix", os.path.join(scratch, "raw"),
                    "--resolver", "flytekit.core.python_auto_container.default_task_resolver",
                    "--", "task-module", "martlet_warm", "task-name", "echo",
                ],
                prog_name="pyflyte-execute",
                standalone_mode=False,
            )
        finally:
            tempfile.mkdtemp = make_unique_directory
        if os.path.getsize(outputs) == 0:
            raise RuntimeError("the dummy task wrote no outputs")
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


def make_lasting_directory(suffix=None, prefix=None, dir=None):
    """tempfile.mkdtemp for the one spare that is being warmed: the same directory every time."""
    path = os.path.join(dir or tempfile.gettempdir(), f"{prefix}{suffix or ''}")
    os.makedirs(path, exist_ok=True)
    return path


def set_temporary_directory(path):
    """`path` is known to be writable: tempfile would try it out with a file."""
    os.environ["TMPDIR"] = path
    tempfile.tempdir = path


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
    directory = env.get("TMPDIR")
    usable = directory and os.path.isabs(directory) and os.access(directory, os.W_OK | os.X_OK)
    tempfile.tempdir = directory if usable and os.path.isdir(directory) else None


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
