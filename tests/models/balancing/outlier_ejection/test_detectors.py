"""What detectors find: pure rules, with Envoy's own example and the edges of each threshold."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Response
from models.balancing.outlier_ejection import (
    CallResult,
    ConsecutiveFailures,
    FailurePercentage,
    IntervalCounts,
    OutlierSettings,
    SuccessRate,
    ejection_threshold,
    envoy_outlier,
    result_of,
)
from models.balancing.outlier_ejection.detectors import external_detectors, local_detectors
from models.failures import (
    BreakerOpen,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.services import DependencyFailed


def counts(*pairs: tuple[int, int]) -> list[IntervalCounts]:
    return [IntervalCounts(total, successes) for total, successes in pairs]


@pytest.mark.parametrize(
    ("end", "result"),
    [
        (Response(), CallResult.OK),
        (Response(degraded=("stock",)), CallResult.OK),
        (ServerError(), CallResult.ERROR),
        (DependencyFailed("stock", TimedOut()), CallResult.ERROR),
        (Rejected("s0"), CallResult.GATEWAY),
        (Unavailable(), CallResult.GATEWAY),
        (TimedOut(), CallResult.LOCAL),
        (Refused(), CallResult.LOCAL),
        (ConnectionLost(), CallResult.LOCAL),
        (BreakerOpen("b"), None),
        (None, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_end_of_a_call_is_one_of_envoys_results(end: Any, result: CallResult | None) -> None:
    assert result_of(end) is result


def test_a_row_is_found_once_when_it_is_as_long_as_the_threshold() -> None:
    detector = ConsecutiveFailures("rows", (CallResult.ERROR,), 3, 100.0)
    results = [CallResult.ERROR] * 2 + [CallResult.OK] + [CallResult.ERROR] * 5
    row, found = 0, []
    for result in results:
        row = detector.row(row, result)
        found.append(detector.finds(row))
    assert found == [False, False, False, False, False, True, False, False]


def test_envoys_example_of_a_success_rate_threshold() -> None:
    assert ejection_threshold([50.0, 100.0, 100.0, 100.0, 100.0], 2.0) == 50.0
    assert ejection_threshold([0.5, 1.0, 1.0, 1.0, 1.0], 1.9) == pytest.approx(0.52)


SUCCESS_RATE = SuccessRate("success_rate", 5, 100, 1.9, 100.0)


@pytest.mark.parametrize(
    ("interval", "outliers"),
    [
        (counts((100, 50), *[(100, 100)] * 4), [0]),
        # Four hosts with enough calls are not five; and who has too few is neither judged nor counted.
        (counts((100, 50), *[(100, 100)] * 3), []),
        (counts((100, 50), *[(100, 100)] * 3, (99, 99)), []),
        (counts((99, 0), *[(100, 100)] * 5), []),
        (counts((100, 100), (100, 100), (100, 0), (100, 100), (100, 100), (99, 0)), [2]),
        # Nobody stands out where all are equally ill.
        (counts(*[(100, 10)] * 5), []),
        # Two of ten: 2 deviations below the mean. Two of five are 1.22 deviations below: not enough.
        (counts(*[(100, 50)] * 2, *[(100, 100)] * 8), [0, 1]),
        (counts(*[(100, 50)] * 2, *[(100, 100)] * 3), []),
    ],
)
def test_who_is_far_below_the_others(interval: list[IntervalCounts], outliers: list[int]) -> None:
    assert SUCCESS_RATE.outliers(interval) == outliers


@pytest.mark.slow
@given(st.integers(min_value=2, max_value=60), st.floats(min_value=0.0, max_value=0.9))
def test_one_bad_target_of_n_is_sqrt_n_minus_1_deviations_below_the_mean(n: int, rate: float) -> None:
    rates = [rate] + [1.0] * (n - 1)
    deviations = sqrt(n - 1)
    assert ejection_threshold(rates, deviations) == pytest.approx(rate, abs=1e-9)
    assert (rate < ejection_threshold(rates, 1.9)) == (deviations > 1.9)


PERCENTAGE = FailurePercentage("failure_percentage", 5, 50, 85.0, 100.0)


@pytest.mark.parametrize(
    ("interval", "outliers"),
    [
        (counts((100, 15), *[(100, 100)] * 4), [0]),
        (counts((100, 16), *[(100, 100)] * 4), []),
        (counts((49, 0), *[(50, 0)] * 5), [1, 2, 3, 4, 5]),
        (counts((49, 0), *[(50, 0)] * 4), []),
    ],
)
def test_who_fails_too_much(interval: list[IntervalCounts], outliers: list[int]) -> None:
    assert PERCENTAGE.outliers(interval) == outliers


def test_the_preset_has_envoys_documented_defaults() -> None:
    settings = envoy_outlier()
    assert settings == OutlierSettings()
    assert (settings.interval, settings.base_ejection_time, settings.ejection_time_max) == (10.0, 30.0, 300.0)
    assert (settings.consecutive_5xx, settings.consecutive_gateway_failure) == (5, 5)
    assert settings.max_ejection_percent == 10.0
    assert (settings.success_rate_minimum_hosts, settings.success_rate_request_volume) == (5, 100)
    assert settings.success_rate_stdev_factor == 1.9
    assert settings.failure_percentage_threshold == 85.0
    assert (settings.failure_percentage_minimum_hosts, settings.failure_percentage_request_volume) == (5, 50)
    enforced = {name: getattr(settings, name) for name in dir(settings) if name.startswith("enforcing_")}
    assert {name for name, percent in enforced.items() if percent == 100.0} == {
        "enforcing_consecutive_5xx",
        "enforcing_success_rate",
        "enforcing_consecutive_local_origin_failure",
        "enforcing_local_origin_success_rate",
    }
    assert set(enforced.values()) == {0.0, 100.0}


def test_the_longest_ejection_is_300_s_or_the_base() -> None:
    assert OutlierSettings(base_ejection_time=400.0).ejection_time_max == 400.0
    assert OutlierSettings(max_ejection_time=60.0).ejection_time_max == 60.0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"interval": 0}, ValueError, "interval must be finite and > 0 s, got 0"),
        ({"base_ejection_time": "30"}, TypeError, "base_ejection_time must be a number, got '30'"),
        ({"max_ejection_time": 10.0}, ValueError, r"must be >= base_ejection_time \(30.0 s\), got 10.0"),
        ({"max_ejection_time_jitter": -1.0}, ValueError, "jitter must be finite and >= 0 s, got -1.0"),
        ({"max_ejection_percent": 101}, ValueError, r"max_ejection_percent must be in \[0, 100\] %, got 101"),
        ({"enforcing_success_rate": -1}, ValueError, r"enforcing_success_rate must be in \[0, 100\] %"),
        ({"consecutive_5xx": 0}, ValueError, "consecutive_5xx must be a whole number >= 1, got 0"),
        (
            {"success_rate_stdev_factor": -1.9},
            ValueError,
            "success_rate_stdev_factor must be finite and >= 0",
        ),
    ],
)
def test_settings_are_checked(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        OutlierSettings(**change)


def test_each_detector_acts_by_settings_of_its_own() -> None:
    settings = OutlierSettings(
        consecutive_5xx=2,
        enforcing_consecutive_5xx=1,
        consecutive_gateway_failure=3,
        enforcing_consecutive_gateway_failure=2,
        consecutive_local_origin_failure=4,
        enforcing_consecutive_local_origin_failure=3,
        enforcing_success_rate=4,
        enforcing_local_origin_success_rate=5,
        enforcing_failure_percentage=6,
        enforcing_failure_percentage_local_origin=7,
    )
    both = [external_detectors(settings), local_detectors(settings)]
    assert {(each.name, each.threshold, each.enforcing) for some in both for each in some.consecutive} == {
        ("consecutive_5xx", 2, 1),
        ("consecutive_gateway_failure", 3, 2),
        ("consecutive_local_origin_failure", 4, 3),
    }
    assert {(each.name, each.enforcing) for some in both for each in some.statistical} == {
        ("success_rate", 4),
        ("success_rate_local_origin", 5),
        ("failure_percentage", 6),
        ("failure_percentage_local_origin", 7),
    }
