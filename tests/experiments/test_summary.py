"""Estimates and paired comparisons against closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from experiments import compare_paired, estimate
from experiments.table import estimate_text


def test_interval_is_the_student_t_interval():
    values = [3.1, 2.7, 3.9, 3.3, 2.2]
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    found = estimate(values)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.count == 5


@pytest.mark.slow
def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = [estimate(rng.normal(10, 3, 5).tolist()) for _ in range(2000)]
    assert np.mean([item.low <= 10 <= item.high for item in found]) == pytest.approx(0.95, abs=0.015)


def test_values_that_do_not_exist_are_left_out_and_counted():
    found = estimate([1.0, math.nan, 3.0])
    assert (found.mean, found.count, found.missing_count) == (2.0, 2, 1)


@pytest.mark.parametrize(
    "values, mean",
    [
        ([], math.nan),
        ([math.nan], math.nan),
        ([5.0], 5.0),
        ([1.0, math.inf], math.inf),
        ([math.inf, -math.inf], math.nan),
    ],
)
def test_too_few_or_infinite_values_have_no_interval(values, mean):
    found = estimate(values)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert math.isnan(found.half_width)


def test_confidence_must_be_a_probability():
    with pytest.raises(ValueError, match="confidence must be > 0 and < 1, got 95"):
        estimate([1.0, 2.0], confidence=95)


def test_paired_comparison_uses_shared_seeds_and_finds_what_the_single_intervals_hide():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 10, 10)
    baseline = {seed: 100 + value for seed, value in enumerate(noise)}
    other = {seed: 101 + value + rng.normal(0, 0.1) for seed, value in enumerate(noise)} | {99: 1e9}
    found = compare_paired("wait", baseline, other)
    assert found.difference.count == 10
    assert found.significant
    assert found.difference.low < 1 < found.difference.high
    assert estimate(list(baseline.values())).half_width > 1


def test_comparison_without_a_shared_seed_is_refused():
    with pytest.raises(ValueError, match="must share a seed with a value of wait"):
        compare_paired("wait", {0: 1.0}, {1: 1.0})


def test_a_half_width_of_rounding_errors_alone_is_shown_as_none():
    values = [6.85605, 6.85605 + 9e-15, 6.85605 - 9e-15]
    assert estimate_text(estimate(values)) == ("6.85605", "0")
    assert estimate_text(estimate([1.0, 2.0, 3.0])) == ("2.0", "2.5")
