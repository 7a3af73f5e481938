"""The textbook's breaker, and what renewal theory says of it."""

from contextlib import suppress
from math import sqrt

import pytest

from models.endpoint import Call, Endpoint
from models.failures import BreakerOpen, ServerError
from models.request import Request, Response
from models.resilience import BreakerState, CircuitBreaker, consecutive_failures
from simulator import Environment
from simulator.randomness import Exponential, Uniform
from tests.models.resilience.scripted import OK, Scripted, Step, call_at

FAILURE: Step = (0.0, ServerError)


def test_a_success_starts_the_count_over() -> None:
    env = Environment()
    target = Scripted(env, FAILURE, FAILURE, OK, FAILURE, FAILURE, FAILURE, OK)
    breaker = CircuitBreaker(env, target, consecutive_failures(3))
    seen = call_at(env, breaker, *(float(i) / 10 for i in range(7)))
    env.run()
    assert seen[-2:] == [(0.5, ServerError), (0.6, BreakerOpen)]


def test_one_trial_decides() -> None:
    env = Environment()
    target = Scripted(env, FAILURE, FAILURE, OK)
    breaker = CircuitBreaker(env, target, consecutive_failures(1, open_duration=2.0))
    call_at(env, breaker, 0.0, 2.5, 5.0)
    env.run()
    assert target.call_times == [0.0, 2.5, 5.0]
    assert breaker.state is BreakerState.CLOSED


class Coin(Endpoint):
    """Fails with a probability, in no time."""

    def __init__(self, env: Environment, probability: float) -> None:
        self.probability = probability
        self.draw = env.sampler("coin", Uniform(0.0, 1.0))

    def call(self, request: Request) -> Call:
        if self.draw() < self.probability:
            raise ServerError
        return Response()
        yield


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "probability", "rate", "duration"), [(3, 0.5, 10.0, 1.0), (2, 0.3, 5.0, 2.0)]
)
def test_the_rejected_share_is_that_of_renewal_theory(
    count: int, probability: float, rate: float, duration: float
) -> None:
    env = Environment(seed=5)
    breaker = CircuitBreaker(env, Coin(env, probability), consecutive_failures(count, open_duration=duration))
    gap = env.sampler("gap", Exponential(1 / rate))

    def client(calls: int):  # type: ignore[no-untyped-def]
        for _ in range(calls):
            yield gap()
            with suppress(BreakerOpen, ServerError):
                yield from breaker.call(Request())

    env.process(client(100_000))
    env.run()
    statistics = breaker.statistics()
    to_trip = (1 - probability**count) / (probability**count * (1 - probability))
    trials = 1 / (1 - probability)
    rejected = rate * duration * trials
    share = rejected / (to_trip + rejected + trials)
    # One cycle is an independent draw; its length varies about as much as its mean.
    cycles = 100_000 / (to_trip + rejected + trials)
    assert statistics.rejected_count / 100_000 == pytest.approx(
        share, abs=3.0 * share * (1 - share) * sqrt(2 / cycles)
    )
