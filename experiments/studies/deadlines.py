"""Deadlines: whether those who work for a user know when he has left.

The shop has more pages asked for than its catalogue can answer. Users give up after some seconds; what
becomes of the work for them depends on what travels with a request. Kept to oneself, the patience of the
user is news to nobody: every layer does its work to the end, and most of the catalogue's is for pages that
nobody waits for any more. A deadline that travels lets each layer drop what is too late, before it begins
and while it waits or works. With messages that cancel, the news does not wait for the deadline either: a
page that has failed for another reason, or a caller that has given up for one of its own, stops the rest at
once.

Sources: "Site Reliability Engineering" (2016), chapter 22, "Deadline propagation" and "Cancellation
propagation"; gRPC, "Deadlines" and "Cancellation" guides.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.shop import PAGE, Deadlines, ServiceSize, Shop, ShopSettings, bare_shop
from simulator import Environment
from simulator.randomness import Exponential

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study
from .shop_run import ShopRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Travels = Literal["kept", "honoured", "cancelling"]
TRAVELS: tuple[Travels, ...] = ("kept", "honoured", "cancelling")

_CORES, _WORK = 2, 0.1
_ZONES = ("zone-a", "zone-b", "zone-c")
CAPACITY = len(_ZONES) * _CORES / _WORK
"""Pages per second for which the catalogue can do its part."""

_WARM_UP = 10.0

MEASURES = {
    "goodput": Measure(description="pages answered before their user gave up", unit="1/s"),
    "goodput_ratio": Measure(
        description="goodput over what the catalogue can do, or over what comes if less"
    ),
    "wasted": Measure(description="share of the catalogue's work that was for no answer in time"),
    "catalogue_busy": Measure(description="share of the catalogue's cores that were busy"),
    "p99": Measure(description="99th percentile of the time to an answer, of the pages answered", unit="s"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.deadlines import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.deadlines import figures_of_run

    return figures_of_run(run)


@study(
    name="deadlines",
    question="Do those who work for a user know when he has left?",
    measures=MEASURES,
    sweep=Grid({"deadlines": list(TRAVELS), "offered": [0.5, 0.8, 1.0, 1.5, 2.0]}),
    replications=3,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def deadlines(
    *,
    seed: int,
    deadlines: Annotated[
        Travels, Field(description="what becomes of a user's patience inside the shop")
    ] = "kept",
    offered: Annotated[
        float, Field(gt=0, le=5, description="pages that come, as a multiple of what the catalogue can do")
    ] = 1.5,
    patience: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="when a user gives up"), Unit("s")
    ] = 2.0,
    duration: Annotated[
        float,
        Field(ge=15, le=3_600, allow_inf_nan=False, description="how long users come; 10 s are warm-up"),
        Unit("s"),
    ] = 25.0,
) -> Run:
    """Run the shop with more pages than its catalogue can answer."""
    env = Environment(seed=seed)
    shop = Shop(env, _settings(deadlines, offered, patience))
    users = shop.admit_users(until=duration)
    env.run(until=_WARM_UP)
    before = _busy_time(shop)
    env.run(until=duration)
    busy = _busy_time(shop) - before
    env.run(until=duration + patience + 1.0)
    time = duration - _WARM_UP
    sample = users.table.sample(_WARM_UP, duration, by="start")
    pages = sample.of_operation(PAGE)
    answered = pages.where(pages.succeeded)
    goodput = len(answered) / time
    measures = {
        "goodput": goodput,
        "goodput_ratio": goodput / (CAPACITY * min(1.0, offered)),
        "wasted": max(0.0, 1.0 - len(answered) * _WORK / busy) if busy else float("nan"),
        "catalogue_busy": busy / (time * len(_ZONES) * _CORES),
        "p99": float(answered.percentiles([99.0])[0]),
    }
    detail = ShopRun(
        shop=shop,
        requests=users.table,
        log=env.event_log,
        start=_WARM_UP,
        end=duration,
        duration=duration,
    )
    return Run(measures=measures, detail=detail)


def _settings(travels: str, offered: float, patience: float) -> ShopSettings:
    # A long queue, as queues are when nobody has thought about them, and threads that do not run out before
    # it.
    catalogue = ServiceSize(cores=_CORES, threads=_CORES, queue_size_max=2_000, work=Exponential(_WORK))
    web = ServiceSize(cores=4, threads=2_000, work=Exponential(0.005))
    cart_share = checkout_share = 0.05
    pages = 1.0 - cart_share - checkout_share
    return replace(
        bare_shop(),
        rate=offered * CAPACITY / pages,
        cart_share=cart_share,
        checkout_share=checkout_share,
        patience=patience,
        deadlines=Deadlines(travels),
        zones=_ZONES,
        sizes={"catalogue": catalogue, "web": web},
    )


def _busy_time(shop: Shop) -> float:
    return sum(
        instance.host.statistics().busy_time for instance in shop.system.service("catalogue").instances
    )
