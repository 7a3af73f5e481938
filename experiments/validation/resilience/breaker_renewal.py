"""A breaker's life as a renewal process: closed, open, a trial, open again or closed.

N failures in a row open it for T seconds; then one trial decides. Where calls arrive at Poisson rate l, take
no time and fail with probability p, a closed breaker lasts E = (1 - p^N) / (p^N (1 - p)) calls, and each trip
is followed by G = 1 / (1 - p) open periods, with lT calls rejected and one trial each. So of all calls

    l T G / (E + l T G + G)

are rejected. N failures in a row and a count window of N at a failure rate of 100 % are the same rule: tests
show the two breakers to agree call by call, with one trial.

Source: Feller, "An Introduction to Probability Theory and Its Applications" I (1968), XIII.7 on success runs;
the rest is the renewal-reward theorem.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import FunctionEndpoint, Request, ServerError
from models.resilience import BreakerState, CircuitBreaker, CircuitBreakerSettings, consecutive_failures
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

_REQUEST = Request()


def _unreliable(env: Environment, failure_probability: float) -> FunctionEndpoint:
    uniform = env.sampler("server", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        if uniform() < failure_probability:
            raise ServerError("out of luck")
        yield from ()  # a handler is a generator, also where nothing takes time

    return FunctionEndpoint(answer, name="server")


def calls_to_trip(
    seed: int, effort: float = 1.0, *, count: int, failure_probability: float, trips_count: int
) -> tuple[float]:
    """Return the mean number of calls up to a fresh breaker's trip, over `effort` times `trips_count`."""
    env = Environment(seed=seed)
    server = _unreliable(env, failure_probability)
    trips_count = max(1, round(effort * trips_count))
    calls_count = 0

    def call_until_open() -> Generator[Any, Any, None]:
        nonlocal calls_count
        breaker = CircuitBreaker(env, server, consecutive_failures(count))
        while breaker.state is BreakerState.CLOSED:
            yield 1.0
            calls_count += 1
            try:
                yield from breaker.call(_REQUEST)
            except ServerError:
                continue

    for _ in range(trips_count):
        env.process(call_until_open())
    env.run()
    return (calls_count / trips_count,)


def renewal(
    seed: int,
    effort: float = 1.0,
    *,
    settings: CircuitBreakerSettings,
    failure_probability: float,
    rate: float,
    warm_up: float,
    duration: float,
) -> tuple[float]:
    """Return the share of calls that a breaker with `settings` rejects, at `rate` calls per second.

    It is watched for `effort` times `duration` seconds, after the first `warm_up`.
    """
    env = Environment(seed=seed)
    breaker = CircuitBreaker(env, _unreliable(env, failure_probability), settings)
    users = OpenLoop(env, breaker, rate=rate, until=warm_up + effort * duration)
    env.run()
    return (users.table.shares(since=warm_up)["breaker_open"],)


def calls_to_trip_mean(count: int, p: float) -> float:
    """Return the expected number of calls up to `count` failures in a row, of probability `p` each."""
    return (1.0 - p**count) / (p**count * (1.0 - p))


def rejected_share(count: int, p: float, open_duration: float, rate: float) -> float:
    """Return the share of calls rejected in the long run; open duration in s, rate per s."""
    closed = calls_to_trip_mean(count, p)
    opened = 1.0 / (1.0 - p)
    rejected = rate * open_duration * opened
    return rejected / (closed + rejected + opened)


def _trip_check(count: int, p: float, trips_count: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"calls until {count} in a row fail, each with probability {p:g}",
        group="breaker",
        source="Feller I (1968), XIII.7: (1 - p^N) / (p^N (1 - p))",
        claims=(Claim("calls to trip", calls_to_trip_mean(count, p)),),
        simulate=partial(calls_to_trip, count=count, failure_probability=p, trips_count=trips_count),
    )


def _renewal_check(count: int, p: float, open_duration: float, rate: float) -> TheoryCheck:
    cycle = (calls_to_trip_mean(count, p) + 1.0 / (1.0 - p)) / rate + open_duration / (1.0 - p)
    return TheoryCheck(
        name=f"breaker, {count} failures in a row, open {open_duration:g} s, p {p:g}, {rate:g} calls/s",
        group="breaker",
        source="renewal-reward: l T G / (E + l T G + G)",
        claims=(Claim("rejected share", rejected_share(count, p, open_duration, rate)),),
        simulate=partial(
            renewal,
            settings=consecutive_failures(count, open_duration=open_duration),
            failure_probability=p,
            rate=rate,
            warm_up=10.0 * cycle,
            duration=300.0 * cycle,
        ),
    )


CHECKS = (
    _trip_check(2, 0.2, 800),
    _trip_check(3, 0.5, 800),
    _trip_check(5, 0.7, 800),
    _renewal_check(1, 0.5, 1.0, 10.0),
    _renewal_check(3, 0.5, 1.0, 10.0),
    _renewal_check(5, 0.7, 2.0, 5.0),
)
"""Calls to trip at three points, rejected shares at three."""
