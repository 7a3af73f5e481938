"""Hedging: a copy of a call that is slow, the first answer counts, and what that does to the tail.

With copies that are independent, each as slow as any call, and sent at the delay d, a call takes longer than
t with probability S(t) for t < d, and S(t) S(t - d) after that. Hedged at their own percentile q, 1 - q of
the calls cost a copy. For exponential calls of mean 1 with d = -ln(1 - q): mean 1 - (1 - q) / 2, and the
percentile r > q is (d - ln(1 - r)) / 2: with q = 95 % the 99th falls from 4.6052 to 3.8005, for 5 % more
load.

Leaves out: a hedge that takes its delay from its own last calls, for which there is no such formula (see
`models.resilience.hedging`, and what the tests measure of it).

Source: Dean and Barroso, "The Tail at Scale" (CACM 56, 2013); the formula is elementary.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from math import log
from typing import Any

import numpy as np

from models import FunctionEndpoint, Request
from models.resilience.hedging import Hedge
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

_RATE = 10.0


def hedged(
    seed: int, effort: float = 1.0, *, delay: float, slow: float, calls_count: int
) -> tuple[float, float, float, float]:
    """Return p99 and mean latency, the share of calls slower than `slow` s, and copies per call.

    Calls take Exp(1) s, as often as they are made, and are hedged after `delay` s. About `effort` times
    `calls_count` of them.
    """
    env = Environment(seed=seed)
    hedge = Hedge(env, _server(env), after=delay)
    users = OpenLoop(env, hedge, rate=_RATE, until=max(100.0, effort * calls_count / _RATE))
    env.run()
    latencies = users.table.latencies()
    return (
        float(np.percentile(latencies, 99.0)),
        float(latencies.mean()),
        float((latencies > slow).mean()),
        hedge.statistics().extra_load_ratio,
    )


def _server(env: Environment) -> FunctionEndpoint:
    duration = env.sampler("server", Exponential(1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield duration()

    return FunctionEndpoint(answer, name="server")


def _check(q: float) -> TheoryCheck:
    delay = -log(1.0 - q)
    p99 = (delay - log(0.01)) / 2.0
    return TheoryCheck(
        name=f"hedging Exp(1) calls at their {100 * q:g}th percentile",
        group="tail",
        source="Dean and Barroso, The Tail at Scale (2013): S(t), from the delay d on S(t) S(t - d)",
        claims=(
            Claim("p99 of latency", p99, bias=0.01, note="a percentile of a finite sample is not its mean's"),
            Claim("mean latency", 1.0 - (1.0 - q) / 2.0),
            Claim(f"share of calls slower than {p99:.4f} s", 0.01, precision=0.15),
            Claim("copies per call", 1.0 - q, precision=0.08),
        ),
        simulate=partial(hedged, delay=delay, slow=p99, calls_count=10_000),
    )


CHECKS = (_check(0.95), _check(0.9))
"""At two percentiles."""
