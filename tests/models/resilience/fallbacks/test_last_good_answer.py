"""LastGoodAnswer: which answer, how old, how many of them, and what makes it forget."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models import (
    CallFailed,
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Request,
    Response,
    ServerError,
    TimedOut,
)
from models.resilience.fallbacks import LastGoodAnswer
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted, call_at


class Prices:
    """A function that answers each key with the number of the call, unless it `is_broken`."""

    def __init__(self, env: Environment, *, host: Host | None = None) -> None:
        self.is_broken = False
        self.failure: type[CallFailed] = ServerError
        self.degraded: tuple[str, ...] = ()
        self.call_count = 0
        self.endpoint = FunctionEndpoint(self._answer, host=host, name="prices")

    def _answer(self, request: Request) -> Generator[Any, Any, Response]:
        yield 0.0
        self.call_count += 1
        if self.is_broken:
            raise self.failure
        return Response((request.operation, request.key, self.call_count), self.degraded, size_bytes=3)


def ask(
    env: Environment, endpoint: Endpoint, key: Any = "book", operation: str = "get", at: float = 0.0
) -> Any:
    """What one call comes to: a response, or the class of the failure."""

    def caller() -> Generator[Any, Any, Any]:
        if at > env.now:
            yield at - env.now
        try:
            return (yield from endpoint.call(Request(operation, key)))
        except CallFailed as failure:
            return type(failure)

    return env.run(env.process(caller()))


def test_the_last_answer_to_the_same_question_stands_in_for_a_failure() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, age_max=10.0)
    assert ask(env, good) == Response(("get", "book", 1), (), 3)
    assert ask(env, good, at=1.0) == Response(("get", "book", 2), (), 3)
    assert ask(env, good, "shoe") == Response(("get", "shoe", 3), (), 3)
    prices.is_broken = True
    assert ask(env, good) == Response(("get", "book", 2), ("stale",), 3, as_of=1.0)
    assert ask(env, good, "shoe") == Response(("get", "shoe", 3), ("stale",), 3, as_of=1.0)
    statistics = good.statistics()
    assert (statistics.answered_count, statistics.stale_count, statistics.kept_count) == (3, 2, 2)


def test_another_operation_or_key_is_another_question() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, age_max=10.0)
    ask(env, good)
    prices.is_broken = True
    assert ask(env, good, "shoe") is ServerError
    assert ask(env, good, operation="history") is ServerError
    assert good.statistics().failed_count == 2


def test_an_answer_that_is_too_old_helps_nobody_and_giving_it_makes_it_no_younger() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, age_max=2.0)
    ask(env, good, at=1.0)
    prices.is_broken = True
    assert ask(env, good, at=2.5).degraded == ("stale",)
    assert ask(env, good, at=3.0).degraded == ("stale",)
    assert ask(env, good, at=3.125) is ServerError
    endless = LastGoodAnswer(env, prices.endpoint, age_max=inf)
    prices.is_broken = False
    ask(env, endless)
    prices.is_broken = True
    assert ask(env, endless, at=1e9).degraded == ("stale",)


def test_a_kept_answer_is_as_of_when_the_target_was_asked_or_as_old_as_it_was_there() -> None:
    env = Environment()
    answers = iter([Response("fresh"), Response("cached", as_of=0.25)])

    def slowly(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        answer = next(answers, None)
        if answer is None:
            raise ServerError
        return answer

    good = LastGoodAnswer(env, FunctionEndpoint(slowly), age_max=10.0)
    assert ask(env, good, "a", at=1.0).as_of is None
    assert ask(env, good, "b", at=2.0).as_of == 0.25
    assert ask(env, good, "a", at=3.0).as_of == 1.0
    assert ask(env, good, "b", at=4.0).as_of == 0.25


def test_a_degraded_answer_passes_and_displaces_no_full_one() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, age_max=10.0, name="old prices")
    ask(env, good)
    prices.degraded = ("offers",)
    assert ask(env, good) == Response(("get", "book", 2), ("offers",), 3)
    prices.is_broken = True
    assert ask(env, good) == Response(("get", "book", 1), ("old prices",), 3, as_of=0.0)


def test_only_so_many_answers_are_kept_those_that_came_last() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, age_max=10.0, capacity=2)
    for key in ("book", "shoe", "book", "hat"):
        ask(env, good, key)
    assert good.statistics().kept_count == 2
    prices.is_broken = True
    assert ask(env, good, "shoe") is ServerError
    assert ask(env, good, "book").value == ("get", "book", 3)
    assert ask(env, good, "hat").value == ("get", "hat", 4)


class OutOfStock(ServerError):
    """A failure that says something."""


def test_some_failures_can_be_left_as_they_are() -> None:
    env = Environment()
    prices = Prices(env)
    good = LastGoodAnswer(env, prices.endpoint, 10.0, on=(TimedOut, ServerError), except_on=(OutOfStock,))
    ask(env, good)
    prices.is_broken = True
    ends = []
    for prices.failure in (OutOfStock, Refused, TimedOut, ServerError):
        ends.append(ask(env, good))
    assert ends[:2] == [OutOfStock, Refused]
    assert [end.degraded for end in ends[2:]] == [("stale",), ("stale",)]


def test_what_it_keeps_is_gone_when_its_host_restarts_or_its_process() -> None:
    def serve(instance: Instance, request: Request) -> Generator[Any, Any, str]:
        yield 0.0
        if instance.state.get("broken"):
            raise ServerError
        return "answer"

    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, serve)
    good = LastGoodAnswer(env, instance, age_max=inf)
    for crash, restart in ((host.crash, host.restart), (instance.crash, instance.restart)):
        ask(env, good)
        instance.state["broken"] = True
        assert ask(env, good).degraded == ("stale",)
        crash()
        restart()
        env.run()
        instance.state["broken"] = True
        assert (ask(env, good), good.statistics().kept_count) == (ServerError, 0)
        instance.state.clear()


def test_an_answer_that_comes_after_a_restart_to_a_call_from_before_is_not_kept() -> None:
    env = Environment()
    host = Host(env, "web")
    target = Scripted(env, (2.0, None), (0.0, ServerError))
    target.host = host
    good = LastGoodAnswer(env, target, age_max=inf)
    [old, new] = call_at(env, good, 0.0, 3.0)  # by nobody that runs on the host
    env.call_later(1.0, host.crash)
    env.call_later(1.5, host.restart)
    env.run()
    assert (old, new) == ((2.0, "answer"), (3.0, ServerError))
    assert good.statistics().kept_count == 0


def test_on_the_callers_side_it_outlives_the_server() -> None:
    env = Environment()
    server = Host(env, "server")
    link = Network(env, latencies=0.01).connect(Host(env, "web"), Prices(env, host=server).endpoint)
    good = LastGoodAnswer(env, link, age_max=inf)
    ask(env, good)
    server.crash_process(link.target)
    assert ask(env, good).degraded == ("stale",)


@pytest.mark.parametrize("how", ["kill", "cancel"])
def test_a_call_that_is_cut_short_is_no_failure(how: str) -> None:
    env = Environment()
    good = LastGoodAnswer(env, Scripted(env, (0.0, None), (0.5, ServerError)), age_max=inf)
    _, seen = call_at(env, good, 0.0, 0.0)
    env.call_later(0.25, getattr(seen.process, how))
    env.run()
    statistics = good.statistics()
    assert (statistics.call_count, statistics.answered_count, statistics.aborted_count) == (2, 1, 1)
    assert (statistics.stale_count, statistics.failed_count, statistics.in_flight_count) == (0, 0, 0)


def test_nonsense_is_told_by_its_name() -> None:
    env = Environment()
    target = Scripted(env)
    for age in (0.0, -1.0, nan):
        with pytest.raises(ValueError, match="age_max must be > 0 s, got"):
            LastGoodAnswer(env, target, age)
    with pytest.raises(ValueError, match="capacity must be a whole number >= 1, got 0"):
        LastGoodAnswer(env, target, 1.0, capacity=0)
    with pytest.raises(ValueError, match="on must name at least one class, got none"):
        LastGoodAnswer(env, target, 1.0, on=())
    with pytest.raises(TypeError, match="except_on must be a tuple of CallFailed classes"):
        LastGoodAnswer(env, target, 1.0, except_on=[TimedOut])  # type: ignore[arg-type]
