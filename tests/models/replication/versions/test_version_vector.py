"""What a version vector knows, and when two know different things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.replication.versions import VersionVector

VECTORS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)).map(VersionVector)


def test_it_covers_what_it_knows_at_least_as_much_of() -> None:
    assert VersionVector({"a": 2, "b": 1}).covers(VersionVector({"a": 2}))
    assert not VersionVector({"a": 2}).covers(VersionVector({"a": 2, "b": 1}))
    assert VersionVector().covers(VersionVector())


def test_two_that_know_something_of_their_own_are_concurrent() -> None:
    left, right = VersionVector({"a": 2}), VersionVector({"a": 1, "b": 1})
    assert left.is_concurrent_with(right)
    assert not left.is_concurrent_with(left.merged(right))


def test_to_advance_is_to_know_one_more_write() -> None:
    before = VersionVector({"a": 1})
    assert before.advanced("a") == VersionVector({"a": 2})
    assert before.advanced("b") == VersionVector({"a": 1, "b": 1})
    assert before == VersionVector({"a": 1})


def test_a_writer_that_is_not_there_has_written_nothing() -> None:
    assert VersionVector({"a": 1})["b"] == 0
    with pytest.raises(ValueError, match=r"count of 'a' must be >= 1, got 0"):
        VersionVector({"a": 0})


@pytest.mark.slow
@given(VECTORS, VECTORS)
def test_a_merged_vector_is_the_least_that_covers_both(left: VersionVector, right: VersionVector) -> None:
    merged = left.merged(right)
    assert merged == right.merged(left)
    assert merged.covers(left)
    assert merged.covers(right)
    assert {writer: max(left[writer], right[writer]) for writer in merged} == dict(merged)


@pytest.mark.slow
@given(VECTORS, VECTORS)
def test_merging_what_is_known_gives_the_very_same_vector(left: VersionVector, right: VersionVector) -> None:
    assert (left.merged(right) is left) == left.covers(right)
