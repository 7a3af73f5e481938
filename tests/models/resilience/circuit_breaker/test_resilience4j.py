"""The rules of resilience4j, one by one."""

from dataclasses import replace

import pytest

from models.failures import BreakerOpen, Rejected, ServerError
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    ExponentialBackoff,
    TimeBased,
    resilience4j,
)
from models.resilience.circuit_breaker import FailureRate
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, Seen, Step, call_at

FAILURE: Step = (0.0, ServerError)
OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED


class Lab:
    """A breaker over a scripted target, and a call a second."""

    def __init__(self, settings: CircuitBreakerSettings, *script: Step) -> None:
        self.env = Environment()
        self.target = Scripted(self.env, *script)
        self.breaker = CircuitBreaker(self.env, self.target, settings)

    def calls(self, *times: float, until: float | None = None) -> list[Seen]:
        seen = call_at(self.env, self.breaker, *times)
        self.env.run(until)
        return seen


def small(**changes: object) -> CircuitBreakerSettings:
    """Twenty calls, ten of them needed, open for 5 s, three trials."""
    values: dict[str, object] = {
        "window": CountBased(size=20),
        "minimum_calls": 10,
        "open_duration": 5.0,
        "trial_count": 3,
    }
    return resilience4j(**(values | changes))  # type: ignore[arg-type]


def opened(*script: Step, **changes: object) -> Lab:
    """A small breaker that ten failures have opened at time 0."""
    lab = Lab(small(**changes), *[FAILURE] * 10, *script)
    lab.calls(*[0.0] * 10, until=1.0)
    assert lab.breaker.state is OPEN
    return lab


def test_its_defaults_are_those_of_the_library_and_of_gameday() -> None:
    settings = resilience4j()
    assert settings == CircuitBreakerSettings()
    assert settings.trip_rule == FailureRate(
        threshold=0.5,
        minimum_calls=100,
        window=CountBased(size=100),
        slow_threshold=1.0,
        slow_call_duration=60.0,
    )
    assert (settings.open_duration, settings.trial_count) == (60.0, 10)


def test_no_rate_is_taken_below_the_minimum_number_of_calls() -> None:
    lab = Lab(small(), FAILURE)
    lab.calls(*[0.0] * 9)
    assert lab.breaker.state is CLOSED


def test_it_opens_at_the_minimum_number_of_calls_not_later() -> None:
    lab = Lab(small(minimum_calls=20), FAILURE)
    seen = lab.calls(*(float(i) for i in range(21)))
    assert [each.outcome for each in seen] == [ServerError] * 20 + [BreakerOpen]


def test_the_minimum_is_no_more_than_a_count_window_can_hold() -> None:
    lab = Lab(small(minimum_calls=100, window=CountBased(size=5)), FAILURE)
    lab.calls(*[0.0] * 5, until=1.0)
    assert lab.breaker.state is OPEN


def test_a_time_window_does_not_lower_the_minimum() -> None:
    lab = Lab(small(minimum_calls=100, window=TimeBased(seconds=5)), FAILURE)
    lab.calls(*[0.0] * 99, until=1.0)
    assert lab.breaker.state is CLOSED


@pytest.mark.parametrize(("failures", "state"), [(4, CLOSED), (5, OPEN)])
def test_a_failure_rate_at_the_threshold_opens(failures: int, state: BreakerState) -> None:
    lab = Lab(small(), *[FAILURE] * failures, OK)
    lab.calls(*[0.0] * 10, until=1.0)
    assert lab.breaker.state is state


def test_a_success_that_completes_the_minimum_may_open() -> None:
    lab = Lab(small(), *[FAILURE] * 9, OK)
    [*_, last] = lab.calls(*[0.0] * 10, until=1.0)
    assert last == (0.0, "answer")
    assert lab.breaker.state is OPEN


def test_a_count_window_forgets_the_oldest_result() -> None:
    lab = Lab(small(minimum_calls=20), *[FAILURE] * 9, *[OK] * 11, *[FAILURE] * 9, OK)
    lab.calls(*(float(i) for i in range(29)))
    assert lab.breaker.state is CLOSED
    lab.target.then(FAILURE)
    lab.calls(30.0, until=31.0)
    assert lab.breaker.state is OPEN  # ten of the last twenty


def test_a_time_window_is_aligned_to_whole_seconds() -> None:
    for last, state in [(2.99, OPEN), (3.0, CLOSED)]:
        lab = Lab(small(window=TimeBased(seconds=3)), FAILURE)
        lab.calls(*[0.9] * 9, last, until=4.0)
        assert lab.breaker.state is state


