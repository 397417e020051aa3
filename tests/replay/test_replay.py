"""The replayer over real sockets, against a stand-in that answers as recorded (or not)."""

import copy
import fnmatch
import json
import os
import pathlib

import pytest

from tests.replay import recording, report
from tests.replay.allow import Deviation, Deviations, DeviationsError
from tests.replay.normalise import Substitution
from tests.replay.recording import Step
from tests.replay.runner import DIFFERENT, EQUAL, LISTED, SKIPPED, UNSERVED, Replay
from tests.replay.stand_in import StandIn
from tests.replay.transports import Connection

SAMPLES = pathlib.Path(__file__).with_name("samples.jsonl")


def sample_steps():
    records = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    return [Step("sample", r["scenario"], r["step"], r["transport"], r) for r in records]


def replay(steps, change=lambda record: record, entries=(), storage=None):
    with StandIn(steps, change) as server:
        connection = Connection(server.address, storage, server.http_address)
        try:
            return Replay(connection, Deviations(list(entries)), Substitution()).run(steps)
        finally:
            connection.close()


def verdicts(outcomes):
    return {outcome.step.key: outcome.verdict for outcome in outcomes}


def changing(key, **parts):
    """A stand-in that answers one step with other parts than recorded."""

    def change(record):
        if f"{record['scenario']}#{record['step']}" != key:
            return record
        record = copy.deepcopy(record)
        for name in ("response", "error"):
            if parts.keys() & {"response", "error"}:
                record.pop(name, None)
        return record | parts

    return change


def test_a_recording_is_equal_to_itself():
    got = verdicts(replay(sample_steps()))
    assert got.pop("sample/client#1") == SKIPPED
    assert set(got.values()) == {EQUAL}, got


def test_another_value_another_code_and_other_details_are_different():
    changes = [
        changing("lists#1", response={"projects": [{"id": "a", "name": "a"}]}),
        changing("errors#1", error={"code": "NOT_FOUND", "message": "project [p1] is not active"}),
        changing(
            "errors#1", error={"code": "INVALID_ARGUMENT", "message": "project [p1] is not active"}
        ),
        changing("setup#1", error={"code": "ALREADY_EXISTS", "message": "x"}),
        changing("rest#1", status=500),
        changing("rest#2", response_headers={"content-type": "text/html", "location": "/"}),
    ]
    for change in changes:
        assert DIFFERENT in verdicts(replay(sample_steps(), change)).values()


def test_an_unserved_method_is_counted_as_such_with_all_that_depends_on_it():
    unserved = changing(
        "run#1", error={"code": "UNIMPLEMENTED", "message": "CreateExecution is not served yet"}
    )
    steps = sample_steps()
    # What depends on the answer is not sent, so the stand-in must not expect it.
    with_dependents = [s for s in steps if s.key != "sample/run#2"]
    with StandIn(with_dependents, unserved) as server:
        connection = Connection(server.address, None, server.http_address)
        got = verdicts(Replay(connection, Deviations([]), Substitution()).run(steps))
        connection.close()
    assert got["sample/run#1"] == UNSERVED
    assert got["sample/run#2"] == UNSERVED
    assert DIFFERENT not in got.values()


def test_an_unimplemented_that_names_no_method_is_a_difference():
    nameless = changing("setup#1", error={"code": "UNIMPLEMENTED", "message": "no"})
    assert verdicts(replay(sample_steps(), nameless))["sample/setup#1"] == DIFFERENT


def test_generated_names_are_bound_and_used():
    seen = []

    def renamed(record):
        text = json.dumps(record).replace("arecorded0000000000a", "abrandnewname")
        seen.append(record["scenario"])
        return json.loads(text)

    got = verdicts(replay(sample_steps(), renamed))
    assert got["sample/run#1"] == got["sample/run#2"] == EQUAL
    assert "run" in seen


def test_a_listed_difference_is_not_a_failure_and_says_why():
    change = changing("lists#1", response={})
    entry = Deviation(["sample/lists#*"], "FIX", "because")
    outcomes = replay(sample_steps(), change, [entry])
    assert verdicts(outcomes)["sample/lists#1"] == LISTED
    assert entry.different == 1


