"""Deadlines: whether those who work for a user know when he has left.

The shop has more pages asked for than its catalogue can answer. Users give up after some seconds, and some
of them long before that: they click on something else. What becomes of the work for them depends on what
travels with a request.

    kept          nothing: the patience of the user is news to nobody, and every layer works to the end
    honoured      a deadline: each layer drops what is too late, before it begins and while it waits or works
    cancelling    also messages that cancel: who leaves before his deadline is heard of at once

Deadlines do not choose. A queue in order of arrival gets to each page at the last moment, and part of the
work is for pages that are too late before they are done: for that there is load shedding (`shedding`).

What to see (the default sweep): with 1.6 times as many pages as it can do the catalogue answers none of 60
per second in time if nobody tells it anything, 31 where deadlines are honoured, and 55 with messages that
cancel. So much of its work is for nobody: all, 48 % and 8 %.

Sources: "Site Reliability Engineering" (2016), chapter 22, "Deadline propagation" and "Cancellation
propagation"; gRPC, "Deadlines" and "Cancellation" guides.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Call, Endpoint, Request, Wrapper
from models.resilience import Timeout
from models.shop import PAGE, Deadlines, ServiceSize, Shop, ShopSettings, bare_shop
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential, Uniform

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

HASTE = 4.0
"""Those who leave early have the usual patience divided by this."""

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
    sweep=Grid({"deadlines": list(TRAVELS), "offered": [0.5, 0.8, 1.2, 1.6, 2.0]}),
    replications=5,
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
    hasty: Annotated[
        float, Field(ge=0, lt=1, description="share of users who leave after a fourth of that")
    ] = 0.3,
    duration: Annotated[
        float,
        Field(ge=15, le=3_600, allow_inf_nan=False, description="how long users come; 10 s are warm-up"),
        Unit("s"),
    ] = 25.0,
) -> Run:
    """Run the shop with more pages than its catalogue can answer."""
    env = Environment(seed=seed)
    shop = Shop(env, _settings(deadlines, offered, patience))
    leaving = Timeout(env, shop.entrance, patience / HASTE, name="haste")
    draws = env.sampler("haste", Uniform(0.0, 1.0)).values
    # Users come until the last of those that count has an answer or has left.
    users = OpenLoop(
        env,
        _Either(shop.entrance, leaving, lambda: next(draws) < hasty),
        rate=shop.settings.rate,
        mix=shop.settings.mix,
        keys=count(1).__next__,
        until=duration + patience,
        name="users",
    )
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


class _Either(Wrapper):
    """The one endpoint or the other, as `is_hasty` says for each request."""

    def __init__(self, target: Endpoint, hasty: Endpoint, is_hasty: Callable[[], bool]) -> None:
        super().__init__(target, name="patience or haste")
        self.hasty = hasty
        self.is_hasty = is_hasty

    def call(self, request: Request) -> Call:
        return (self.hasty if self.is_hasty() else self.target).call(request)


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