def test_slow_means_longer_than_the_threshold() -> None:
    for duration, state in [(1.0, CLOSED), (1.0 + 1e-9, OPEN)]:
        lab = Lab(small(slow_call_duration=1.0), (duration, None))
        lab.calls(*[0.0] * 10, until=3.0)
        assert lab.breaker.state is state


def test_a_slow_call_rate_at_the_threshold_opens() -> None:
    for slow, state in [(2, CLOSED), (3, OPEN)]:
        settings = small(slow_call_duration=1.0, slow_call_rate_threshold=0.3)
        lab = Lab(settings, *[(2.0, None)] * slow, OK)
        lab.calls(*[0.0] * 10, until=3.0)
        assert lab.breaker.state is state


def test_a_slow_failure_counts_in_both_rates() -> None:
    lab = Lab(small(slow_call_duration=1.0), (2.0, ServerError), OK)
    lab.calls(0.0)
    statistics = lab.breaker.statistics()
    assert (statistics.total_count_now, statistics.failed_count_now, statistics.slow_count_now) == (1, 1, 1)


def test_rejected_calls_are_not_recorded() -> None:
    lab = opened()
    lab.calls(1.0, 2.0, 3.0)
    assert lab.breaker.statistics().total_count_now == 10


def test_permission_is_given_only_strictly_after_the_wait() -> None:
    lab = opened(OK)
    seen = lab.calls(5.0, 5.000001)
    assert seen == [(5.0, BreakerOpen), (5.000001, "answer")]


def test_the_first_call_after_the_wait_half_opens_and_takes_a_permit() -> None:
    lab = opened((1.0, None))
    lab.calls(6.0, until=6.5)
    assert lab.breaker.state is HALF_OPEN
    assert lab.breaker.statistics().free_trial_count == 2


def test_further_calls_than_permitted_are_rejected_when_half_open() -> None:
    lab = opened((1.0, None))
    seen = lab.calls(6.0, 6.1, 6.2, 6.3, 6.4)
    assert [each.outcome for each in seen] == ["answer"] * 3 + [BreakerOpen] * 2
    assert lab.breaker.state is CLOSED


def test_enough_good_trials_close_with_a_fresh_window() -> None:
    lab = opened(OK)
    lab.calls(6.0, 6.1, until=6.2)
    assert lab.breaker.state is HALF_OPEN
    lab.calls(6.3)
    assert lab.breaker.state is CLOSED
    assert lab.breaker.statistics().total_count_now == 0


@pytest.mark.parametrize(
    ("trials", "state"),
    [
        ([OK, OK, FAILURE], CLOSED),
        ([OK, FAILURE, FAILURE], OPEN),
        ([FAILURE, FAILURE, OK], OPEN),
    ],
)
def test_trials_are_judged_together_by_the_same_threshold(trials: list[Step], state: BreakerState) -> None:
    lab = opened(*trials)
    lab.calls(6.0, 6.1, until=6.2)
    assert lab.breaker.state is HALF_OPEN
    lab.calls(6.3, until=6.4)
    assert lab.breaker.state is state


def test_fewer_trials_decide_when_the_minimum_is_smaller() -> None:
    lab = Lab(small(minimum_calls=2), FAILURE, FAILURE, OK)
    lab.calls(0.0, 0.0, until=1.0)
    lab.calls(6.0, 6.1, until=6.2)
    assert lab.breaker.state is CLOSED


def test_slow_trials_open_it_again() -> None:
    lab = opened((2.0, None), slow_call_duration=1.0)
    lab.calls(6.0, 6.0, 6.0, until=9.0)
    assert lab.breaker.state is OPEN


def test_a_permitted_call_that_never_returns_wedges_it() -> None:
    lab = opened((1e9, None), trial_count=1)
    seen = lab.calls(6.0, 1_000.0, 100_000.0, until=200_000.0)
    assert [each.outcome for each in seen] == [None, BreakerOpen, BreakerOpen]
    assert lab.breaker.state is HALF_OPEN


def test_unless_the_time_in_half_open_is_limited() -> None:
    lab = opened((1e9, None), OK, trial_count=1, trial_duration_max=10.0)
    seen = lab.calls(6.0, 15.9, 16.1, 21.5, until=30.0)
    assert [each.outcome for each in seen] == [None, BreakerOpen, BreakerOpen, "answer"]
    assert [record.time for record in lab.env.event_log.of_kind("breaker.open")] == [0.0, 16.0]
    assert lab.breaker.state is CLOSED


