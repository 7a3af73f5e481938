"""Asynchronous replication: acknowledged writes that a crash takes, since they were not copied yet.

A primary acknowledges a write at once and sends it to a replica, where it is a lag D later. When the primary
crashes, what is on its way is lost. Writes are Poisson with rate l, and none waits for another: those under
way are the customers of M/G/infinity, Poisson at any moment, whatever the law of D. With nothing under way at
first their mean after t seconds is

    l E[min(D, t)],    after a long time l E[D]

So none is lost with probability exp(-l E[min(D, t)]). Crashes come t seconds apart, and each leaves nothing
under way.

Here the primary is an outbox in memory on a host, with as many workers as writes can be under way. Leaves
out: replicas that are behind because they are slow, where the lag depends on the load. Source: Takacs,
"Introduction to the Theory of Queues" (1962), on M/G/infinity.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from itertools import pairwise
from math import exp
from typing import Any

import numpy as np

from models import FunctionEndpoint, Host, Request
from models.resilience import Outbox
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant, Distribution, Exponential, LogNormal

from ..experiment import Claim, TheoryCheck

_WORKERS = 24
"""Of a Poisson number with mean 1.5 more come once in 10^20 times."""
REPLICATIONS = 40


def replication_lag(
    seed: int, effort: float = 1.0, *, rate: float, lag: Distribution, crashes_count: int, lags: float
) -> tuple[float, float]:
    """Return the mean number of acknowledged writes lost in a crash, and the share of crashes that lose none.

    `rate` writes per second, over `effort` times `crashes_count` crashes; the host is up again at once.
    Between two crashes pass `lags` mean lags.
    """
    crashes_count = max(1, round(effort * crashes_count))
    env = Environment(seed=seed)
    draw = env.sampler("lag", lag)

    def copy(request: Request) -> Generator[Any, Any, None]:
        yield draw()

    primary = Host(env, "primary")
    replica = FunctionEndpoint(copy, name="replica")
    writes = Outbox(
        env, replica, host=primary, is_durable=False, in_order=False, workers=_WORKERS, name="primary"
    )
    between = lags * lag.mean
    OpenLoop(env, writes, rate=rate, until=crashes_count * between)
    lost_before: list[int] = []

    def crash() -> None:
        lost_before.append(len(writes.lost))
        primary.crash()
        primary.restart()

    for number in range(1, crashes_count + 1):
        env.call_later(number * between, crash)
    env.run()
    losses = [after - before for before, after in pairwise([*lost_before, len(writes.lost)])]
    return sum(losses) / crashes_count, losses.count(0) / crashes_count


def writes_lost(rate: float, lag: Distribution, lags: float) -> tuple[float, float]:
    """Return the mean number of writes lost in a crash `lags` mean lags after the last, and P(none is)."""
    steps = 4_000
    step = lags * lag.mean / steps
    after = np.linspace(step / 2.0, lags * lag.mean - step / 2.0, steps)
    under_way = rate * step * float(lag.survival(after).sum())
    return under_way, exp(-under_way)


def _check(name: str, rate: float, lag: Distribution, lags: float) -> TheoryCheck:
    lost, none_lost = writes_lost(rate, lag, lags)
    return TheoryCheck(
        name=f"replication that lags, {name} with mean {lag.mean:g} s, {rate:g} writes/s",
        group="availability",
        source="M/G/infinity from empty (Takacs 1962): Poisson with mean l E[min(D, t)]",
        claims=(
            Claim("acknowledged writes lost in a crash", lost),
            Claim("share of crashes that lose none", none_lost, precision=0.15),
        ),
        simulate=partial(replication_lag, rate=rate, lag=lag, crashes_count=200, lags=lags),
        replications=REPLICATIONS,
    )


CHECKS = (
    # Of l E[D] there are all after one lag; all but 1.8 %; all but 6.5 %, the tail being long.
    _check("constant lag", 3.0, Constant(0.5), 2.0),
    _check("exponential lag", 3.0, Exponential(0.5), 4.0),
    _check("lognormal lag", 6.0, LogNormal(mean=0.2, standard_deviation=0.4), 8.0),
)
"""Three laws of the lag, of which no more than E[min(D, t)] matters."""
