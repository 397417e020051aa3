"""A zygote's child must be what a freshly started pyflyte-execute is."""

import json
import re

import pytest
from flyteidl.core import literals_pb2
from keeper_client import Keeper

# What a task can find out about the process that it runs in.
PROBE = '''
import json, os, random, signal, sys, threading

import numpy
import pandas
from flytekit import current_context, task
from flytekit.core.context_manager import FlyteContextManager, FlyteEntities
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile


def status(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()


@task
def probe(number: int) -> (str, FlyteFile, FlyteDirectory, pandas.DataFrame):
    with open("written.txt", "w") as file:
        file.write("text")
    os.mkdir("folder")
    with open("folder/a.txt", "w") as file:
        file.write("a")
    context = FlyteContextManager.current_context()
    told = {
        "number": number,
        "environment": dict(os.environ),
        "c_environment": os.popen("env").read().splitlines(),
        "descriptors": sorted(
            os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd")
            if os.path.exists("/proc/self/fd/" + fd)),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "path": [os.path.realpath(entry) for entry in sys.path],
        "argv": sys.argv,
        "main": sys.modules["__main__"].__file__,
        "cwd": os.getcwd(),
        "umask": status("Umask"),
        "ignored": status("SigIgn"),
        "blocked": status("SigBlk"),
        "own_session": os.getsid(0) == os.getpid(),
        "entities": len(FlyteEntities.entities),
        "working_directory": str(current_context().working_directory),
        "sandbox": str(context.file_access.local_sandbox_dir),
        "random": [random.getrandbits(64), int(numpy.random.randint(2**62)),
                   int(numpy.random.default_rng().integers(2**62)),
                   context.file_access.get_random_string()],
        "gc": __import__("gc").isenabled(),
        "interactive": hasattr(sys, "ps1"),
    }
    frame = pandas.DataFrame({"x": [1, 2, 3]})
    return json.dumps(told), FlyteFile("written.txt"), FlyteDirectory("folder"), frame
'''

# Differences that are the point of separate attempts.
OWN = re.compile(r"fork-[ab]|exec-c")


def run_probes(keeper):
    inputs = literals_pb2.LiteralMap()
    inputs.literals["number"].scalar.primitive.integer = 5
    data = inputs.SerializeToString()
    keeper.prepare(spares=2)
    task_env = [("A_VARIABLE", "of the task"), ("FLYTE_INTERNAL_EXECUTION_ID", "e")]
    for name in ("fork-a", "fork-b"):
        keeper.start_task(name, "probe", PROBE, data, task_env)
    keeper.start_task("exec-c", "probe", PROBE, data, task_env, python="")
    told = {}
    for name in ("fork-a", "fork-b", "exec-c"):
        end = keeper.wait(name)
        assert end["exit_code"] == 0 and end["source"] == "waited", keeper.log(name)
        assert keeper.output_path(name).exists(), keeper.log(name)
        assert end["how"] == name[:4].replace("fork", "zygote"), end
        outputs = literals_pb2.LiteralMap.FromString(keeper.output_path(name).read_bytes())
        told[name] = outputs.literals
    return told


def describe(literals):
    return json.loads(literals["o0"].scalar.primitive.string_value)


def uris(literals):
    return [
        literals["o1"].scalar.blob.uri,
        literals["o2"].scalar.blob.uri,
        literals["o3"].scalar.structured_dataset.uri,
    ]


def same_everywhere(value):
    """Text without what is an attempt's own."""
    text = OWN.sub("NAME", json.dumps(value, sort_keys=True))
    text = re.sub(r"(flyte-?)[a-z0-9_]{8}", r"\1RANDOM", text)
    return re.sub(r"(socket|pipe|anon_inode):\[?[\w]+\]?", r"\1", text)


@pytest.fixture(scope="module")
def probes(tmp_path_factory):
    keeper = Keeper(tmp_path_factory.mktemp("probes"))
    yield run_probes(keeper)
    keeper.stop()


def test_forks_and_fresh_processes_cannot_be_told_apart(probes):
    fork, other, fresh = (describe(probes[name]) for name in ("fork-a", "fork-b", "exec-c"))
    for member in fresh:
        if member in ("random", "working_directory", "sandbox"):
            continue
        assert same_everywhere(fork[member]) == same_everywhere(fresh[member]), member
        assert same_everywhere(fork[member]) == same_everywhere(other[member]), member
    assert fork["environment"]["A_VARIABLE"] == "of the task"
    for member in ("working_directory", "sandbox"):
        for name, told in (("fork-a", fork), ("exec-c", fresh)):
            assert f"/work/{name}/tmp/" in told[member], member


def test_nothing_is_shared_between_attempts(probes):
    described = [describe(literals) for literals in probes.values()]
    numbers = [number for told in described for number in told["random"]]
    assert len(set(numbers)) == len(numbers), "two attempts drew the same number"
    paths = [uri for literals in probes.values() for uri in uris(literals)]
    assert len(set(paths)) == len(paths)
    names = [path.split("/raw/")[1].split("/")[0] for path in paths]
    assert len(set(names)) == len(names), "two attempts drew the same path under their prefixes"
    for place in ("cwd", "working_directory", "sandbox"):
        assert len({told[place] for told in described}) == 3, place


def test_the_same_task_gives_the_same_outputs(probes):
    contents = []
    for literals in probes.values():
        with open(uris(literals)[0], encoding="utf-8") as file:
            contents.append(file.read())
    assert contents == ["text"] * 3
