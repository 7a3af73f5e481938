"""Hedge: whoever ends a call, and whenever, nothing of it is left over."""

import gc
from collections.abc import Generator
from typing import Any

import pytest

from models import (
    CallFailed,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Request,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.resilience import Timeout
from models.resilience.hedging import Hedge
from models.resilience.rate_limits import LeakyBucket, RateLimiter
from models.services import Instance
from simulator import PARKED, Environment
from tests.models.resilience.hedging.hedged_calls import SLOW, Ledger, hedged, takes
from tests.models.resilience.scripted import Scripted, Step, call_at


@pytest.mark.parametrize("how", ["kill", "cancel"])
@pytest.mark.parametrize("stop_at", [0.125, 0.25, 0.375])
def test_attempts_end_with_their_caller_at_that_instant(how: str, stop_at: float) -> None:
    env = Environment()
    target = Scripted(env, SLOW)
    hedge = Hedge(env, target, after=0.25)
    [seen] = call_at(env, hedge, 0.0)
    env.call_later(stop_at, getattr(seen.process, how))
    env.run(until=stop_at + 0.001)
    assert target.under_way == 0
    env.run()
    assert not env.processes
    # What comes at the instant of the delay was set before it was.
    assert target.call_count == (2 if stop_at > 0.25 else 1)
    statistics = hedge.statistics()
    assert (statistics.aborted_count, statistics.in_flight_count, statistics.cancelled_count) == (1, 0, 0)


def test_a_copy_that_is_killed_before_it_has_begun_gives_back_what_was_taken_for_it() -> None:
    env = Environment()
    calls = []

    def kill() -> Generator[Any, Any, None]:
        seen.process.kill()
        yield from ()

    def answer(request: Request) -> Generator[Any, Any, None]:
        calls.append(env.now)
        yield 0.125
        env.process(kill())  # starts before the copy, which the failure sends
        raise ServerError

    budget = Ledger()
    hedge = Hedge(env, FunctionEndpoint(answer), after=0.25, budget=budget)
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    assert calls == [0.0]
    assert budget.told == ["start", "failed", "take", "copy end", "end"]
    assert (hedge.statistics().aborted_count, env.now) == (1, 0.125)


def test_a_timeout_around_it_ends_all_attempts() -> None:
    env = Environment()
    target = Scripted(env, SLOW)
    hedge = Hedge(env, target, after=0.25, copies_max=5)
    [seen] = call_at(env, Timeout(env, hedge, 0.875), 0.0)
    env.run(until=0.876)
    assert (seen, target.call_count, target.under_way) == ((0.875, TimedOut), 4, 0)


def test_a_timeout_inside_it_is_a_failure_of_one_attempt() -> None:
    env = Environment()
    target = Scripted(env, SLOW, (0.5, None))
    [seen] = call_at(env, Hedge(env, Timeout(env, target, 0.125), after=10.0), 0.0)
    env.run()
    assert (seen, target.call_times) == ((0.25, TimedOut), [0.0, 0.125])


def test_in_the_process_of_an_instance_copies_run_there_and_die_with_it() -> None:
    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, takes(10.0), name="server")
    link = Network(env, latencies=0.01).connect(Host(env, "web"), Hedge(env, instance, after=0.25))
    call_at(env, link, 0.0)
    env.run(until=0.5)
    # A call from elsewhere would have a process of its own beside its caller's.
    assert list(host.running.values()) == [instance, instance]
    assert instance.statistics().in_service_count == 2
    host.crash()
    assert not host.running
    assert (instance.statistics().in_service_count, instance.statistics().aborted_count) == (0, 2)


