"""Runs inside a task's process, as the resolver that flytekit is told to load the task by.

It loads the task as the ordinary resolver would. When the task is about to be executed, it writes
down what the process looks like and waits until its peers are as far.
"""

import json
import os
import pathlib
import random
import threading
import time

from flytekit.core.base_task import TaskResolverMixin
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.python_auto_container import default_task_resolver


def status(name):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    return ""


def describe():
    import numpy

    files = FlyteContextManager.current_context().file_access
    return {
        "environment": dict(os.environ),
        "descriptors": sorted(
            os.readlink("/proc/self/fd/" + fd)
            for fd in os.listdir("/proc/self/fd")
            if os.path.exists("/proc/self/fd/" + fd)
        ),
        "c_environment": sorted(os.popen("env").read().splitlines()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "cwd": os.getcwd(),
        "sandbox": str(files.local_sandbox_dir),
        "umask": status("Umask"),
        "ignored": status("SigIgn"),
        "blocked": status("SigBlk"),
        "own_session": os.getsid(0) == os.getpid(),
        "seeds": [
            random.getrandbits(64),
            int(numpy.random.randint(2**62)),
            int(numpy.random.default_rng().integers(2**62)),
            files.get_random_string(),
        ],
    }


def meet():
    """REQUIRES: WITNESS_PLACE, a directory, and WITNESS_PEERS, how many come there."""
    place = pathlib.Path(os.environ["WITNESS_PLACE"])
    part = place / f"{os.getpid()}.part"
    part.write_text(json.dumps(describe()))
    part.rename(place / f"{os.getpid()}.json")
    while len(list(place.glob("*.json"))) < int(os.environ["WITNESS_PEERS"]):
        time.sleep(0.002)


class Witness(TaskResolverMixin):

    def load_task(self, loader_args):
        task = default_task_resolver.load_task(loader_args)
        execute = task.execute

        def witnessed(**inputs):
            meet()
            return execute(**inputs)

        task.execute = witnessed
        return task

    def location(self):
        return "witness.resolver"

    def name(self):
        return "witness"

    def loader_args(self, settings, task):
        return default_task_resolver.loader_args(settings, task)

    def get_all_tasks(self):
        return []


resolver = Witness()
