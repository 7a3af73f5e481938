"""Shedding by utilisation: the more load there is, the more important a request must be to get in.

Rule: requests of a priority below p are shed while the load is above the threshold of p. The load is looked
at as the request arrives, and does not count it.

Sources: "Site Reliability Engineering", chapter 21 (requests are rejected as utilisation reaches thresholds,
which are higher for higher criticalities); P. Tarjan, "Scaling your API with rate limiters" (Stripe, 2017),
whose shedder by fleet usage reserves a share of the capacity for critical requests. Stripe's counts only what
is not critical against the rest of the capacity; this one all load. Leaves out: smoothing over time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from numbers import Real

from ...endpoint import Endpoint
from ...request import Request
from .load import Load
from .shedding_rule import Judge, SheddingRule


@dataclass(frozen=True, slots=True)
class UtilisationShedding(SheddingRule):
    """Sheds requests of a priority < p while `load()` > `thresholds[p]`; higher priorities always pass.

    `load` is a function without parameters: `ThreadLoad(instance)`, `CoreLoad(host)`, or your own.
    `thresholds` gives one for each p, and must rise with p; with p = infinity it holds for all. Raises
    `ValueError` where `load` is measured on another host than the shedder's.

    Example::

        # Priority 0 above 80 % of the threads, 1 as well where all are taken, from 2 on never.
        UtilisationShedding(ThreadLoad(instance), {1: 0.8, 2: 1.0})
    """

    load: Callable[[], float]
    thresholds: Mapping[float, float]

    def __post_init__(self) -> None:
        """Check the parameters, and keep a copy of the thresholds, from the lowest on."""
        if not callable(self.load):
            raise TypeError(f"load must be a function without parameters, got {self.load!r}")
        if not self.thresholds:
            raise ValueError("thresholds must not be empty: nothing would ever be shed")
        for priority in self.thresholds:
            _require_priority(priority)
        rising = dict(sorted(self.thresholds.items()))
        for priority, threshold in rising.items():
            if not threshold >= 0:
                raise ValueError(f"thresholds must be >= 0, got {threshold!r} for {priority!r}")
        for (lower, before), (higher, after) in pairwise(rising.items()):
            if not before < after:
                raise ValueError(
                    f"thresholds must rise with priority, got {before!r} for {lower!r} "
                    f"and {after!r} for {higher!r}"
                )
        object.__setattr__(self, "thresholds", rising)

    def judge(self, target: Endpoint) -> Judge:
        """Return a function that compares the load with the threshold of a request's priority."""
        load = self.load
        if isinstance(load, Load) and load.place is not target.host:
            raise ValueError(f"load must be measured on the shedder's host ({target.host}), got {load!r}")
        levels = list(self.thresholds.items())

        def judge(request: Request) -> str | None:
            priority = request.priority
            for above, threshold in levels:
                if priority < above:
                    return "overloaded" if load() > threshold else None
            return None

        return judge


def _require_priority(priority: object) -> None:
    """Raise `ValueError` for what no priority of a request is ever below."""
    if not isinstance(priority, Real) or isnan(priority):
        raise ValueError(f"thresholds must be by priority, a number, got {priority!r}")
