"""Sagas: an order over three services, by a saga or by two-phase commit, and who waits when somebody dies.

An order is a row, a piece of an item and a payment, at three services with a database each. What keeps the
three together is bought with something:

    two-phase commit           nobody sees half of it; who has promised holds its locks until it is told, and
                               the one that knows may be dead
    ..., peers asked           the others may know: it helps where one has heard, or has not promised yet
    ..., heuristic abort       who has waited for a second decides alone: locks are free, and it may be wrong
    saga                       step after step, and back by compensations: nobody waits, everybody may see
                               what is half-done, and may be refused for what is given back later
    saga with semantic locks   what is half-done is marked, and others keep off: they wait again

Half of the orders want one *hot* item, of which there are not enough; a fifth of the users cannot pay. In the
trouble a server, one of three that lead transactions, dies for four seconds, or loses its way to stock, just
when it is in the middle of an order of the hot item: all have promised and nothing is decided, or the piece
is taken and not paid. That instant is chosen, as few crashes would meet it: ten such orders a second are in
it for some milliseconds each. Who is asked about are the users of the other two servers. Or payment dies,
whenever.

What to see (the default sweep): while all is well an order takes 12 ms by two-phase commit, 32 by a saga and
46 by one with semantic locks: the first asks all at once. When a server dies, 7 % of the others' orders for
the item are done under two-phase commit, which holds it for 4.2 s, until the server is back and has been
asked; it is 15 % with semantic locks, which hold it just so. The saga lets all of them through, and is
half-done for 4.0 s. Asking the others does not help: all are in doubt. There deciding alone after a second
lets 87 % through, and is right, as nothing was decided. When stock is cut off from the server it is the other
way: what was decided has reached the others, who are asked when the server has not answered once: asking the
others ends the doubt in 0.4 s instead of 4.0; and deciding alone loses 1 piece: the order stands, is paid
for, and its piece is still on the shelf. No other way has lost anything in the end. When payment dies few buy
anything; two-phase commit gives up, and 198 sagas are half-done for more than a second and up to 4.2 s, each
with a piece in its hands: 171 dirty reads instead of 50, and 10.0 false refusals in a run on average (2 to
20): sold out, and then not. Contention costs marks most: where all want one item, they fail 28 % of the
orders that nothing else would fail, as they are kept for the rest of the saga, and are asked for again and
again; 99 % of the orders that are done are so within 43 ms under two-phase commit, 36 in a saga.

Sources: Garcia-Molina and Salem, "Sagas" (SIGMOD 1987); Skeen, "Nonblocking Commit Protocols" (SIGMOD 1981);
Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management System" (TODS
1986); Richardson, "Microservices Patterns" (2018), chapter 4; Newman, "Building Microservices" (2nd edition,
2021), chapter 6, on why to avoid the one and use the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.workload import OpenLoop
from simulator import Environment

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from .order_shop import HOT, LEADERS, Order, OrderShop, Shoppers, Way

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Trouble = Literal["none", "server dies", "stock cut off", "payment dies"]

WAYS = (
    "saga",
    "saga with semantic locks",
    "two-phase commit",
    "two-phase commit, peers asked",
    "two-phase commit, heuristic abort",
)
TROUBLES = ("none", "server dies", "stock cut off", "payment dies")
HOT_SHARES = (0.0, 0.25, 0.5, 1.0)

RATE, HOT_SHARE, SCARCITY = 60.0, 0.5, 0.65
"""Orders per second; the share that wants the hot item; how many pieces there are for each that is wanted."""

DURATION, TROUBLE_AT, OUTAGE, QUIET = 8.0, 2.0, 4.0, 8.0
LONG = 1.0
"""Seconds for which an order is half-done, and counted as such."""

_STEP = 0.0005

MEASURES = {
    "done": Measure(description="share of all orders that were done"),
    "failed": Measure(description="share of all orders that were given up, or not answered in time"),
    "hot_done": Measure(
        description="share of the orders for the hot item that were done, of those sent in the outage, "
        "to a server that lives, by who can pay"
    ),
    "p50": Measure(description="median time to an answer of orders that were done", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "hot_held": Measure(description="the longest time for which one order kept the hot item", unit="s"),
    "half_done": Measure(
        description="the longest time for which an order was to be seen at one service and not another",
        unit="s",
    ),
    "half_done_orders": Measure(description="orders that were so for more than a second"),
    "dirty_reads": Measure(description="steps judged by what another saga had changed and not decided"),
    "false_refusals": Measure(description="orders refused for a piece that was given back later"),
    "damage": Measure(description="participants that have decided alone, and not what was decided"),
    "missing": Measure(description="pieces and payments too many or too few for the orders, in the end"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SagasRun:
    """A run that is over: its orders; from when until when somebody was down, or would have been.

    `struck` has from when until when each order of the hot item was half-done, or in doubt, that was so when
    the trouble began; `server` is the one that trouble is made for.
    """

    orders: Sequence[Order]
    start: float
    end: float
    struck: Sequence[tuple[float, float]]
    server: str = LEADERS[0]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.sagas import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.scaling_data.sagas import figures_of_run

    return figures_of_run(run)


def _points() -> list[dict[str, Any]]:
    """The plain ways in each trouble, the others where somebody is in doubt; less and more contention."""
    troubled = [{"way": way, "trouble": trouble} for trouble in TROUBLES for way in WAYS[:3]]
    in_doubt = [{"way": way, "trouble": trouble} for trouble in TROUBLES[1:3] for way in WAYS[3:]]
    contended = [
        {"way": way, "trouble": "none", "hot_share": share} for way in WAYS[:3] for share in HOT_SHARES
    ]
    return troubled + in_doubt + [point for point in contended if point["hot_share"] != HOT_SHARE]


@study(
    name="sagas",
    question="An order over three services: who waits, who sees half of it, and what is left when one dies?",
    measures=MEASURES,
    sweep=Points(_points()),
    replications=4,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def sagas(
    *,
    seed: int,
    way: Annotated[
        Way, Field(description="how an order is placed at all three services")
    ] = "two-phase commit",
    trouble: Annotated[
        Trouble,
        Field(
            description="what is down for a while: a server, or its way to stock, in the middle of an order; "
            "or a service"
        ),
    ] = "server dies",
    hot_share: Annotated[
        float, Field(ge=0, le=1, description="share of the orders that want one and the same item")
    ] = HOT_SHARE,
    rate: Annotated[
        float, Field(gt=0, le=1000, allow_inf_nan=False, description="orders per second"), Unit("1/s")
    ] = RATE,
    outage: Annotated[float, Field(gt=0, le=6, description="how long who dies is down"), Unit("s")] = OUTAGE,
) -> Run:
    """Let users order from three servers, let one part die for a while, and look at what is left."""
    env = Environment(seed=seed)
    shop = OrderShop(env, way, stock=round(SCARCITY * rate * hot_share * DURATION))
    shoppers = Shoppers(env, shop, hot_share=hot_share)
    OpenLoop(env, shoppers, rate=rate, until=DURATION, name="users")
    env.run(until=TROUBLE_AT)
    start = _strike(env, shop, shoppers.orders, trouble, outage)
    env.run(until=DURATION + QUIET)
    detail = SagasRun(
        orders=shoppers.orders,
        start=start,
        end=start + outage,
        struck=shop.undecided_at(start, LEADERS[0], shoppers.orders) if trouble != "none" else (),
    )
    return Run(measures=_measures(shop, detail), detail=detail)


def _strike(env: Environment, shop: OrderShop, orders: Sequence[Order], trouble: str, outage: float) -> float:
    """Begin the trouble, let it be over in a while, and return when it began.

    A server dies, or loses its way to stock, at the first instant at which it is in the middle of an order of
    the hot item, if there soon is one: that is the case which matters, and rare, and the same for all ways.
    """
    server, stock = shop.hosts[LEADERS[0]], shop.hosts["stock"]
    if trouble in {"server dies", "stock cut off"}:
        while env.now < DURATION / 2.5 and not shop.is_in_the_middle(LEADERS[0], orders):
            env.run(until=env.now + _STEP)
    if trouble == "stock cut off":
        env.call_later(outage, shop.network.heal, shop.network.partition(server, stock))
    elif trouble != "none":
        host = server if trouble == "server dies" else shop.hosts["payment"]
        host.crash()
        env.call_later(outage, host.restart)
    return env.now


def _measures(shop: OrderShop, run: SagasRun) -> dict[str, float]:
    orders = run.orders
    done = [order for order in orders if order.end == "done"]
    hot = [
        order
        for order in orders
        if order.item == HOT
        and order.can_pay
        and order.leader != LEADERS[0]
        and run.start <= order.sent_at < run.end
    ]
    times = [order.ended_at - order.sent_at for order in done if order.ended_at is not None]
    p50, p99 = np.percentile(times, [50.0, 99.0]).tolist() if times else (np.nan, np.nan)
    anomalies, half_done = shop.sagas.anomalies(), shop.half_done_times()
    return {
        "done": len(done) / len(orders),
        "failed": sum(order.end == "failed" for order in orders) / len(orders),
        "hot_done": sum(order.end == "done" for order in hot) / len(hot) if hot else np.nan,
        "p50": p50,
        "p99": p99,
        "hot_held": max((end - start for start, end in shop.hot_stays()), default=0.0),
        "half_done": max(half_done, default=0.0),
        "half_done_orders": float(sum(time > LONG for time in half_done)),
        "dirty_reads": float(anomalies.dirty_read_count),
        "false_refusals": float(anomalies.false_refusal_count),
        "damage": float(shop.two_phase.damage_count),
        "missing": sum(shop.missing()),
    }
