"""The rules of Hystrix, one by one."""

import pytest

from models.failures import BreakerOpen, Rejected, ServerError
from models.resilience import BreakerState, CircuitBreaker, CircuitBreakerSettings, hystrix
from models.resilience.circuit_breaker import AbandonedTrial, EmittedErrorPercentage
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import OK, Scripted, Step, call_at

FAILURE: Step = (0.0, ServerError)
OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED


def breaker(*script: Step, start: float = 0.0, **changes: float) -> CircuitBreaker:
    env = Environment(start)
    settings: CircuitBreakerSettings = hystrix(**changes)  # type: ignore[arg-type]
    return CircuitBreaker(env, Scripted(env, *script), settings)


def calls(breaker: CircuitBreaker, *times: float, until: float):  # type: ignore[no-untyped-def]
    env = breaker._env
    seen = call_at(env, breaker, *times)
    env.run(until=until)
    return seen


def opening_times(breaker: CircuitBreaker) -> list[float]:
    return [record.time for record in breaker._env.event_log.of_kind("breaker.open")]


def test_its_defaults_are_those_of_the_library() -> None:
    settings = hystrix()
    assert settings.trip_rule == EmittedErrorPercentage(
        percentage=50, request_volume=20, bucket_duration=0.5, bucket_count=20
    )
    assert (settings.open_duration, settings.trial_count) == (5.0, 1)
    assert settings.abandoned_trial is AbandonedTrial.REOPEN


def test_it_opens_only_when_a_bucket_ends() -> None:
    it = breaker(FAILURE)
    seen = calls(it, *[0.1] * 20, 0.49, 0.51, until=1.0)
    assert seen[-2:] == [(0.49, ServerError), (0.51, BreakerOpen)]
    assert opening_times(it) == [0.5]


def test_buckets_start_with_the_breaker() -> None:
    it = breaker(FAILURE, start=0.2)
    calls(it, *[0.3] * 20, until=1.0)
    assert opening_times(it) == [0.7]


@pytest.mark.parametrize(("total", "state"), [(19, CLOSED), (20, OPEN)])
def test_twenty_calls_are_needed(total: int, state: BreakerState) -> None:
    it = breaker(FAILURE)
    calls(it, *[0.1] * total, until=1.0)
    assert it.state is state


@pytest.mark.parametrize(("failures", "state"), [(14, CLOSED), (15, OPEN)])
def test_half_of_the_calls_must_fail(failures: int, state: BreakerState) -> None:
    it = breaker(*[FAILURE] * failures, OK)
    calls(it, *[0.1] * 30, until=1.0)
    assert it.state is state


def test_the_percentage_is_cut_off_to_a_whole_number() -> None:
    for percentage, state in [(66, OPEN), (67, CLOSED)]:  # 20 of 30 are 66.7 %
        it = breaker(*[FAILURE] * 20, OK, error_percentage=percentage)
        calls(it, *[0.1] * 30, until=1.0)
        assert it.state is state


@pytest.mark.parametrize("failure", [TimedOut(), Rejected("pool"), ServerError()], ids=repr)
def test_failures_timeouts_and_rejections_are_all_errors(failure: Exception) -> None:
    it = breaker((0.0, failure))  # type: ignore[arg-type]
    calls(it, *[0.1] * 20, until=1.0)
    assert it.state is OPEN


def test_results_count_for_ten_seconds_after_their_bucket() -> None:
    """What is judged at 10.5 s are the buckets since 0.5 s: the failures of the first are gone."""
    for last, state in [(9.9, OPEN), (10.1, CLOSED)]:
        it = breaker(FAILURE)
        calls(it, *[0.1] * 10, *[last] * 10, until=11.0)
        assert it.state is state


def test_short_circuited_calls_are_not_counted() -> None:
    it = breaker(FAILURE)
    calls(it, *[0.1] * 20, *[1.0] * 50, until=2.0)
    statistics = it.statistics()
    assert (statistics.rejected_count, statistics.failed_count) == (50, 20)
    assert statistics.total_count_now == 20


def test_the_sleep_window_is_counted_from_the_end_of_the_bucket_and_strictly() -> None:
    it = breaker(*[FAILURE] * 20, OK)
    seen = calls(it, *[0.1] * 20, 5.5, 5.5001, until=6.0)
    assert seen[-2:] == [(5.5, BreakerOpen), (5.5001, "answer")]


def test_exactly_one_probe_is_made() -> None:
    it = breaker(*[FAILURE] * 20, (1.0, None))
    seen = calls(it, *[0.1] * 20, 6.0, 6.1, 6.9, until=8.0)
    assert [each.outcome for each in seen[-3:]] == ["answer", BreakerOpen, BreakerOpen]


def test_a_success_closes_and_the_window_restarts_empty() -> None:
    it = breaker(*[FAILURE] * 20, OK, FAILURE)
    calls(it, *[0.1] * 20, 6.0, *[6.2] * 19, until=7.5)
    assert it.state is CLOSED
    calls(it, 7.6, until=8.5)
    assert opening_times(it) == [0.5, 8.0]  # buckets are counted from 6.0, when it closed


def test_a_failed_probe_restarts_the_sleep_window() -> None:
    it = breaker(FAILURE)
    seen = calls(it, *[0.1] * 20, 6.0, 10.9, 11.1, until=12.0)
    assert [each.outcome for each in seen[-3:]] == [ServerError, BreakerOpen, ServerError]
    assert opening_times(it) == [0.5, 6.0, 11.1]


def test_a_cancelled_probe_restarts_the_sleep_window() -> None:
    it = breaker(*[FAILURE] * 20, (1.0, None))
    env = it._env
    [*_, probe, during, after] = call_at(env, it, *[0.1] * 20, 6.0, 7.0, 11.6)
    env.call_later(6.5, probe.process.cancel)
    env.run(until=20.0)
    assert (during, after) == ((7.0, BreakerOpen), (12.6, "answer"))


def test_the_judging_ends_with_the_failures_so_that_a_run_can_end() -> None:
    it = breaker(FAILURE, OK)
    call_at(it._env, it, 0.1, 0.2)
    it._env.run()
    assert it._env.now == 10.5  # the failure leaves the window