def test_a_copy_that_has_ended_runs_on_no_host() -> None:
    env = Environment()
    host = Host(env, "server")
    durations = iter((0.5, 0.125, 0.5, 1.0))

    def serve(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield next(durations)

    hedge = Hedge(env, Instance(env, host, serve), after=0.25)
    link = Network(env, latencies=0.0).connect(Host(env, "web"), hedge)
    call_at(env, link, 0.0, 1.0)
    env.run(until=0.5)
    assert not host.running  # the copy has won, and the first is cancelled
    env.run(until=1.375)
    assert len(host.running) == 2
    env.run(until=1.75)
    assert not host.running


@pytest.mark.parametrize("fails", [True, False])
def test_a_copy_that_crashes_its_own_host_is_heard_of_by_nobody(fails: bool) -> None:
    env = Environment()
    host = Host(env, "server")
    calls = []

    def answer(request: Request) -> Generator[Any, Any, None]:
        calls.append(env.now)
        if len(calls) == 1:
            yield 10.0
        host.crash()
        if fails:
            raise ServerError

    budget = Ledger()
    hedge = Hedge(env, FunctionEndpoint(answer, host=host), after=0.25, copies_max=5, budget=budget)
    host.start(hedge.call(Request()))
    env.run()
    assert (calls, env.processes, host.running) == ([0.0, 0.25], {}, {})
    assert budget.told == ["start", "take", "copy end", "end"]


def test_on_the_callers_side_copies_die_with_the_host_of_the_caller() -> None:
    env = Environment()
    web = Host(env, "web")
    server = Instance(env, Host(env, "server"), takes(1.0), name="server")
    link = Network(env, latencies=0.01).connect(web, server)
    hedge = Hedge(env, link, after=0.25)
    web.start(hedge.call(Request()))
    env.run(until=0.5)
    assert len(web.running) == 2
    web.crash()
    assert not web.running
    env.run()
    assert hedge.statistics().aborted_count == 1


def test_what_a_copy_gives_back_as_it_wins_goes_to_nobody_that_has_lost() -> None:
    """The copy wakes the first attempt as it ends, as a thread that is passed on does: in vain."""
    env = Environment()
    waiting: list[Any] = []
    began = []

    def answer(request: Request) -> Generator[Any, Any, str]:
        if not waiting:
            waiting.append(env.active_process)
            yield PARKED
            began.append(env.now)
            return "first"
        try:
            yield 0.125
        finally:
            env.wake(waiting[0])
        return "copy"

    [seen] = call_at(env, Hedge(env, FunctionEndpoint(answer), after=0.25), 0.0)
    env.run()
    assert (seen, began) == ((0.375, "copy"), [])


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (((0.5, None), SLOW), "answer"),  # the first attempt wins
        (((0.5, Unavailable), SLOW), Unavailable),  # it decides the call by its failure
        ((SLOW, (0.25, None)), "answer"),  # a copy wins
        ((SLOW, (0.25, Unavailable)), Unavailable),
    ],
)
def test_a_caller_goes_on_when_its_losers_are_gone_and_does_not_meet_them(
    script: tuple[Step, ...], outcome: Any
) -> None:
    env = Environment()
    target = Scripted(env, *script)
    hedge = Hedge(env, target, after=0.25, fatal=(Unavailable,))
    found: list[tuple[float, Any, int]] = []

    def call() -> Generator[Any, Any, None]:
        try:
            seen: Any = (yield from hedge.call(Request())).value
        except Unavailable as failure:
            seen = type(failure)
        found.append((env.now, seen, target.under_way))

    env.process(call())
    env.run()
    assert found == [(0.5, outcome, 0)]
    assert hedge.statistics().cancelled_count == 1


def test_a_caller_that_is_killed_before_its_losers_are_gone_is_aborted_and_takes_them_along() -> None:
    env = Environment()
    ends: list[str] = []

    def kill() -> Generator[Any, Any, None]:
        seen.process.kill()
        yield from ()

    def answer(request: Request) -> Generator[Any, Any, str]:
        is_first = not ends
        ends.append("begun")
        try:
            yield 0.5 if is_first else 9.0
        except BaseException as error:
            ends.append(type(error).__name__)
            raise
        env.process(kill())  # starts before the copy is cancelled
        return "first"

    budget = Ledger()
    hedge = Hedge(env, FunctionEndpoint(answer), after=0.25, budget=budget)
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    assert seen.outcome is None
    assert ends == ["begun", "begun", "GeneratorExit"]
    assert budget.told == ["start", "take", "first ok", "copy end", "end"]
    statistics = hedge.statistics()
    assert (statistics.aborted_count, statistics.first_won_count, statistics.in_flight_count) == (1, 0, 0)


