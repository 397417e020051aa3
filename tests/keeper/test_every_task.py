"""Every task of the suites, in two forks at once and in a fresh process: one and the same.

The modules are looked through for tasks, so a new one is covered without being listed.
"""

import importlib
import json
import os
import pathlib
import re
import sys

import pytest
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.python_auto_container import PythonAutoContainerTask
from keeper_client import PYTHON, ROOT, Keeper
from task_values import Maker, read_result
from test_exits import wait_for

FOLDERS = [ROOT / "tests/conformance/workflows", ROOT / "tests/crash/workflows", ROOT / "examples"]
WITNESS = pathlib.Path(__file__).with_name("witness.py")
# Ended once they have said what they see.
ENDLESS = {"slow.hang"}
# Their outputs are readings of a clock.
MEASURING = {"limited.spins"}
# What the keeper is started with and no task may see.
SERVERS_OWN = {"MARTLET_TOKEN": "s3rver", "AWS_SECRET_ACCESS_KEY": "s3rver", "PYTEST_THING": "s3rver"}
RUNS = ("fork-a", "fork-b", "exec-c")


def find_tasks():
    """Module files, and their tasks by name."""
    found = {}
    for folder in FOLDERS:
        sys.path.insert(0, str(folder))
        try:
            for source in sorted(folder.glob("*.py")):
                module = importlib.import_module(source.stem)
                for name, thing in vars(module).items():
                    if isinstance(thing, PythonAutoContainerTask):
                        found[f"{source.stem}.{name}"] = (thing, source)
        finally:
            sys.path.remove(str(folder))
    return found


TASKS = find_tasks()


def settings():
    image = ImageConfig(default_image=Image(name="default", fqn="x", tag="y"))
    return SerializationSettings(image_config=image, project="p", domain="d", version="v")


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    os.environ.update(SERVERS_OWN)
    try:
        running = Keeper(tmp_path_factory.mktemp("every-task"))
    finally:
        for name in SERVERS_OWN:
            del os.environ[name]
    yield running
    running.stop()


class Run:
    """One attempt of a task, in a place of its own."""

    def __init__(self, keeper, task_name, run, inputs, meeting, peers):
        self.keeper = keeper
        self.name = f"{task_name}.{run}"
        task, source = TASKS[task_name]
        self.place = pathlib.Path(keeper.directory) / "data" / self.name
        self.place.mkdir(parents=True)
        (self.place / "inputs.pb").write_bytes(inputs)
        values = {
            "{{.input}}": self.place / "inputs.pb", "{{.outputPrefix}}": self.place / "out",
            "{{.rawOutputDataPrefix}}": self.place / "raw",
            "{{.checkpointOutputPrefix}}": self.place / "raw/_flytecheckpoints",
            "{{.prevCheckpointPrefix}}": '""',
        }  # fmt: skip
        argv = [str(values.get(word, word)) for word in task.get_command(settings())]
        argv[argv.index("--resolver") + 1] = "witness.resolver"
        environment = [
            ("_F_SS_C", settings().serialized_context), ("FLYTE_ATTEMPT_NUMBER", "0"),
            ("FLYTE_INTERNAL_EXECUTION_ID", "e"), ("A_VARIABLE", "of the task"),
            ("WITNESS_PLACE", str(meeting)), ("WITNESS_PEERS", str(peers)),
        ]  # fmt: skip
        # Modules beside it, too: some import one another.
        code = {beside.name: beside.read_text() for beside in (*source.parent.glob("*.py"), WITNESS)}
        python = "" if run.startswith("exec") else PYTHON
        keeper.start(self.name, argv, environment, python, code)

    def finish(self, endless):
        if endless:
            self.keeper.call("kill", key=f"1/{self.name}/0/1", reason="seen", grace=0)
        self.end = self.keeper.wait(self.name)
        assert self.end["how"] == ("exec" if self.name.endswith("exec-c") else "zygote"), self.end
        return self.end

    def own(self, text):
        """Without what is this run's alone."""
        text = text.replace(self.name, "NAME")
        text = re.sub(r"/[^\s\"]+/site-packages", "SITE", text)
        text = re.sub(r"(flyte-?)[a-z0-9_]{8}", r"\1RANDOM", text)
        text = re.sub(r"value\d+", "VALUE", re.sub(r"\b[0-9a-f]{32}\b", "HEX", text))
        text = re.sub(r"meeting-\w+", "MEETING", text)
        text = re.sub(r'(WITNESS_PEERS(=|": "))\d', r"\1N", text)
        return re.sub(r"(socket|pipe|anon_inode):\[?[\w]+\]?", r"\1", text)


@pytest.mark.parametrize("task_name", sorted(TASKS))
def test_forks_and_a_fresh_process_are_one_and_the_same(keeper, task_name, tmp_path):
    keeper.prepare(spares=2)
    maker = Maker(tmp_path)
    meetings = {run: tmp_path / f"meeting-{run[:4]}" for run in RUNS}
    for meeting in meetings.values():
        meeting.mkdir(exist_ok=True)
    runs = {}
    for name in RUNS:
        # Values anew for each: what a task is given by path is its own as well.
        inputs = maker.inputs(TASKS[task_name][0])
        peers = sum(1 for other in RUNS if meetings[other] == meetings[name])
        runs[name] = Run(keeper, task_name, name, inputs, meetings[name], peers)
    if task_name in ENDLESS:
        for name, run in runs.items():
            pid = keeper.record(run.name)[1]["pid"]
            wait_for(meetings[name] / f"{pid}.json")
    facts, results, places = {}, {}, []
    for name, run in runs.items():
        end = run.finish(task_name in ENDLESS)
        pid = keeper.record(run.name)[1]["pid"]
        assert (meetings[name] / f"{pid}.json").exists(), keeper.log(run.name)
        facts[name] = json.loads((meetings[name] / f"{pid}.json").read_text())
        if task_name not in ENDLESS:
            assert end["exit_code"] == 0 and end["exit_signal"] == 0, keeper.log(run.name)
            results[name], uris = read_result(run.place / "out", run.own)
            places += [uri for uri in uris if "/raw/" in uri]
        keeper.call("forget", keys=[f"1/{run.name}/0/1"])
    check_facts(facts, runs)
    if task_name not in MEASURING:
        assert len(set(results.values())) <= 1, results
    random_parts = [place.split("/raw/")[1].split("/")[0] for place in places]
    assert len(set(random_parts)) == len(set(places)), "two attempts drew the same path"


def check_facts(facts, runs):
    for member, value in facts["exec-c"].items():
        if member in ("seeds", "sandbox"):
            continue
        fresh = runs["exec-c"].own(json.dumps(value, sort_keys=True))
        for name in ("fork-a", "fork-b"):
            fork = runs[name].own(json.dumps(facts[name][member], sort_keys=True))
            assert fork == fresh, (member, name)
    seeds = [seed for told in facts.values() for seed in told["seeds"]]
    assert len(set(seeds)) == len(seeds), "two attempts drew the same number"
    for place in ("cwd", "sandbox"):
        assert len({told[place] for told in facts.values()}) == len(RUNS), place
    for name, told in facts.items():
        assert "s3rver" not in json.dumps(told), name
        assert told["environment"]["A_VARIABLE"] == "of the task"
        assert told["own_session"], name
        assert f"/work/{runs[name].name}/" in told["sandbox"], name
