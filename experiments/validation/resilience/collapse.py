"""A spike that a system does or does not get over: Brooker's simple collapse.

Poisson requests at 40 per second, at 80 for five seconds. The server takes 1 s, and 0.01 s more for each
request in flight when it begins. Clients wait 3 s and try up to 3 times; the server does the work for
those who have given up, too. Before the spike there is a steady state of some 67 in flight. After it there
are two: that one, and one in which every answer comes too late and retries keep it so.

If a request is slowed by those that it finds in flight, PASTA and Little's law give L = 40 (1 + .01 L) =
66.67 of them. In the published simulation it counts itself, too, which makes it L = 40 (1 + .01 (L + 1)) =
67.33; with and without are too close for `validate` to tell apart. Whether a run collapses is luck; its
probability is known from 6,000 runs of an independent program without an engine,
tests/theory/resilience/plain_collapse.py.

Source: M. Brooker, simulator_example, simple_collapse_sim (2022); Bronson et al., "Metastable Failures in
Distributed Systems" (HotOS 2021).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from models import FunctionEndpoint, Host, Network, Request
from models.resilience import Backoff, ConstantBackoff, FullJitter, Retry, Timeout
from models.workload import OpenLoop, RateSteps
from simulator import Environment, Gauge
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

BASE_RATE = 40.0
PLAIN_PROBABILITY = (0.7557, 0.0055)
"""Probability of a collapse without backoff, and its standard error; see above."""
NO_BACKOFF = ConstantBackoff(delay=0.0)
BACKOFF = FullJitter(base=20.0)
"""What the published simulation waits before its retries: U(0, 20 s), then U(0, 40 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapse:
    """One run: mean requests `in_flight` from 20 s on, and `goodput` per second in its last 10 seconds."""

    in_flight: float
    goodput: float

    @property
    def is_collapsed(self) -> bool:
        """Whether in the end fewer than half of those who come are answered."""
        return self.goodput < BASE_RATE / 2


def collapse(
    seed: int,
    *,
    backoff: Backoff = NO_BACKOFF,
    peak_rate: float = 80.0,
    slope: float = 0.01,
    timeout: float = 3.0,
    attempts: int = 3,
    end: float = 80.0,
    counts_itself: bool = True,
) -> Collapse:
    """Run the published set-up up to `end` seconds, with the spike to `peak_rate` from 20 to 25 s.

    `slope` is what each request in flight adds to the service time in seconds, itself included if
    `counts_itself`.
    """
    env = Environment(seed=seed)
    in_flight = Gauge(env)

    def serve(request: Request) -> Generator[Any, Any, None]:
        service_time = 1.0 + slope * (in_flight.value + counts_itself)
        in_flight.add(1)
        yield service_time
        in_flight.add(-1)

    server = FunctionEndpoint(serve, host=Host(env, "server"), name="server")
    connection = Network(env, latencies=Exponential(0.1)).connect(Host(env, "client"), server)
    retry = Retry(env, Timeout(env, connection, timeout), attempts, backoff=backoff)
    rate = RateSteps([(0.0, BASE_RATE), (20.0, peak_rate), (25.0, BASE_RATE)])
    users = OpenLoop(env, retry, rate=rate)
    env.run(until=20.0)
    in_flight.restart()
    env.run(until=end)
    return Collapse(in_flight=in_flight.mean(), goodput=users.table.goodput(end - 10.0, end))


def collapse_share(seed: int, effort: float = 1.0, *, backoff: Backoff, runs_count: int) -> tuple[float]:
    """Return the share of runs that collapse, of `effort` times `runs_count`."""
    runs_count = max(1, round(effort * runs_count))
    collapsed = [collapse(seed * 1_000_003 + run, backoff=backoff).is_collapsed for run in range(runs_count)]
    return (sum(collapsed) / runs_count,)


def steady_in_flight(seed: int, effort: float = 1.0, *, slope: float, duration: float) -> tuple[float]:
    """Return the mean number in flight without a spike, over `effort` times `duration` s.

    A request is slowed by `slope` s for each that it finds in flight.
    """
    end = 20.0 + effort * duration
    return (collapse(seed, peak_rate=BASE_RATE, slope=slope, end=end, counts_itself=False).in_flight,)


def _collapse_check(name: str, backoff: Backoff, claim: Claim) -> TheoryCheck:
    return TheoryCheck(
        name=f"collapse after a spike, {name}",
        group="collapse",
        source="Brooker, simple_collapse_sim (2022), against a plain program",
        claims=(claim,),
        simulate=partial(collapse_share, backoff=backoff, runs_count=5),
    )


CHECKS = (
    TheoryCheck(
        name="steady state before a spike",
        group="collapse",
        source="PASTA and Little's law: L = 40 (1 + .01 L)",
        claims=(Claim("in flight", 40.0 / (1.0 - 0.4), 0.02, "a few attempts in 100,000 time out"),),
        simulate=partial(steady_in_flight, slope=0.01, duration=300.0),
    ),
    _collapse_check(
        "no backoff",
        NO_BACKOFF,
        Claim(
            "probability",
            PLAIN_PROBABILITY[0],
            3.5 * PLAIN_PROBABILITY[1],
            "3.5 standard errors of the expected number",
            precision=0.4,
        ),
    ),
    _collapse_check(
        "backoff with full jitter",
        BACKOFF,
        Claim("probability", 0.0, 0.001, "none in 6,000 runs of the plain program"),
    ),
)
"""The steady state, and the spike with and without backoff."""