def test_a_worker_that_asks_again_at_once_is_not_turned_away_because_of_its_own_loser() -> None:
    env = Environment()
    # One a second, and one may wait: the copy does, while the first attempt is answered.
    limiter = RateLimiter(env, Scripted(env, (0.5, None)), LeakyBucket(rate=1.0, queue_size_max=1))
    hedge = Hedge(env, limiter, after=0.25)
    answers: list[float] = []

    def work() -> Generator[Any, Any, None]:
        for _ in range(2):
            yield from hedge.call(Request())
            answers.append(env.now)

    env.process(work())
    env.run()
    assert (answers, hedge.statistics().first_won_count) == ([0.5, 1.5], 2)


def test_a_caller_that_is_killed_as_its_copy_answers_is_not_told() -> None:
    env = Environment()
    calls = []

    def kill() -> Generator[Any, Any, None]:
        seen.process.kill()
        yield from ()

    def answer(request: Request) -> Generator[Any, Any, None]:
        calls.append(env.now)
        if len(calls) == 1:
            yield 10.0
        env.process(kill())  # starts before the caller is told

    hedge = Hedge(env, FunctionEndpoint(answer), after=0.25)
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    assert (seen.at, calls, hedge.statistics().aborted_count) == (None, [0.0, 0.25], 1)


def test_two_answers_at_one_instant_are_one_answer() -> None:
    for script in (
        ((0.5, None), (0.25, None)),
        ((0.5, None), (0.25, ServerError)),
        ((0.5, Refused), (0.25, None)),
    ):
        seen, _, hedge = hedged(*script)
        statistics = hedge.statistics()
        assert seen == (0.5, "answer")
        assert statistics.first_won_count + statistics.copy_won_count == 1
        assert statistics.in_flight_count == 0


def test_an_error_in_the_model_stops_the_run_whichever_attempt_makes_it() -> None:
    def broken(request: Request) -> Generator[Any, Any, None]:
        yield 0.25 * len(calls)
        calls.append(request)
        if len(calls) == 2:
            raise ZeroDivisionError
        yield 10.0

    calls: list[Request] = []
    env = Environment()
    call_at(env, Hedge(env, FunctionEndpoint(broken), after=0.25, name="search"), 0.0)
    with pytest.raises(ZeroDivisionError) as raised:
        env.run()
    assert any("search" in note for note in raised.value.__notes__)


@pytest.mark.slow
def test_a_call_that_fails_leaves_no_garbage_in_circles() -> None:
    class Mine(ServerError):
        pass

    env = Environment()
    call_at(env, Hedge(env, Scripted(env, (0.5, Mine)), after=0.25, copies_max=2), 0.0)
    call_at(env, Hedge(env, Scripted(env, (0.5, Mine), (0.5, None)), after=0.25), 0.0)
    gc.disable()
    try:
        env.run()
        assert not [item for item in gc.get_objects() if isinstance(item, Mine)]
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("script", "settings", "kind", "nothing_done"),
    [
        (((0.5, Refused), (0.5, Refused)), {}, Refused, True),
        (((0.5, TimedOut), (0.5, Refused)), {}, Refused, False),
        (((0.5, Refused), (0.5, TimedOut), (0.5, Refused)), {"copies_max": 2}, Refused, False),
        # The first is still under way, and is cancelled: it may be done by then.
        ((SLOW, (0.0, Refused)), {"fatal": (Refused,)}, Refused, False),
        (((0.25, Refused), SLOW), {"after": 1.0, "fatal": (Refused,)}, Refused, True),
    ],
)
def test_nothing_was_done_only_if_every_attempt_says_so(
    script: tuple[Step, ...], settings: dict[str, Any], kind: type, nothing_done: bool
) -> None:
    env = Environment()
    hedge = Hedge(env, Scripted(env, *script), **{"after": 0.25, **settings})

    def call() -> Generator[Any, Any, CallFailed]:
        try:
            yield from hedge.call(Request())
        except CallFailed as failure:
            return failure
        raise AssertionError("there is no answer")

    told = env.run(env.process(call()))
    assert (type(told), told.nothing_done) == (kind, nothing_done)
