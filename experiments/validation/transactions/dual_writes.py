"""The dual write, through the real services: what is between its two writes when a crash comes.

Orders come at random, l per second, and each is between its two writes for a constant time w; none waits for
another. So at any instant a Poisson number of them, l w on average, is there, and what a crash strikes is
lost (the database first) or has been told of and never was (the message first).

    database first   w is the time between the two
    message first    and the way to the receiver and back, whose answer is waited for

Disks take no time here: otherwise orders that are written together are synced together. Source: M/D/infinity,
Takacs, "Introduction to the Theory of Queues" (1962); Wolff, "Poisson Arrivals See Time Averages" (Operations
Research 30, 1982), for crashes that know nothing of orders.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from math import exp

from models import Host, Network
from models.storage import Disk
from models.transactions import Add
from models.transactions.events import (
    DatabaseFirst,
    Event,
    EventService,
    MessageFirst,
    Publishing,
    Reaction,
    audit,
)
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment

from ..experiment import Claim, TheoryCheck

RATE, HOP = 20.0, 0.01
"""Orders per second; seconds one way between the services."""

_WINDOWS = 5
"""So many times an order's time between its writes has passed when the crash comes."""


def struck(
    seed: int, effort: float, *, publishing: Publishing, window: float, crashes_count: int
) -> tuple[float, float]:
    """Return how many orders a crash strikes between their two writes, and the share of crashes with none."""
    counts = [
        _struck(seed, number, publishing, _WINDOWS * window)
        for number in range(max(1, round(effort * crashes_count)))
    ]
    return sum(counts) / len(counts), counts.count(0) / len(counts)


def _struck(seed: int, number: int, publishing: Publishing, crash_at: float) -> int:
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    shipping, orders = (
        EventService(
            env,
            Disk(Host(env, name), sync_time=0.0),
            network,
            reactions={kind: react},
            publishing=publishing,
            name=name,
        )
        for name, kind, react in (("shipping", "placed", _ship), ("orders", "place", _place))
    )
    orders.subscribe("placed", network.connect(orders.host, shipping))
    numbers = count()
    OpenLoop(
        env,
        orders,
        rate=RATE,
        mix=OperationMix(Operation(name="place")),
        keys=lambda: next(numbers),
        until=crash_at,
        name=f"users {number}",
    )
    env.run(until=crash_at)
    orders.crash()
    env.run(until=crash_at + 1.0)
    found = audit(orders.data(), shipping.data())
    return found.lost_count + found.phantom_count


def _place(event: Event) -> Reaction:
    return Reaction((Add(event.key, 1),), (Event("placed", event.key),))


def _ship(event: Event) -> Reaction:
    return Reaction((Add(event.key, 1),))


def _check(name: str, publishing: Publishing, window: float) -> TheoryCheck:
    mean = RATE * window
    return TheoryCheck(
        name=f"dual write, {name} first, {mean:g} orders in between",
        group="transactions",
        source="number in M/D/infinity is Poisson (Takacs 1962), and crashes see it (Wolff 1982)",
        claims=(
            Claim("orders that a crash strikes", mean, precision=0.1),
            Claim("share of crashes that strike none", exp(-mean), precision=0.15),
        ),
        simulate=partial(struck, publishing=publishing, window=window, crashes_count=300),
    )


CHECKS = (
    _check("database", DatabaseFirst(gap=0.05), 0.05),
    _check("message", MessageFirst(gap=0.03), 0.03 + 2.0 * HOP),
)
"""Both orders of the two writes."""
