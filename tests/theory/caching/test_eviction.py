"""Hit ratios of full caches: the formulas, by chains that are solved without them, and the checks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from experiments.validation import TheoryCheck
from experiments.validation.caching.eviction import CHECKS
from experiments.validation.closed_forms.eviction import (
    che_hit_ratio,
    fifo_hit_ratio,
    lru_hit_ratio,
    zipf,
)
from tests.in_one_test import in_one_test
from tests.theory import running
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts

Held = tuple[int, ...]


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


def test_numbers_of_the_references() -> None:
    assert lru_hit_ratio(zipf(10), 3) == pytest.approx(0.47066, abs=5e-6)
    assert fifo_hit_ratio(zipf(10), 3) == pytest.approx(0.44510, abs=5e-6)
    assert che_hit_ratio(zipf(10_000), 1_000) == pytest.approx(0.6756, abs=5e-5)


def moved_to_front(held: Held, key: int) -> Held:
    rest = tuple(each for each in held if each != key)
    return (key, *rest[: len(held) - 1])


def entered(held: Held, key: int) -> Held:
    return held if key in held else (key, *held[:-1])


def solved_hit_ratio(probabilities: list[float], capacity: int, after: Callable[[Held, int], Held]) -> float:
    """Return the hit ratio of the chain over all that a cache can hold, in order."""
    states = list(permutations(range(len(probabilities)), capacity))
    place = {held: number for number, held in enumerate(states)}
    chain = np.zeros((len(states), len(states)))
    for held in states:
        for key, probability in enumerate(probabilities):
            chain[place[held], place[after(held, key)]] += probability
    equations = np.vstack([chain.T - np.eye(len(states)), np.ones(len(states))])
    right = np.zeros(len(states) + 1)
    right[-1] = 1.0
    stationary = np.linalg.lstsq(equations, right, rcond=None)[0]
    return float(sum(stationary[place[held]] * sum(probabilities[key] for key in held) for held in states))


@in_one_test("capacity", [1, 2, 3])
@in_one_test(
    "formula, after", [(lru_hit_ratio, moved_to_front), (fifo_hit_ratio, entered)], ids=["lru", "fifo"]
)
def test_products_are_the_solution_of_the_chain(
    formula: Callable[[list[float], int], float], after: Callable[[Held, int], Held], capacity: int
) -> None:
    probabilities = [0.5, 0.25, 0.15, 0.1]
    assert formula(probabilities, capacity) == pytest.approx(solved_hit_ratio(probabilities, capacity, after))


@in_one_test("formula", [lru_hit_ratio, fifo_hit_ratio, che_hit_ratio])
def test_keys_of_equal_popularity_are_held_by_their_share(
    formula: Callable[[object, int], float],
) -> None:
    assert formula(np.full(8, 1 / 8), 3) == pytest.approx(3 / 8)


def test_characteristic_time_is_close_even_where_few_keys_are_held() -> None:
    assert che_hit_ratio(zipf(10), 3) == pytest.approx(lru_hit_ratio(zipf(10), 3), abs=0.02)


@in_one_test("formula", [lru_hit_ratio, fifo_hit_ratio, che_hit_ratio])
@in_one_test("capacity", [0, 10])
def test_cache_of_all_keys_or_none_is_refused(formula: Callable[[object, int], float], capacity: int) -> None:
    with pytest.raises(ValueError, match=r"^capacity must be >= 1 and less than the 10 keys, got (0|10)$"):
        formula(zipf(10), capacity)


@pytest.mark.slow
@in_one_test("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    assert set(verdicts(check, 0.1).values()) == {"holds"}


@pytest.mark.slow
@in_one_test(
    "beginning, setup, by",
    [
        ("eviction, 3 of 10", {"policies": ("fifo", "fifo", "random")}, "hit ratio, LRU"),
        ("eviction, 3 of 10", {"policies": ("lru", "lru", "random")}, "hit ratio, FIFO"),
        ("eviction, 3 of 10", {"policies": ("lru", "fifo", "clock")}, "hit ratio, random"),
        ("eviction, 3 of 10", {"exponent": 0.9}, "hit ratio, LRU"),
        ("eviction, 1000 of 10000", {"policies": ("clock",)}, "hit ratio, LRU"),
        ("eviction, 1000 of 10000", {"capacity": 900}, "hit ratio, LRU"),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object], by: str) -> None:
    assert is_found_out(changed(the(beginning), **setup), 0.1, by=by)


@pytest.mark.slow
def test_fifo_is_not_taken_for_lru_by_theory() -> None:
    once = remembered(the("eviction, 3 of 10"))
    lru, fifo, _ = (claim.expected for claim in once.claims)
    assert set(verdicts(expecting(once, fifo, lru, lru), 0.1).values()) == {"differs"}
