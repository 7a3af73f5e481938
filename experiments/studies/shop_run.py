"""One run of the shop with a part of it in trouble for a while: what several studies do.

Before the trouble the shop is healthy, afterwards it may recover. When the users stop coming the run goes
on until the last of them has an answer or has lost patience, so that every request has an end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from models.faults import Fault, FaultPlan
from models.shop import Shop, ShopSettings
from simulator import Environment

from ..parameters import Unit
from .troubled_run import TroubledRun

Rate = Annotated[
    float, Field(gt=0, le=1_000, allow_inf_nan=False, description="requests of users"), Unit("1/s")
]
Duration = Annotated[
    float,
    Field(
        ge=15, le=3_600, allow_inf_nan=False, description="how long users come; the middle third is trouble"
    ),
    Unit("s"),
]

MakeFaults = Callable[[Shop], Sequence[Fault]]
"""Makes what goes wrong, of the parts of a shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRun(TroubledRun):
    """A run of the shop that is over: the `shop`, and what a troubled run has."""

    shop: Shop


def run_shop(
    seed: int,
    settings: ShopSettings,
    make_faults: MakeFaults,
    *,
    duration: float,
    start: float | None = None,
    end: float | None = None,
    prepare: Callable[[Shop], object] | None = None,
    settling: float = 1.0,
) -> ShopRun:
    """Run a shop for `duration` seconds, in trouble from `start` to `end` (by default the middle third).

    `prepare` is called with the shop before users come; `settling` seconds pass after the last of them has
    lost patience.
    """
    env = Environment(seed=seed)
    shop = Shop(env, settings)
    since, until = duration / 3 if start is None else start, 2 * duration / 3 if end is None else end
    plan = FaultPlan(env)
    for fault in make_faults(shop):
        plan.at(since, fault, end=until)
    if prepare is not None:
        prepare(shop)
    users = shop.admit_users(until=duration)
    env.run(until=duration + settings.patience + settling)
    return ShopRun(
        shop=shop, requests=users.table, log=env.event_log, start=since, end=until, duration=duration
    )
