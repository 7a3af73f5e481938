"""Caches behind each other: the formulas, by an equation that is solved without them, and the checks."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.validation import TheoryCheck
from experiments.validation.caching.chained_caches import CHECKS, RATE, TTL
from experiments.validation.closed_forms.chained_caches import (
    behind_two_age,
    behind_two_hit_ratio,
    passed_on_hit_ratio,
    told_age,
)
from tests.in_one_test import in_one_test
from tests.theory import running
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


def solved_behind_two(asked: float, cells: int = 50) -> tuple[float, float]:
    """Return the hit ratio and the mean age of a cache behind two, for rate 1 and `asked` as time to live.

    What is left of the other's cache when it is filled is a chain on a grid, whose waits are geometric.
    """
    width = asked / cells
    wait = np.exp(-width * np.arange(cells + 1))
    wait[:-1] -= wait[1:]  # the last: of all that is longer
    chain = np.zeros((cells, cells))
    ages = np.zeros(cells)
    hits = np.zeros(cells)
    for left in range(cells):
        come = wait[: cells - left]  # at cell left, left + 1, ...: the later ones are no hits
        hits[left] = come.sum()
        ages[left] = (come * (left + np.arange(cells - left) + 0.5) * width).sum()
        chain[left, 0] += 1.0 - hits[left]
        for place, probability in enumerate(come.tolist(), start=left):
            waits = wait[: place + 1].copy()
            waits[-1] = 1.0 - waits[:-1].sum()
            chain[left, place::-1] += probability * waits
    equations = np.vstack([chain.T - np.eye(cells), np.ones(cells)])
    stationary = np.linalg.lstsq(equations, np.eye(cells + 1)[-1], rcond=None)[0]
    hit_count = float(stationary @ hits)
    return hit_count / (1.0 + hit_count), float(stationary @ ages) / (1.0 + hit_count)


@pytest.mark.slow
@in_one_test("asked", [0.5, 3.0, 10.0])
def test_formulas_for_two_readers_are_the_solution_of_the_chain(asked: float) -> None:
    hit_ratio, age = solved_behind_two(asked)
    assert behind_two_hit_ratio(1.0, asked) == pytest.approx(hit_ratio, rel=1e-3)
    assert behind_two_age(1.0, asked) == pytest.approx(age, rel=1e-3)


def test_what_two_readers_without_rest_are_told_is_a_third_of_a_time_to_live_old_where_it_is_a_hit() -> None:
    """Were their caches to ask at random, two of three questions would be hits, half a time to live old."""
    assert behind_two_hit_ratio(1e6, 1.0) == pytest.approx(1 / 2, rel=1e-5)
    assert behind_two_age(1e6, 1.0) == pytest.approx(1 / 2 * 1 / 3, rel=1e-5)


def test_who_reads_alone_finds_nothing_behind_his_cache() -> None:
    assert passed_on_hit_ratio(1, RATE, TTL) == 0.0
    assert told_age(RATE, TTL, came_with=2.0) == 2.0 + told_age(RATE, TTL)


@pytest.mark.slow
@in_one_test("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    assert set(verdicts(check, 0.1).values()) == {"holds"}


@pytest.mark.slow
def test_two_caches_do_not_ask_at_random() -> None:
    once = remembered(the("a cache behind two"))
    asked = 2.0 * RATE / (1.0 + RATE * TTL)  # what comes to the cache behind
    behind = asked * TTL / (1.0 + asked * TTL)
    exact = [claim.expected for claim in once.claims]
    assert verdicts(expecting(once, behind, exact[1]), 0.1)["hit ratio of the cache behind"] == "differs"
    at_random = told_age(RATE, TTL, told_age(asked, TTL))
    assert verdicts(expecting(once, exact[0], at_random), 0.1)["mean age"] == "differs"


@pytest.mark.slow
@in_one_test(
    "beginning, setup, by",
    [
        ("a cache behind two", {"readers": 3}, "hit ratio of the cache behind"),
        ("a cache behind two", {"ttl": 1.1 * TTL}, "mean age"),
        ("a cache behind two", {"by_age": True}, "mean age"),
        ("a cache behind six", {"by_age": False}, "mean age"),
        ("a cache behind six", {"readers": 5}, "hit ratio of the cache behind"),
        ("a cache behind six", {"rate": 0.7 * RATE}, "mean age"),
    ],
)
def test_another_chain_differs(beginning: str, setup: dict[str, object], by: str) -> None:
    assert is_found_out(changed(the(beginning), **setup), 0.1, by=by)
