"""Rates as functions of time: values, bounds and edges."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.workload import ConstantRate, DailySine, FlashCrowd, RateFunction, RateShape, RateSteps


def test_steps_hold_from_their_start_and_are_zero_before_the_first() -> None:
    steps = RateSteps([(10.0, 40.0), (60.0, 80.0), (65.0, 40.0)])
    assert [steps(time) for time in (9.999, 10.0, 59.999, 60.0, 64.999, 65.0, 1e9)] == [
        0,
        40,
        40,
        80,
        80,
        40,
        40,
    ]
    assert (steps.rate_max, steps.silent_from) == (80.0, math.inf)


def test_steps_are_silent_from_the_start_of_their_last_zeros() -> None:
    assert RateSteps([(0.0, 5.0), (7.0, 0.0), (8.0, 0.0)]).silent_from == 7.0


def test_a_flash_crowd_rises_stays_and_falls() -> None:
    crowd = FlashCrowd(base_rate=10.0, peak_rate=50.0, start=100.0, rise=10.0, hold=20.0, fall=40.0)
    times = (0.0, 100.0, 105.0, 110.0, 130.0, 140.0, 150.0, 170.0, 1e6)
    assert [crowd(time) for time in times] == pytest.approx([10, 10, 30, 50, 50, 40, 30, 10, 10])


def test_a_flash_crowd_may_be_a_step() -> None:
    crowd = FlashCrowd(base_rate=0.0, peak_rate=50.0, start=1.0, hold=2.0)
    assert [crowd(time) for time in (0.999, 1.0, 2.999, 3.0)] == [0.0, 50.0, 50.0, 0.0]
    assert crowd.silent_from == 3.0


def test_a_daily_sine_has_its_top_at_the_peak_time() -> None:
    sine = DailySine(mean_rate=40.0, amplitude_ratio=0.5, peak_time=20.0 * 3600)
    assert sine(20.0 * 3600) == sine.rate_max == 60.0
    assert sine(8.0 * 3600) == pytest.approx(20.0)
    assert sine(44.0 * 3600) == pytest.approx(60.0)


positive = st.floats(1e-3, 1e6)


@pytest.mark.slow
@given(positive, positive, positive, positive, st.floats(0.0, 1.0), st.floats(-1e5, 1e5))
def test_no_shape_leaves_its_bound(
    low: float, more: float, rise: float, fall: float, ratio: float, time: float
) -> None:
    shapes: list[RateShape] = [
        ConstantRate(rate=low),
        FlashCrowd(base_rate=low, peak_rate=low + more, start=1.0, rise=rise, hold=0.0, fall=fall),
        DailySine(mean_rate=low, amplitude_ratio=ratio, peak_time=more, period=rise),
        RateSteps([(0.0, low), (rise, more)]),
    ]
    for shape in shapes:
        assert 0.0 <= shape(time) <= shape.rate_max
        assert 0.0 <= shape(1.0 + ratio * rise) <= shape.rate_max
        assert 0.0 <= shape(1.0 + rise + ratio * fall) <= shape.rate_max


CROWD = {"base_rate": 1.0, "peak_rate": 2.0, "start": 0.0, "hold": 1.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantRate(rate=0.0), "rate must be finite and > 0, got 0.0"),
        (lambda: RateFunction(abs, rate_max=math.inf), "rate_max must be finite and > 0, got inf"),
        (lambda: RateSteps([]), "highest rate of the steps must be finite and > 0, got 0"),
        (lambda: RateSteps([(0.0, 0.0)]), "highest rate of the steps must be finite and > 0, got 0"),
        (lambda: RateSteps([(1.0, 5.0), (1.0, 6.0)]), "starts of rate steps must increase"),
        (lambda: RateSteps([(0.0, -1.0), (1.0, 2.0)]), r"finite rate >= 0\), got \(0.0, -1.0\)"),
        (lambda: FlashCrowd(**{**CROWD, "peak_rate": 1.0}), "base_rate must be in"),
        (lambda: FlashCrowd(**{**CROWD, "hold": -1.0}), "hold must be finite and >= 0 s, got -1.0"),
        (
            lambda: DailySine(mean_rate=1.0, amplitude_ratio=1.5),
            r"amplitude_ratio must be in \[0, 1\], got 1.5",
        ),
        (lambda: DailySine(mean_rate=1.0, period=0.0), "period must be finite and > 0, got 0.0"),
        (lambda: DailySine(mean_rate=1.0, peak_time=math.inf), "peak_time must be finite, got inf"),
    ],
)
def test_misuse_is_an_error_on_construction(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
