"""The book of what has become of updates, by hand."""

from __future__ import annotations

from models.replication.multi_primary.ledger import Ledger
from models.replication.multi_primary.messages import Update
from models.replication.versions import Cell


def update(number: int) -> Update:
    return Update("a", number, "x", Cell(number, 0.0), {}, 0.0)


def test_who_leaves_a_value_as_it_is_has_not_set_it() -> None:
    ledger = Ledger()
    writing, counting = update(1), update(2)
    value = Cell(5, 0.0)
    ledger.taken(writing, value, None)
    ledger.taken(counting, value, value)
    ledger.acknowledged(counting)
    assert ledger.overwritten([], []) == []
    ledger.acknowledged(writing)
    assert ledger.overwritten([], []) == [writing.dot]
    assert ledger.overwritten([value], []) == []


def test_no_more_are_repeated_than_are_shipped_and_no_fewer_than_none() -> None:
    ledger = Ledger()
    for count, repeated in [(4, 10), (4, 3), (4, -2)]:
        ledger.shipped(count, repeated)
    assert (ledger.shipped_count, ledger.repeated_count) == (12, 7)
