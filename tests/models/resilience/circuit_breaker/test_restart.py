"""A breaker's memory is that of its process: gone when that, or its host, starts again."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import Host, Network, Request
from models.failures import BreakerOpen, ServerError
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    CircuitBreakerSettings,
    CountBased,
    ExponentialBackoff,
    TimeBased,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Instance
from simulator import Environment
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


class OnAHost:
    """A breaker on the host "web"; who calls it runs elsewhere, and survives its crash."""

    def __init__(self, settings: CircuitBreakerSettings, *script: Step) -> None:
        self.env = Environment()
        self.web = Host(self.env, "web")
        self.target = Scripted(self.env, *script)
        self.target.host = self.web
        self.breaker = CircuitBreaker(self.env, self.target, settings, name="payment")

    def restart(self) -> None:
        self.web.crash()
        self.web.restart()
        self.env.run(until=self.env.now + 0.125)

    @property
    def changes(self) -> list[tuple[float, str]]:
        kinds = [(record.time, record.kind) for record in self.env.event_log]
        return [(time, kind) for time, kind in kinds if kind.startswith("breaker.")]

    def down(self, start: float, end: float) -> None:
        self.env.call_later(start - self.env.now, self.web.crash)
        self.env.call_later(end - self.env.now, self.web.restart)


def test_an_open_breaker_is_closed_and_empty_after_a_restart(settings: CircuitBreakerSettings) -> None:
    world = OnAHost(settings, FAILURE)
    call_at(world.env, world.breaker, *[0.0] * 10)
    world.env.run(until=1.0)
    assert world.breaker.state is BreakerState.OPEN
    world.down(1.0, 1.25)
    world.env.run(until=1.5)
    statistics = world.breaker.statistics()
    assert statistics.state is BreakerState.CLOSED
    assert (statistics.total_count_now, statistics.failed_count_now) == (0, 0)
    # What was counted is an observer's.
    assert (statistics.permitted_count, statistics.failed_count, statistics.opened_count) == (10, 10, 1)
    [*_, last] = world.env.event_log
    assert (last.time, last.kind, last.detail["is_fresh"]) == (1.25, "breaker.closed", True)
    assert call_at(world.env, world.breaker, 1.75) == [(None, None)]
    world.env.run(until=2.0)
    assert world.target.call_count == 11


def test_results_from_before_do_not_count_towards_the_next_opening(settings: CircuitBreakerSettings) -> None:
    world = OnAHost(settings, FAILURE)
    call_at(world.env, world.breaker, *[0.0] * 9)
    world.env.run(until=0.75)
    world.restart()
    call_at(world.env, world.breaker, *[1.0] * 9)
    world.env.run(until=3.0)
    assert world.breaker.state is BreakerState.CLOSED
    assert world.changes == []  # nor was this a change of state
    call_at(world.env, world.breaker, 3.0)
    world.env.run(until=4.0)
    assert world.breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("failure", [None, ServerError])
def test_calls_from_before_that_end_after_it_count_nowhere(failure: Any, strict: bool) -> None:
    settings = replace(resilience4j(minimum_calls=1, window=CountBased(size=2)), strict_epochs=strict)
    world = OnAHost(settings, (2.0, failure), OK)
    [old] = call_at(world.env, world.breaker, 0.0)
    world.env.run(until=1.0)
    world.restart()
    call_at(world.env, world.breaker, 1.5)
    world.env.run()
    assert old.at == 2.0
    statistics = world.breaker.statistics()
    assert (statistics.state, statistics.total_count_now) == (BreakerState.CLOSED, 1)
    assert (statistics.permitted_count, statistics.late_count) == (2, 1)


def test_a_trial_that_is_under_way_in_a_restart_gives_no_permit_back_to_a_later_half_open_state() -> None:
    world = OnAHost(consecutive_failures(1, open_duration=1.0), FAILURE, (20.0, None), FAILURE, (20.0, None))
    call_at(world.env, world.breaker, 0.0)
    [trial] = call_at(world.env, world.breaker, 1.5)
    world.env.run(until=2.0)
    assert world.breaker.state is BreakerState.HALF_OPEN
    world.restart()
    call_at(world.env, world.breaker, 3.0, 4.5)  # opens it, and is the trial of the new start
    world.env.run(until=5.0)
    trial.process.cancel()
    world.env.run(until=6.0)
    statistics = world.breaker.statistics()
    assert (statistics.state, statistics.free_trial_count) == (BreakerState.HALF_OPEN, 0)


def test_no_timer_moves_a_breaker_whose_host_is_down() -> None:
    by_itself = resilience4j(
        minimum_calls=1, open_duration=1.0, trial_count=1, half_opens_by_itself=True, trial_duration_max=1.0
    )
    world = OnAHost(by_itself, FAILURE)
    call_at(world.env, world.breaker, 0.25)
    world.down(0.5, 4.5)
    world.env.run(until=10.0)
    assert world.changes == [(0.25, "breaker.open"), (4.5, "breaker.closed")]

    world = OnAHost(by_itself, FAILURE)
    call_at(world.env, world.breaker, 0.25)
    world.down(1.5, 4.5)
    world.env.run(until=10.0)
    assert world.changes == [
        (0.25, "breaker.open"),
        (1.25, "breaker.half_open"),
        (4.5, "breaker.closed"),
    ]


def test_no_bucket_is_judged_on_a_host_that_is_down_nor_one_from_before_after_it() -> None:
    for end in (0.45, 3.0):
        world = OnAHost(hystrix(request_volume=1), FAILURE)
        call_at(world.env, world.breaker, 0.25)
        world.down(0.375, end)
        world.env.run()
        assert world.changes == []
        assert world.breaker.statistics().total_count_now == 0


def test_a_trial_that_dies_with_its_host_opens_nothing() -> None:
    world = OnAHost(hystrix(request_volume=1, sleep_window=1.0), FAILURE, (10.0, None))
    call_at(world.env, world.breaker, 0.0)
    world.env.call_later(2.0, lambda: world.web.start(world.breaker.call(Request())))
    world.down(3.0, 4.0)
    world.env.run(until=3.5)
    assert world.changes == [(0.5, "breaker.open"), (2.0, "breaker.half_open")]
    assert world.breaker.statistics().opened_count == 1
    world.env.run()
    assert world.changes[2:] == [(4.0, "breaker.closed")]


def test_the_openings_in_a_row_are_counted_anew() -> None:
    settings = consecutive_failures(1, open_duration=ExponentialBackoff(base=1.0, factor=8.0))
    world = OnAHost(settings, FAILURE)
    call_at(world.env, world.breaker, 0.0, 1.5)  # the second opening in a row is of 8 s
    world.env.run(until=2.0)
    world.restart()
    seen = call_at(world.env, world.breaker, 2.25, 2.5, 3.5)
    world.env.run()
    assert [one.outcome for one in seen] == [ServerError, BreakerOpen, ServerError]


def test_what_an_operator_has_set_is_forgotten_too() -> None:
    world = OnAHost(consecutive_failures(1), OK)
    world.breaker.move_to(BreakerState.FORCED_OPEN)
    world.restart()
    seen = call_at(world.env, world.breaker, 0.5)
    world.env.run()
    assert seen == [(0.5, "answer")]


def failing(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield from ()
    raise ServerError


def test_in_front_of_an_instance_it_is_in_the_memory_of_that_process() -> None:
    env = Environment()
    host = Host(env, "server")
    breaker = CircuitBreaker(env, Instance(env, host, failing, name="shop"), consecutive_failures(1))
    link = Network(env, latencies=0.0).connect(Host(env, "user"), breaker)
    instance: Any = breaker.serving
    call_at(env, link, 0.0)
    env.run(until=1.0)
    assert breaker.state is BreakerState.OPEN
    instance.crash()
    env.run(until=2.0)
    assert breaker.state is BreakerState.OPEN
    instance.restart()
    env.run(until=3.0)
    assert breaker.state is BreakerState.CLOSED


def test_it_is_not_fresh_before_the_process_is_that_is_held_down_when_the_host_boots() -> None:
    env = Environment()
    host = Host(env, "server")
    breaker = CircuitBreaker(env, Instance(env, host, failing, name="shop"), consecutive_failures(1))
    call_at(env, breaker, 0.0)
    env.run(until=1.0)
    host.hold_process_down(breaker.serving, "somebody")
    host.crash()
    host.restart()
    env.run(until=2.0)
    assert breaker.state is BreakerState.OPEN
    host.let_process_up(breaker.serving, "somebody")
    assert breaker.state is BreakerState.CLOSED
