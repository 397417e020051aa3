"""Which scenarios are chosen, in which order, and that the list of them is sound."""

import json
import pathlib

import pytest
import yaml

from tests.replay import engine

LISTED = yaml.safe_load(engine.SCENARIOS.read_text())["scenarios"]
KINDS = {
    "task", "subworkflow", "launchplan", "branch", "gate", "array", "dynamic", "cache",
    "failure_node", "connector", "retry", "timeout", "abort", "recovery", "relaunch", "signal",
    "interruptible", "secret", "single_task", "policy", "parallelism", "attributes",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    for name in LISTED:
        spec = {"launch_plan": {"version": "o1"}}
        execution = {"id": {"name": f"a{name}"}, "spec": spec}
        (tmp_path / f"{name}.json").write_text(json.dumps({"execution": execution}))
    return tmp_path


def test_scenarios_wait_only_for_earlier_ones():
    seen = set()
    for name, entry in LISTED.items():
        earlier = [*entry.get("after", []), *([entry["together"]] if "together" in entry else [])]
        assert seen.issuperset(earlier), name
        assert entry["kinds"] and KINDS.issuperset(entry["kinds"]), name
        assert entry.get("drive", "abort") in ("abort", "abort_child", "recover", "relaunch"), name
        seen.add(name)


def test_a_scenario_brings_those_it_waits_for(folder):
    assert list(engine.select(folder, ["s63b"], None)) == ["s58a", "s58b", "s59", "s63a", "s63b"]
    assert list(engine.select(folder, ["s64b"], None)) == ["s64a", "s64b"]


def test_kinds_select_scenarios_that_need_no_others(folder):
    chosen = engine.select(folder, None, {"task", "subworkflow"})
    assert {"s01", "s29"} <= chosen.keys()
    assert all(scenario.kinds <= {"task", "subworkflow"} for scenario in chosen.values())


def test_an_unknown_scenario_is_refused(folder):
    with pytest.raises(SystemExit, match="s999"):
        engine.select(folder, ["s999"], None)
