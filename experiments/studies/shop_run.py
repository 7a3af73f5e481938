"""One run of the shop with a part of it in trouble for a while: what several studies do.

Before the trouble the shop is healthy, afterwards it may recover. When the users stop coming the run goes
on until the last of them has an answer or has lost patience, so that every request has an end.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.faults import Fault, FaultPlan
from models.shop import Shop, ShopSettings
from simulator import Environment, EventLog, RequestTable
from simulator.measurement import RequestSample

from ..recovery import time_to_recover

MakeFaults = Callable[[Shop], Sequence[Fault]]
"""Makes what goes wrong, of the parts of a shop."""

_WINDOWS = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRun:
    """A run that is over: the shop, what its users saw, and when it was in trouble.

    Users came for `duration` seconds; the trouble lasted from `start` to `end`.
    """

    shop: Shop
    requests: RequestTable
    start: float
    end: float
    duration: float

    @property
    def log(self) -> EventLog:
        """Timeouts, breakers, faults."""
        return self.shop.env.event_log

    @property
    def window(self) -> float:
        """The width in seconds of the windows in which things are followed over time."""
        return self.duration / _WINDOWS

    def before(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent before the trouble."""
        return self.requests.sample(0.0, self.start, operation=operation, by="start")

    def during(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent during the trouble."""
        return self.requests.sample(self.start, self.end, operation=operation, by="start")

    def after(self, operation: str | None = None) -> RequestSample:
        """Return the requests that were sent after it."""
        return self.requests.sample(self.end, math.inf, operation=operation, by="start")

    @property
    def time_to_recover(self) -> float:
        """Seconds from the heal until users were served again; infinity if that was not seen."""
        return time_to_recover(
            self.requests,
            healed_at=self.end,
            until=self.duration,
            healthy=self.before().availability(),
            width=self.window,
        )


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
    return ShopRun(shop=shop, requests=users.table, start=since, end=until, duration=duration)
