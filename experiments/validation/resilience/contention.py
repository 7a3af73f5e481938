"""Clients, backoffs and jitter around one row, after the AWS post.

N clients begin at once, each to change the same row once under optimistic concurrency: read the version,
write with it, and if another was quicker, wait and begin again. A message takes |N(10, 2)| ms each way. How
long until all are done, and how many writes does that take?

The post's simulator counts refusals from 1 and waits up to min(cap, base * 2^n) after the n-th, so that its
base of 5 ms is never waited: the first ceiling is 10 ms. A `Backoff` of ours begins *at* its base, hence
`base=0.010` below; with decorrelated jitter, U(base, 3 * the wait before), both begin alike, at 5 ms.

The expected numbers are means of 8,000 runs of an independent program without an engine,
tests/theory/resilience/plain_contention.py, and the bias is 3.5 standard errors of those; a test there
repeats them.

Source: M. Brooker, "Exponential Backoff And Jitter" (AWS architecture blog, 2015), and
aws-arch-backoff-simulator.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import FunctionEndpoint, Host, Network, Request, ServerError
from models.resilience import (
    Backoff,
    ConstantBackoff,
    DecorrelatedJitter,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    Retry,
)
from models.workload import Client, request_table
from simulator import Environment

from ..experiment import Claim, TheoryCheck
from .folded_normal import FoldedNormal

LATENCY = FoldedNormal(0.010, 0.002)
BASE, CAP = 0.005, 2.0
BACKOFFS: dict[str, Backoff] = {
    "none": ConstantBackoff(delay=0.0),
    "exponential": ExponentialBackoff(base=2 * BASE, cap=CAP),
    "equal": EqualJitter(base=2 * BASE, cap=CAP),
    "full": FullJitter(base=2 * BASE, cap=CAP),
    "decorrelated": DecorrelatedJitter(base=BASE, cap=CAP),
}
"""The post's policies by name."""

_UNTIL_IT_SUCCEEDS = 10**9


class _Row:
    """A row with a version: `read` returns that, `write` with any other fails."""

    def __init__(self) -> None:
        self.version = 0
        self.writes_count = 0

    def answer(self, request: Request) -> Generator[Any, Any, int]:
        if request.operation == "write":
            self.writes_count += 1
            if request.value != self.version:
                raise ServerError("the version has changed")
            self.version += 1
        yield from ()  # a handler is a generator, also where nothing takes time
        return self.version


def contention(seed: int, *, clients_count: int, backoff: Backoff) -> tuple[float, int]:
    """Return when the last of `clients_count` clients is done, in seconds, and the writes they have tried."""
    env = Environment(seed=seed)
    network = Network(env, latencies=LATENCY)
    row = _Row()
    database = FunctionEndpoint(row.answer, host=Host(env, "database"), name="row")
    table = request_table()
    for number in range(clients_count):
        connection = network.connect(Host(env, f"client-{number}"), database)

        def change(request: Request, row: Any = connection) -> Generator[Any, Any, Any]:
            read = yield from row.call(Request("read"))
            return (yield from row.call(Request("write", value=read.value)))

        retry = Retry(
            env, FunctionEndpoint(change), _UNTIL_IT_SUCCEEDS, backoff=backoff, name=f"client-{number}"
        )
        Client(env, retry, table=table).issue(Request("change"))
    env.run()
    return float(table.sample().end.max()), row.writes_count


def mean_contention(
    seed: int, effort: float = 1.0, *, clients_count: int, backoff: Backoff, runs_count: int
) -> tuple[float, float]:
    """Return the means of what `contention` returns over `effort` times `runs_count` runs."""
    runs_count = max(1, round(effort * runs_count))
    runs = [
        contention(seed * 1_000_003 + run, clients_count=clients_count, backoff=backoff)
        for run in range(runs_count)
    ]
    return sum(time for time, _ in runs) / runs_count, sum(writes for _, writes in runs) / runs_count


# Clients, policy: mean time in s and mean writes, each with its standard error.
PLAIN: dict[tuple[int, str], tuple[tuple[float, float], tuple[float, float]]] = {
    (10, "none"): ((0.38066, 0.00038), (50.927, 0.045)),
    (10, "exponential"): ((3.46370, 0.01457), (50.817, 0.046)),
    (10, "equal"): ((0.72985, 0.00209), (42.509, 0.029)),
    (10, "full"): ((0.46622, 0.00118), (39.062, 0.026)),
    (10, "decorrelated"): ((0.43660, 0.00097), (37.669, 0.025)),
    (20, "none"): ((0.60248, 0.00060), (152.274, 0.139)),
    (20, "exponential"): ((14.41797, 0.03163), (149.910, 0.153)),
    (20, "equal"): ((1.62673, 0.00515), (108.019, 0.045)),
    (20, "full"): ((1.01011, 0.00300), (100.204, 0.039)),
    (20, "decorrelated"): ((0.81809, 0.00196), (100.971, 0.055)),
    (50, "none"): ((1.14021, 0.00049), (689.889, 0.193)),
    (50, "exponential"): ((36.35658, 0.03608), (623.115, 0.323)),
    (50, "equal"): ((4.25008, 0.00632), (347.171, 0.068)),
    (50, "full"): ((2.89618, 0.00619), (332.526, 0.054)),
    (50, "decorrelated"): ((2.20918, 0.00554), (374.722, 0.144)),
}
"""Expected numbers, by clients and policy; see above."""
# Times vary by a quarter from run to run, writes by a twentieth.
_TIME_PRECISION = 0.15
_RUNS = {10: 25, 20: 12, 50: 6}
_ERRORS = 3.5


def _check(clients_count: int, policy: str) -> TheoryCheck:
    note = f"{_ERRORS:g} standard errors of the expected number"
    time, writes = PLAIN[clients_count, policy]
    return TheoryCheck(
        name=f"{clients_count} clients and one row, backoff {policy}",
        group="backoff",
        source="AWS, Exponential Backoff And Jitter (2015), against a plain program",
        claims=(
            Claim("time until all are done (s)", time[0], _ERRORS * time[1], note, _TIME_PRECISION),
            Claim("writes", writes[0], _ERRORS * writes[1], note),
        ),
        simulate=partial(
            mean_contention,
            clients_count=clients_count,
            backoff=BACKOFFS[policy],
            runs_count=_RUNS[clients_count],
        ),
    )


CHECKS = tuple(_check(clients_count, policy) for clients_count, policy in PLAIN)
"""Every policy at every number of clients."""
