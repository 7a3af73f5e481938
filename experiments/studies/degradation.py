"""Degradation: what a shop does without, and what it says instead of nothing.

One feature of the shop is out for a while. What users see is decided long before: whether a page needs
everything that it shows, or does without; whether an order is refused because it cannot be paid now, or
accepted and paid later; whether anybody turns a feature off ("Be Back Soon") instead of letting everybody
wait for it.

    bare          everything is needed, nobody but the users stops waiting
    timeouts      everything is needed, and waited for for a while only
    optional      pages do without recommendations and cart
    switched      the same, and operators turn the feature off some seconds after it has failed
    careful       optional parts, bulkheads, breakers, and orders that are paid later

For each feature there is a question that only the business can answer: is a page without it worth showing,
and an order without it worth taking? A switch is an answer, too, and may be a wrong one: who turns payment
off where orders cannot be paid later goes on taking them, and gives the goods away.

What to see (the default sweep): with recommendations out 94 % of all requests fail in the bare shop, whose
threads all wait for them; 70 % with timeouts, which are the pages; and none where pages do without. With the
cart out 30 % fail even in the careful shop, changes of the cart and checkouts; a switch answers all but 7 %
of the requests. With payment out the careful shop takes every order, and charges each once, later; the
switched one takes 77 %, of which it never charges 55. Where the catalogue is gone 70 % fail, but for the
switch: 18 %.

Sources: Newman, "Building Microservices", chapter "Microservices at Scale", "Degrading Functionality";
Nygard, "Release It!" (2nd ed. 2018), chapter 5, "Fail fast" and "Shed load".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.faults import DependencyOutage, Fault
from models.shop import (
    CHECKOUT,
    FEATURES,
    PAGE,
    Protection,
    Shop,
    ShopSettings,
    bare_shop,
    careful_shop,
)

from ..design import Grid
from ..study import Measure, Run, study
from .shop_run import Duration, Rate, run_shop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Feature = Literal["catalogue", "cart", "recommendations", "checkout", "payment"]
Design = Literal["bare", "timeouts", "optional", "switched", "careful"]
DESIGNS: tuple[Design, ...] = ("bare", "timeouts", "optional", "switched", "careful")

REACTION = 3.0
"""So many seconds after a feature has failed operators turn it off, where they do."""

_TIMEOUT = 1.0
_SETTLING = 60.0  # in which orders that wait in queues are paid

MEASURES = {
    "full": Measure(description="share of all requests answered in full while the feature is out"),
    "degraded": Measure(description="share answered with something missing"),
    "failed": Measure(description="share not answered"),
    "page_answered": Measure(description="share answered of the pages, in full or not"),
    "orders_taken": Measure(description="share of the checkouts whose orders were accepted"),
    "wait": Measure(description="median time until a request ends, however it ends", unit="s"),
    "orders_lost": Measure(description="orders that were accepted and never charged, of the whole run"),
    "charged_twice": Measure(description="orders that were charged more than once, of the whole run"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.degradation import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.degradation import figures_of_run

    return figures_of_run(run)


@study(
    name="degradation",
    question="What can a shop do without, and what do its users see of it?",
    measures=MEASURES,
    sweep=Grid({"feature": list(FEATURES), "design": list(DESIGNS)}),
    replications=5,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def degradation(
    *,
    seed: int,
    feature: Annotated[Feature, Field(description="what is out in the middle third")] = "recommendations",
    design: Annotated[Design, Field(description="what the shop does about it")] = "bare",
    mode: Annotated[
        Literal["silent", "slow", "errors", "refused"], Field(description="how it is out")
    ] = "silent",
    rate: Rate = 60.0,
    duration: Duration = 36.0,
) -> Run:
    """Run the shop with one feature out in the middle third."""
    settings = replace(_designed(design), rate=rate)

    def turn_off(shop: Shop) -> None:
        if design == "switched":
            switch = shop.features[feature].switch
            shop.env.call_later(duration / 3 + REACTION, switch.turn_off, f"{feature} is out")
            shop.env.call_later(2 * duration / 3, switch.turn_on)

    def out(shop: Shop) -> list[Fault]:
        return [DependencyOutage(shop.system.service(feature), mode)]

    run = run_shop(seed, settings, out, duration=duration, prepare=turn_off, settling=_SETTLING)
    during = run.during()
    shares = during.shares()
    answered = during.availability()
    checkouts = run.during(CHECKOUT)
    orders = run.shop.orders.statistics()
    measures = {
        "full": shares["ok"],
        "degraded": shares["degraded"],
        "failed": 1.0 - answered,
        "page_answered": run.during(PAGE).availability(),
        "orders_taken": checkouts.availability() if feature != "checkout" else checkouts.shares()["ok"],
        "wait": float(during.percentiles([50.0])[0]),
        "orders_lost": run.shop.lost_orders_count,
        "charged_twice": orders.applied_more_than_once_count,
    }
    return Run(measures=measures, detail=run)


def _designed(design: str) -> ShopSettings:
    if design == "bare":
        return bare_shop()
    if design == "careful":
        return careful_shop()
    protections = dict.fromkeys(FEATURES, Protection(timeout=_TIMEOUT))
    protections["checkout"] = protections["payment"] = Protection(timeout=3 * _TIMEOUT)
    optional = () if design == "timeouts" else ("cart", "recommendations")
    return replace(bare_shop(), protections=protections, optional=optional)
