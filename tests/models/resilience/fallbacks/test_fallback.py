"""Fallback: what is answered instead, when, and that nobody takes it for a full answer."""

from collections.abc import Generator
from typing import Any

import pytest

from models import (
    BreakerOpen,
    CallFailed,
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Rejected,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.resilience import CircuitBreaker, Timeout, consecutive_failures
from models.resilience.fallbacks import Fallback
from models.resilience.feature_switches import FeatureSwitch, Switched
from models.services import Dependency, Instance
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, Step, call_at

ERROR: Step = (0.25, ServerError)


def ask(env: Environment, endpoint: Endpoint, request: Request | None = None) -> Any:
    """What one call comes to, run to its end: the response, or the failure."""

    def caller() -> Generator[Any, Any, Response | CallFailed]:
        try:
            return (yield from endpoint.call(request or Request()))
        except CallFailed as failure:
            return failure

    return env.run(env.process(caller()))


def test_an_answer_of_the_target_passes_as_it_is() -> None:
    env = Environment()
    fallback = Fallback(Scripted(env, OK), "nothing")
    assert ask(env, fallback) == Response("answer")
    assert (fallback.statistics().answered_count, fallback.statistics().fallback_count) == (1, 0)


def test_a_value_answers_in_place_of_a_failure_at_once() -> None:
    env = Environment()
    fallback = Fallback(Scripted(env, ERROR), (), name="reviews")
    assert ask(env, fallback) == Response((), ("reviews",))
    assert env.now == 0.25
    assert fallback.statistics().fallback_count == 1


def test_a_response_keeps_what_it_says_itself() -> None:
    env = Environment()
    instead = Response("old", ("prices",), size_bytes=7, as_of=1.5)
    fallback = Fallback(Scripted(env, ERROR), instead, name="offers")
    assert ask(env, fallback) == Response("old", ("prices", "offers"), size_bytes=7, as_of=1.5)
    assert instead.degraded == ("prices",)


def test_a_function_gets_the_request_and_the_failure() -> None:
    env = Environment()
    fallback = Fallback(
        Scripted(env, ERROR), lambda request, failure: (request.key, type(failure)), name="offers"
    )
    assert ask(env, fallback, Request(key="book")) == Response(("book", ServerError), ("offers",))


def test_another_endpoint_is_asked_with_the_request_and_takes_its_time() -> None:
    def answer(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        return Response(request.key, ("pictures",))

    env = Environment()
    fallback = Fallback(Scripted(env, ERROR), FunctionEndpoint(answer), name="offers")
    assert ask(env, fallback, Request(key="book")) == Response("book", ("pictures", "offers"))
    assert env.now == 0.75


def test_the_failure_of_the_other_endpoint_is_the_calls() -> None:
    env = Environment()
    fallback = Fallback(Scripted(env, ERROR), Scripted(env, (0.5, Unavailable)))
    assert type(ask(env, fallback)) is Unavailable
    assert (fallback.statistics().failed_count, fallback.statistics().fallback_count) == (1, 0)


@pytest.mark.parametrize(
    "failure",
    [TimedOut(), Refused(), Rejected("pool"), BreakerOpen(), Unavailable(), ServerError(), CallFailed()],
    ids=repr,
)
def test_by_default_every_failure_leads_to_it(failure: CallFailed) -> None:
    env = Environment()
    assert ask(env, Fallback(Scripted(env, (0.0, failure)), "so")).value == "so"


class OutOfStock(ServerError):
    """A failure that says something."""


def test_some_failures_can_be_left_as_they_are() -> None:
    env = Environment()
    target = Scripted(env, (0.0, TimedOut), (0.0, Refused), (0.0, ServerError), (0.0, OutOfStock))
    fallback = Fallback(target, "so", on=(TimedOut, ServerError), except_on=(OutOfStock,))
    ends = [ask(env, fallback) for _ in range(4)]
    assert [getattr(end, "value", type(end)) for end in ends] == ["so", Refused, "so", OutOfStock]
    assert (fallback.statistics().fallback_count, fallback.statistics().failed_count) == (2, 2)


def test_it_calls_what_is_missing_as_an_optional_dependency_does() -> None:
    """Both by the target's name unless told another, and both with what the answer lacks already."""
    for name in (None, "reviews"):
        env = Environment()
        network, web = Network(env, latencies=0.01), Host(env, "web")
        link = network.connect(web, FunctionEndpoint(_fail, host=Host(env, "server"), name="reviews service"))
        host = Host(env, "page")
        optional = Instance(env, host, Dependency(link, required=False, fallback="none", name=name))
        guarded = Instance(env, host, Dependency(Fallback(link, "none", name=name)), name="guarded")
        first, second = ask(env, optional), ask(env, guarded)
        assert first == second == Response("none", (name or link.name,))


def _fail(request: Request) -> Generator[Any, Any, None]:
    yield 0.0
    raise ServerError


@pytest.mark.parametrize("how", ["kill", "cancel"])
@pytest.mark.parametrize("stop_at", [0.125, 0.375])
def test_a_call_that_is_cut_short_is_no_failure(how: str, stop_at: float) -> None:
    env = Environment()
    target, reserve = Scripted(env, ERROR), Scripted(env, (0.5, None))
    fallback = Fallback(target, reserve)
    [seen] = call_at(env, fallback, 0.0)
    env.call_later(stop_at, getattr(seen.process, how))
    env.run(until=stop_at + 0.001)
    statistics = fallback.statistics()
    assert (statistics.aborted_count, statistics.failed_count, statistics.in_flight_count) == (1, 0, 0)
    assert (target.under_way, reserve.under_way) == (0, 0)
    assert reserve.call_count == (stop_at > 0.25)


def test_calls_under_way_and_ended_add_up() -> None:
    env = Environment()
    fallback = Fallback(
        Scripted(env, (0.0, None), (0.0, TimedOut), (0.0, Refused), (9.0, None)), 1, on=(TimedOut,)
    )
    call_at(env, fallback, 0.0, 1.0, 2.0, 3.0)
    env.run(until=4.0)
    s = fallback.statistics()
    assert (s.answered_count, s.fallback_count, s.failed_count, s.in_flight_count) == (1, 1, 1, 1)
    assert s.call_count == 4


def test_the_usual_order_of_fallback_switch_and_breaker() -> None:
    env = Environment()
    target = Scripted(env, (10.0, None))
    breaker = CircuitBreaker(env, Timeout(env, target, 0.25), consecutive_failures(1, open_duration=60.0))
    switch = FeatureSwitch(env, "reviews")
    reviews = Fallback(Switched(breaker, switch, "Be Back Soon"), "none today", name="reviews")
    assert ask(env, reviews) == Response("none today", ("reviews",))
    assert ask(env, reviews) == Response("none today", ("reviews",))
    assert (env.now, breaker.statistics().rejected_count) == (0.25, 1)
    switch.turn_off()
    assert ask(env, reviews) == Response("Be Back Soon", ("reviews",))
    assert (breaker.statistics().permitted_count, breaker.statistics().rejected_count) == (1, 1)


@pytest.mark.parametrize(
    ("first", "nothing_done"), [(Refused, True), (TimedOut, False), (ServerError, False)]
)
def test_where_both_fail_nothing_was_done_only_if_both_say_so(
    first: type[CallFailed], nothing_done: bool
) -> None:
    env = Environment()
    target, instead = Scripted(env, (0.25, first)), Scripted(env, (0.25, Refused))
    told = ask(env, Fallback(target, instead, name="reviews"))
    assert (type(told), told.nothing_done) == (Refused, nothing_done)


def test_nonsense_is_told_by_its_name() -> None:
    env = Environment()
    target = Scripted(env)
    with pytest.raises(TypeError, match="target must be an Endpoint, got 'reviews'"):
        Fallback("reviews", ())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="on must be a tuple of CallFailed classes, got"):
        Fallback(target, (), on=TimedOut)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="except_on must hold CallFailed classes only, got"):
        Fallback(target, (), except_on=(KeyError,))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="on must name at least one class, got none"):
        Fallback(target, (), on=())
    with pytest.raises(
        ValueError, match="on and except_on must have no class in common, got TimedOut in both"
    ):
        Fallback(target, (), on=(TimedOut,), except_on=(TimedOut,))
    with pytest.raises(TypeError, match="instead must be a value, a function or an Endpoint, got the class"):
        Fallback(target, Response)


def test_a_function_that_takes_time_is_told_to_be_an_endpoint() -> None:
    def slow(request: Request, failure: CallFailed) -> Generator[Any, Any, None]:
        yield 1.0

    env = Environment()
    with pytest.raises(
        TypeError, match="instead must answer at once where it is a function, got a generator"
    ):
        ask(env, Fallback(Scripted(env, ERROR), slow, name="reviews"))
