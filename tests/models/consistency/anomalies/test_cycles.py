"""Cycles of dependencies: the histories of Adya's and Elle's definitions, and what is no cycle."""

from __future__ import annotations

import itertools
import random

import pytest

from models.consistency import Ending, Operation, find_anomalies
from models.consistency.anomalies.cycles import cycle_anomalies
from models.consistency.anomalies.dependencies import Dependency
from models.consistency.anomalies.transaction import transactions_of
from tests.in_one_test import in_one_test
from tests.models.consistency.anomalies.transactions import as_lists, names, transaction
from tests.models.consistency.written_histories import done

HISTORIES = {
    "write cycle": (["ax1ay1", "ax2ay2", "rx12ry21"], ["G0"]),
    "circular information flow": (["ax1ry1", "ax2ay1", "rx12"], ["G1c"]),
    "circular information flow of registers": (["rx1wy1", "ry1wx1"], ["G1c"]),
    "read skew": (["ax1ay1", "rxry1"], ["G-single"]),
    "read skew of registers": (["wx1wy1", "rx_ry1"], ["G-single"]),
    "read skew that another write shows": (["ax1ay1", "ax2ry", "rx12"], ["G-single"]),
    "read skew of the initial version": (["rx_ry1", "wy1wx2"], ["G-single"]),
    "write skew": (["rxay1", "ryax1", "rx1ry1"], ["G2-item"]),
    "write skew of registers": (["rx_ry_wx1", "rx_ry_wy1"], ["G2-item"]),
    "long fork": (["wx1", "wy1", "rx1ry_", "rx_ry1"], ["G2-item"]),
    "serializable figure 3 of Adya": (["az1ax1ay1", "rx1ay2", "ry12az3", "rz13"], []),
    "unread appends are after the reads of the rest": (["rx", "ax1", "ax2"], []),
    "append that was never read is after what was": (
        ["ax1ay1", "ax2ry1", "rx1ay3ax9", "rx12"],
        ["G-single", "G2-item"],
    ),
}


@pytest.mark.parametrize(("parts", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_history_has_the_anomaly_of_its_definition(parts: list[str], expected: list[str]) -> None:
    history = [transaction(each) for each in parts]
    assert names(history) == expected


@pytest.mark.parametrize(("parts", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_order_in_the_history_does_not_matter(parts: list[str], expected: list[str]) -> None:
    for permuted in itertools.permutations(parts):
        assert names([transaction(each) for each in permuted]) == expected


def test_lists_that_contradict_each_other_hide_no_cycle() -> None:
    history = [transaction(each) for each in ("ax1ry1", "ax2", "ax3ay1", "rx13", "rx123")]
    assert names(history) == ["incompatible-order", "G1c"]


def test_cycle_says_why_each_comes_before_the_next() -> None:
    history = as_lists([transaction("ax1ay1"), transaction("ax2ay2"), transaction("rx12ry21")])
    (anomaly,) = find_anomalies(history)
    assert anomaly.operations == (history[0], history[1])
    assert anomaly.steps == (
        "ww: T1 appended 1 to 'x' before T2 appended 2",
        "ww: T2 appended 2 to 'y' before T1 appended 1",
    )
    assert anomaly.text().splitlines()[0] == "G0:"


def test_reads_of_a_transaction_of_unknown_ending_tell_nothing() -> None:
    """T1's read of y tells None since nobody knows what it told, not since y was empty."""
    unknown = transaction("ax2ry", ending=Ending.UNKNOWN)
    assert names([unknown, transaction("ax1ay1"), transaction("rx12ry1")]) == []


def test_failed_transaction_is_in_no_cycle() -> None:
    """That its write was read is G1a; it did not happen, so that nothing comes after it."""
    assert names([transaction("ax1ay1", ending=Ending.FAILED), transaction("rx1ry")]) == ["G1a"]


def test_paper_example_of_elle_is_a_read_skew() -> None:
    """`histories/paper-example.edn` of Elle, its four transactions with shorter keys."""

    def operation(*parts: tuple[str, str, object]) -> Operation:
        return done(0, "transaction", 0, 1, parts, parts, key=None)

    history = [
        operation(
            *(("append", "a", item) for item in (1, 3, 4)),
            *(("append", "b", item) for item in (2, 3, 4, 5)),
            *(("append", "c", item) for item in (1, 2)),
        ),
        operation(("append", "b", 8), ("read", "a", (1, 3, 4))),
        operation(
            ("append", "c", 4),
            ("read", "b", (2, 3, 4, 5, 8)),
            ("read", "c", (1, 2, 4)),
            ("read", "a", (1, 3, 4)),
        ),
        operation(
            ("append", "d", 10), ("read", "a", (1, 3, 4)), ("read", "b", (2, 3, 4, 5)), ("append", "c", 3)
        ),
    ]
    (anomaly,) = find_anomalies(history)
    assert anomaly.name == "G-single"
    assert set(anomaly.operations) == set(history[1:])


@in_one_test("seed", range(200))
def test_serial_execution_has_no_anomaly_in_any_order_of_the_history(seed: int) -> None:
    """Transactions that ran one after the other, on lists or registers, written down in any order."""
    rng = random.Random(seed)
    is_list = seed % 2 == 0
    state: dict[str, tuple[int, ...]] = {}
    fresh = itertools.count(1)
    history = []
    for _ in range(8):
        parts = []
        for _ in range(rng.randrange(1, 4)):
            key = rng.choice("xyz")
            if rng.random() < 0.5:
                value = state.get(key, ())
                parts.append(("read", key, value if is_list else (value[-1] if value else None)))
            else:
                item = next(fresh)
                state[key] = (*state.get(key, ()), item)
                parts.append(("append" if is_list else "write", key, item))
        history.append(done(0, "transaction", 0, 1, parts, parts, key=None))
    rng.shuffle(history)
    assert find_anomalies(history) == ()


@in_one_test("seed", range(300))
def test_cycle_is_found_if_and_only_if_there_is_one(seed: int) -> None:
    """Random graphs, against a search of all simple cycles for the kinds of edges that they have."""
    rng = random.Random(seed)
    count = 5
    edges = {
        (rng.choice(("ww", "wr", "rw")), one, other)
        for _ in range(rng.randrange(3, 11))
        for one, other in [rng.sample(range(count), 2)]
    }
    transactions = transactions_of([transaction(f"wx{number}") for number in range(count)])
    dependencies = [Dependency(kind, one, other, "", "") for kind, one, other in sorted(edges)]
    found = {each.name for each in cycle_anomalies(transactions, dependencies)}
    kinds = set(_kinds_of_simple_cycles(edges, count))
    assert ("G0" in found) == any(each == ("ww",) * len(each) for each in kinds)
    assert ("G1c" in found) == any("rw" not in each and "wr" in each for each in kinds)
    assert ("G-single" in found) == any(each.count("rw") == 1 for each in kinds)
    assert bool(found) == bool(kinds)
    assert "G2-item" not in found or any(each.count("rw") > 1 for each in kinds)


def _kinds_of_simple_cycles(edges: set[tuple[str, int, int]], count: int) -> list[tuple[str, ...]]:
    found = []

    def walk(start: int, node: int, seen: tuple[int, ...], kinds: tuple[str, ...]) -> None:
        for kind, one, other in edges:
            if one == node and other == start:
                found.append((*kinds, kind))
            elif one == node and other > start and other not in seen:
                walk(start, other, (*seen, other), (*kinds, kind))

    for start in range(count):
        walk(start, start, (start,), ())
    return found
