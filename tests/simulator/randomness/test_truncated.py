"""Truncation: right where the interval is far out, narrow, or holds an atom on its edge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erfcx

from simulator.randomness import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Pareto,
    Scaled,
    Shifted,
    Truncated,
    Uniform,
    Weibull,
)


@pytest.mark.slow
@given(start=st.floats(0.0, 600.0), mean=st.floats(1e-3, 1e3))
def test_an_exponential_has_no_memory(start: float, mean: float) -> None:
    law = Truncated(Exponential(mean=mean), minimum=start * mean)
    assert law.mean == pytest.approx((start + 1.0) * mean, rel=1e-11)
    assert law.variance == pytest.approx(mean**2, rel=1e-9)
    assert law.quantile(0.5) - start * mean == pytest.approx(math.log(2.0) * mean, rel=1e-9)


@pytest.mark.slow
@given(width=st.floats(1e-6, 300.0), start=st.floats(0.0, 100.0))
def test_a_doubly_truncated_exponential_has_its_closed_form(width: float, start: float) -> None:
    law = Truncated(Exponential(mean=1.0), minimum=start, maximum=start + width)
    width = law.maximum - law.minimum
    # w/2 · coth-like forms written with expm1; the variance from its series where they cancel.
    mean = 1.0 - width / math.expm1(width)
    variance = 1.0 - (width / (2.0 * math.sinh(width / 2.0))) ** 2
    if width < 0.05:
        mean, variance = width / 2.0 - width**2 / 12.0, width**2 / 12.0 - width**4 / 240.0
    assert law.mean - start == pytest.approx(mean, rel=1e-5, abs=1e-12 * start)
    assert law.variance == pytest.approx(variance, rel=1e-5 + 1e-14 * (1.0 + start) / width)


@pytest.mark.slow
@given(low=st.floats(0.0, 10.0), width=st.floats(1e-3, 10.0))
def test_a_truncated_uniform_is_uniform(low: float, width: float) -> None:
    law = Truncated(Uniform(0.0, 20.0), minimum=low, maximum=low + width)
    expected = Uniform(low, low + width)
    assert law.mean == pytest.approx(expected.mean, rel=1e-10)
    assert law.variance == pytest.approx(expected.variance, rel=1e-8)


def test_the_far_tail_of_a_lognormal_is_right() -> None:
    # ln X is standard normal; E[X | X > t] by scaled complementary error functions, which do not underflow.
    sigma, score = 1.0, 30.0
    law = Truncated(
        LogNormal(mean=math.exp(0.5), standard_deviation=math.sqrt(math.e * (math.e - 1.0))), math.exp(score)
    )
    # exp(s z + s²/2) · Q(z - s) / Q(z), Q the upper tail of the normal law.
    ratio = erfcx((score - sigma) / math.sqrt(2.0)) / erfcx(score / math.sqrt(2.0))
    assert law.component.survival(law.minimum) < 1e-190
    assert law.mean == pytest.approx(math.exp(score) * ratio, rel=1e-9)


def test_draws_from_the_far_tail_stay_there_and_differ() -> None:
    law = Truncated(Gamma(shape=2.0, mean=1.0), minimum=100.0)
    values = law.sample(np.random.default_rng(1), 1000)
    assert values.min() >= 100.0
    assert np.unique(values).size == 1000
    assert values.mean() == pytest.approx(law.mean, abs=5.0 * law.standard_deviation / math.sqrt(1000))


def test_the_far_lower_tail_is_right() -> None:
    # Near zero a Weibull law is a power law: P(X <= x) ~ x**2.
    law = Truncated(Weibull(shape=2.0, scale=1.0), maximum=1e-8)
    assert law.mean == pytest.approx(2.0 / 3.0 * 1e-8, rel=1e-9)
    assert law.variance == pytest.approx((1.0 / 2.0 - 4.0 / 9.0) * 1e-16, rel=1e-8)
    assert law.quantile(0.25) == pytest.approx(0.5e-8, rel=1e-9)


def test_a_truncated_pareto_is_a_bounded_pareto() -> None:
    law = Truncated(Pareto(shape=0.8, minimum=1.0), minimum=2.0, maximum=9.0)
    bounded = Pareto(shape=0.8, minimum=2.0, maximum=9.0)
    assert (law.mean, law.variance) == (bounded.mean, bounded.variance)
    assert law.quantile(0.9) == pytest.approx(bounded.quantile(0.9), rel=1e-12)


def test_a_truncated_pareto_without_maximum_keeps_its_infinite_moments() -> None:
    assert Truncated(Pareto(shape=1.5, minimum=1.0), minimum=2.0).variance == math.inf
    assert Truncated(Pareto(shape=0.5, minimum=1.0), minimum=2.0).mean == math.inf


def test_an_atom_on_either_edge_belongs_to_the_interval() -> None:
    law = Truncated(Empirical([1.0, 2.0, 3.0, 4.0]), minimum=2.0, maximum=3.0)
    assert law.mean == 2.5
    assert law.cdf(2.0) == 0.5
    assert set(law.sample(np.random.default_rng(1), 100).tolist()) == {2.0, 3.0}
    assert Truncated(Constant(2.0), minimum=2.0).mean == 2.0


def test_a_truncated_mixture_reweighs_its_components() -> None:
    mixture = Mixture(weights=[3, 1], components=[Uniform(0.0, 1.0), Uniform(10.0, 20.0)])
    law = Truncated(mixture, minimum=0.5, maximum=15.0)
    # Left over: 3 · 1/2 on (0.5, 1) and 1 · 1/2 on (10, 15), three to one.
    assert law.mean == pytest.approx(0.75 * 0.75 + 0.25 * 12.5, rel=1e-12)
    assert law.cdf(5.0) == pytest.approx(0.75, rel=1e-12)


def test_shift_and_scale_commute_with_truncation() -> None:
    inner = Truncated(Exponential(mean=1.0), minimum=1.0, maximum=2.0)
    outer = Truncated(Shifted(Scaled(Exponential(mean=1.0), 3.0), 5.0), minimum=8.0, maximum=11.0)
    assert outer.mean == pytest.approx(3.0 * inner.mean + 5.0, rel=1e-12)
    assert outer.variance == pytest.approx(9.0 * inner.variance, rel=1e-10)


def test_an_interval_without_probability_is_an_error() -> None:
    with pytest.raises(
        ValueError, match=r"interval must have a probability > 0, got 0\.0 for \[5\.0, 6\.0\] under Uniform"
    ):
        Truncated(Uniform(0.0, 1.0), minimum=5.0, maximum=6.0)


@pytest.mark.parametrize("maximum", [1.0, 0.5, math.nan])
def test_the_maximum_must_exceed_the_minimum(maximum: float) -> None:
    with pytest.raises(ValueError, match=r"maximum must be > minimum \(1\.0\), got"):
        Truncated(Exponential(mean=1.0), minimum=1.0, maximum=maximum)
