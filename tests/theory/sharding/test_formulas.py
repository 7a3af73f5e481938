"""Formulas of shards give published numbers, exact small cases, and what counting finds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from math import comb, exp, log

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, betabinom

from experiments.validation.closed_forms.sharding import (
    key_share_variation,
    least_moved_share,
    modulo_moved_share,
    random_share_variation,
    ring_largest_share,
    ring_ranges_needed,
    ring_share_variation,
    slow_probability,
    slowest_mean,
    slowest_quantile,
)
from models.hashing import JumpBuckets
from models.sharding import hash_table
from tests.in_one_test import in_one_test

# -- shares --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("nodes", "points"), [(2, 1), (10, 1), (10, 10), (20, 100)])
def test_a_share_of_the_circle_varies_as_a_beta_number_does(nodes: int, points: int) -> None:
    share = beta(points, (nodes - 1) * points)
    assert ring_share_variation(nodes, points) == pytest.approx(share.var() / share.mean() ** 2)


def test_two_points_and_two_ranges_by_hand() -> None:
    """Both points lie on one side of the middles, or one on each, equally often: all or half of it."""
    assert ring_share_variation(2, 1, range_count=1) == pytest.approx(1.0)
    assert ring_share_variation(2, 1, range_count=2) == pytest.approx(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("ranges", [1, 7, 30, 64, 200])
def test_shares_in_ranges_vary_as_those_of_points_that_are_drawn(ranges: int) -> None:
    """3,000 rings of 6 nodes with 5 points, by NumPy alone."""
    rng, nodes, points = np.random.default_rng(1), 6, 5
    middles = (np.arange(ranges) + 0.5) / ranges
    squares = []
    for _ in range(3_000):
        places = rng.random(nodes * points)
        order = np.argsort(places)
        owners = order[np.searchsorted(places[order], middles) % len(order)] // points
        shares = np.bincount(owners, minlength=nodes) / ranges
        squares.append(np.mean((nodes * shares - 1.0) ** 2))
    expected = ring_share_variation(nodes, points, range_count=ranges)
    error = np.std(squares) / np.sqrt(len(squares))
    assert np.mean(squares) == pytest.approx(expected, abs=4.0 * error + 1e-12)


@pytest.mark.parametrize("points", [1, 10, 100])
def test_ranges_are_as_even_as_the_circle_when_there_are_very_many(points: int) -> None:
    circle = ring_share_variation(10, points)
    assert ring_share_variation(10, points, range_count=200 * 10 * points) == pytest.approx(circle, rel=1e-4)


@pytest.mark.parametrize("excess", [0.1, 0.01, 0.001])
@pytest.mark.parametrize(("nodes", "virtual_nodes"), [(10, 10), (4, 100), (100, 100)])
def test_so_many_ranges_are_needed_and_half_of_them_are_too_few(
    nodes: int, virtual_nodes: int, excess: float
) -> None:
    needed = ring_ranges_needed(nodes * virtual_nodes, excess)
    circle = ring_share_variation(nodes, virtual_nodes)
    enough, half = (
        ring_share_variation(nodes, virtual_nodes, range_count=count) / circle - 1.0
        for count in (needed, needed // 2)
    )
    assert enough == pytest.approx(excess, rel=0.07)
    assert half > 3.0 * excess


def test_as_many_ranges_as_points_are_a_sixth_more_uneven() -> None:
    circle = ring_share_variation(10, 100)
    assert ring_share_variation(10, 100, range_count=1_000) / circle - 1.0 == pytest.approx(1 / 6, rel=0.02)


def test_few_ranges_are_dealt_out_at_random_whatever_the_ring() -> None:
    expected = random_share_variation(10, 16)
    assert ring_share_variation(10, 1_000, range_count=16) == pytest.approx(expected, rel=0.02)


@pytest.mark.slow
def test_jump_hash_deals_ranges_out_at_random_however_many_there_are() -> None:
    """Of one table's ranges each 200 are as good as a table of 200: a hundred of these, 10 shards."""
    table = hash_table(JumpBuckets([f"shard {number}" for number in range(10)]), range_count=20_000)
    squares = []
    for start in range(0, 20_000, 200):
        some = table.assignments[start : start + 200]
        counts = Counter(assignment.shard for assignment in some)
        squares.append(np.mean([(counts[name] / 20.0 - 1.0) ** 2 for name in table.shards]))
    error = np.sqrt(2 / 9 / len(squares))  # of a squared variation of nine degrees of freedom, relative
    assert np.mean(squares) == pytest.approx(random_share_variation(10, 200), rel=3.0 * error)


