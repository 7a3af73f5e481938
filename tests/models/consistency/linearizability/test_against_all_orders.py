"""Both checks against an oracle that tries every order, on random histories; so is what they prove."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from models.consistency import Ending, Operation, Verdict, Witness, check_linearizability
from models.consistency.intervals import Interval
from models.consistency.linearizability import SPECIFICATIONS, Specification, search
from models.consistency.linearizability.unique_writes import beginning, conflict_in
from tests.models.consistency.written_histories import (
    has_order,
    is_linearizable_by_all_orders,
    only_key,
    order_is_legal,
    random_history,
)

KINDS = {
    "register": ("read", "read", "write"),
    "cas-register": ("read", "write", "compare-and-set"),
    "list-append": ("read", "append"),
    "counter": ("read", "add"),
}
NEVER = 10**6
SHAPES = (
    {"operations": 7, "processes": 3},
    {"operations": 6, "processes": 6, "unknown": 0.0},
    {"operations": 8, "processes": 2, "unknown": 0.5},
    {"operations": 7, "processes": 4, "values": 1},
)


def histories(
    name: str, count: int, *, unique: bool | None = None, kinds: Sequence[str] = ()
) -> list[list[Operation]]:
    return [
        random_history(
            random.Random(f"{name} {seed}"),
            kinds or KINDS[name],
            unique=seed % 2 == 0 if unique is None else unique,
            **SHAPES[seed % len(SHAPES)],  # type: ignore[arg-type]  # a mapping of settings of several types
        )
        for seed in range(count)
    ]


def as_text(history: Sequence[Operation], word: Callable[[int], str]) -> list[Operation]:
    """The same history on texts: items become words."""
    return [
        each
        if each.kind == "read" and each.result is None
        else type(each)(
            **{
                **{name: getattr(each, name) for name in each.__slots__},
                "value": None if each.value is None else word(each.value),
                "result": None if each.result is None else "".join(word(item) for item in each.result),
            }
        )
        for each in history
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_search_agrees_with_trying_all_orders(name: str) -> None:
    specification = SPECIFICATIONS[name]
    verdicts: Counter[bool] = Counter()
    for history in histories(name, 1500):
        truth = is_linearizable_by_all_orders(specification, history)
        verdicts[truth] += 1
        intervals = only_key(history)
        outcome = search(specification, intervals)
        assert outcome.verdict is (Verdict.LINEARIZABLE if truth else Verdict.NOT_LINEARIZABLE), history
        if truth:
            assert order_is_legal(specification, intervals, outcome.order), history
    assert min(verdicts.values()) > 100, verdicts


WORDS: dict[str, Callable[[int], str]] = {
    "cut in one way": lambda item: f"{item};",
    "the same word": lambda item: "a" * item,
    "cut in several ways": lambda item: ("a", "ab", "b", "ba", "abb", "")[item % 6],
    "some end where others begin": lambda item: ("xy", "yx", "x", "yy", "xx", "y")[item % 6],
}


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("kinds", [("read", "append"), ("read", "read", "append", "write")])
def test_search_of_texts_agrees_with_trying_all_orders(words: str, kinds: tuple[str, ...]) -> None:
    specification = SPECIFICATIONS["kv"]
    verdicts: Counter[bool] = Counter()
    for history in histories("kv", 500, kinds=kinds):
        texts = as_text(history, WORDS[words])
        truth = is_linearizable_by_all_orders(specification, texts)
        verdicts[truth] += 1
        intervals = only_key(texts)
        outcome = search(specification, intervals)
        assert (outcome.verdict is Verdict.LINEARIZABLE) == truth, texts
        if truth:
            assert order_is_legal(specification, intervals, outcome.order), texts
    assert min(verdicts.values()) > 25, verdicts


@pytest.mark.slow
def test_fast_check_agrees_with_trying_all_orders() -> None:
    specification = SPECIFICATIONS["register"]
    verdicts: Counter[bool] = Counter()
    for history in histories("register", 3000, unique=True):
        truth = is_linearizable_by_all_orders(specification, history)
        verdicts[truth] += 1
        assert (conflict_in(only_key(history)) is None) == truth, history
    assert min(verdicts.values()) > 200, verdicts


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_witness_proves_what_it_says(name: str) -> None:
    """Its operations have no order though all others are optional, and the beginning ends where it says."""
    specification = SPECIFICATIONS[name]
    proven = 0
    for history in histories(name, 900):
        found = check_linearizability(history, name)
        for witness in found.witnesses:
            intervals = only_key(history)
            end = next(each.end for each in intervals if each.operation is witness.breaking)
            assert has_order(specification, beginning(intervals, end - 1))
            assert not has_order(specification, beginning(intervals, end))
            assert witness.explained_count == sum(each.is_known and each.end < end for each in intervals)
            if witness.since is None:
                proven += 1
                assert not has_order(specification, with_others_optional(intervals, witness.operations))
                assert_minimal(specification, intervals, witness)
    assert proven > 30, proven


def assert_minimal(specification: Specification, intervals: Sequence[Interval], witness: Witness) -> None:
    """Without any of its operations there is an order, but for whoever wrote what a read of it tells."""
    told = [each.result for each in witness.operations if each.kind == "read"]
    for place, each in enumerate(witness.operations):
        written = each.value[1] if each.kind == "compare-and-set" else each.value
        is_shown_only = each.kind in ("write", "compare-and-set") and written in told
        if not is_shown_only and each.ending is Ending.OK:
            rest = witness.operations[:place] + witness.operations[place + 1 :]
            assert has_order(specification, with_others_optional(intervals, rest)), (witness.text(), each)


def with_others_optional(intervals: Sequence[Interval], kept: Sequence[Operation]) -> list[Interval]:
    return [
        each
        if each.operation in kept
        else Interval(each.operation, each.call, NEVER, each.value, None, False)
        for each in intervals
        if each.operation in kept or each.operation.kind != "read"
    ]
