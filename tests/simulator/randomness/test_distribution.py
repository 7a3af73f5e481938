"""The contract of the family: what holds for every distribution."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from scipy.stats import kstest

from simulator.randomness import Distribution, Exponential, Uniform
from tests.in_one_test import in_one_test

from .laws import ALL, CONTINUOUS, SMOOTH

every_law = in_one_test("law", ALL.values(), ids=ALL.keys())
every_continuous_law = in_one_test("law", CONTINUOUS.values(), ids=CONTINUOUS.keys())

PROBABILITIES = np.array([1e-9, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.75, 0.9, 0.99, 0.9999, 1 - 1e-9])


NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)
EDGES = np.append(10.0 ** -np.arange(18.0, 0.0, -0.5), 0.5)


def integrated(law: Distribution, power: int, centre: float) -> float:
    """Integrate (x - centre)**power over both halves of the law's probability, half decades towards its ends.

    Independent of what it checks: this knows quantiles only. The last 1e-18 of either tail is left out.
    """
    half_widths = np.diff(EDGES)[:, np.newaxis] / 2.0
    probabilities = EDGES[:-1, np.newaxis] + half_widths * (1.0 + NODES)
    halves = (law.quantile(probabilities), law.upper_quantile(probabilities))
    return sum(float((half_widths * WEIGHTS * (values - centre) ** power).sum()) for values in halves)


@pytest.mark.slow
@every_continuous_law
def test_mean_and_variance_agree_with_numerical_integration(law: Distribution) -> None:
    # Quantile functions of mixtures have kinks and jumps, which cost the reference its digits.
    tolerance = 1e-9 if law in SMOOTH.values() else 2e-3
    assert integrated(law, 1, 0.0) == pytest.approx(law.mean, rel=tolerance)
    assert integrated(law, 2, law.mean) == pytest.approx(law.variance, rel=tolerance)


@pytest.mark.slow
@every_law
def test_mean_of_a_large_sample_lies_within_five_standard_errors(law: Distribution) -> None:
    # A right mean fails with probability below 1e-6 per law (normal approximation); the seed is fixed.
    size = 40_000
    values = law.sample(np.random.default_rng(20240607), size)
    assert abs(values.mean() - law.mean) <= 5.0 * law.standard_deviation / math.sqrt(size) + 1e-12


@pytest.mark.slow
@every_law
def test_variance_of_a_large_sample_lies_within_six_standard_errors(law: Distribution) -> None:
    # The standard error comes from the law's fourth moment. One estimated from the sample fails heavy tails:
    # a sample without its rare large values underestimates variance and error alike. Six standard errors hold
    # with 97 % for any law (Chebyshev) and far more for most; the seed is fixed.
    size = 40_000
    squares = (law.sample(np.random.default_rng(7), size) - law.mean) ** 2
    standard_error = math.sqrt(max(integrated(law, 4, law.mean) - law.variance**2, 0.0) / size)
    assert abs(squares.mean() - law.variance) <= 6.0 * standard_error + 1e-12


@every_continuous_law
def test_samples_follow_the_cdf(law: Distribution) -> None:
    # Kolmogorov-Smirnov at level 1e-4 per law, on a fixed seed.
    values = law.sample(np.random.default_rng(11), 4_000)
    assert kstest(values, law.cdf).pvalue > 1e-4


@every_law
def test_samples_are_finite_and_inside_the_support(law: Distribution) -> None:
    values = law.sample(np.random.default_rng(3), 10_000)
    lowest, highest = law.support
    assert np.isfinite(values).all()
    assert lowest >= 0.0
    assert values.min() >= lowest
    assert values.max() <= highest


@every_law
def test_samples_do_not_depend_on_how_many_are_drawn_at_a_time(law: Distribution) -> None:
    one, many = np.random.default_rng(5), np.random.default_rng(5)
    pieces = np.concatenate([law.sample(one, size) for size in (1, 2, 300, 0, 17, 64)])
    assert np.array_equal(pieces, law.sample(many, 384))


@every_continuous_law
def test_cdf_undoes_quantile(law: Distribution) -> None:
    assert law.cdf(law.quantile(PROBABILITIES)) == pytest.approx(PROBABILITIES, rel=1e-9)


@every_continuous_law
def test_survival_undoes_upper_quantile_into_the_far_tail(law: Distribution) -> None:
    far = np.array([1e-30, 1e-16, 1e-12, *PROBABILITIES])
    bounded = math.isfinite(law.support[1])
    # Close to a finite end, neighbouring floats differ by more than the tail that is left.
    tails = far[far >= 1e-4] if bounded else far
    assert law.survival(law.upper_quantile(tails)) == pytest.approx(tails, rel=1e-8)


@every_law
def test_quantile_is_the_smallest_value_whose_cdf_reaches_the_probability(law: Distribution) -> None:
    values = law.quantile(PROBABILITIES)
    assert (law.cdf(values) >= PROBABILITIES - 1e-12).all()
    lower = values - 1e-6 * (1.0 + values)
    assert (law.cdf(lower) <= PROBABILITIES + 1e-12).all()


@every_law
def test_cdf_and_survival_sum_to_one(law: Distribution) -> None:
    values = np.concatenate([law.quantile(PROBABILITIES), [-1.0, 0.0, law.mean, 1e6]])
    assert law.cdf(values) + law.survival(values) == pytest.approx(np.ones(values.size), abs=1e-12)


@every_law
def test_a_law_is_a_value(law: Distribution) -> None:
    assert copy.deepcopy(law) == law
    assert pickle.loads(pickle.dumps(law)) == law
    assert hash(pickle.loads(pickle.dumps(law))) == hash(law)
    assert not hasattr(law, "__dict__")


@every_law
def test_derived_measures_follow_from_mean_and_variance(law: Distribution) -> None:
    assert law.standard_deviation == pytest.approx(math.sqrt(law.variance))
    assert law.squared_coefficient_of_variation == pytest.approx(law.variance / law.mean**2)


@every_law
def test_moments_over_the_whole_line_are_the_law_s_own(law: Distribution) -> None:
    moments = law.moments_between(-1.0, math.inf)
    assert moments.mean == pytest.approx(law.mean, rel=1e-10)
    assert moments.variance == pytest.approx(law.variance, rel=1e-9)


@every_law
def test_an_interval_without_probability_has_no_moments(law: Distribution) -> None:
    with pytest.raises(ValueError, match="interval must"):
        law.moments_between(-3.0, -2.0)


def test_a_number_gives_a_number_and_an_array_an_array_of_its_shape() -> None:
    law = Uniform(0.0, 2.0)
    assert type(law.cdf(1.0)) is float
    assert law.cdf(np.ones((2, 3))).shape == (2, 3)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_quantile_of_no_probability_is_an_error(probability: float) -> None:
    with pytest.raises(ValueError, match=r"probability must lie in \[0, 1\], got"):
        Exponential(mean=1.0).quantile(probability)


def test_laws_sampled_by_inversion_rise_and_fall_together() -> None:
    fast, slow = (Uniform(0.0, top).sample(np.random.default_rng(1), 100) for top in (1.0, 2.0))
    assert slow == pytest.approx(2.0 * fast)
