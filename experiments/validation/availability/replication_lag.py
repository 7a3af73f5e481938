"""Asynchronous replication: acknowledged writes that a crash takes, since they were not copied yet.

A primary acknowledges a write at once and sends it to a replica, where it is a lag D later. When the primary
crashes for good, what is on its way is lost. Writes are Poisson with rate l, and none waits for another:
those under way are the customers of M/G/infinity, Poisson with mean

    l E[D]

at any moment, whatever the law of D. So none is lost with probability exp(-l E[D]).

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

from models import FunctionEndpoint, Host, Request
from models.resilience import Outbox
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant, Distribution, Exponential, LogNormal

from ..experiment import Claim, TheoryCheck

_WORKERS = 64
REPLICATIONS = 40


def replication_lag(
    seed: int, effort: float = 1.0, *, rate: float, lag: Distribution, crashes_count: int, lags: float
) -> tuple[float, float]:
    """Return the mean number of acknowledged writes lost in a crash, and the share of crashes that lose none.

    `rate` writes per second, over `effort` times `crashes_count` crashes; the host is up again at once.
    Between two crashes pass `lags` mean lags, by which as many writes must be under way as ever will be.
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


def _check(name: str, rate: float, lag: Distribution, lags: float) -> TheoryCheck:
    lost = rate * lag.mean
    return TheoryCheck(
        name=f"replication that lags, {name} with mean {lag.mean:g} s, {rate:g} writes/s",
        group="availability",
        source="M/G/infinity (Takacs 1962): Poisson with mean l E[D]",
        claims=(
            Claim("acknowledged writes lost in a crash", lost),
            Claim("share of crashes that lose none", exp(-lost), precision=0.15),
        ),
        simulate=partial(replication_lag, rate=rate, lag=lag, crashes_count=200, lags=lags),
        replications=REPLICATIONS,
    )


CHECKS = (
    # All are under way after one lag; but for 1 in e^10; but for 1.5 %, the tail being long.
    _check("constant lag", 3.0, Constant(0.5), 2.0),
    _check("exponential lag", 3.0, Exponential(0.5), 10.0),
    _check("lognormal lag", 6.0, LogNormal(mean=0.2, standard_deviation=0.4), 20.0),
)
"""Three laws of the lag, which does not matter."""
