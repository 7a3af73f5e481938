"""Limits that follow durations, in front of a server small enough to be followed with a pencil.

All work takes a second, and more calls than will ever be served have come at one instant and wait in line, so
that each place that becomes free is taken at once. What happens is written down line by line: the call that
ends, how long it took from its admission, how many were in flight when it was admitted (itself included), and
what the rules make of that. Nothing here is measured.
"""

from __future__ import annotations

from models import Host
from models.resilience.shedding import (
    ConcurrencyLimit,
    ConcurrencyLimiter,
    EnvoyGradientLimit,
    Fifo,
    Gradient2Limit,
    VegasLimit,
)
from models.services import Instance, Work
from simulator import Environment
from simulator.randomness import Constant
from tests.models.resilience.scripted import call_at


def levels(
    limit: ConcurrencyLimit, *, cores: int, until: float, singles: tuple[float, ...] = (), at: float = 0.0
) -> list[tuple[float, int]]:
    """The limit over time, as (since when, how many). Some come singly, the others all `at` once."""
    env = Environment(seed=1)
    server = Instance(env, Host(env, "server", cores=cores), Work(Constant(1.0)), threads=100)
    limiter = ConcurrencyLimiter(env, server, limit, queue=Fifo(), keep_history=True)
    call_at(env, limiter, *singles, *[at] * 60)
    env.run(until=until)
    history = limiter.limit_gauge.history
    return [
        (round(float(time), 9), int(level)) for time, level in zip(history.times, history.values, strict=True)
    ]


def test_vegas_rises_from_below_until_three_queue() -> None:
    # One core. At 0 the calls 1 to 4 are admitted.
    #   1.0   1 took 1: the first, and so the duration without load. 5 is admitted.
    #   2.0   2 took 2, 2 in flight: ceil(4 (1 - 1/2)) = 2 queue, less than 3: the limit is 5. 6, 7 come in.
    #   3.0   3 took 3: ceil(5 (1 - 1/3)) = 4 queue, from 3 to 6: nothing. 8.
    #   4.0   4 took 4: ceil(5 (1 - 1/4)) = 4. 9.
    #   5.0   5, of 1.0, took 4; then 6 and 7, of 2.0, 4 and 5, and all others 5: ceil(5 (1 - 1/5)) = 4.
    assert levels(VegasLimit(limit_initial=4), cores=1, until=50.5) == [(0.0, 4), (2.0, 5)]


def test_vegas_comes_down_from_above_until_six_queue() -> None:
    # One core. At 0 the calls 1 to 10 are admitted.
    #   1.0   1 took 1: the duration without load.
    #   4.0   2, 3 and 4 were 2, 3 and 4 in flight, fewer than half of 10: nothing.
    #   5.0   5 took 5, 5 in flight: ceil(10 (1 - 1/5)) = 8 queue, more than 6: the limit is 9.
    #   6.0   6 took 6: ceil(9 (1 - 1/6)) = 8: 8.
    #   7.0   7 took 7: ceil(8 (1 - 1/7)) = 7: 7.
    #   8.0   8 took 8: ceil(7 (1 - 1/8)) = 7: 6.
    #   9.0   of 6 no more than 6 can queue: nothing any more.
    assert levels(VegasLimit(limit_initial=10), cores=1, until=50.5) == [
        (0.0, 10),
        (5.0, 9),
        (6.0, 8),
        (7.0, 7),
        (8.0, 6),
    ]


def test_gradient2_takes_the_queue_that_it_makes_for_normal_and_grows() -> None:
    # One core. The limit is 4 at first, and long the plain mean of the first ten durations.
    #   1.0   1 took 1, 1 in flight, fewer than half of 4: nothing. 5 is admitted.
    #   2.0   2 took 2, long 3/2: 1.5 long / 2 > 1, so the gradient is 1: 4 + 0.2 x 4 = 4.8. 6.
    #   3.0   3 took 3, long 2, gradient 1: 5.6. 7, 8.
    #   4.0   4 took 4, long 5/2, gradient 3.75 / 4: 0.8 x 5.6 + 0.2 (5.6 x 0.9375 + 4) = 6.33. 9, 10.
    #   5.0   5, of 1.0, took 4, long 14/5, gradient 1: 7.13. 11, 12.
    #   6.0   6, of 2.0, took 4, long 3, gradient 1: 7.93. 13.
    #   7.0   7, of 3.0, took 4, 4 in flight, more than 7.93 / 2, long 22/7, gradient 1: 8.73. 14, 15.
    #   8.0   8, of 3.0, took 5, long 27/8, gradient 1: 9.53.
    assert levels(Gradient2Limit(limit_initial=4, limit_min=1), cores=1, until=8.5) == [
        (0.0, 4),
        (3.0, 5),
        (4.0, 6),
        (5.0, 7),
        (7.0, 8),
        (8.0, 9),
    ]


def test_gradient2_that_knows_better_comes_down_to_where_queue_and_gradient_balance() -> None:
    # One core. Ten calls, one by one, have taken 1 each: that is long, and moves slowly (2/601 a sample).
    # At 20 the calls 1 to 10 of the crowd are admitted. 1 to 4 find fewer than half of 10 in flight.
    #  25.0   5 took 5, 5 in flight: 1.5 long / 5 is less than a half, so the gradient is a half: 0.8 x 10 +
    #         0.2 (5 + 4) = 9.8, which is 8 + 0.9 x 2.
    #   then  one after the other: 8 + 0.9^n x 2, since 1.5 long stays below 2 and they take 6, 7, ... 10:
    #         9.62, 9.46, 9.31, 9.18, 9.06.
    #  31.0   11, of 21.0, took 10: 8.96. It goes on towards 8 and does not fall below.
    limit = Gradient2Limit(limit_initial=10, limit_min=1)
    singles = tuple(2.0 * number for number in range(10))
    assert levels(limit, cores=1, until=45.5, singles=singles, at=20.0) == [(0.0, 10), (25.0, 9), (31.0, 8)]


def test_envoys_gradient_measures_overshoots_and_comes_back() -> None:
    # Two cores. It measures with two in flight; both have ended at 1.0, and took 1: that is minRTT. Windows
    # end 2.3 s after each other from then on.
    #   3.3   four calls took 1: gradient 1.25, 2 x 1.25 + sqrt(2.5) = 4.08. Two more come in, and queue.
    #   5.6   two took 1 and two, of 3.3, 1.7; the second of four is 1: 4 x 1.25 + sqrt(5) = 7.24. Three more.
    #   7.9   two of 4.0 and two of 5.0 took 2: gradient 1.25 / 2, 7 x 0.625 + sqrt(4.375) = 6.47.
    #  10.2   two of 5.6 took 2.4, one 3.4, two of 6.0 took 3 and 4, one of 7.0 took 3; the third of six is 3:
    #         1.25 / 3 is less than a half, 6 x 0.5 + sqrt(3) = 4.73.
    limit = EnvoyGradientLimit(limit_min=2, request_count=2, window=2.3, jitter=0.0)
    assert levels(limit, cores=2, until=12.4) == [(0.0, 2), (3.3, 4), (5.6, 7), (7.9, 6), (10.2, 4)]
