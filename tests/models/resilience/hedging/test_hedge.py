"""Hedge: when copies are sent, which attempt counts, what failures do, and what it all costs."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models import (
    BreakerOpen,
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.balancing import Balancer
from models.resilience import BreakerState, CircuitBreaker, hystrix, polly
from models.resilience.hedging import AfterPercentile, Hedge
from models.services import Instance
from simulator import Environment
from tests.models.resilience.hedging.hedged_calls import SLOW, hedged, takes
from tests.models.resilience.scripted import Scripted, Step, call_at

# -- when copies are sent, and which attempt counts


def test_a_call_that_is_quick_enough_is_not_copied() -> None:
    seen, target, hedge = hedged((0.2, None))
    assert seen == (0.2, "answer")
    assert target.call_times == [0.0]
    statistics = hedge.statistics()
    assert (statistics.call_count, statistics.first_won_count, statistics.copy_count) == (1, 1, 0)
    assert statistics.extra_load_ratio == 0.0


def test_the_copy_of_a_slow_call_answers_and_the_first_attempt_is_cancelled_at_that_instant() -> None:
    env = Environment()
    target = Scripted(env, SLOW, (0.125, None))
    hedge = Hedge(env, target, after=0.25)
    [seen] = call_at(env, hedge, 0.0)
    env.run(until=0.376)
    assert seen == (0.375, "answer")
    assert (target.call_times, target.under_way) == ([0.0, 0.25], 0)
    statistics = hedge.statistics()
    assert (statistics.first_won_count, statistics.copy_won_count, statistics.copy_count) == (0, 1, 1)
    assert (statistics.cancelled_count, statistics.extra_load_ratio) == (1, 1.0)


def test_the_first_attempt_may_win_against_its_copy() -> None:
    seen, _, hedge = hedged((0.5, None), SLOW)
    assert seen == (0.5, "answer")
    statistics = hedge.statistics()
    assert (statistics.first_won_count, statistics.copy_won_count, statistics.cancelled_count) == (1, 0, 1)


def test_an_answer_at_the_very_instant_of_the_delay_is_followed_by_a_copy_in_vain() -> None:
    # What was set first happens first: the delay was, and the copy goes out.
    seen, target, hedge = hedged((0.25, None), SLOW)
    assert seen == (0.25, "answer")
    assert (len(target.call_times), hedge.statistics().cancelled_count) == (2, 1)


def test_further_copies_follow_after_the_delay_up_to_the_maximum() -> None:
    seen, target, hedge = hedged(SLOW, copies_max=3)
    assert seen == (10.0, "answer")
    assert target.call_times == [0.0, 0.25, 0.5, 0.75]
    assert (hedge.statistics().copy_count, hedge.statistics().cancelled_count) == (3, 3)


def test_without_any_delay_all_copies_go_out_at_once() -> None:
    _, target, _ = hedged((1.0, None), after=0, copies_max=3)
    assert target.call_times == [0.0, 0.0, 0.0, 0.0]


def test_the_row_of_the_conformance_table() -> None:
    """After 0.1 s over a slow and a fast replica: the fast one's answer at 0.1 s + its latency."""
    env = Environment()
    network = Network(env, latencies=0.01)
    web, hosts = Host(env, "web"), [Host(env, "slow"), Host(env, "fast")]
    instances = [
        Instance(env, host, takes(duration), name=host.name)
        for host, duration in zip(hosts, (10.0, 0.05), strict=True)
    ]
    links = [network.connect(web, instance, propagate_cancellation=True) for instance in instances]
    hedge = Hedge(env, Balancer(env, links), after=0.1)
    [seen] = call_at(env, hedge, 0.0)
    env.run(until=0.1799)
    assert seen.at == pytest.approx(0.1 + 0.01 + 0.05 + 0.01)
    assert (hedge.statistics().copy_count, hedge.statistics().cancelled_count) == (1, 1)
    # The loser is told, and stops one way through the network later.
    assert instances[0].statistics().in_service_count == 1
    env.run(until=0.1801)
    slow = instances[0].statistics()
    assert (slow.call_count, slow.aborted_count, slow.in_service_count) == (1, 1, 0)