@pytest.mark.parametrize("keys", [1, 50, 10_000])
def test_keys_in_shares_that_vary_are_beta_binomial(keys: int) -> None:
    nodes, points = 10, 20
    counts = betabinom(keys, points, (nodes - 1) * points)
    variation = key_share_variation(ring_share_variation(nodes, points), nodes, keys)
    assert variation == pytest.approx(counts.var() / counts.mean() ** 2)
    assert variation == pytest.approx(
        ring_share_variation(nodes, points) * (1.0 + nodes * points / keys), rel=1e-12
    )


@pytest.mark.parametrize("nodes", [2, 10, 100])
def test_largest_part_of_a_broken_stick_is_a_harmonic_number_of_mean_parts(nodes: int) -> None:
    assert ring_largest_share(nodes, 1) == pytest.approx(sum(1.0 / k for k in range(1, nodes + 1)))


@pytest.mark.parametrize("points", [1, 3, 50])
def test_larger_of_two_shares_is_the_one_above_half(points: int) -> None:
    share = beta(points, points)
    larger = quad(lambda part: max(part, 1.0 - part) * share.pdf(part), 0.0, 1.0, points=[0.5])[0]
    assert ring_largest_share(2, points) == pytest.approx(2.0 * larger)


# -- moves ---------------------------------------------------------------------------------------------------


@in_one_test("nodes", [1, 2, 3, 7])
@in_one_test("ranges", [1, 2, 5, 12, 56, 57, 500])
def test_what_moves_by_remainders_is_what_counting_finds(nodes: int, ranges: int) -> None:
    moved = sum(number % nodes != number % (nodes + 1) for number in range(ranges))
    assert modulo_moved_share(nodes, ranges) == pytest.approx(moved / ranges)
    stays_too_much = modulo_moved_share(nodes) - modulo_moved_share(nodes, ranges)
    assert -1e-12 <= stays_too_much <= nodes**2 / ((nodes + 1) * ranges) + 1e-12


def test_published_shares_that_move() -> None:
    assert least_moved_share(4) == pytest.approx(0.2)
    assert modulo_moved_share(4) == modulo_moved_share(4, 20) == pytest.approx(0.8)


# -- the slowest ---------------------------------------------------------------------------------------------


def test_of_a_hundred_calls_one_is_slow_for_two_queries_in_three() -> None:
    assert round(slow_probability(0.01, 100), 5) == 0.63397
    assert slow_probability(0.0, 100) == 0.0


@pytest.mark.parametrize("count", [1, 10, 100])
def test_slowest_of_exponential_answers(count: int) -> None:
    """The harmonic number, and quantiles by hand."""
    assert slowest_mean(lambda time: 1.0 - exp(-time), count) == pytest.approx(
        sum(1.0 / k for k in range(1, count + 1))
    )
    median = slowest_quantile(lambda share: -log(1.0 - share), 0.5, count)
    assert (1.0 - exp(-median)) ** count == pytest.approx(0.5)


def test_median_of_a_hundred_is_a_high_percentile_of_one() -> None:
    assert slowest_quantile(lambda share: share, 0.5, 100) == pytest.approx(0.99309, abs=5e-6)


def test_published_numbers_of_shuffle_sharding() -> None:
    assert comb(8, 2) == 28
    assert round(comb(95, 5) / comb(100, 5), 5) == 0.76959


# -- misuse --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misuse", "complaint"),
    [
        (lambda: ring_share_variation(1, 10), "nodes_count must be a whole number >= 2, got 1"),
        (lambda: ring_share_variation(2, 0), "virtual_nodes must be a whole number >= 1, got 0"),
        (lambda: ring_share_variation(2, 1, range_count=0), "range_count must be a whole number >= 1, got 0"),
        (lambda: ring_ranges_needed(100, 0.0), "excess must be finite and > 0, got 0.0"),
        (lambda: random_share_variation(2, 0), "range_count must be a whole number >= 1, got 0"),
        (lambda: key_share_variation(0.1, 2, 0), "keys_count must be a whole number >= 1, got 0"),
        (lambda: modulo_moved_share(0), "nodes_count must be a whole number >= 1, got 0"),
        (lambda: least_moved_share(0), "nodes_count must be a whole number >= 1, got 0"),
        (lambda: slow_probability(1.5, 3), "probability must lie in [0, 1], got 1.5"),
        (lambda: slowest_mean(lambda time: time, 0), "count must be a whole number >= 1, got 0"),
        (lambda: slowest_quantile(lambda share: share, -0.1, 3), "quantile must lie in [0, 1], got -0.1"),
    ],
)
def test_misuse_is_an_error_that_names_the_number(misuse: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        misuse()
