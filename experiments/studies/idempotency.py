"""Idempotency: what retries do to orders, and what a key changes.

Clients pay orders at a bank, and try again when they hear nothing. A payment that was made and whose answer
came too late, or was lost with a process that crashed after it, is made again: the client cannot know. A
key that is the same for all attempts of one order lets the bank repeat its answer instead of the payment.

    no key          every attempt that arrives is a payment
    key per try     the mistake: each attempt has a key of its own
    in memory       the bank remembers keys until its process crashes
    durable         it remembers them across crashes; what was in progress it forgets
    separate        the same, but payment and record of the answer are two steps, with a gap between

The shorter the timeout, the more payments are repeated: with no key the timeout that protects the caller
costs his customers money. What a crash adds depends on what survives it.

What to see (the default sweep): with a timeout of 0.1 s 405 of a thousand orders are charged more than once
without a key, and as many with a key per try; a store in memory lets 3.3 through, at the crashes, and a
durable one none: it repeats 497 answers instead. With 1.6 s next to none is charged twice even without a key.
Where the record is a second step it is 5 to 6, whatever the timeout: those are the orders that a crash finds
in the gap. Without a key there is no such gap, for the answer goes out with the payment.

Sources: Stripe, "Idempotent requests"; IETF draft "The Idempotency-Key HTTP Header Field"; Helland,
"Idempotence Is Not a Medical Condition" (ACM Queue 10, 2012).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Endpoint, Host, Network
from models.faults import FaultPlan, ProcessCrash
from models.resilience import FullJitter, Retry, Timeout
from models.resilience.idempotency import (
    Acknowledged,
    Effect,
    EffectLog,
    IdempotencyStore,
    WithIdempotencyKey,
)
from models.services import Instance, Pause, Step, Work, in_sequence
from models.workload import OpenLoop
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import Constant, LogNormal

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Keys = Literal["no key", "key per try", "in memory", "durable", "separate"]
KEYS: tuple[Keys, ...] = ("no key", "key per try", "in memory", "durable", "separate")

BANK_TIME = LogNormal.from_percentiles(p50=0.08, p99=0.6)
GAP = 0.05
"""How long the answer takes to be recorded after the payment, where that is a step of its own (s)."""

_RATE = 50.0
_DOWN = 0.5  # how long a crashed process is down, in seconds
_SETTLING = 120.0

MEASURES = {
    "charged_twice": Measure(description="orders charged more than once, per thousand orders"),
    "charges_per_order": Measure(description="payments made per order that was paid at all"),
    "paid": Measure(description="share of the orders of which the client was told that they are paid"),
    "unknown": Measure(description="orders charged of which the client was never told, per thousand orders"),
    "replayed": Measure(description="answers repeated by the bank, per thousand orders"),
    "tries": Measure(description="attempts per order"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRun:
    """A run that is over: the `requests`, the `log`, the account of `orders`, for how long users came."""

    requests: RequestTable
    log: EventLog
    orders: EffectLog
    duration: float


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.idempotency import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="idempotency",
    question="What do retries do to orders, and what does a key change?",
    measures=MEASURES,
    sweep=Grid({"keys": list(KEYS), "timeout": [0.1, 0.2, 0.4, 0.8, 1.6]}),
    replications=5,
    figures_of_sweep=_figures_of_sweep,
)
def idempotency(
    *,
    seed: int,
    keys: Annotated[Keys, Field(description="what tells attempts of one order from other orders")] = "no key",
    timeout: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="for each attempt"), Unit("s")
    ] = 0.2,
    attempts: Annotated[int, Field(ge=1, le=10, description="attempts per order, at most")] = 5,
    crashes: Annotated[
        int, Field(ge=0, le=100, description="crashes of the bank's process, evenly spread")
    ] = 6,
    duration: Annotated[
        float, Field(ge=10, le=3_600, allow_inf_nan=False, description="how long orders come"), Unit("s")
    ] = 60.0,
) -> Run:
    """Pay orders at a bank whose process crashes now and then."""
    env = Environment(seed=seed)
    orders = EffectLog()
    clients, host = Host(env, "clients"), Host(env, "bank", cores=4)
    bank = Instance(env, host, _payment(orders, keys), threads=500, name="bank")
    store: IdempotencyStore | None = None
    front: Endpoint = bank
    if keys in ("key per try", "in memory", "durable", "separate"):
        front = store = IdempotencyStore(env, bank, is_durable=keys != "in memory")
    way: Endpoint = Timeout(env, Network(env).connect(clients, front), timeout)
    if keys == "key per try":
        way = WithIdempotencyKey(env, way)
    retry = Retry(env, way, attempts, backoff=FullJitter(base=0.2, cap=5.0))
    way = retry if keys in ("no key", "key per try") else WithIdempotencyKey(env, retry)
    users = OpenLoop(
        env, Acknowledged(way, orders), rate=_RATE, keys=count().__next__, until=duration, name="users"
    )
    plan = FaultPlan(env)
    for number in range(crashes):
        plan.at((number + 0.5) * duration / crashes, ProcessCrash(bank), duration=_DOWN)
    env.run(until=duration + _SETTLING)
    statistics = orders.statistics()
    thousands = len(users.table) / 1_000.0
    measures = {
        "charged_twice": statistics.applied_more_than_once_count / thousands,
        "charges_per_order": statistics.applied_count / statistics.distinct_count
        if statistics.distinct_count
        else nan,
        "paid": users.table.availability(),
        "unknown": statistics.unacknowledged_count / thousands,
        "replayed": 0.0 if store is None else store.statistics().replayed_count / thousands,
        "tries": retry.statistics().attempt_count / retry.statistics().call_count,
    }
    detail = IdempotencyRun(requests=users.table, log=env.event_log, orders=orders, duration=duration)
    return Run(measures=measures, detail=detail)


def _payment(orders: EffectLog, keys: str) -> Step:
    """Return what the bank does: a payment is made at one instant, its answer recorded then or later."""
    steps = (Work(0.002), Pause(BANK_TIME), Effect(orders))
    return in_sequence(*steps, Pause(Constant(GAP))) if keys == "separate" else in_sequence(*steps)
