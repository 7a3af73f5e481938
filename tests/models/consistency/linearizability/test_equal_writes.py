"""What a linearizable history does not prove is said where reads cannot tell most writes apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from models.consistency import Ending, Operation, Verdict, check_linearizability
from models.consistency.linearizability import EqualWrites
from tests.models.consistency.written_histories import append, compare_and_set, read, write


def writes(*values: object, key: str = "x") -> list[Operation]:
    """Writes of these values one after the other, and a read of the last."""
    told = [write(0, 2 * place, 2 * place + 1, value, key=key) for place, value in enumerate(values)]
    return [*told, read(1, 100, 101, values[-1], key=key)]


def test_writes_of_a_workload_without_values_are_all_alike() -> None:
    found = check_linearizability([*writes(*[None] * 5), *writes(*[None] * 4, key="y"), *writes(7, key="z")])
    assert found.verdict is Verdict.LINEARIZABLE
    assert found.equal_writes == EqualWrites(keys_count=2, writes_count=9, equal_count=9)
    first, second = found.text().splitlines()
    assert first == "linearizable: 13 operations on 3 keys"
    assert second == (
        "on 2 of 3 keys 9 of 9 writes write a value that another writes too: "
        "reads do not tell which they have seen (models.replication.UniqueWrites)"
    )


@pytest.mark.parametrize(
    ("values", "equal"),
    [((1, 2, 3), None), ((1, 1, 2, 3), None), ((1, 1, 2), 2), ((1, 2, 1, 2, 3), 4), ((1, 1.0, 2), 2)],
)
def test_it_is_said_where_more_than_half_share_their_value(
    values: Sequence[object], equal: int | None
) -> None:
    found = check_linearizability(writes(*values)).equal_writes
    assert (None if found is None else found.equal_count) == equal


def test_a_write_that_nobody_has_acknowledged_is_another_one_but_is_not_counted() -> None:
    unknown = write(5, 0, inf, 1)
    found = check_linearizability([*writes(1), unknown, write(6, 0, inf, 1)]).equal_writes
    assert found == EqualWrites(keys_count=1, writes_count=1, equal_count=1)
    failed = write(5, 0, 1, 1, ending=Ending.FAILED)
    assert check_linearizability([*writes(1), failed]).equal_writes is None


@pytest.mark.parametrize(
    "history",
    [
        writes(1, 1)[:-1],
        [*writes(1, 1), read(1, 200, 201, 5)],
        [*writes(1, 1), compare_and_set(0, 200, 201, 1, 1, True)],
        [append(0, 0, 1, "a"), append(0, 2, 3, "a"), read(1, 4, 5, ("a", "a"))],
    ],
    ids=["nobody reads", "not linearizable", "with compare-and-set", "lists"],
)
def test_it_is_not_said_where_it_does_not_matter(history: Sequence[Operation]) -> None:
    found = check_linearizability(history)
    assert found.equal_writes is None
    assert "reads do not tell" not in found.text()
