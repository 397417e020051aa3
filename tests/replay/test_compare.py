"""What counts as equal: vary paths, their suffixes, times, multisets."""

import pytest

from tests.replay import paths
from tests.replay.compare import differences
from tests.replay.paths import Vary


def equal(expected, actual, *vary):
    return not differences(expected, actual, Vary.of(list(vary)).at("r"), ("r",))


def test_paths_are_read_and_written_back():
    tokens, suffix = paths.parse("$.response.executions[3].spec (keys differ)")
    assert tokens == ["response", "executions", 3, "spec"]
    assert suffix == paths.KEYS
    assert paths.render(tokens) == "$.response.executions[3].spec"


@pytest.mark.parametrize("bad", ["response.a", "$.a (colour differs)", "$.a[x]", "$..a"])
def test_what_is_not_a_path_is_refused(bad):
    with pytest.raises(paths.PathError):
        paths.parse(bad)


def test_values_are_got_and_replaced_by_path():
    document = {"a": [{"b": 1}]}
    paths.put(document, "$.a[0].b", 2)
    assert paths.get(document, "$.a[0].b") == 2
    with pytest.raises(KeyError):
        paths.get(document, "$.a[1].b")


def test_a_missing_key_and_an_additional_key_are_differences():
    assert not equal({"a": 1}, {})
    assert not equal({}, {"a": 1})
    assert equal({"a": {"b": [1, "x", None]}}, {"a": {"b": [1, "x", None]}})


def test_numbers_booleans_and_strings_do_not_mix():
    assert equal(1, 1.0)
    assert not equal(1, True)
    assert not equal("1", 1)
    assert not equal(0, None)


def test_a_varying_value_may_be_anything_or_absent():
    assert equal({"a": "x"}, {"a": {"y": 1}}, "$.r.a")
    assert equal({"a": "x"}, {}, "$.r.a")
    assert not equal({"a": "x", "b": 1}, {"a": "y", "b": 2}, "$.r.a")


def test_a_varying_creation_time_must_still_be_a_time():
    recorded = {"created_at": "2026-01-01T00:00:00.5Z"}
    assert equal(recorded, {"created_at": "2027-01-01T00:00:00Z"}, "$.r.created_at")
    assert not equal(recorded, {}, "$.r.created_at")
    assert not equal(recorded, {"created_at": "yesterday"}, "$.r.created_at")
    assert equal({"started_at": "2026-01-01T00:00:00.5Z"}, {}, "$.r.started_at")


def test_order_may_differ_only_where_the_recording_says_so():
    assert not equal([1, 2], [2, 1])
    assert equal([1, 2], [2, 1], "$.r (order differs)")
    assert not equal([1, 2, 2], [2, 1, 1], "$.r (order differs)")
    assert not equal([1, 2], [2, 1, 1], "$.r (order differs)")


def test_varying_values_inside_a_list_of_varying_order_hold_for_every_element():
    expected = [{"n": "a", "t": 1}, {"n": "b", "t": 2}]
    actual = [{"n": "b", "t": 9}, {"n": "a", "t": 8}]
    assert equal(expected, actual, "$.r (order differs)", "$.r[0].t")
    assert not equal(expected, actual, "$.r (order differs)")


def test_pairing_elements_does_not_depend_on_luck():
    # The first recorded element fits both received ones; a greedy pairing would take the wrong one.
    expected = [{"a": 1}, {"a": 1, "b": 2}]
    actual = [{"a": 1, "b": 2}, {"a": 1}]
    assert equal(expected, actual, "$.r (order differs)", "$.r[0] (keys differ)")


def test_lengths_and_keys_may_differ_where_the_recording_says_so():
    assert equal(["a"], ["b", "c"], "$.r (length differs)")
    assert equal({"a": 1, "b": 2}, {"a": 1, "c": 3}, "$.r (keys differ)")
    assert not equal({"a": 1, "b": 2}, {"a": 7, "c": 3}, "$.r (keys differ)")


def test_a_difference_names_its_place_and_both_values():
    (found,) = differences({"a": [1]}, {"a": [2]}, Vary(), ("response",))
    assert str(found) == "$.response.a[0]: recorded 1, got 2"