def test_a_server_that_is_not_told_goes_on_with_the_copy_that_lost() -> None:
    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, takes(0.5), name="server")
    link = Network(env, latencies=0.01).connect(Host(env, "web"), instance)
    call_at(env, Hedge(env, link, after=0.125), 0.0)
    env.run()
    assert instance.statistics().completed_count == 2
    assert (link.statistics().wasted_count, link.statistics().late_count) == (1, 1)


# -- failures (gRPC proposal A6)


def test_a_failure_sends_the_next_copy_at_once_and_the_one_after_it_after_the_delay() -> None:
    seen, target, _ = hedged((0.125, ServerError), SLOW, (0.0, None), copies_max=2)
    assert target.call_times == [0.0, 0.125, 0.375]
    assert seen == (0.375, "answer")


def test_the_failure_of_a_copy_sends_the_next_at_once_too() -> None:
    seen, target, _ = hedged(SLOW, (0.0625, Unavailable), (0.0, None), copies_max=2)
    assert target.call_times == [0.0, 0.25, 0.3125]
    assert seen == (0.3125, "answer")


def test_if_all_attempts_fail_the_last_failure_is_raised() -> None:
    seen, target, hedge = hedged((0.5, ServerError), (0.0625, Refused), (1.0, TimedOut), copies_max=2)
    # The copy at 0.25 s fails at 0.3125 s, and is followed by the last, until 1.3125 s.
    assert target.call_times == [0.0, 0.25, 0.3125]
    assert seen == (1.3125, TimedOut)
    statistics = hedge.statistics()
    assert (statistics.failed_count, statistics.cancelled_count, statistics.copy_count) == (1, 0, 2)


@pytest.mark.parametrize("script", [((0.625, Unavailable), SLOW), (SLOW, (0.375, Unavailable), SLOW)])
def test_a_fatal_failure_ends_the_call_and_the_other_attempts(script: tuple[Step, ...]) -> None:
    env = Environment()
    target = Scripted(env, *script)
    hedge = Hedge(env, target, after=0.25, copies_max=5, fatal=(Unavailable,))
    [seen] = call_at(env, hedge, 0.0)
    env.run(until=0.626)
    assert (seen, target.under_way) == ((0.625, Unavailable), 0)
    env.run()
    assert (len(target.call_times), hedge.statistics().cancelled_count) == (3, 2)


def test_what_is_given_up_on_is_followed_by_no_copy_and_leaves_those_under_way_alone() -> None:
    seen, target, hedge = hedged((1.0, None), (0.0, BreakerOpen), copies_max=5)
    assert (seen, target.call_times) == ((1.0, "answer"), [0.0, 0.25])
    assert (hedge.statistics().first_won_count, hedge.statistics().cancelled_count) == (1, 0)
    seen, target, _ = hedged((0.125, BreakerOpen), (0.0, None), copies_max=5)
    assert (seen, target.call_times) == ((0.125, BreakerOpen), [0.0])


def test_a_call_of_which_an_attempt_was_made_does_not_fail_as_one_that_was_not() -> None:
    for script in (((0.125, TimedOut), (0.0, BreakerOpen)), ((0.5, TimedOut), (0.0, BreakerOpen))):
        seen, target, _ = hedged(*script)
        assert (seen.outcome, target.call_count) == (TimedOut, 2)


def test_a_copy_that_a_half_open_breaker_turns_away_does_not_end_its_trial() -> None:
    for settings in (hystrix(request_volume=1, sleep_window=1.0), polly(break_duration=1.0)):
        env = Environment()
        breaker = CircuitBreaker(env, Scripted(env, (0.75, None)), settings)
        breaker.move_to(BreakerState.OPEN)
        [seen] = call_at(env, Hedge(env, breaker, after=0.25, copies_max=2), 2.0)
        env.run(until=4.0)
        assert (seen, breaker.state) == ((2.75, "answer"), BreakerState.CLOSED)


