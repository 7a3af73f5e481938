"""Bulkheads: what keeps one slow dependency from taking all the others with it.

Recommendations answer in seconds instead of milliseconds, for a while. Every page asks for them, and holds
a thread of the web host while it waits; when all threads wait, nobody is served, not even who changes a
cart or checks out and never asked for a recommendation. A timeout bounds how long a thread is lost, and how
long each page takes: every one of them waits for it. A bulkhead bounds how many threads are lost: beyond
that, calls are rejected at once, and the pages are degraded. One pool that all dependencies share is worse
than none for the pages: the slow one ends up with all of it, and then they lack what they cannot do without.

The size of a bulkhead is a trade: too small, and it rejects calls while everything is well; too large, and
it is none. Little's law gives the scale: calls per second times the time that one takes when all is well.

What to see (the default sweep): while recommendations are slow 38 % of all requests are answered without
isolation, and 2.5 of 100 per second within a second; of the changes of the cart 45 %. With a timeout all are
answered, but only 64 per second in time. A shared pool of 28 answers 98 % of the cart's requests and 17 % of
the pages, until 9 s after the trouble: so long the calls that were given up still wait in a queue. A pool of
4 for recommendations lets 97 per second through in time. A pool of 1 rejects 27 % of the calls for them while
all is well; one of 32, which is as many as a web host has threads, is none.

Sources: Nygard, "Release It!" (2nd ed. 2018), chapter 5, "Bulkheads"; Newman, "Building Microservices",
chapter "Microservices at Scale"; Hystrix, "How it works": isolation.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.faults import DependencyOutage, Fault
from models.shop import CART, CHECKOUT, PAGE, Protection, Shop, ShopSettings, bare_shop
from simulator.measurement import windowed_level

from ..design import Points
from ..misuse import Misuse
from ..study import Measure, Run, study
from .shop_run import Duration, Rate, run_shop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Isolation = Literal["none", "timeout", "shared pool", "own pools"]
ISOLATIONS: tuple[Isolation, ...] = ("none", "timeout", "shared pool", "own pools")
NEIGHBOURS = ("catalogue", "cart", "checkout")
NEIGHBOURS_POOL = 16
"""The bulkhead of each dependency that is well; what is swept is that of the one in trouble."""

IN_TIME = 1.0
"""An answer within so many seconds is goodput."""

_SIZES = (1, 2, 4, 8, 16, 32)

MEASURES = {
    "answered": Measure(description="share answered of all requests sent while the trouble lasts"),
    "page_answered": Measure(description="the same of the pages, which can do without recommendations"),
    "cart_answered": Measure(description="the same of changes of the cart, which need no recommendations"),
    "checkout_answered": Measure(description="the same of checkouts, which need none either"),
    "goodput": Measure(description="requests answered within 1 s, while the trouble lasts", unit="1/s"),
    "rejected_healthy": Measure(
        description="share of the calls for recommendations that were rejected before the trouble"
    ),
    "waiting": Measure(description="calls that wait for recommendations, all web hosts, mean of the trouble"),
    "recover_time": Measure(description="from the heal until users are served again; inf: never", unit="s"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.bulkheads import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.bulkheads import figures_of_run

    return figures_of_run(run)


def require_act(*, isolation: str, size: int | None, **_others: object) -> None:
    """Raise Misuse for a pool's size where there is none, or none where there is one."""
    has_pool = isolation in ("shared pool", "own pools")
    if has_pool and size is None:
        raise Misuse(f"size must be a whole number with isolation {isolation}, got none")
    if not has_pool and size is not None:
        raise Misuse(f"size must be none with isolation {isolation}, which has no pool, got {size}")


@study(
    name="bulkheads",
    question="What keeps one slow dependency from taking all the others with it?",
    measures=MEASURES,
    sweep=Points(
        [
            {"isolation": "none"},
            {"isolation": "timeout"},
            {"isolation": "shared pool", "size": 28},
            *({"isolation": "own pools", "size": size} for size in _SIZES),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def bulkheads(
    *,
    seed: int,
    isolation: Annotated[
        Isolation, Field(description="what stands between a web host and its dependencies")
    ] = "none",
    size: Annotated[
        int | None,
        Field(ge=1, le=10_000, description="places in the pool; of own pools, that of recommendations"),
    ] = None,
    mode: Annotated[
        Literal["slow", "silent", "errors"], Field(description="how recommendations are in trouble")
    ] = "slow",
    rate: Rate = 100.0,
    duration: Duration = 45.0,
) -> Run:
    """Run the shop with recommendations in trouble in the middle third."""
    settings = replace(_isolated(isolation, size), rate=rate, optional=("recommendations",))
    run = run_shop(seed, settings, lambda shop: _trouble(shop, mode), duration=duration)
    during = run.during()
    calls = run.shop.features["recommendations"]
    healthy = calls.calls.sample(0.0, run.start, by="start")
    waiting = windowed_level(
        calls.under_way.history, width=run.end - run.start, since=run.start, until=run.end
    )
    measures = {
        "answered": during.availability(),
        "page_answered": run.during(PAGE).availability(),
        "cart_answered": run.during(CART).availability(),
        "checkout_answered": run.during(CHECKOUT).availability(),
        "goodput": float(during.in_time(IN_TIME).sum()) / (run.end - run.start),
        "rejected_healthy": healthy.shares()["rejected"],
        "waiting": float(waiting.values[0]),
        "recover_time": run.time_to_recover,
    }
    return Run(measures=measures, detail=run)


def _isolated(isolation: str, size: int | None) -> ShopSettings:
    if isolation == "timeout":
        limited = Protection(timeout=IN_TIME)
        return replace(bare_shop(), protections=dict.fromkeys((*NEIGHBOURS, "recommendations"), limited))
    if isolation == "shared pool":
        return replace(bare_shop(), shared_pool=size)
    if isolation == "own pools":
        neighbours = dict.fromkeys(NEIGHBOURS, Protection(bulkhead=NEIGHBOURS_POOL))
        return replace(bare_shop(), protections={**neighbours, "recommendations": Protection(bulkhead=size)})
    return bare_shop()


def _trouble(shop: Shop, mode: str) -> list[Fault]:
    return [DependencyOutage(shop.system.service("recommendations"), mode)]
