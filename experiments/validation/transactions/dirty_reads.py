"""Dirty reads of sagas, through the real orchestrator and services: how many steps see what is not decided.

Sagas come at random, l per second; each takes a piece and is decided by the payment that follows, a constant
time w later. A step reads what is not decided if another has taken a piece within w before it: with
probability 1 - exp(-l w), as arrivals see a Poisson number of others (M/D/infinity). No saga waits for
another here, and disks take no time.

Source: Takacs, "Introduction to the Theory of Queues" (1962); Wolff, "Poisson Arrivals See Time Averages"
(Operations Research 30, 1982).
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from math import exp, inf
from typing import Any

from models import Host, Network
from models.storage import Disk
from models.transactions import Add, Orchestrator, Saga, SagaObserver, SagaService, SagaStep, run
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

HOP = 0.05
"""Seconds one way between the orchestrator and the services."""

WINDOW = 2.0 * HOP
"""From a piece that is taken to its payment: the answer's way back, and the next question's."""

SAGA = Saga(
    (
        SagaStep("stock", (Add("book", -1, lowest=-inf),), (Add("book", 1),)),
        SagaStep("payment", (Add("cash", 30),)),
    ),
    pivot=1,
)


def dirty(seed: int, effort: float, *, rate: float, hop: float, count: int) -> tuple[float]:
    """Return the share of sagas that read what another had changed and not decided.

    `rate` per second come, `effort` times `count` of them; a message takes `hop` seconds.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=hop)
    observer = SagaObserver(env)
    host = Host(env, "web")
    services = {
        name: network.connect(
            host,
            SagaService(env, Disk(Host(env, name), sync_time=0.0), network, observer=observer, name=name),
        )
        for name in ("stock", "payment")
    }
    orchestrator = Orchestrator(env, Disk(host, sync_time=0.0), network, services, observer=observer)
    until_next = env.sampler("users", Exponential(1.0 / rate))

    def come() -> Generator[Any, Any, None]:
        for number in range(round(effort * count)):
            yield until_next()
            env.process(orchestrator.call(run(number, SAGA)))

    env.process(come())
    env.run(until=2.0 * count / rate)
    return (observer.anomalies().dirty_read_count / len(observer.lives),)


def _check(rate: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"sagas that see others undecided, of which there are {rate * WINDOW:g}",
        group="transactions",
        source="number in M/D/infinity is Poisson (Takacs 1962), and arrivals see it (Wolff 1982)",
        claims=(Claim("share of steps that read what is not decided", 1.0 - exp(-rate * WINDOW)),),
        simulate=partial(dirty, rate=rate, hop=HOP, count=1_000),
    )


CHECKS = (_check(5.0),)
"""Half a saga undecided on average."""
