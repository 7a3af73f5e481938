"""What holds for a breaker of whatever kind: fail fast, no leaks, recover."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.failures import BreakerOpen, CallFailed, Rejected, ServerError
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    TimeBased,
    Timeout,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.resilience.circuit_breaker import AbandonedTrial
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import OK, Scripted, Step, call_at

ALL = {
    "count": resilience4j(minimum_calls=10, window=CountBased(size=20), open_duration=5.0, trial_count=1),
    "time": resilience4j(minimum_calls=10, window=TimeBased(seconds=10), open_duration=5.0, trial_count=1),
    "hystrix": hystrix(request_volume=10),
    "polly": polly(minimum_throughput=10),
    "consecutive": consecutive_failures(10, open_duration=5.0),
}
FAILURE: Step = (0.0, ServerError)


@pytest.fixture(params=ALL)
def settings(request: pytest.FixtureRequest) -> CircuitBreakerSettings:
    return ALL[request.param]


class Opened:
    """A breaker that ten failures at time 0 have opened by time 1."""

    def __init__(self, settings: CircuitBreakerSettings, wrap: Callable[..., object] | None = None) -> None:
        self.env = Environment()
        self.target = Scripted(self.env, FAILURE)
        inside = Timeout(self.env, self.target, 1.0)
        self.breaker = CircuitBreaker(self.env, inside, settings, name="payment")
        call_at(self.env, self.breaker, *[0.0] * 10)
        self.env.run(until=1.0)
        assert self.breaker.state is BreakerState.OPEN
        assert self.target.call_count == 10


def test_a_closed_breaker_passes_answers_and_failures(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None), (0.5, ServerError))
    seen = call_at(env, CircuitBreaker(env, target, settings), 0.0, 2.0)
    env.run()
    assert seen == [(1.0, "answer"), (2.5, ServerError)]


def test_an_open_breaker_fails_in_no_time_and_never_reaches_the_target(
    settings: CircuitBreakerSettings,
) -> None:
    opened = Opened(settings)
    seen = call_at(opened.env, opened.breaker, 1.0, 3.0)
    opened.env.run()
    assert seen == [(1.0, BreakerOpen), (3.0, BreakerOpen)]
    assert opened.target.call_count == 10
    assert opened.breaker.statistics().rejected_count == 2


def test_a_good_trial_closes_it(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    opened.target.then((0.5, None))
    [seen] = call_at(opened.env, opened.breaker, 6.0)
    opened.env.run()
    assert seen == (6.5, "answer")
    assert opened.breaker.state is BreakerState.CLOSED


def test_a_failed_trial_opens_it_again_for_the_whole_time(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    seen = call_at(opened.env, opened.breaker, 6.0, 10.5)
    opened.env.run()
    assert seen == [(6.0, ServerError), (10.5, BreakerOpen)]
    assert opened.breaker.statistics().opened_count == 2


def test_one_trial_at_a_time_is_let_through(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    opened.target.then((0.5, None))
    seen = call_at(opened.env, opened.breaker, 6.0, 6.25, 6.5)
    opened.env.run(until=6.45)
    assert seen[1] == (6.25, BreakerOpen)
    assert opened.target.call_count == 11


def test_a_trial_that_never_answers_times_out_inside_and_opens_it_again(
    settings: CircuitBreakerSettings,
) -> None:
    opened = Opened(settings)
    opened.target.then((1e9, None), OK)
    seen = call_at(opened.env, opened.breaker, 6.0, 7.0, 12.5)
    opened.env.run(until=20.0)
    assert seen == [(7.0, TimedOut), (7.0, BreakerOpen), (12.5, "answer")]
    assert opened.breaker.state is BreakerState.CLOSED


def test_a_rejected_trial_is_a_failed_one(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    opened.target.then((0.0, Rejected("pool")))
    [seen] = call_at(opened.env, opened.breaker, 6.0)
    opened.env.run()
    assert seen == (6.0, Rejected)
    assert opened.breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_a_cancelled_or_killed_trial_gives_its_permit_back(
    settings: CircuitBreakerSettings, how: str
) -> None:
    opened = Opened(replace(settings, abandoned_trial=AbandonedTrial.RELEASE))
    opened.target.then((0.5, None))
    [seen] = call_at(opened.env, opened.breaker, 6.0)
    opened.env.call_later(5.25, getattr(seen.process, how))
    [next_seen] = call_at(opened.env, opened.breaker, 6.3)
    opened.env.run()
    assert seen == (None, None)
    assert next_seen == (6.8, "answer")
    assert opened.breaker.state is BreakerState.CLOSED


def test_a_trial_that_an_outer_deadline_ends_gives_its_permit_back(settings: CircuitBreakerSettings) -> None:
    opened = Opened(replace(settings, abandoned_trial=AbandonedTrial.RELEASE))
    opened.target.then((0.5, None))
    outer = Timeout(opened.env, opened.breaker, 0.25)
    [seen] = call_at(opened.env, outer, 6.0)
    [next_seen] = call_at(opened.env, opened.breaker, 6.3)
    opened.env.run()
    assert seen == (6.25, TimedOut)
    assert next_seen == (6.8, "answer")


def test_an_ignored_trial_gives_its_permit_back(settings: CircuitBreakerSettings) -> None:
    opened = Opened(replace(settings, ignores=(Rejected,), abandoned_trial=AbandonedTrial.RELEASE))
    opened.target.then((0.0, Rejected("pool")), OK)
    seen = call_at(opened.env, opened.breaker, 6.0, 6.5)
    opened.env.run()
    assert seen == [(6.0, Rejected), (6.5, "answer")]
    assert opened.breaker.statistics().ignored_count == 1


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_an_abandoned_trial_may_open_it_again_instead(settings: CircuitBreakerSettings, how: str) -> None:
    opened = Opened(replace(settings, abandoned_trial=AbandonedTrial.REOPEN))
    opened.target.then((0.5, None))
    [seen] = call_at(opened.env, opened.breaker, 6.0)
    opened.env.call_later(5.25, getattr(seen.process, how))
    later = call_at(opened.env, opened.breaker, 6.3, 11.5)
    opened.env.run()
    assert later == [(6.3, BreakerOpen), (12.0, "answer")]


def test_ignored_failures_never_open_it(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    target = Scripted(env, FAILURE)
    breaker = CircuitBreaker(env, target, replace(settings, ignores=(ServerError,)))
    call_at(env, breaker, *(i / 10 for i in range(200)))
    env.run()
    assert target.call_count == 200
    assert breaker.statistics().total_count_now == 0


def test_failures_that_do_not_count_are_successes(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    target = Scripted(env, FAILURE)
    breaker = CircuitBreaker(env, target, replace(settings, counts_as_failure=(TimedOut,)))
    call_at(env, breaker, *(i / 10 for i in range(200)))
    env.run()
    assert target.call_count == 200
    assert breaker.statistics().failed_count == 0


@pytest.mark.parametrize("failure", [Rejected("pool"), BreakerOpen("inner"), CallFailed()], ids=repr)
def test_by_default_every_failure_counts(settings: CircuitBreakerSettings, failure: CallFailed) -> None:
    env = Environment()
    breaker = CircuitBreaker(env, Scripted(env, (0.0, failure)), settings)
    call_at(env, breaker, *[0.0] * 10)
    env.run(until=1.0)
    assert breaker.state is BreakerState.OPEN


def test_a_healthy_dependency_never_opens_it_and_costs_no_events(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    breaker = CircuitBreaker(env, Scripted(env), settings)
    call_at(env, breaker, *(i / 10 for i in range(500)))
    env.run()
    assert env.now == 49.9
    assert len(env.event_log) == 0


def test_every_change_of_state_is_logged_at_its_time(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    opened.target.then((0.5, None))
    call_at(opened.env, opened.breaker, 6.0)
    opened.env.run()
    records = list(opened.env.event_log)
    assert [record.kind for record in records] == ["breaker.open", "breaker.half_open", "breaker.closed"]
    assert [record.time for record in records][1:] == [6.0, 6.5]
    assert {record.subject for record in records} == {"payment"}
    [interval] = opened.env.event_log.intervals("breaker.open", "breaker.half_open", until=99.0)
    assert interval.end == 6.0


def test_every_call_is_counted_once(settings: CircuitBreakerSettings) -> None:
    opened = Opened(settings)
    call_at(opened.env, opened.breaker, *(1.0 + i / 10 for i in range(300)))
    opened.env.run()
    statistics = opened.breaker.statistics()
    assert statistics.permitted_count == opened.target.call_count
    assert statistics.permitted_count + statistics.rejected_count == 310
    assert statistics.failed_count == statistics.permitted_count


def test_a_late_success_closes_a_half_open_breaker_unless_epochs_are_strict(
    settings: CircuitBreakerSettings,
) -> None:
    for strict in (False, True):
        env = Environment()
        target = Scripted(env, (6.5, None), *[FAILURE] * 10, (2.0, None))
        breaker = CircuitBreaker(env, target, replace(settings, strict_epochs=strict))
        call_at(env, breaker, *[0.0] * 11, 6.0)
        env.run(until=7.0)
        assert breaker.state is (BreakerState.HALF_OPEN if strict else BreakerState.CLOSED)
        assert breaker.statistics().late_count == 1


def test_a_late_failure_reopens_a_half_open_breaker_unless_epochs_are_strict(
    settings: CircuitBreakerSettings,
) -> None:
    for strict in (False, True):
        env = Environment()
        target = Scripted(env, (6.5, ServerError), *[FAILURE] * 10, (2.0, None))
        breaker = CircuitBreaker(env, target, replace(settings, strict_epochs=strict))
        call_at(env, breaker, *[0.0] * 11, 6.0)
        env.run(until=7.0)
        assert breaker.state is (BreakerState.HALF_OPEN if strict else BreakerState.OPEN)


def test_late_results_change_nothing_while_it_is_open(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    target = Scripted(env, (2.0, None), (3.0, ServerError), *[FAILURE] * 10, OK)
    breaker = CircuitBreaker(env, target, settings)
    call_at(env, breaker, *[0.0] * 12)
    env.run(until=4.0)
    assert breaker.state is BreakerState.OPEN
    assert breaker.statistics().opened_count == 1


def test_a_breaker_can_be_disabled_forced_and_watched_only(settings: CircuitBreakerSettings) -> None:
    for state, passes in [
        (BreakerState.DISABLED, True),
        (BreakerState.METRICS_ONLY, True),
        (BreakerState.FORCED_OPEN, False),
    ]:
        env = Environment()
        target = Scripted(env, FAILURE)
        breaker = CircuitBreaker(env, target, settings)
        breaker.move_to(state)
        call_at(env, breaker, *(i / 2 for i in range(100)))
        env.run()
        assert breaker.state is state
        assert target.call_count == (100 if passes else 0)
        assert breaker.statistics().rejected_count == (0 if passes else 100)


def test_by_hand_it_can_be_opened_half_opened_and_closed(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    target = Scripted(env)
    breaker = CircuitBreaker(env, target, settings)
    breaker.move_to(BreakerState.OPEN)
    call_at(env, breaker, 0.0)
    env.run()
    assert target.call_count == 0
    breaker.move_to(BreakerState.HALF_OPEN)
    call_at(env, breaker, env.now)
    env.run()
    assert breaker.state is BreakerState.CLOSED
    breaker.move_to(BreakerState.OPEN)
    breaker.move_to(BreakerState.CLOSED)
    call_at(env, breaker, env.now)
    env.run()
    assert target.call_count == 2


def test_a_move_to_something_else_is_refused(settings: CircuitBreakerSettings) -> None:
    env = Environment()
    breaker = CircuitBreaker(env, Scripted(env), settings)
    with pytest.raises(ValueError, match="ajar"):
        breaker.move_to("ajar")  # type: ignore[arg-type]
