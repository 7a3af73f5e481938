"""Users who wait and think: exact with constants, and the throughput bounds of operational analysis."""

import math
from collections.abc import Generator
from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.request import Request, Response
from models.workload import ClosedLoop
from simulator import Environment, Permits
from simulator.randomness import Constant, Exponential


def answering_after(delay: float) -> FunctionEndpoint:
    def handler(request: Request) -> Generator[Any, Any, Response]:
        yield delay
        return Response()

    return FunctionEndpoint(handler)


def test_a_user_thinks_asks_and_thinks_again() -> None:
    env = Environment(seed=1)
    users = ClosedLoop(env, answering_after(1.0), users_count=1, think_time=Constant(2.0), until=9.0)
    env.run()
    assert users.table.columns()["start"].tolist() == [2.0, 5.0, 8.0]
    assert env.now == 9.0


def test_throughput_is_users_over_think_plus_response_time() -> None:
    """Interactive response time law, exact for constants: 10 users, 2 s + 0.5 s, 100 s."""
    env = Environment(seed=1)
    users = ClosedLoop(env, answering_after(0.5), users_count=10, think_time=Constant(2.0), until=100.0)
    env.run()
    assert users.issued == 10 * 40


@pytest.mark.slow
def test_throughput_obeys_both_asymptotic_bounds() -> None:
    """min(N / (Z + D), 1 / D): few users are limited by themselves, many by the server."""

    def throughput(users_count: int) -> float:
        env = Environment(seed=1)
        core = Permits(env, 1)

        def serve(request: Request) -> Generator[Any, Any, Response]:
            yield from core.acquire()
            try:
                yield 0.1
            finally:
                core.release()
            return Response()

        target = FunctionEndpoint(serve)
        users = ClosedLoop(env, target, users_count=users_count, think_time=Exponential(1.9), until=2_000.0)
        env.run(until=2_000.0)
        return users.table.throughput(0.0, 2_000.0)

    for users_count in (1, 5, 20, 60):
        bound = min(users_count / (1.9 + 0.1), 10.0)
        # Three standard errors of the think times' mean are allowed above the bound.
        slack = 3.0 / math.sqrt(2_000.0 * bound)
        assert throughput(users_count) <= bound * (1.0 + slack)
    assert throughput(1) == pytest.approx(0.5, rel=0.1)
    assert throughput(60) == pytest.approx(10.0, rel=0.01)


def test_no_user_has_two_requests_in_flight() -> None:
    env = Environment(seed=1)
    users = ClosedLoop(env, answering_after(3.0), users_count=7, think_time=Exponential(0.1), until=50.0)
    for step in range(1, 100):
        env.run(until=step * 0.5)
        assert users.in_flight <= 7


def test_a_ramp_up_lets_users_begin_evenly_one_by_one() -> None:
    env = Environment(seed=1)
    users = ClosedLoop(
        env, answering_after(0.1), users_count=4, think_time=Constant(10.0), ramp_up=2.0, until=13.0
    )
    env.run()
    assert users.table.columns()["start"].tolist() == [10.0, 10.5, 11.0, 11.5]


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_a_user_who_is_taken_away_leaves_one_cancelled_request_and_the_others_go_on(how: str) -> None:
    env = Environment(seed=1)
    users = ClosedLoop(env, answering_after(1.0), users_count=3, think_time=Constant(1.0), until=10.5)
    env.call_later(1.5, getattr(users.users[0], how))
    env.run(until=users.done)
    counts = users.table.counts()
    assert (counts["cancelled"], counts["ok"]) == (1, 2 * 5)
    assert users.table.in_flight == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"users_count": 0}, "users_count must be >= 1, got 0"),
        ({"ramp_up": -1.0}, "ramp_up must be finite and >= 0 s, got -1.0"),
    ],
    ids=["no users", "negative ramp"],
)
def test_misuse_is_an_error_on_construction(settings: dict[str, Any], message: str) -> None:
    arguments = {"users_count": 1, "think_time": Constant(1.0), **settings}
    with pytest.raises(ValueError, match=message):
        ClosedLoop(Environment(seed=1), answering_after(1.0), **arguments)


def test_a_think_time_that_is_no_distribution_is_named() -> None:
    with pytest.raises(TypeError, match=r"think_time must be a Distribution of seconds, got 1\.0"):
        ClosedLoop(Environment(seed=1), answering_after(1.0), users_count=1, think_time=1.0)  # type: ignore[arg-type]
