"""Trees: equal to themselves, unequal when something that matters changes."""

import copy
import json
import os
import pathlib

import pytest
import yaml
from flyteidl.core import literals_pb2
from google.protobuf import json_format

from tests.replay import tree
from tests.replay.compare import differences
from tests.replay.normalise import SCRATCH
from tests.replay.paths import Vary

NAME = "anexecution"
FOLDER = f"s3://my-s3-bucket/metadata/propeller/flytesnacks-development-{NAME}"


def sample():
    task_id = {"project": "p", "name": "t", "version": "o1"}
    task = {
        "task_execution": {
            "id": {"task_id": task_id, "retry_attempt": 1},
            "closure": {
                "phase": "FAILED",
                "started_at": "2026-01-01T00:00:00Z",
                "created_at": "2026-01-01T00:00:00Z",
                "reason": "task submitted to K8s",
                "error": {
                    "code": "Interrupted",
                    "message": "Pod failed. No message received from kubernetes.\r\n[x-n0-0] "
                    "terminated with exit code (1). Reason [Error]. Message: \n.",
                },
            },
        },
        "data": {},
    }
    node = {
        "node_execution": {
            "id": {"node_id": "n0"},
            "input_uri": f"{FOLDER}/n0/data/inputs.pb",
            "closure": {"phase": "SUCCEEDED", "created_at": "2026-01-01T00:00:00Z"},
            "metadata": {"spec_node_id": "n0"},
        },
        "data": {
            "full_outputs": {
                "literals": {"o0": {"scalar": {"blob": {"uri": "s3://my-s3-bucket/data/mh/x/y"}}}}
            }
        },
        "task_executions": [task],
    }
    return {
        "execution": {"id": {"name": NAME}, "spec": {}, "closure": {"phase": "SUCCEEDED"}},
        "data": {},
        "node_executions": [node],
        "metadata_objects": [{"key": f"{FOLDER}/n0/data/inputs.pb", "size": 3}],
    }


def unequal(left, right, name=NAME):
    expected, actual = tree.align(tree.comparable(left, name), tree.comparable(right, name))
    return differences(expected, actual, Vary())


def test_a_tree_is_equal_to_itself():
    assert not unequal(sample(), sample())


def test_where_things_lie_and_when_they_happened_does_not_matter():
    moved = json.loads(
        json.dumps(sample())
        .replace(FOLDER, f"/home/u/.martlet/objects/metadata/{NAME}")
        .replace("s3://my-s3-bucket/data/mh/x/y", "/elsewhere/raw/z")
        .replace("2026-01-01", "2027-05-05")
        .replace("task submitted to K8s", "started")
    )
    assert not unequal(sample(), moved)


def test_another_account_of_a_dead_process_is_equal_to_a_pods():
    mine = sample()
    error = mine["node_executions"][0]["task_executions"][0]["task_execution"]["closure"]["error"]
    error["message"] = "the process ended with 1 and left no error.pb"
    assert not unequal(sample(), mine)
    error["code"] = "Other"
    assert unequal(sample(), mine)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["execution"]["closure"].update(phase="FAILED"),
        lambda t: t["node_executions"][0]["node_execution"]["metadata"].update(is_dynamic=True),
        lambda t: t["node_executions"][0]["node_execution"].update(input_uri=f"{FOLDER}/n1/data"),
        lambda t: t["node_executions"][0]["node_execution"]["closure"].pop("created_at"),
        lambda t: t["node_executions"][0]["task_executions"].pop(),
        lambda t: t["node_executions"][0]["data"].clear(),
        lambda t: t["node_executions"].append(
            {"node_execution": {"id": {"node_id": "n1"}}, "task_executions": []}
        ),
        lambda t: t["metadata_objects"].clear(),
    ],
)
def test_what_a_client_can_see_matters(change):
    changed = copy.deepcopy(sample())
    change(changed)
    assert unequal(sample(), changed)


def test_tracebacks_are_equal_up_to_their_folders():
    left = sample()
    right = sample()
    for made, folder in ((left, "/venv/lib/python3.11/site-packages"), (right, "/x/site-packages")):
        made["execution"]["closure"]["error"] = {
            "message": f'File "{folder}/flytekit/a.py", line 7, in f\nFile "{folder}/orc/t.py"'
        }
    assert not unequal(left, right)
    right["execution"]["closure"]["error"]["message"] = 'File "/x/flytekit/a.py", line 8, in f'
    assert unequal(left, right)


@pytest.mark.skipif("MARTLET_ORACLE" not in os.environ, reason="MARTLET_ORACLE names no recordings")
def test_every_recorded_tree_is_equal_to_itself_and_has_a_scenario():
    folder = pathlib.Path(os.environ["MARTLET_ORACLE"]) / "engine"
    listed = yaml.safe_load(pathlib.Path(tree.__file__).with_name("scenarios.yaml").read_text())
    seen = set()
    for path in folder.glob("*.json"):
        recorded = json.loads(path.read_text())
        if not isinstance(recorded, dict) or "execution" not in recorded:
            continue
        seen.add(path.stem)
        assert not unequal(recorded, recorded, recorded["execution"]["id"]["name"]), path.stem
    assert seen == set(listed["scenarios"])


@pytest.mark.skipif("MARTLET_ORACLE" not in os.environ, reason="MARTLET_ORACLE names no recordings")
def test_recorded_tags_are_of_a_folder_that_the_recordings_do_not_name():
    """Why no cache key is compared: tags hash the inputs, and the folder in them was renamed when
    the recordings were written down. The sizes of the input objects tell: all lack 11 bytes."""
    folder = pathlib.Path(os.environ["MARTLET_ORACLE"]) / "engine"
    missing, tags = set(), set()
    for path in folder.glob("*.json"):
        text = path.read_text()
        if "flyte_cached-" not in text:
            continue
        recorded = json.loads(text)
        sizes = {item["key"]: int(item["size"]) for item in recorded["metadata_objects"]}
        for node in recorded["node_executions"]:
            shown = node["data"]["full_inputs"]
            if "artifact_tag" not in json.dumps(node) or SCRATCH not in json.dumps(shown):
                continue
            tags.add(path.stem)
            name = node["node_execution"]["id"]["node_id"]
            (size,) = (sizes[key] for key in sizes if key.endswith(f"/{name}/data/inputs.pb"))
            missing.add(size - json_format.ParseDict(shown, literals_pb2.LiteralMap()).ByteSize())
    assert len(tags) == 14
    assert missing == {11}
