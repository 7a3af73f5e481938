"""Deadline: exact times, its own expiries and no others, and what it tells those it asks."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request, ServerError
from models.failures import CallFailed
from models.resilience import ConstantBackoff, FullJitter, Retry, Timeout, TokenBucketBudget
from models.resilience.deadlines import Deadline, HonourDeadline, keeping_deadline
from models.services import Dependency, Instance, in_sequence
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import Scripted, call_at


class Noting(Scripted):
    """A script that also writes down the requests."""

    def __init__(self, env: Environment, *script: Any) -> None:
        super().__init__(env, *script)
        self.requests: list[Request] = []

    def call(self, request: Request) -> Any:
        self.requests.append(request)
        return super().call(request)


def send(env: Environment, endpoint: Any, request: Request, at: float = 0.0) -> list[Any]:
    """Call once; the list gets when and how it ended."""
    seen: list[Any] = []

    def caller() -> Generator[Any, Any, None]:
        yield at - env.now
        try:
            response = yield from endpoint.call(request)
        except CallFailed as failure:
            seen.extend([env.now, type(failure)])
        else:
            seen.extend([env.now, response.value])

    env.process(caller())
    return seen


def test_an_answer_in_time_is_passed_on_and_the_target_knows_the_deadline() -> None:
    env = Environment()
    target = Noting(env, (0.25, None))
    deadline = Deadline(env, target, 0.5)
    request = Request("pay", "order-1")
    seen = send(env, deadline, request, at=2.0)
    env.run()
    assert seen == [2.25, "answer"]
    assert target.requests == [Request("pay", "order-1", deadline=2.5)]
    assert request.deadline is None
    statistics = deadline.statistics()
    assert (statistics.call_count, statistics.inherited_count, statistics.expired_count) == (1, 0, 0)


def test_a_late_answer_is_a_timeout_at_exactly_the_deadline() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    deadline = Deadline(env, target, 0.1)
    [seen] = call_at(env, deadline, 0.0)
    env.run(until=0.5)
    assert (seen, target.under_way) == ((0.1, TimedOut), 0)
    assert deadline.statistics().expired_count == 1


def test_an_earlier_deadline_of_the_request_stands_and_is_the_one_that_is_obeyed() -> None:
    env = Environment()
    target = Noting(env, (1.0, None))
    deadline = Deadline(env, target, 0.5)
    request = Request(deadline=2.25)
    seen = send(env, deadline, request, at=2.0)
    env.run(until=5.0)
    assert seen == [2.25, TimedOut]
    assert target.requests[0] is request
    assert deadline.statistics().inherited_count == 1


def test_a_later_deadline_of_the_request_comes_nearer() -> None:
    env = Environment()
    target = Noting(env, (0.0, None))
    deadline = Deadline(env, target, 0.5)
    send(env, deadline, Request(deadline=9.0))
    env.run()
    assert target.requests[0].deadline == 0.5
    assert deadline.statistics().inherited_count == 0


@pytest.mark.parametrize("time", [1.0, 2.0])
def test_a_request_whose_deadline_has_passed_is_not_sent(time: float) -> None:
    env = Environment()
    target = Scripted(env)
    deadline = Deadline(env, target, 0.5)
    seen = send(env, deadline, Request(deadline=time), at=2.0)
    env.run()
    assert (seen, target.call_count) == ([2.0, TimedOut], 0)
    statistics = deadline.statistics()
    assert (statistics.expired_on_arrival_count, statistics.expired_count) == (1, 0)


def test_a_timeout_from_inside_passes_and_is_not_counted_here() -> None:
    env = Environment()
    deadline = Deadline(env, Timeout(env, Scripted(env, (9.0, None)), 0.1), 1.0)
    [seen] = call_at(env, deadline, 0.0)
    env.run()
    assert (seen, deadline.statistics().expired_count) == ((0.1, TimedOut), 0)


def test_of_several_with_one_deadline_the_outermost_expires_whatever_the_floats() -> None:
    env = Environment()
    inner = HonourDeadline(env, Scripted(env, (1e3, None)))
    middle = Deadline(env, _after(0.013, inner), 0.7)
    outer = Deadline(env, _after(0.0171, middle), 0.3)
    times = [0.1 * number for number in range(500)]
    seen = call_at(env, outer, *times)
    env.run()
    assert [each.at for each in seen] == [time + 0.3 for time in times]
    assert outer.statistics().expired_count == 500
    assert (middle.statistics().inherited_count, middle.statistics().expired_count) == (500, 0)
    assert (inner.statistics().call_count, inner.statistics().cancelled_count) == (500, 0)


@pytest.mark.parametrize("wrap", [lambda env, target: Deadline(env, target, 9.0), HonourDeadline])
def test_it_does_so_where_what_is_left_and_the_time_do_not_add_up_to_the_deadline(wrap: Any) -> None:
    env = Environment()
    assert 0.356 + (1.438 - 0.356) < 1.438
    inner = wrap(env, Scripted(env, (1e3, None)))
    outer = Deadline(env, _after(0.356, inner), 1.438)
    [seen] = call_at(env, outer, 0.0)
    env.run()
    assert (seen, outer.statistics().expired_count) == ((1.438, TimedOut), 1)


def _after(delay: float, target: Any) -> FunctionEndpoint:
    def answer(request: Request) -> Any:
        yield delay
        return (yield from target.call(request))

    return FunctionEndpoint(answer)


@pytest.mark.parametrize("how", ["kill", "cancel"])
def test_a_call_that_is_cut_short_leaves_no_deadline_behind(how: str) -> None:
    env = Environment()
    target = Scripted(env, (1e3, None))
    deadline = Deadline(env, target, 0.5)
    [seen] = call_at(env, deadline, 0.0)
    env.call_later(0.25, getattr(seen.process, how))
    env.run()
    assert (target.under_way, deadline.statistics().expired_count) == (0, 0)
    assert not env._lanes


# -- how it travels


def _shop(env: Environment, ask: Any) -> tuple[Noting, Deadline]:
    """A web instance that works for 0.125 s and then asks its stock, `ask` says what."""
    stock = Noting(env, (0.0, None))
    steps = in_sequence(_work, Dependency(stock, ask=ask))
    web = Instance(env, Host(env, "web"), steps)
    link = Network(env, latencies=0.0625).connect(Host(env, "client"), web)
    return stock, Deadline(env, link, 1.0)


def _work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield 0.125


def test_it_travels_with_the_request_that_a_dependency_passes_on() -> None:
    env = Environment()
    stock, shop = _shop(env, None)
    call_at(env, shop, 0.0)
    env.run()
    assert stock.requests[0].deadline == 1.0


def test_it_is_lost_where_something_else_is_asked_and_kept_on_demand() -> None:
    def ask(request: Request) -> Request:
        return Request("reserve")

    env = Environment()
    stock, shop = _shop(env, ask)
    call_at(env, shop, 0.0)
    env.run()
    assert stock.requests == [Request("reserve")]
    env = Environment()
    stock, shop = _shop(env, keeping_deadline(ask))
    call_at(env, shop, 0.0)
    env.run()
    assert stock.requests == [Request("reserve", deadline=1.0)]


def test_a_caller_stamps_by_its_own_clock_and_gives_up_by_its_own_timer() -> None:
    env = Environment()
    web = Host(env, "web")
    web.skew_clock("a test", 100.0)
    target = Noting(env, (10.0, None))
    deadline = Deadline(env, target, 0.5, clock=web.clock)
    [seen] = call_at(env, deadline, 1.0)
    env.run(until=5.0)
    assert (seen, target.requests[0].deadline) == ((1.5, TimedOut), 101.5)
    # By that clock, a deadline that comes with a request is where it says, or long gone.
    first = send(env, deadline, Request(deadline=105.25), at=5.0)
    second = send(env, deadline, Request(deadline=5.25), at=5.0)
    env.run(until=9.0)
    assert (first, second) == ([5.25, TimedOut], [5.0, TimedOut])


# -- retries (gRPC: a deadline spans all attempts)


def _retry(env: Environment, target: Scripted, **settings: Any) -> Retry:
    return Retry(env, target, attempts=5, backoff=ConstantBackoff(delay=0.5), **settings)


def test_a_retry_begins_no_wait_that_does_not_end_before_the_deadline() -> None:
    # Attempts of 0.25 s with waits of 0.5 s: at 0, at 0.75 and at 1.5 s.
    for within, attempts, end in ((1.625, 3, (1.625, TimedOut)), (1.5, 2, (1.0, ServerError))):
        env = Environment()
        target = Scripted(env, (0.25, ServerError))
        retry = _retry(env, target)
        [seen] = call_at(env, Deadline(env, retry, within), 0.0)
        env.run()
        assert (seen, target.call_times) == (end, [0.0, 0.75, 1.5][:attempts])
        statistics = retry.statistics()
        assert (statistics.gave_up_count, statistics.budget_denied_count) == (within == 1.5, 0)


def test_a_retry_that_the_deadline_forbids_is_not_charged_to_the_budget() -> None:
    env = Environment()
    budget = TokenBucketBudget(5)
    retry = _retry(env, Scripted(env, (0.25, ServerError)), budget=budget)
    seen = send(env, retry, Request(deadline=1.5))
    env.run()
    assert (seen, budget.tokens) == ([1.0, ServerError], 4.0)


def test_a_retry_with_time_enough_does_what_it_does_without_a_deadline() -> None:
    for request in (Request(), Request(deadline=100.0)):
        env = Environment()
        target = Scripted(env, (0.25, ServerError), (0.25, ServerError), (0.25, None))
        seen = send(env, _retry(env, target), request)
        env.run()
        assert (seen, target.call_times) == ([1.75, "answer"], [0.0, 0.75, 1.5])


def test_a_deadline_takes_no_random_numbers_from_the_jitter() -> None:
    times = []
    for request in (Request(), Request(deadline=1e3)):
        env = Environment(seed=3)
        target = Scripted(env, (0.0, ServerError))
        retry = Retry(env, target, attempts=5, backoff=FullJitter(base=1.0), name="payment")
        send(env, retry, request)
        env.run()
        times.append(target.call_times)
    assert times[0] == times[1]
    assert len(times[0]) == 5


# -- misuse


@pytest.mark.parametrize("within", [0.0, -1.0, inf, nan])
def test_the_time_must_be_finite_and_positive(within: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match="within must be finite and > 0 s, got"):
        Deadline(env, Scripted(env), within)


def test_nonsense_is_told_by_its_name() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="within must be a number of seconds, got '1'"):
        Deadline(env, Scripted(env), "1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"clock must be a function such as host.clock, got 3.0"):
        Deadline(env, Scripted(env), 1.0, clock=3.0)  # type: ignore[arg-type]
