"""Dual write: a database and a message, and what a crash between the two loses.

A service takes orders, and tells shipping of each. It writes its database and sends a message, and no
transaction spans both:

    database first      a crash in between: an order that is never shipped
    message first       a crash in between: something is shipped that nobody has ordered
    outbox              the message is written beside the order, in one transaction, and sent afterwards, at
                        least once; shipping has an inbox, and knows again what comes twice
    outbox, no inbox    the same, and shipping does not know it again

The service crashes about once a second, at an instant that knows nothing of orders: so it strikes as many as
are in between then, on average the rate times the time in between (arrivals see time averages: Wolff,
"Poisson Arrivals See Time Averages", Operations Research 30, 1982). Who is not answered does not ask again.

What to see (the default sweep): of 100 orders a second, with 5 ms between the two, database first loses 0.53
messages with each crash of the host (by theory 0.50); of the process alone it is 0.76 (0.70), since what was
written survives that even where it is not synced yet. Message first sends 1.10 of what has never been (1.10):
it waits for shipping in between. Through an outbox nothing is lost or invented; without an inbox 1.7 orders
are shipped twice with each crash of the host, those that were sent and not yet marked so on the disk, and 0.4
with one of the process. The outbox answers in 4 ms instead of 13, since it does not wait for shipping, which
hears of it later: 62 ms later instead of 8, as its relay looks every 50 ms and sends one after the other.

Source: Richardson, "Microservices Patterns" (2018), section 3.3.7, "Transactional messaging".
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models import Host, Network
from models.resilience import Timeout
from models.storage import Disk
from models.transactions import Add
from models.transactions.events import (
    Audit,
    DatabaseFirst,
    Event,
    EventService,
    MessageFirst,
    Publishing,
    Reaction,
    ThroughOutbox,
    audit,
)
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment, RequestTable
from simulator.randomness import Exponential

from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Way = Literal["database first", "message first", "outbox", "outbox, no inbox"]
What = Literal["process", "host"]

WAYS = ("database first", "message first", "outbox", "outbox, no inbox")
RATE, GAP, POLL_INTERVAL = 100.0, 0.005, 0.05
HOP, SYNC_TIME = 0.001, 0.002
CRASH_EVERY, DOWN_FOR = 1.0, 0.2
DURATION, QUIET = 25.0, 5.0

MEASURES = {
    "lost": Measure(description="orders that shipping never heard of, for each crash"),
    "phantom": Measure(description="orders that were shipped and never written, for each crash"),
    "doubled": Measure(description="orders that were shipped more than once, for each crash"),
    "expected": Measure(
        description="orders that are between their two writes at an instant: rate times that time"
    ),
    "crashes": Measure(description="how often the service of orders has crashed"),
    "p50": Measure(description="median time to an answer for who orders", unit="s"),
    "delay": Measure(description="median time from an order's arrival to its shipping", unit="s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DualWriteRun:
    """A run that is over: what became of the orders, and the users' table."""

    audit: Audit
    requests: RequestTable


