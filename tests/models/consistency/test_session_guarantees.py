"""Session guarantees: each broken alone, and what is no breach."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from models.consistency import Guarantee, Operation, breaches_of_guarantees
from tests.models.consistency.written_histories import append, compare_and_set, read, write

WRITES = [write(9, 0, 1, "old"), write(9, 2, 3, "new")]

BROKEN = {
    Guarantee.READ_YOUR_WRITES: [
        write(0, 0, 1, "old"),
        write(1, 2, 3, "mine"),
        read(1, 4, 5, "old"),
    ],
    Guarantee.MONOTONIC_READS: [*WRITES, read(1, 4, 5, "new"), read(1, 6, 7, "old")],
    Guarantee.MONOTONIC_WRITES: [
        write(0, 0, 1, "a", key="first"),
        write(0, 2, 3, "b", key="second"),
        read(1, 4, 5, "b", key="second"),
        read(1, 6, 7, None, key="first"),
    ],
    Guarantee.WRITES_FOLLOW_READS: [
        write(0, 0, 1, "question", key="first"),
        read(1, 2, 3, "question", key="first"),
        write(1, 4, 5, "answer", key="second"),
        read(2, 6, 7, "answer", key="second"),
        read(2, 8, 9, None, key="first"),
    ],
}

KEPT = {
    "another session reads the old value": [*WRITES, read(1, 4, 5, "new"), read(2, 6, 7, "old")],
    "newer than one's own": [write(1, 0, 1, "mine"), write(2, 2, 3, "theirs"), read(1, 4, 5, "theirs")],
    "concurrent writes in either order": [
        write(0, 0, 9, "a"),
        write(1, 0, 9, "b"),
        read(2, 10, 11, "a"),
        read(2, 12, 13, "b"),
        read(2, 14, 15, "a"),
    ],
    "write of unknown ending": [write(1, 0, inf, "mine", session=1), read(2, 4, 5, None, session=1)],
    "answer still under way": [
        write(0, 0, 1, "old"),
        write(0, 2, 3, "new"),
        read(1, 4, 9, "new", session=1),
        read(2, 5, 8, "old", session=1),
    ],
    "what the writer wrote later binds nobody": [
        write(0, 0, 1, "a", key="first"),
        write(0, 2, 3, "b", key="second"),
        read(1, 4, 5, "a", key="first"),
        read(1, 6, 7, None, key="second"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("guarantee", BROKEN, ids=lambda guarantee: guarantee.value)
def test_guarantee_is_broken_alone(guarantee: Guarantee) -> None:
    history = BROKEN[guarantee]
    (breach,) = breaches_of_guarantees(history)
    assert breach.guarantee is guarantee
    assert breach.read == history[-1]
    assert breach.missed in history
    assert breach.text().startswith(guarantee.value)


@pytest.mark.parametrize("history", KEPT.values(), ids=KEPT)
def test_guarantees_are_kept(history: Sequence[Operation]) -> None:
    assert breaches_of_guarantees(history) == ()


def test_breach_of_a_guarantee_about_writes_says_through_whom() -> None:
    history = BROKEN[Guarantee.WRITES_FOLLOW_READS]
    (breach,) = breaches_of_guarantees(history)
    assert (breach.missed, breach.through) == (history[0], history[2])


def test_own_writes_are_those_of_read_your_writes_alone() -> None:
    history = [
        write(1, 0, 1, "a", key="first"),
        write(1, 2, 3, "b", key="second"),
        read(1, 4, 5, "b", key="second"),
        read(1, 6, 7, None, key="first"),
    ]
    assert [each.guarantee for each in breaches_of_guarantees(history)] == [Guarantee.READ_YOUR_WRITES]


def test_what_was_seen_once_counts_after_a_breach_too() -> None:
    history = [*WRITES, read(1, 4, 5, "new"), read(1, 6, 7, "old"), read(1, 8, 9, "old")]
    assert [each.read for each in breaches_of_guarantees(history)] == history[3:]


def test_session_is_a_client_with_all_its_processes() -> None:
    history = [*WRITES, read(1, 4, 5, "new", session=1), read(2, 6, 7, "old", session=1)]
    assert [each.guarantee for each in breaches_of_guarantees(history)] == [Guarantee.MONOTONIC_READS]
    assert breaches_of_guarantees(history, by="process") == ()


def test_compare_and_set_that_was_done_is_a_write() -> None:
    history = [compare_and_set(1, 0, 1, None, "mine", True), read(1, 2, 3, None)]
    assert [each.guarantee for each in breaches_of_guarantees(history)] == [Guarantee.READ_YOUR_WRITES]
    history = [compare_and_set(1, 0, 1, "other", "mine", False), read(1, 2, 3, None)]
    assert breaches_of_guarantees(history) == ()


def test_version_that_somebody_has_read_is_older_although_its_write_never_ended() -> None:
    history = [
        write(0, 0, inf, "old"),
        read(5, 1, 2, "old"),
        write(1, 3, 4, "mine"),
        read(1, 5, 6, "old"),
    ]
    assert [each.guarantee for each in breaches_of_guarantees(history)] == [Guarantee.READ_YOUR_WRITES]


def test_writes_that_are_not_unique_are_refused() -> None:
    with pytest.raises(ValueError, match="writes must be of values that differ, got 1 twice on key 'x'"):
        breaches_of_guarantees([write(0, 0, 1, 1), write(0, 2, 3, 1)])
    with pytest.raises(ValueError, match="must be one of read, write, compare-and-set, got 'append'"):
        breaches_of_guarantees([append(0, 0, 1, 1)])
