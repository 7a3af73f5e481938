"""Open arrivals: Poisson counts, rates that vary in time, and bounds that are promises."""

import math
from collections.abc import Generator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from models.endpoint import Endpoint, FunctionEndpoint
from models.request import Request, Response
from models.workload import DailySine, FlashCrowd, OpenLoop, RateFunction, RateShape, RateSteps
from simulator import Environment
from simulator.randomness import Constant, Exponential


def instant() -> Endpoint:
    def handler(request: Request) -> Generator[Any, Any, Response]:
        return Response()
        yield

    return FunctionEndpoint(handler)


def arrivals(until: float, seed: int = 1, **settings: Any) -> np.ndarray[Any, Any]:
    env = Environment(seed=seed)
    workload = OpenLoop(env, instant(), until=until, **settings)
    env.run()
    return np.asarray(workload.table.columns()["start"])


def integral(shape: RateShape, start: float, end: float) -> float:
    midpoints = start + (np.arange(20_000) + 0.5) * (end - start) / 20_000
    return float(np.mean([shape(time) for time in midpoints.tolist()]) * (end - start))


@pytest.mark.slow
def test_counts_in_windows_are_poisson() -> None:
    """Mean and variance of the counts agree, and the gaps are exponential."""
    times = arrivals(until=2_000.0, rate=10.0)
    counts = np.histogram(times, bins=np.arange(0.0, 2_001.0))[0]
    assert counts.mean() == pytest.approx(10.0, abs=stats.norm.ppf(0.9995) * math.sqrt(10.0 / 2_000))
    dispersion = counts.var(ddof=1) / counts.mean()
    assert dispersion == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / 1_999))
    assert stats.kstest(np.diff(times), "expon", args=(0.0, 0.1)).pvalue > 0.001


def test_constant_times_between_arrivals_are_kept_exactly() -> None:
    assert arrivals(until=1.25, interarrival=Constant(0.25)).tolist() == [0.25, 0.5, 0.75, 1.0]


SHAPES = [
    RateSteps([(0.0, 40.0), (60.0, 80.0), (65.0, 0.0), (90.0, 20.0)]),
    FlashCrowd(base_rate=10.0, peak_rate=90.0, start=30.0, rise=20.0, hold=10.0, fall=30.0),
    DailySine(mean_rate=40.0, amplitude_ratio=1.0, period=100.0, peak_time=25.0),
    RateFunction(lambda time: 0.5 * time, rate_max=60.0),
]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_varying_rate_gives_poisson_counts_with_that_mean_in_every_window(shape: RateShape) -> None:
    """Exact thinning: over all windows, the sum of squared standardised counts is chi-squared."""
    runs, edges = 20, np.linspace(0.0, 120.0, 25)
    counts = sum(np.histogram(arrivals(120.0, seed, rate=shape), bins=edges)[0] for seed in range(runs))
    expected = runs * np.array([integral(shape, low, high) for low, high in pairwise(edges)])
    assert np.all(counts[expected == 0.0] == 0)
    busy = expected > 0.0
    statistic = float((((counts - expected) ** 2)[busy] / expected[busy]).sum())
    assert stats.chi2.sf(statistic, busy.sum()) > 0.001
    assert counts.sum() == pytest.approx(expected.sum(), abs=3.3 * math.sqrt(expected.sum()))


@pytest.mark.parametrize(
    "value", [30.5, -0.5, math.nan, math.inf], ids=["above the bound", "negative", "nan", "infinite"]
)
def test_a_rate_outside_its_bound_stops_the_run_and_names_time_and_value(value: float) -> None:
    rate = RateFunction(lambda time: 20.0 if time < 5.0 else value, rate_max=30.0)
    with pytest.raises(
        ValueError, match=rf"rate of open_loop at 5\.\d+ s must be in \[0, rate_max = 30\.0\], got {value}"
    ):
        arrivals(until=10.0, rate=rate)


def test_a_rate_that_falls_silent_for_good_ends_the_workload() -> None:
    times = arrivals(until=math.inf, rate=RateSteps([(0.0, 50.0), (2.0, 0.0)]))
    assert 50 < len(times) < 150
    assert times.max() < 2.0


def test_a_rate_that_is_zero_for_ever_does_not_keep_the_run_from_its_end() -> None:
    env = Environment(seed=1)
    workload = OpenLoop(env, instant(), rate=RateFunction(lambda time: 0.0, rate_max=1_000.0))
    env.run(until=30.0)
    assert (env.now, workload.issued) == (30.0, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "exactly one of rate and interarrival"),
        ({"rate": 1.0, "interarrival": Exponential(1.0)}, "exactly one of rate and interarrival"),
        ({"rate": 0.0}, "rate must be finite and > 0 per s, got 0.0"),
        ({"rate": -3.0}, "rate must be finite and > 0 per s, got -3.0"),
        ({"rate": math.inf}, "rate must be finite and > 0 per s, got inf"),
        ({"rate": math.nan}, "rate must be finite and > 0 per s, got nan"),
        ({"interarrival": 1.0}, "interarrival must be a Distribution, got 1.0"),
        ({"interarrival": Constant(0.0)}, "interarrival must have a mean > 0 s"),
    ],
    ids=["neither", "both", "zero", "negative", "infinite", "nan", "a number", "no time between"],
)
def test_misuse_is_an_error_on_construction(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        OpenLoop(Environment(seed=1), instant(), **settings)
