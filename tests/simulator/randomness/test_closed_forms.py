"""Single laws against values known from elsewhere, and their refusals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulator.randomness import (
    Constant,
    Distribution,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Mixture,
    Pareto,
    Scaled,
    Shifted,
    Uniform,
    Weibull,
)


@pytest.mark.parametrize(
    "law, reference",
    [
        (Uniform(0.2, 0.7), stats.uniform(0.2, 0.5)),
        (Exponential(0.05), stats.expon(scale=0.05)),
        (Gamma(shape=0.4, mean=2.0), stats.gamma(0.4, scale=5.0)),
        (Erlang(shape=3, mean=0.3), stats.gamma(3, scale=0.1)),
        (Weibull(shape=0.6, scale=3.0), stats.weibull_min(0.6, scale=3.0)),
        (Pareto(shape=2.5, minimum=0.1), stats.pareto(2.5, scale=0.1)),
        (Pareto(shape=2.5, minimum=1.0, maximum=40.0), stats.truncpareto(2.5, 40.0)),
        (
            LogNormal(mean=math.exp(0.125), standard_deviation=math.exp(0.125) * math.sqrt(math.expm1(0.25))),
            stats.lognorm(0.5),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_laws_agree_with_scipy(law: Distribution, reference: stats.rv_frozen) -> None:
    values = law.quantile(np.linspace(0.001, 0.999, 50))
    assert law.mean == pytest.approx(reference.mean(), rel=1e-10)
    assert law.variance == pytest.approx(reference.var(), rel=1e-9)
    assert law.cdf(values) == pytest.approx(reference.cdf(values), rel=1e-9)
    assert law.survival(values) == pytest.approx(reference.sf(values), rel=1e-9)


@pytest.mark.slow
@given(mean=st.floats(1e-3, 1e3), scv=st.floats(1.0, 1e6))
def test_a_hyperexponential_has_the_mean_and_variability_asked_for(mean: float, scv: float) -> None:
    law = Hyperexponential.from_mean_and_scv(mean=mean, scv=scv)
    assert law.mean == pytest.approx(mean, rel=1e-12)
    assert law.squared_coefficient_of_variation == pytest.approx(scv, rel=1e-9)
    shares = [p * m for p, m in zip(law.probabilities, law.means, strict=True)]
    assert shares[0] == pytest.approx(shares[1], rel=1e-9)


@pytest.mark.slow
@given(shape=st.floats(5.0, 1e6))
def test_the_variance_of_a_steep_weibull_keeps_its_digits(shape: float) -> None:
    # For large shapes ln X is Gumbel: variance ~ mean² · π²/6 / shape², up to a factor 1 + O(1/shape).
    law = Weibull(shape=shape, scale=2.0)
    leading = law.mean**2 * math.pi**2 / 6.0 / shape**2
    assert law.variance == pytest.approx(leading, rel=3.0 / shape + 1e-12)


def test_the_weibull_variance_is_continuous_where_its_formula_changes() -> None:
    below, above = (Weibull(shape=shape, scale=1.0).variance for shape in (10.0 - 1e-9, 10.0 + 1e-9))
    assert below == pytest.approx(above, rel=1e-8)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 3.0])
def test_the_moments_of_a_bounded_pareto_are_continuous_where_their_formula_changes(shape: float) -> None:
    narrow, wide = (
        Pareto(shape=shape, minimum=1.0, maximum=math.exp(0.1 + step)) for step in (-1e-10, 1e-10)
    )
    assert narrow.mean == pytest.approx(wide.mean, rel=1e-9)
    assert narrow.variance == pytest.approx(wide.variance, rel=1e-7)


def test_a_narrow_pareto_is_nearly_uniform() -> None:
    law = Pareto(shape=1.5, minimum=1.0, maximum=1.0 + 1e-6)
    assert law.variance == pytest.approx(1e-12 / 12.0, rel=1e-6)


def test_a_heavy_pareto_has_infinite_moments() -> None:
    assert Pareto(shape=1.0, minimum=1.0).mean == math.inf
    assert Pareto(shape=2.0, minimum=1.0).mean == 2.0
    assert Pareto(shape=2.0, minimum=1.0).variance == math.inf
    assert Pareto(shape=2.0, minimum=1.0).squared_coefficient_of_variation == math.inf


def test_infinite_moments_pass_through_what_is_built_on_them() -> None:
    heavy = Pareto(shape=0.9, minimum=1.0)
    for law in (
        Mixture(weights=[1, 1], components=[heavy, Constant(1.0)]),
        Shifted(heavy, 1.0),
        Scaled(heavy, 2.0),
    ):
        assert law.mean == math.inf
        assert law.variance == math.inf


def test_a_constant_leaves_its_stream_alone() -> None:
    generator, untouched = np.random.default_rng(1), np.random.default_rng(1)
    assert Constant(3).sample(generator, 2).tolist() == [3.0, 3.0]
    assert generator.random() == untouched.random()


def test_a_constant_zero_has_no_variability() -> None:
    assert Constant(0.0).squared_coefficient_of_variation == 0.0


def test_support_tells_whether_a_law_can_be_a_duration() -> None:
    assert Uniform(-0.5, 0.5).support == (-0.5, 0.5)
    assert Shifted(Exponential(1.0), -1.0).support == (-1.0, math.inf)
    assert Pareto(shape=1.1, minimum=1.0, maximum=1e4).support == (1.0, pytest.approx(1e4, rel=1e-14))


def test_weights_need_not_sum_to_one() -> None:
    laws = (Exponential(1.0), Exponential(2.0))
    assert (
        Mixture(weights=[3, 1], components=laws).mean == Mixture(weights=[0.75, 0.25], components=laws).mean
    )


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: Exponential(mean=-1.0), ValueError, r"^mean must be > 0, got -1\.0$"),
        (lambda: Exponential(mean=math.nan), ValueError, "^mean must be finite, got nan$"),
        (lambda: Exponential(mean="1"), TypeError, "^mean must be a number, got '1'$"),
        (lambda: Constant(math.inf), ValueError, "^value must be finite, got inf$"),
        (lambda: Uniform(2.0, 1.0), ValueError, r"^maximum must be > minimum \(2\.0\), got 1\.0$"),
        (lambda: Gamma(shape=0.0, mean=1.0), ValueError, r"^shape must be > 0, got 0\.0$"),
        (lambda: Erlang(shape=1.5, mean=1.0), ValueError, r"must be an integer >= 1, got 1\.5"),
        (lambda: LogNormal(mean=1.0, standard_deviation=0.0), ValueError, r"^standard_deviation must be > 0"),
        (lambda: Weibull(shape=1.0, scale=0.0), ValueError, r"^scale must be > 0, got 0\.0$"),
        (
            lambda: Pareto(shape=1.0, minimum=2.0, maximum=2.0),
            ValueError,
            r"^maximum must be > minimum \(2\.0\)",
        ),
        (
            lambda: Hyperexponential(probabilities=[0.5, 0.4], means=[1, 2]),
            ValueError,
            r"must sum to 1, got 0\.9",
        ),
        (
            lambda: Hyperexponential(probabilities=[1.0], means=[1, 2]),
            ValueError,
            "as many as means.*got 1 and 2",
        ),
        (lambda: Hyperexponential(probabilities=[1.0], means=[0]), ValueError, r"^means\[0\] must be > 0"),
        (lambda: Hyperexponential.from_mean_and_scv(1.0, 0.5), ValueError, r"^scv must be >= 1, got 0\.5"),
        (lambda: Mixture(weights=[], components=[]), ValueError, "at least one, got 0 and 0"),
        (lambda: Mixture(weights=[0.0], components=[Constant(1)]), ValueError, r"^weights\[0\] must be > 0"),
        (
            lambda: Mixture(weights=[1.0], components=[1.0]),
            TypeError,
            r"^components\[0\] must be a Distribution",
        ),
        (lambda: Shifted(1.0, 1.0), TypeError, r"^component must be a Distribution, got 1\.0$"),
        (lambda: Scaled(Constant(1.0), -1.0), ValueError, r"^factor must be > 0, got -1\.0$"),
    ],
)
def test_misuse_is_an_error_that_says_name_value_and_rule(
    build: Callable[[], Distribution], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build()
