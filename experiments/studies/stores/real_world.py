"""The real world: the count of the stock is consistent, and wrong.

A shop sells units that are on a shelf, by a record of how many there are. Where the record is agreed on by a
majority (CP), no unit of it is sold twice; a side that is cut off from the majority sells nothing meanwhile.
Where each side counts for itself (AP), both sell the last ones. But units break on the shelf, and no record
of either kind knows: what it has sold to the end is sold too often anyhow. Then somebody has to apologise,
and that must be a part of the business, whatever the store is.

Against a wrong record a shop keeps a *buffer*: the last units of each item are not sold. It need not know
what it is for. The buffer that is worth its price because units break covers what two sides sell of the same
units, and then the agreement has nothing left to save.

One sale, with a cut in the middle: what is on the shelf was delivered before, and nobody counts it meanwhile.
An apology costs 20 and a unit brings 6; what another price would make of the choice follows from the counts
of shipped orders and apologies.

What to see (the default sweep): 8 units of each item, of which some 21 are asked for, and nothing breaks.
Agreed on, all 80 are shipped and 480 earned, though 37 orders fail on the side that is cut off: others buy.
Each side for itself ships 80 too, apologises for 10.2, and earns 276; with a buffer of 1 it is 402. Where a
unit would break 0.1, 0.5 and 2 times in a sale the agreed count makes 2.0, 7.6 and 25.6 apologies of its own.
Each with its best buffer, the agreement is worth 78 where nothing breaks, then 56, 27, and at last -2: both
keep back 4 units of 8, and apologise for 0.8. Without a cut it is worth nothing (7.2 apologies and 7.0 at
0.5). How scarce the stock is decides as well: with 17 units each side for itself ships 10.6 orders more and
apologises for 3.4 more, which pays where an apology costs less than 18.7; with 14 that is 2.2; with 30 there
is enough for all, and it ships 36.8 more without any apology.

Sources: Newman, "Building Microservices" (1st ed. 2015), chapter 11, "And the Real World"; Helland and
Campbell, "Building on Quicksand" (CIDR 2009), on apologies.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.faults import FaultPlan, NetworkPartition
from models.stocked_shop import (
    ORDER,
    Costs,
    Fate,
    StockedShop,
    StockedShopSettings,
    WarehouseSettings,
    all_ap,
    mixed,
)
from simulator import Environment

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Count = Literal["agreed", "each side"]
COUNTS: tuple[Count, ...] = ("agreed", "each side")

OPENS, CUT_AT, ENDS, DRAINED = 4.0, 40.0, 120.0, 130.0
"""When the sale begins, when the cut begins, when the sale ends, and when all is done (s)."""

ITEMS, PRICE, COSTS = 10, 20.0, Costs()
STOCKS = (8, 14, 17, 30)
"""Units of each item: some 21 are ordered in a sale."""

BREAKAGES = (0.0, 0.1, 0.5, 2.0)
BUFFERS = (0, 1, 2, 4)

MEASURES = {
    "shipped_count": Measure(description="orders shipped"),
    "apologies_count": Measure(description="orders that were confirmed, and nothing was there to ship"),
    "refused_count": Measure(description="orders that failed, as the stock could not be reached"),
    "sold_out_count": Measure(description="orders that were told that nothing is left"),
    "broken_count": Measure(description="units that broke on the shelf during the sale"),
    "left_count": Measure(description="units on the shelf at the end"),
    "earned": Measure(
        description="6 for each unit shipped, less 20 for each apology; broken units not counted"
    ),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.real_world import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="real_world",
    question="What is a consistent count of the stock worth, when units break on the shelf?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"count": count, "breakage": breakage, "buffer": buffer}
                for count in COUNTS
                for breakage in BREAKAGES
                for buffer in BUFFERS
            ),
            *({"count": count, "units": units} for units in STOCKS[1:] for count in COUNTS),
            *({"count": count, "cut": 0.0, "breakage": 0.5} for count in COUNTS),
        ]
    ),
    replications=5,
    figures_of_sweep=_figures_of_sweep,
)
def real_world(
    *,
    seed: int,
    count: Annotated[
        Count, Field(description="who says what is left: a majority, or each side for itself")
    ] = "agreed",
    breakage: Annotated[
        float,
        Field(ge=0, le=20, allow_inf_nan=False, description="how often a unit would break in one sale"),
    ] = 0.0,
    buffer: Annotated[int, Field(ge=0, le=100, description="units of each item that are not sold")] = 0,
    cut: Annotated[
        float,
        Field(ge=0, le=70, allow_inf_nan=False, description="for how long one side is cut off; 0: it is not"),
        Unit("s"),
    ] = 40.0,
    units: Annotated[int, Field(ge=1, le=1_000, description="units of each of the ten items")] = STOCKS[0],
    order_rate: Annotated[
        float,
        Field(gt=0, le=20, allow_inf_nan=False, description="orders on each of the three sides"),
        Unit("1/s"),
    ] = 0.6,
) -> Run:
    """Sell what is on a shelf where things break, on two sides of a cut."""
    env = Environment(seed=seed)
    shop = StockedShop(
        env,
        _settings(
            count,
            warehouse=WarehouseSettings(units=units),
            items=ITEMS,
            price=PRICE,
            page_rate=0.0,
            edit_rate=0.0,
            order_rate=order_rate,
            buffer=buffer,
            breakage_rate=breakage / ENDS,
        ),
    )
    tables = shop.admit_users(since=OPENS, until=ENDS)
    if cut:
        partition = NetworkPartition(shop.system.network, shop.zones[0], shop.zones[1:])
        FaultPlan(env).at(CUT_AT, partition, duration=cut)
    env.run(until=DRAINED)
    orders = [table.sample(0.0, ENDS, operation=ORDER, by="start") for table in tables.values()]
    refused = sum(int((~sample.succeeded).sum()) for sample in orders)
    return Run(measures=_measures(shop, refused), detail=shop)


def _settings(count: Count, **scale: object) -> StockedShopSettings:
    return mixed(**scale) if count == "agreed" else all_ap(**scale)


def _measures(shop: StockedShop, refused: int) -> dict[str, float]:
    fates, shelf = shop.warehouse.fates, shop.shelf.statistics()
    shipped = sum(fate is Fate.SHIPPED for fate in fates.values())
    return {
        "shipped_count": shipped,
        "apologies_count": len(fates) - shipped,
        "refused_count": refused,
        "sold_out_count": len(shop.books.sold_out),
        "broken_count": shelf.broken_count,
        "left_count": shelf.present_count,
        "earned": shop.books.profit(fates, 0, COSTS),
    }