def test_what_is_given_up_on_can_be_chosen() -> None:
    seen, target, _ = hedged((0.0, ServerError), (0.0, None), gives_up_on=(ServerError,))
    assert (seen, target.call_count) == ((0.0, ServerError), 1)
    seen, target, _ = hedged((0.0, BreakerOpen), (0.0, None), gives_up_on=())
    assert (seen, target.call_count) == ((0.0, "answer"), 2)
    seen, target, _ = hedged((1.0, None), (0.0, BreakerOpen), fatal=(BreakerOpen,))
    assert seen == (0.25, BreakerOpen)


def test_a_hedge_against_slowness_alone_leaves_failures_as_they_are() -> None:
    seen, target, _ = hedged((0.125, ServerError), (0.0, None), at_once_on_failure=False)
    assert (seen, target.call_times) == ((0.125, ServerError), [0.0])


def test_a_hedge_against_slowness_alone_waits_for_the_copies_under_way() -> None:
    seen, target, _ = hedged((0.5, ServerError), (1.0, None), at_once_on_failure=False, copies_max=2)
    # The second copy was due at 0.5 s, and the failure came after it.
    assert (seen, target.call_times) == ((1.25, "answer"), [0.0, 0.25, 0.5])
    seen, target, hedge = hedged((0.375, ServerError), (0.0625, Refused), at_once_on_failure=False)
    assert (seen, target.call_times) == ((0.375, ServerError), [0.0, 0.25])
    assert hedge.statistics().failed_count == 1


def test_calls_under_way_and_ended_add_up() -> None:
    env = Environment()
    target = Scripted(env, (0.125, None), SLOW, (0.125, None), (0.0, BreakerOpen), SLOW)
    hedge = Hedge(env, target, after=0.25)
    assert hedge.statistics().extra_load_ratio != hedge.statistics().extra_load_ratio  # nan without any call
    _, _, _, killed, _ = call_at(env, hedge, 0.0, 0.5, 1.0, 1.5, 2.0)
    env.call_later(1.75, killed.process.kill)
    env.run(until=2.125)
    statistics = hedge.statistics()
    ended = (statistics.first_won_count, statistics.copy_won_count, statistics.failed_count)
    assert (ended, statistics.aborted_count, statistics.in_flight_count) == ((1, 1, 1), 1, 1)
    assert statistics.call_count == 5


# -- misuse


@pytest.mark.parametrize("after", [-0.1, inf, nan])
def test_the_delay_must_be_finite_and_not_negative(after: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match="after must be finite and >= 0 s, got"):
        Hedge(env, Scripted(env), after=after)


def test_nonsense_is_told_by_its_name() -> None:
    env = Environment()
    target = Scripted(env)
    with pytest.raises(TypeError, match="after must be a number of seconds, got '1'"):
        Hedge(env, target, after="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="after must be a number of seconds, got True"):
        Hedge(env, target, after=True)
    with pytest.raises(ValueError, match="copies_max must be a whole number >= 1, got 0"):
        Hedge(env, target, after=1.0, copies_max=0)
    with pytest.raises(TypeError, match="gives_up_on must be a tuple of CallFailed classes, got"):
        Hedge(env, target, after=1.0, gives_up_on=ServerError)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="gives_up_on must hold CallFailed classes only, got"):
        Hedge(env, target, after=1.0, gives_up_on=(ValueError,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fatal must hold CallFailed classes only, got"):
        Hedge(env, target, after=1.0, fatal=(ValueError,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="target must be an Endpoint"):
        Hedge(env, "search", after=1.0)  # type: ignore[arg-type]


def test_it_stands_where_its_target_stands_and_needs_no_seed() -> None:
    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, takes(1.0))
    hedge: Endpoint = Hedge(env, instance, after=AfterPercentile(95.0))
    assert (hedge.host, hedge.serving) == (host, instance)


def test_a_degraded_answer_counts_as_an_answer() -> None:
    def answer(request: Request) -> Generator[Any, Any, Response]:
        yield 0.125
        return Response("half", ("rest",))

    env = Environment()
    hedge = Hedge(env, FunctionEndpoint(answer), after=0.25)
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    assert (seen, hedge.statistics().first_won_count) == ((0.125, "half"), 1)