class _Times:
    """When orders first came and were first shipped: for an observer."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.came: dict[Any, float] = {}
        self.shipped: dict[Any, float] = {}

    def place(self, event: Event) -> Reaction:
        """Write an order, and tell of it."""
        self.came.setdefault(event.key, self._env.now)
        return Reaction((Add(event.key, 1),), (Event("placed", event.key),))

    def ship(self, event: Event) -> Reaction:
        """Ship it; shipping is counted, and never refused."""
        self.shipped.setdefault(event.key, self._env.now)
        return Reaction((Add(event.key, 1),))

    def delays(self) -> list[float]:
        """Return how long it took from the one to the other, where both have happened."""
        return [self.shipped[key] - time for key, time in self.came.items() if key in self.shipped]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.dual_write import figures_of_sweep

    return figures_of_sweep(result)


def _publishing(way: str, gap: float) -> Publishing:
    if way == "database first":
        return DatabaseFirst(gap=gap)
    if way == "message first":
        return MessageFirst(gap=gap)
    return ThroughOutbox(poll_interval=POLL_INTERVAL)


def expected(way: str, what: str, gap: float, rate: float) -> float:
    """Return how many orders are where a crash strikes them, on average: arrivals times the time there.

    Database first: from what the crash leaves of the order (what is written, or synced) to the message.
    Message first: from the message to what the crash leaves of the order, shipping's answer in between.
    """
    if way == "database first":
        return rate * (gap + (SYNC_TIME if what == "process" else 0.0))
    if way == "message first":
        answer = 2.0 * HOP + SYNC_TIME
        return rate * (answer + gap + (SYNC_TIME if what == "host" else 0.0))
    return 0.0


@study(
    name="dual_write",
    question="A database and a message: what does a crash between the two lose, what does an outbox cost?",
    measures=MEASURES,
    sweep={"way": WAYS, "what": ("process", "host")},
    replications=4,
    figures_of_sweep=_figures_of_sweep,
)
def dual_write(
    *,
    seed: int,
    way: Annotated[
        Way, Field(description="in which order an order is written and told of, or by way of an outbox")
    ] = "database first",
    what: Annotated[What, Field(description="what crashes: the process of orders, or its host")] = "host",
    gap: Annotated[
        float, Field(ge=0, le=1, description="time between the two writes of a dual write"), Unit("s")
    ] = GAP,
    rate: Annotated[
        float, Field(gt=0, le=1000, allow_inf_nan=False, description="orders per second"), Unit("1/s")
    ] = RATE,
) -> Run:
    """Let users order while the service that takes their orders crashes, and count what shipping hears."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    times = _Times(env)
    hosts = {name: Host(env, name) for name in ("orders", "shipping", "users")}
    shipping, orders = (
        EventService(
            env,
            Disk(hosts[name], sync_time=SYNC_TIME),
            network,
            reactions=reactions,
            publishing=_publishing(way, gap),
            has_inbox=name == "orders" or way != "outbox, no inbox",
            name=name,
        )
        for name, reactions in (("shipping", {"placed": times.ship}), ("orders", {"place": times.place}))
    )
    orders.subscribe("placed", network.connect(hosts["orders"], shipping))
    numbers = count()
    users = OpenLoop(
        env,
        Timeout(env, network.connect(hosts["users"], orders), 1.0),
        rate=rate,
        mix=OperationMix(Operation(name="place")),
        keys=lambda: next(numbers),
        until=DURATION,
        name="users",
    )
    crashes = _Crashes(env, orders, what)
    env.run(until=DURATION + QUIET)
    found, delays = audit(orders.data(), shipping.data()), times.delays()
    return Run(
        measures={
            "lost": found.lost_count / crashes.count,
            "phantom": found.phantom_count / crashes.count,
            "doubled": found.doubled_count / crashes.count,
            "expected": expected(way, what, gap, rate),
            "crashes": float(crashes.count),
            "p50": float(users.table.percentiles([50.0])[0]),
            "delay": float(np.median(delays)) if delays else nan,
        },
        detail=DualWriteRun(audit=found, requests=users.table),
    )


class _Crashes:
    """Crashes what is to crash, at random times that nobody can foresee, while users come; counts them."""

    def __init__(self, env: Environment, orders: EventService, what: str) -> None:
        self.count = 0
        self._env = env
        self._victim: Any = orders if what == "process" else orders.host
        self._gap = env.sampler("crashes/gap", Exponential(mean=CRASH_EVERY))
        env.process(self._crash(), "crashes")

    def _crash(self) -> Generator[Any, Any, None]:
        while True:
            yield 0.1 + self._gap()
            if self._env.now >= DURATION:
                return
            self.count += 1
            self._victim.crash()
            yield DOWN_FOR
            self._victim.restart()
