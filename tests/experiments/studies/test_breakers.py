"""The study of breakers: low thresholds open falsely, and an open breaker saves calls and threads."""

import math
from functools import lru_cache
from typing import Any

import pytest

from experiments import Grid, Run, sweep
from experiments.studies.breakers import breakers

from .short_runs import DURATION


@lru_cache
def short(**parameters: Any) -> Run:
    return breakers(**{"seed": 1, "duration": DURATION, "window": 10, "open_time": 2.0, **parameters})


@pytest.mark.slow
def test_low_threshold_opens_on_a_healthy_payment() -> None:
    low, high = (short(timeout=0.25, threshold=threshold).measures for threshold in (0.05, 0.8))
    assert low["false_openings"] > 5.0
    assert high["false_openings"] == 0.0
    assert low["buy_healthy"] < high["buy_healthy"] - 0.1


@pytest.mark.slow
def test_high_threshold_opens_later_and_saves_less() -> None:
    low, high = (short(timeout=1.0, threshold=threshold).measures for threshold in (0.2, 0.9))
    assert low["open_delay"] < high["open_delay"]
    assert low["calls_saved"] > high["calls_saved"] > 0


@pytest.mark.slow
def test_breaker_keeps_browsing_alive_where_the_timeout_is_too_long() -> None:
    parameters = {"timeout": 4.0, "duration": 60.0, "open_time": 5.0}
    without, with_breaker = (short(threshold=threshold, **parameters).measures for threshold in (None, 0.2))
    assert with_breaker["browse_available"] > without["browse_available"] + 0.1
    assert with_breaker["threads_waiting"] < without["threads_waiting"] - 10.0


@pytest.mark.slow
def test_breaker_without_a_timeout_sees_nothing() -> None:
    measures = short(timeout=None, threshold=0.2).measures
    assert math.isnan(measures["open_delay"])
    assert measures["calls_saved"] == 0
    assert measures["recover_time"] == math.inf


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["errors", "refused"])
def test_breaker_sees_failures_that_are_fast_without_a_timeout(fault: str) -> None:
    measures = short(timeout=None, threshold=0.5, fault=fault).measures
    assert 0.0 < measures["open_delay"] < 2.0
    assert measures["saved_ratio"] > 0.5
    assert measures["recover_time"] < 5.0


@pytest.mark.slow
def test_without_breaker_there_is_nothing_to_open_or_close() -> None:
    measures = short(threshold=None).measures
    assert math.isnan(measures["open_delay"])
    assert math.isnan(measures["close_delay"])
    assert math.isnan(measures["false_openings"])
    assert measures["saved_ratio"] == 0.0


@pytest.mark.slow
def test_breakers_close_after_the_heal() -> None:
    measures = short(timeout=0.5, threshold=0.5).measures
    assert 0.0 < measures["close_delay"] < 4.0
    assert measures["buy_after"] > 0.3


@pytest.mark.slow
def test_long_open_time_closes_later() -> None:
    soon, late = (
        short(timeout=0.5, threshold=0.5, open_time=time, duration=45.0).measures for time in (1.0, 10.0)
    )
    assert soon["close_delay"] < late["close_delay"]
    assert soon["calls_saved"] < late["calls_saved"]


@pytest.mark.slow
def test_rows_are_the_same_with_one_worker_and_with_two() -> None:
    rows = [
        sweep(
            breakers,
            Grid({"timeout": [0.5, 1.0], "threshold": [0.2]}),
            fixed={"duration": DURATION},
            replications=2,
            jobs=jobs,
        ).rows
        for jobs in (1, 2)
    ]
    assert len(rows[0]) == 4
    # As text, in which nan equals nan.
    assert repr(rows[0]) == repr(rows[1])