def test_a_decision_in_time_calls_the_limit_off() -> None:
    lab = opened(OK, trial_count=1, trial_duration_max=10.0)
    lab.calls(6.0, until=30.0)
    assert lab.breaker.state is CLOSED


def test_a_timer_may_half_open_it_without_a_call() -> None:
    lab = opened(OK, half_opens_by_itself=True)
    lab.env.run(until=5.5)
    assert lab.breaker.state is HALF_OPEN
    assert [record.time for record in lab.env.event_log.of_kind("breaker.half_open")] == [5.0]
    assert lab.breaker.statistics().free_trial_count == 3


def test_without_the_timer_it_stays_open_until_somebody_calls() -> None:
    lab = opened(OK)
    lab.env.run(until=100.0)
    assert lab.breaker.state is OPEN


def test_the_wait_may_grow_with_the_number_of_openings_in_a_row() -> None:
    backoff = ExponentialBackoff(base=1.0)
    lab = Lab(small(open_duration=backoff, trial_count=1), FAILURE)
    lab.calls(*[0.0] * 10, until=0.5)
    lab.calls(*(1.0 + i / 8 for i in range(160)), until=20.0)
    opened_at = [record.time for record in lab.env.event_log.of_kind("breaker.open")]
    assert opened_at == [0.0, 1.125, 3.25, 7.375, 15.5]  # a call every eighth of a second


def test_the_wait_starts_over_once_it_was_closed() -> None:
    backoff = ExponentialBackoff(base=1.0, factor=4.0)
    settings = small(open_duration=backoff, trial_count=1)
    lab = Lab(settings, *[FAILURE] * 11, OK, FAILURE)
    lab.calls(*[0.0] * 10, until=0.5)
    lab.calls(1.5, 6.0, until=7.0)  # a failed trial, then a good one after 4 s
    assert lab.breaker.state is CLOSED
    lab.calls(*[7.0] * 10, 7.5, 8.5, until=9.0)
    assert [record.time for record in lab.env.event_log.of_kind("breaker.half_open")] == [1.5, 6.0, 8.5]


def test_ignoring_a_trial_releases_its_permission() -> None:
    lab = Lab(
        replace(small(trial_count=1), ignores=(Rejected,)), *[FAILURE] * 10, (0.0, Rejected("pool")), OK
    )
    lab.calls(*[0.0] * 10, until=1.0)
    seen = lab.calls(6.0, 6.1)
    assert seen == [(6.0, Rejected), (6.1, "answer")]


def test_an_ignored_call_from_before_gives_no_permit_of_the_trials() -> None:
    settings = replace(small(trial_count=1), ignores=(Rejected,))
    lab = Lab(settings, (6.5, Rejected("pool")), *[FAILURE] * 10, (2.0, None))
    lab.calls(*[0.0] * 11, until=1.0)
    seen = lab.calls(6.0, 7.0, until=9.0)
    assert seen == [(8.0, "answer"), (7.0, BreakerOpen)]


def test_a_late_result_takes_the_place_of_a_trials_result() -> None:
    lab = Lab(small(), (6.5, None), *[FAILURE] * 10, OK, OK, (9.0, None))
    lab.calls(*[0.0] * 11, until=1.0)
    lab.calls(6.0, 6.1, 6.2, until=6.4)
    assert lab.breaker.state is HALF_OPEN
    lab.env.run(until=6.6)
    assert lab.breaker.state is CLOSED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"failure_rate_threshold": 0.0}, r"threshold must lie in \(0, 1\], got 0.0"),
        ({"failure_rate_threshold": 50}, r"threshold must lie in \(0, 1\], got 50"),
        ({"slow_call_rate_threshold": 1.5}, r"slow_threshold must lie in \(0, 1\], got 1.5"),
        ({"slow_call_duration": 0}, r"slow_call_duration must be > 0 s, got 0"),
        ({"minimum_calls": 0}, "minimum_calls must be a whole number >= 1, got 0"),
        ({"open_duration": -1.0}, "open_duration must be finite and > 0 s, got -1.0"),
        ({"trial_count": 0}, "trial_count must be a whole number >= 1, got 0"),
        ({"trial_duration_max": 0.0}, "trial_duration_max must be > 0 s, got 0.0"),
    ],
)
def test_misuse_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**changes)
