"""Changes of one service's data, and what refuses them."""

from __future__ import annotations

from math import inf, nan

import pytest

from models.transactions import Add, Put, Saga, TooLittle, changed
from models.transactions.changes import require_changes
from models.transactions.events import audit


def test_put_replaces_and_add_adds_to_what_is_there_or_to_nothing() -> None:
    assert changed({"a": 1, "b": 2}, [Put("a", "x"), Add("b", 3), Add("c", 4)]) == {"a": "x", "b": 5, "c": 4}


def test_add_is_refused_where_the_number_would_fall_below_its_lowest() -> None:
    assert changed({"a": 2}, [Add("a", -2)]) == {"a": 0}
    with pytest.raises(TooLittle, match="too little of 'a'"):
        changed({"a": 2}, [Add("a", -3)])
    assert changed({"a": 2}, [Add("a", -3, lowest=-1)]) == {"a": -1}
    assert changed({}, [Add("a", -3, lowest=-inf)]) == {"a": -3}


def test_what_makes_a_number_larger_is_never_refused() -> None:
    assert changed({"a": -5}, [Add("a", 1)]) == {"a": -4}
    assert not Add("a", 1).can_be_refused
    assert not Add("a", -1, lowest=-inf).can_be_refused
    assert Add("a", -1).can_be_refused


def test_refusal_of_one_change_leaves_all_undone() -> None:
    data = {"a": 1, "b": 0}
    with pytest.raises(TooLittle):
        changed(data, [Add("a", -1), Add("b", -1)])
    assert data == {"a": 1, "b": 0}


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Add("a", nan), ValueError, "amount must be finite, got nan"),
        (lambda: Add("a", inf), ValueError, "amount must be finite, got inf"),
        (lambda: Add("a", "3"), TypeError, "amount must be a number, got '3'"),
        (lambda: Add("a", 1, lowest=nan), ValueError, "lowest must be a number, got nan"),
        (lambda: require_changes("changes", Put("a", 1)), TypeError, "changes must be a list"),
        (lambda: Saga((), pivot=0), ValueError, "steps must be at least one, got none"),
        (lambda: audit(3, {}), TypeError, "written must be a Mapping, got 3"),
        (lambda: audit({}, None), TypeError, "received must be a Mapping, got None"),
        (
            lambda: require_changes("changes", ["a"]),
            TypeError,
            "each of changes must be a Put or an Add, got 'a'",
        ),
        (
            lambda: require_changes("changes", [Put("a", 1), Add("a", 1)]),
            ValueError,
            r"changes must change each key once, got \['a', 'a'\]",
        ),
    ],
)
def test_misuse_is_told_in_one_line(make, error, text) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=f"^{text}"):
        make()
