"""Behaviour: how fast the number may change, and how long a recommendation counts.

*Limits* bound the change per period: so many instances (`CountLimit`), or so many percent (`PercentLimit`),
of the number at the period's beginning, which is the present one less what was added and more what was
removed in the period. Of several the one that allows most counts, or the one that allows least; or all
change in that direction is disabled. Percentages are rounded away from no change: up when growing, down when
shrinking, so that the smallest percentage moves something.

*Stabilisation*: growing, the lowest recommendation of the window counts, and shrinking, the highest, the
present one included. A window of 0 is that one alone.

Both are younger than their period or window strictly: what is exactly as old counts no more. Sources:
kubernetes/kubernetes `pkg/controller/podautoscaler/horizontal.go` (`convertDesiredReplicasWithBehaviorRate`,
`stabilizeRecommendationWithBehaviors`, as of v1.20 and after, where a minimum of several limits starts from
no limit and not from 0); defaults of `pkg/apis/autoscaling/v2/defaults.go`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Literal

from ...validation import (
    require_count,
    require_delay,
    require_each,
    require_finite_duration,
    require_margin,
    require_positive,
)
from ..rule import rounded_up

Select = Literal["most", "least", "disabled"]
Change = tuple[float, int]
"""When, and by how much: negative where instances were removed."""

_SELECTS: tuple[Select, ...] = ("most", "least", "disabled")
_PERIOD_MAX = 1_800.0
_WINDOW_MAX = 3_600.0
_TOLERANCE = 0.1


class ChangeLimit(ABC):
    """How much the number may change in a `period` (in (0, 1800] s)."""

    __slots__ = ()

    period: float

    @abstractmethod
    def highest(self, start: int) -> int:
        """Return the most that may be reached from `start`, the number at the period's beginning."""

    @abstractmethod
    def lowest(self, start: int) -> int:
        """Return the least that may be reached from `start`."""

    def _require_period(self) -> None:
        require_finite_duration("period", self.period)
        if self.period > _PERIOD_MAX:
            raise ValueError(f"period must be <= {_PERIOD_MAX:g} s, got {self.period!r}")


@dataclass(frozen=True, slots=True)
class CountLimit(ChangeLimit):
    """At most `count` instances (>= 1) in a `period`."""

    count: int
    period: float

    def __post_init__(self) -> None:
        """Check the fields."""
        require_count("count", self.count)
        self._require_period()

    def highest(self, start: int) -> int:
        """Return `start` and `count` more."""
        return start + self.count

    def lowest(self, start: int) -> int:
        """Return `start` less `count`."""
        return start - self.count


@dataclass(frozen=True, slots=True)
class PercentLimit(ChangeLimit):
    """At most `percent` (> 0) of the number at its beginning in a `period`."""

    percent: float
    period: float

    def __post_init__(self) -> None:
        """Check the fields."""
        require_positive("percent", self.percent)
        self._require_period()

    def highest(self, start: int) -> int:
        """Return `start` and `percent` more, rounded up."""
        return rounded_up(start * (1.0 + self.percent / 100.0))

    def lowest(self, start: int) -> int:
        """Return `start` less `percent`, rounded down."""
        return max(0, floor(start * (1.0 - self.percent / 100.0) + 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the number may change in one direction.

    `limits` are one or more, of which `select` takes the one that allows "most" or "least", or none is
    needed where it is "disabled". Recommendations of the last `stabilisation_window` seconds (in [0, 3600])
    count. Ratios that differ from 1 by up to `tolerance` (in [0, 1)) ask for no change.
    """

    limits: tuple[ChangeLimit, ...]
    select: Select = "most"
    stabilisation_window: float = 0.0
    tolerance: float = _TOLERANCE

    def __post_init__(self) -> None:
        """Check the fields."""
        if self.select not in _SELECTS:
            raise ValueError(f"select must be one of {', '.join(_SELECTS)}, got {self.select!r}")
        object.__setattr__(self, "limits", require_each("limits", self.limits, ChangeLimit))
        if not self.limits and self.select != "disabled":
            raise ValueError(f"limits must be one or more unless select is 'disabled', got {self.limits!r}")
        require_delay("stabilisation_window", self.stabilisation_window)
        if self.stabilisation_window > _WINDOW_MAX:
            raise ValueError(
                f"stabilisation_window must be <= {_WINDOW_MAX:g} s, got {self.stabilisation_window!r}"
            )
        require_margin("tolerance", self.tolerance)

    def highest(self, current: int, changes: Iterable[Change], now: float) -> int:
        """Return the most instances that are allowed now: never less than `current`."""
        if self.select == "disabled":
            return current
        made = list(changes)
        allowed = [limit.highest(_start(limit, current, made, now)) for limit in self.limits]
        return max(current, max(allowed) if self.select == "most" else min(allowed))

    def lowest(self, current: int, changes: Iterable[Change], now: float) -> int:
        """Return the fewest instances that are allowed now: never more than `current`."""
        if self.select == "disabled":
            return current
        made = list(changes)
        allowed = [limit.lowest(_start(limit, current, made, now)) for limit in self.limits]
        return min(current, min(allowed) if self.select == "most" else max(allowed))

    @property
    def period(self) -> float:
        """The longest period of its limits (s)."""
        return max((limit.period for limit in self.limits), default=0.0)


def _start(limit: ChangeLimit, current: int, changes: list[Change], now: float) -> int:
    """Return the number at the beginning of the period that ends now."""
    return current - sum(change for time, change in changes if now - time < limit.period)


UP = Behaviour(limits=(CountLimit(4, 15.0), PercentLimit(100.0, 15.0)))
"""Twice as many or four more every 15 s, at once: the default of `autoscaling/v2`."""

DOWN = Behaviour(limits=(PercentLimit(100.0, 15.0),), stabilisation_window=300.0)
"""All that are too many, once nothing higher has been recommended for five minutes: the default."""
