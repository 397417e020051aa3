"""Normalisations one by one, and the levels at which texts of errors are compared."""

import pytest

from tests.replay import normalise, texts
from tests.replay.normalise import Substitution


def test_the_bucket_is_the_storage_root_in_requests_and_back_in_answers():
    substitution = Substitution("/data/objects/")
    sent = substitution.request({"uri": ["s3://my-s3-bucket/a/b", "s3://other/a"]})
    assert sent == {"uri": ["/data/objects/a/b", "s3://other/a"]}
    assert substitution.answer(sent) == {"uri": ["s3://my-s3-bucket/a/b", "s3://other/a"]}


def test_bound_names_are_replaced_wherever_they_appear():
    substitution = Substitution()
    substitution.bind("aold", "anew")
    assert substitution.request({"name": "aold"}) == {"name": "anew"}
    assert substitution.expected({"uri": "x/aold/y"}) == {"uri": "x/anew/y"}
    # Keys are names of fields and stay.
    assert substitution.request({"aold": 1}) == {"aold": 1}


def test_repeat_is_written_out():
    assert normalise.expand({"s": "$repeat:z*3"}) == {"s": "zzz"}
    assert normalise.expand("z$repeat:z*3") == "z$repeat:z*3"


def test_what_a_running_engine_adds_to_an_untouched_execution_is_left_out():
    recorded = {"spec": {}, "closure": {"workflow_id": {}, "created_at": "x"}}
    received = {
        "spec": {},
        "closure": {"workflow_id": {}, "created_at": "x", "phase": "RUNNING", "started_at": "y"},
    }
    left, right = normalise.engine_progress({"executions": [recorded]}, {"executions": [received]})
    assert left == right
    assert received["closure"]["phase"] == "RUNNING", "the answer itself is not changed"


def test_executions_in_another_order_are_paired_by_their_ids():
    def row(name, **closure):
        return {"id": {"name": name}, "spec": {}, "closure": {"workflow_id": {}} | closure}

    recorded = [row("a"), row("b", phase="FAILED")]
    received = [row("b", phase="FAILED"), row("a", phase="RUNNING")]
    left, right = normalise.engine_progress(recorded, received)
    assert left == [right[1], right[0]]


def test_a_recorded_phase_is_compared():
    recorded = {"spec": {}, "closure": {"workflow_id": {}, "phase": "FAILED"}}
    received = {"spec": {}, "closure": {"workflow_id": {}, "phase": "RUNNING"}}
    left, right = normalise.engine_progress(recorded, received)
    assert left != right


def test_a_recorded_abort_may_have_ended_but_nothing_else():
    def aborted(phase, cause="c"):
        closure = {"workflow_id": {}, "phase": phase, "abort_metadata": {"cause": cause}}
        return {"spec": {}, "closure": closure}

    left, right = normalise.engine_progress(aborted("ABORTING"), aborted("ABORTED"))
    assert left == right
    left, right = normalise.engine_progress(aborted("ABORTING"), aborted("ABORTED", "other"))
    assert left != right
    left, right = normalise.engine_progress(aborted("ABORTING"), aborted("RUNNING"))
    assert left != right


def test_reflection_may_list_more_but_not_less():
    def listed(*names):
        return {"list_services_response": {"service": [{"name": name} for name in names]}}

    left, right = normalise.services_superset(listed("a", "b"), listed("c", "b", "a"))
    assert left == right
    left, right = normalise.services_superset(listed("a", "b"), listed("a"))
    assert left != right


@pytest.mark.parametrize(
    ("recorded", "received", "accepted"),
    [
        ("missing project", "missing project", True),
        ("missing project", "missing project: name one in `id.project`", True),
        ("missing project", "missing domain", False),
        ("missing project", "", False),
        ('id project:"p"  domain:"d"', 'id project:"p" domain:"d"', True),
        # Clients show this one as it is, so nothing may be added.
        (
            "Cannot abort an already terminated workflow execution",
            "Cannot abort an already terminated workflow execution, it is over",
            False,
        ),
        ("for node execution 6", "for node execution 77", True),
        ("proto:\u00a0syntax error (line 1:1)", "the body is not JSON: line 1", True),
        ("proto:\u00a0syntax error (line 1:1)", "", False),
        ("value exists (duplicate key value in b)", "value exists: one is enough", True),
        ("value exists (duplicate key value in b)", "that is there already", False),
        (
            "w1 different structure. (Please register a new version of the task):\n/a - <nil>",
            "w1 different structure. (Please register a new version of the task): node n0",
            True,
        ),
        (
            "w1 different structure. (Please register a new version of the task):\n/a - <nil>",
            "another task is registered",
            False,
        ),
    ],
)
def test_texts_are_compared_by_their_level(recorded, received, accepted):
    assert texts.matches(recorded, received) is accepted