def test_a_later_entry_ends_when_its_method_is_served():
    change = changing("lists#1", response={})
    entry = Deviation(["sample/*"], "LATER", "not yet", after_unserved=["RegisterProject"])
    assert verdicts(replay(sample_steps(), change, [entry]))["sample/lists#1"] == DIFFERENT


def test_an_answer_of_unknown_is_never_right():
    steps = [
        Step(
            "sample",
            "bad_filter",
            1,
            "grpc",
            {
                "scenario": "bad_filter",
                "step": 1,
                "transport": "grpc",
                "method": "/flyteidl.service.AdminService/ListProjects",
                "request": {},
                "error": {"code": "UNKNOWN", "message": "failed database operation"},
                "vary": [],
            },
        )
    ]
    assert verdicts(replay(steps))["sample/bad_filter#1"] == DIFFERENT
    typed = changing("bad_filter#1", error={"code": "INVALID_ARGUMENT", "message": "no column"})
    assert verdicts(replay(steps, typed))["sample/bad_filter#1"] == EQUAL


def test_the_storage_root_is_learned_from_an_upload():
    def located(url):
        record = {
            "scenario": "probe",
            "step": 1,
            "transport": "grpc",
            "method": "/flyteidl.service.DataProxyService/CreateUploadLocation",
            "request": {},
            "vary": [],
        }
        record |= {"response": {"native_url": url}} if url else {"error": {"code": "UNIMPLEMENTED"}}
        with StandIn([Step("sample", "probe", 1, "grpc", record)]) as server:
            connection = Connection(server.address)
            try:
                return connection.storage_root()
            finally:
                connection.close()

    assert located("/data/objects/flytesnacks/development/probe/probe") == "/data/objects"
    assert located("/data/elsewhere") == ""
    assert located("") == ""


def test_objects_are_put_into_the_storage_folder(tmp_path):
    record = {
        "scenario": "put",
        "step": 1,
        "transport": "object-store",
        "object_key": "in/inputs.pb",
        "object_proto": "flyteidl.core.LiteralMap",
        "request": {"literals": {"x": {"scalar": {"primitive": {"integer": "1"}}}}},
        "vary": [],
    }
    step = Step("sample", "put", 1, "object-store", record)
    assert verdicts(replay([step], storage=tmp_path))["sample/put#1"] == EQUAL
    assert (tmp_path / "in/inputs.pb").read_bytes() == bytes.fromhex("0a0b0a01781206 0a040a020801")
    assert verdicts(replay([step]))["sample/put#1"] == SKIPPED


def test_the_list_of_deviations_follows_its_rules(tmp_path):
    assert Deviations.load().entries
    bad = tmp_path / "bad.yaml"
    bad.write_text("deviations: [{steps: a/b#1, kind: MAYBE, reason: x}]")
    with pytest.raises(DeviationsError):
        Deviations.load(bad)


def test_the_compatibility_page_is_the_one_in_the_docs():
    page = pathlib.Path(__file__).parents[2] / "docs" / "compatibility.md"
    fresh = report.compatibility_page(Deviations.load())
    assert page.read_text() == fresh, "run: python -m tests.replay --doc > docs/compatibility.md"


@pytest.mark.skipif("MARTLET_ORACLE" not in os.environ, reason="MARTLET_ORACLE names no recordings")
def test_every_deviation_names_a_recorded_step():
    oracle = pathlib.Path(os.environ["MARTLET_ORACLE"])
    keys = [s.key for family in recording.families(oracle) for s in recording.load(oracle, family)]
    trees = [f"engine/{file.stem}" for file in (oracle / "engine").glob("*.json")]
    for entry in Deviations.load().entries:
        for pattern in entry.steps:
            if pattern.startswith("engine/"):
                # Paths in trees are those of differences; the scenario can be checked.
                scenario = pattern.split("#")[0]
                assert any(fnmatch.fnmatchcase(tree, scenario) for tree in trees), pattern
                continue
            single = Deviation([pattern], entry.kind, entry.reason)
            assert any(single.covers(key, set()) for key in keys), pattern
