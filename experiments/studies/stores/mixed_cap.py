"""Mixed CAP: one shop, and for each part of it the choice between consistency and availability.

A shop with a side in each of three zones, its catalogue, stock and payments in replicated stores; then the
first zone is cut off from the others for a while. What users there can still do, and what it costs, depends
on what was chosen for each part:

    all CP              everything agreed on by a majority (Raft)
    all AP              everything at level ONE; each side adds up what it knows to be sold
    all AP, overwritten the same, but the stock is one record, which whoever wrote last has counted right
    mixed               pages at ONE, prices of orders at a quorum, stock and payments agreed on

A system is not CP or AP as a whole: a page that is a little old is worth more than none, and an order is not.
What is AP must be made so that it can be merged: the two AP shops answer the same to everybody, and the one
that overwrites sells the same units again and again, cut or no cut.

What to see (the default sweep): cut off for 60 s, the mixed shop still shows all pages there, 51 % of them
with a wrong price and 15 % with an item that has been withdrawn; the all CP shop shows 3 %, to those who are
still waiting when the cut is healed. Both take 3 % of the orders there, let 58 fail in all, ship 132, and
apologise for none. The all AP shop answers everything, and has to apologise for 18 orders of 156; the one
that overwrites for 27, and for 3.6 where the cut lasts 5 s and adding up makes that 0.8. The majority notices
an election at most: 99.1 % of its pages are answered at the least, and all its orders. At 20 for an apology
the mixed shop and the all CP shop earn 808, all AP 478, and overwriting 309.

Source: Newman, "Building Microservices" (1st ed. 2015), chapter 11, "It's Not All or Nothing".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models.faults import FaultPlan, NetworkPartition
from models.stocked_shop import (
    ORDER,
    PAGE,
    Costs,
    Fate,
    Shown,
    StockCount,
    StockedShop,
    StockedShopSettings,
    WarehouseSettings,
    all_ap,
    all_cp,
    mixed,
)
from simulator import Environment, RequestTable

from ...design import Grid
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Choice = Literal["all CP", "all AP", "all AP, overwritten", "mixed"]
CHOICES: tuple[Choice, ...] = ("all CP", "all AP", "all AP, overwritten", "mixed")

OPENS, CUT_AT, ENDS, DRAINED = 5.0, 30.0, 120.0, 150.0
"""When users begin to come, when the cut begins, when the last user comes, and when all is done (s)."""

ITEMS, UNITS = 10, 15
PRICE, COSTS = 20.0, Costs()
_POPULARITY = 0.5

MEASURES = {
    "pages_cut_off": Measure(
        description="share of the pages answered, of those asked for where it is cut off"
    ),
    "orders_cut_off": Measure(description="share of the orders answered there, be it with sold out"),
    "pages_rest": Measure(description="share of the pages answered on the other side during the cut"),
    "orders_rest": Measure(description="share of the orders answered there"),
    "wrong_price": Measure(description="share with a wrong price, of the pages shown where it is cut off"),
    "ghost": Measure(description="share of the same that show an item which has been withdrawn"),
    "shipped_count": Measure(description="orders shipped as ordered, of the whole run"),
    "apologies_count": Measure(description="orders that were confirmed, and nothing was there to ship"),
    "refused_count": Measure(description="orders that failed, of the whole run"),
    "earned": Measure(description="prices less costs of what was shipped, less 20 for each apology"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedCapRun:
    """A run that is over: the shop, and what users of each side were told, by zone."""

    shop: StockedShop
    tables: Mapping[str, RequestTable]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.mixed_cap import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="mixed_cap",
    question="What can users of a shop still do on each side of a cut, and what does each choice cost?",
    measures=MEASURES,
    sweep=Grid({"choice": list(CHOICES), "cut": [5.0, 20.0, 60.0]}),
    replications=5,
    figures_of_sweep=_figures_of_sweep,
)
def mixed_cap(
    *,
    seed: int,
    choice: Annotated[Choice, Field(description="what is consistent, and what available")] = "mixed",
    cut: Annotated[
        float,
        Field(gt=0, le=90, allow_inf_nan=False, description="for how long the first zone is cut off"),
        Unit("s"),
    ] = 60.0,
    order_rate: Annotated[
        float,
        Field(gt=0, le=20, allow_inf_nan=False, description="orders on each of the three sides"),
        Unit("1/s"),
    ] = 1.0,
) -> Run:
    """Cut one side of a shop off, and see what its users can still do."""
    env = Environment(seed=seed)
    shop = StockedShop(env, settings_of(choice, order_rate))
    tables = shop.admit_users(since=OPENS, until=ENDS)
    partition = NetworkPartition(shop.system.network, shop.zones[0], shop.zones[1:])
    FaultPlan(env).at(CUT_AT, partition, duration=cut)
    env.run(until=DRAINED)
    run = MixedCapRun(shop=shop, tables=tables)
    return Run(measures=_measures(run, cut), detail=run)


def settings_of(choice: Choice, order_rate: float) -> StockedShopSettings:
    """Return the shop of a choice."""
    scale = {
        "warehouse": WarehouseSettings(units=UNITS),
        "items": ITEMS,
        "price": PRICE,
        "popularity": _POPULARITY,
        "page_rate": 5.0,
        "order_rate": order_rate,
    }
    if choice == "all CP":
        return all_cp(**scale)
    if choice == "all AP":
        return all_ap(**scale)
    if choice == "mixed":
        return mixed(**scale)
    return all_ap(stock=StockCount.OVERWRITTEN, **scale)


def _measures(run: MixedCapRun, cut: float) -> dict[str, float]:
    books, fates = run.shop.books, run.shop.warehouse.fates
    first, *others = run.tables
    end = CUT_AT + cut
    shown = [what for at, side, what in books.pages if side == first and CUT_AT <= at < end]
    everybody = [table.sample(0.0, ENDS, operation=ORDER, by="start") for table in run.tables.values()]
    shipped = sum(fate is Fate.SHIPPED for fate in fates.values())
    return {
        "pages_cut_off": _answered(run, (first,), PAGE, end),
        "orders_cut_off": _answered(run, (first,), ORDER, end),
        "pages_rest": _answered(run, others, PAGE, end),
        "orders_rest": _answered(run, others, ORDER, end),
        "wrong_price": _share(shown, Shown.WRONG_PRICE),
        "ghost": _share(shown, Shown.GHOST),
        "shipped_count": shipped,
        "apologies_count": len(fates) - shipped,
        "refused_count": sum(int((~sample.succeeded).sum()) for sample in everybody),
        "earned": books.profit(fates, 0, COSTS),
    }


def _answered(run: MixedCapRun, sides: tuple[str, ...] | list[str], operation: str, end: float) -> float:
    samples = [run.tables[side].sample(CUT_AT, end, operation=operation, by="start") for side in sides]
    answered = np.concatenate([sample.succeeded for sample in samples])
    return float(answered.mean()) if answered.size else float("nan")


def _share(shown: list[Shown], what: Shown) -> float:
    """Return the share of the pages that showed `what`; nan where none was shown."""
    return sum(each is what for each in shown) / len(shown) if shown else float("nan")
