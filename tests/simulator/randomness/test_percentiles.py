"""Laws from percentiles: exactly the law whose percentiles were given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.randomness import Exponential, LogNormal, Pareto, Weibull
from simulator.randomness.percentiles import probability_of

two_parameter_laws = pytest.mark.parametrize("family", [LogNormal, Weibull, Pareto])

names = st.sampled_from(["p1", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p999", "p9999"])


@pytest.mark.slow
@two_parameter_laws
@given(
    pair=st.lists(names, min_size=2, max_size=2, unique_by=probability_of),
    low=st.floats(1e-6, 1e3),
    # Further apart, close percentiles ask for a lognormal whose variance no float holds.
    ratio=st.floats(1.01, 50.0),
)
def test_quantiles_are_the_given_percentiles(
    family: type[LogNormal | Weibull | Pareto], pair: list[str], low: float, ratio: float
) -> None:
    lower, upper = sorted(pair, key=probability_of)
    law = family.from_percentiles(**{lower: low, upper: low * ratio})
    assert law.quantile(probability_of(lower)) == pytest.approx(low, rel=1e-9)
    assert law.quantile(probability_of(upper)) == pytest.approx(low * ratio, rel=1e-9)
    assert law.cdf(low) == pytest.approx(probability_of(lower), rel=1e-7)
    assert law.cdf(low * ratio) == pytest.approx(probability_of(upper), rel=1e-7)


@pytest.mark.slow
@given(name=names, value=st.floats(1e-6, 1e6))
def test_an_exponential_needs_one_percentile(name: str, value: float) -> None:
    law = Exponential.from_percentiles(**{name: value})
    assert law.quantile(probability_of(name)) == pytest.approx(value, rel=1e-12)


def test_a_lognormal_is_what_an_engineer_knows() -> None:
    law = LogNormal.from_percentiles(p50=0.02, p99=0.2)
    assert law.quantile(0.5) == pytest.approx(0.02, rel=1e-12)
    assert law.quantile(0.99) == pytest.approx(0.2, rel=1e-12)


@pytest.mark.parametrize(
    "name, probability",
    [
        ("p5", 0.05),
        ("p05", 0.05),
        ("p50", 0.5),
        ("p95", 0.95),
        ("p999", 0.999),
        ("p9995", 0.9995),
        ("p001", 0.001),
    ],
)
def test_names_read_as_engineers_write_them(name: str, probability: float) -> None:
    assert probability_of(name) == probability


@pytest.mark.parametrize("name", ["p0", "p00", "p100", "p1000", "median", "p", "p-5", "p5.5", "P50"])
def test_other_names_are_errors(name: str) -> None:
    with pytest.raises(ValueError, match="percentile must be p1 to p99 or finer"):
        probability_of(name)


@two_parameter_laws
def test_percentiles_must_rise(family: type[LogNormal | Weibull | Pareto]) -> None:
    with pytest.raises(ValueError, match=r"p99 must be > p50 \(0\.2\), got 0\.02"):
        family.from_percentiles(p50=0.2, p99=0.02)


@two_parameter_laws
def test_percentiles_must_be_two_and_differ(family: type[LogNormal | Weibull | Pareto]) -> None:
    with pytest.raises(TypeError, match=r"exactly 2 of p50, p95, p99, p999, \.\.\., got p50"):
        family.from_percentiles(p50=0.2)
    with pytest.raises(ValueError, match=r"percentiles must differ, got p05 and p5"):
        family.from_percentiles(p5=0.2, p05=0.3)


@two_parameter_laws
def test_percentiles_must_be_positive(family: type[LogNormal | Weibull | Pareto]) -> None:
    with pytest.raises(ValueError, match=r"p50 must be > 0, got 0\.0"):
        family.from_percentiles(p50=0.0, p99=1.0)


def test_percentiles_too_far_apart_for_a_lognormal_are_an_error() -> None:
    with pytest.raises(ValueError, match="percentiles must give a finite variance"):
        LogNormal.from_percentiles(p50=1e-6, p51=1e6)
