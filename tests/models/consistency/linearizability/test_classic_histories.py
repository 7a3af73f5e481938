"""Hand-made histories whose verdict is known, and what is said of those that are not linearizable."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from models.consistency import Ending, Operation, Verdict, check_linearizability
from tests.models.consistency.written_histories import (
    append,
    compare_and_set,
    done,
    only_key,
    read,
    write,
)

LINEARIZABLE = {
    "nothing": [],
    "read of the initial value": [read(0, 0, 1, None)],
    "read during a write tells the old value": [write(0, 0, 9, 1), read(1, 2, 3, None)],
    "read during a write tells the new value": [write(0, 0, 9, 1), read(1, 2, 3, 1)],
    # MIT 6.824, quiz 2 of 2017, after porcupine's tests
    "new value, then old by a read that overlaps": [
        write(0, 0, 100, 100),
        read(1, 25, 75, 100),
        read(2, 30, 60, None),
    ],
    # Herlihy and Wing 1990, registers H1 (renamed): each read is within a write that explains it
    "concurrent writes in either order": [
        write(0, 0, 10, 1),
        write(1, 0, 10, 2),
        read(2, 11, 12, 1),
        read(3, 13, 14, 1),
    ],
    "unknown write that took effect late": [
        write(0, 0, inf, 1),
        write(1, 1, 2, 2),
        read(2, 3, 4, 2),
        read(2, 50, 51, 1),
    ],
    "unknown write that never took effect": [write(0, 0, inf, 1), read(1, 5, 6, None)],
    "touching at one instant is concurrent": [write(0, 0, 5, 1), read(1, 5, 6, None)],
    "compare-and-set that finds it, and one that does not": [
        write(0, 0, 1, 1),
        compare_and_set(0, 2, 3, 1, 2, True),
        compare_and_set(1, 4, 5, 1, 3, False),
        read(1, 6, 7, 2),
    ],
    "compare-and-set of which one of two must win": [
        compare_and_set(0, 0, 5, None, 1, True),
        compare_and_set(1, 0, 5, None, 2, False),
        read(0, 6, 7, 1),
    ],
    "unknown compare-and-set that was done": [
        write(0, 0, 1, 1),
        compare_and_set(1, 2, inf, 1, 2, None),
        read(0, 9, 10, 2),
    ],
    # 2 must come from the write of 2, so that the write of 3 is left to take 0 away
    "unknown write that must be kept for later": [
        compare_and_set(0, 2, inf, 3, 2, None),
        write(1, 1, inf, 3),
        write(2, 1, inf, 2),
        compare_and_set(3, 5, 6, 2, 1, False),
        compare_and_set(4, 7, 8, 2, 0, True),
        compare_and_set(5, 9, 11, 0, 1, False),
    ],
    "same value written twice": [
        write(0, 0, 1, 1),
        write(0, 2, 3, 2),
        write(0, 4, 5, 1),
        read(1, 6, 7, 1),
    ],
    "list grows": [append(0, 0, 1, 1), read(1, 0, 3, [1]), append(0, 4, 5, 2), read(1, 6, 7, [1, 2])],
    "appends nobody reads, in any order": [append(0, 0, 9, "a"), append(1, 0, 9, "b"), append(2, 0, 9, "c")],
    "empty list told as None": [read(0, 0, 1, None), append(0, 2, 3, "a")],
    "counter": [
        done(0, "add", 0, 5, 2),
        done(1, "add", 0, 5, 3),
        done(2, "read", 1, 2, result=3),
        done(2, "read", 6, 7, result=5),
    ],
}  # fmt: skip

NOT_LINEARIZABLE = {
    "read of what was never written": [read(0, 0, 1, 7)],
    "read before the write": [read(0, 0, 1, 1), write(1, 2, 3, 1)],
    "stale read": [write(0, 0, 1, 1), write(0, 2, 3, 2), read(1, 4, 5, 1)],
    "stale read of the initial value": [write(0, 0, 1, 1), read(1, 2, 3, None)],
    "new value, then old": [write(0, 0, 100, 200), read(1, 10, 30, 200), read(2, 40, 90, None)],
    "values that come and go": [
        write(0, 0, 10, 1),
        write(1, 0, 10, 2),
        read(2, 11, 12, 1),
        read(3, 13, 14, 2),
        read(2, 15, 16, 1),
    ],
    "two readers disagree on the order": [
        write(0, 0, 10, 1),
        write(1, 0, 10, 2),
        read(2, 1, 3, 1),
        read(2, 4, 6, 2),
        read(3, 1, 2, 2),
        read(3, 5, 6, 1),
    ],
    "read of a write that failed": [
        write(0, 0, 1, 1, ending=Ending.FAILED),
        read(1, 2, 3, 1),
    ],
    "unknown write seen, then not": [write(0, 0, inf, 1), read(1, 5, 6, 1), read(1, 7, 8, None)],
    "two compare-and-sets on one value": [
        compare_and_set(0, 0, 5, None, 1, True),
        compare_and_set(1, 0, 5, None, 2, True),
    ],
    "unknown compare-and-set that cannot have found it": [
        write(0, 0, 1, 1),
        compare_and_set(1, 2, inf, 7, 2, None),
        read(0, 9, 10, 2),
    ],
    "compare-and-set that must have found it": [
        write(0, 0, 1, 1),
        compare_and_set(1, 2, 3, 1, 2, False),
    ],
    "lists that disagree": [
        append(0, 0, 9, "a"),
        append(1, 0, 9, "b"),
        read(2, 10, 11, ("a", "b")),
        read(3, 10, 11, ("b", "a")),
    ],
    "acknowledged append is gone": [append(0, 0, 1, "a"), append(0, 2, 3, "b"), read(1, 4, 5, ("b",))],
    "list shrinks": [append(0, 0, 9, "a"), read(1, 1, 2, ("a",)), read(1, 3, 4, ())],
    "counter forgets": [done(0, "add", 0, 1, 2), done(0, "add", 2, 3, 3), done(1, "read", 4, 5, result=3)],
}  # fmt: skip


@pytest.mark.parametrize("history", LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_history_is_linearizable(history: Sequence[Operation]) -> None:
    found = check_linearizability(history)
    assert found.verdict is Verdict.LINEARIZABLE
    assert found.witnesses == ()


@pytest.mark.parametrize("history", NOT_LINEARIZABLE.values(), ids=NOT_LINEARIZABLE)
def test_history_is_not_linearizable(history: Sequence[Operation]) -> None:
    found = check_linearizability(history)
    assert found.verdict is Verdict.NOT_LINEARIZABLE
    (witness,) = found.witnesses
    assert set(witness.operations) <= set(history)
    assert "not linearizable" in witness.text()


def test_order_within_an_instant_decides_what_precedes() -> None:
    """A client that reads at the very instant at which its write was acknowledged must see it."""
    history = [
        write(0, 0, 1, 1, invoked_order=1, ended_order=2),
        read(0, 1, 2, None, invoked_order=3, ended_order=4),
    ]
    assert check_linearizability(history).verdict is Verdict.NOT_LINEARIZABLE
    history = [
        write(0, 0, 1, 1, invoked_order=1, ended_order=3),
        read(1, 1, 2, None, invoked_order=2, ended_order=4),
    ]
    assert check_linearizability(history).verdict is Verdict.LINEARIZABLE


def test_each_key_is_judged_by_itself() -> None:
    """A history is linearizable if each key is: locality."""
    fine = [write(0, 0, 1, 1, key="a"), read(1, 2, 3, 1, key="a")]
    stale = [write(0, 4, 5, 1, key="b"), read(1, 6, 7, None, key="b")]
    found = check_linearizability([*fine, *stale])
    assert (found.verdict, found.keys_count, found.operations_count) == (Verdict.NOT_LINEARIZABLE, 2, 4)
    assert [each.key for each in found.witnesses] == ["b"]
    assert "key 'b' is not linearizable" in found.text()


def test_witness_of_a_stale_read_is_the_two_writes_and_the_read() -> None:
    noise = [read(3, 0.1 * number, 0.1 * number + 0.05, None) for number in range(5)]
    history = [
        *noise,
        write(0, 1, 2, 1),
        read(2, 2.5, 2.6, 1),
        write(0, 3, 4, 2),
        read(1, 5, 6, 1),
        read(2, 7, 8, 2),
    ]
    (witness,) = check_linearizability(history).witnesses
    assert [(each.kind, each.value or each.result) for each in witness.operations] == [
        ("write", 1),
        ("write", 2),
        ("read", 1),
    ]
    assert witness.breaking == read(1, 5, 6, 1)
    assert witness.explained_count == 8
    assert witness.why == "1 was the value by 2 s and after 5 s, and 2 has come and gone between"


def test_read_that_proves_nothing_more_than_a_write_is_not_in_the_witness() -> None:
    history = [write(0, 0, 1, 1), read(1, 2, 3, 1), read(1, 4, 5, None)]
    (witness,) = check_linearizability(history).witnesses
    assert witness.operations == (history[0], history[2])
    assert (
        witness.why == "None was the value from the beginning and after 4 s, and 1 has come and gone between"
    )


@pytest.mark.parametrize(("result", "shown"), [(False, 3), (None, 4)], ids=["was another", "unknown"])
def test_compare_and_set_that_has_set_nothing_is_not_shown_as_who_wrote_what_was_read(
    result: bool | None, shown: int
) -> None:
    swap = compare_and_set(2, 4, inf if result is None else 5, 7, 1, result)
    history = [write(0, 0, 1, 1), write(0, 2, 3, 2), swap, read(1, 6, 7, 1)]
    (witness,) = check_linearizability(history).witnesses
    assert len(witness.operations) == shown
    assert (swap in witness.operations) == (result is None)


@pytest.mark.parametrize(
    "history",
    [
        [append(0, 0, 1, "b"), read(1, 2, 3, ("b",)), append(0, 4, inf, "a"), read(1, 5, 6, ("a", "c"))],
        [append(0, 0, 1, "b"), read(1, 2, 3, "b"), append(0, 4, inf, "a"), read(1, 5, 6, "ac")],
    ],
    ids=["lists", "texts"],
)
def test_read_is_what_breaks_a_history_though_an_append_long_before_does_not_fit_it(
    history: Sequence[Operation],
) -> None:
    """The steps of appends know all reads, the last one too; what is told of the beginning does not."""
    (witness,) = check_linearizability(history).witnesses
    assert witness.breaking == history[-1]
    assert witness.explained_count == 2
    assert history[-1] in witness.operations


def test_operation_that_a_model_does_not_have_is_refused() -> None:
    with pytest.raises(
        ValueError, match="operations of the model register must be one of read, write, got 'append'"
    ):
        check_linearizability([append(3, 1, 2, "a")], "register")
    with pytest.raises(ValueError, match=r"model must be one of register, .*, got 'queue'"):
        check_linearizability([], "queue")
    with pytest.raises(ValueError, match="values of the model kv must be texts, got 3"):
        check_linearizability([write(3, 1, 2, 3)], "kv")
    with pytest.raises(ValueError, match="must tell a list, got 3"):
        check_linearizability([append(3, 1, 2, "a"), read(3, 4, 5, 3)], "list-append")


@pytest.mark.parametrize(("begin", "end"), [(2.0, 1.0), (inf, inf), (float("nan"), 1.0), (0.0, float("nan"))])
def test_times_that_cannot_be_are_refused(begin: float, end: float) -> None:
    with pytest.raises(ValueError, match="must be a time"):
        check_linearizability([done(0, "read", begin, end)])


def test_unfinished_read_agrees_with_anything_and_is_left_out() -> None:
    unfinished = done(1, "read", 3, inf, ending=Ending.UNKNOWN)
    assert check_linearizability([write(0, 0, 1, 1), unfinished]).verdict is Verdict.LINEARIZABLE
    assert only_key([unfinished]) == []
