"""How much of what there is of a resource is used, and at which load it will not be enough."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan

FULL = 0.95
"""From this share of its capacity on a resource counts as saturated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUse:
    """What was seen in a window of resources that do the same, together.

    - `name`, `kind` ("cores", "threads", "pool", ...), the names of its `members`; `is_physical`: it works
      itself, and is not held while others do.
    - `capacity` units were there, `used` of them in use, `waiting` calls or pieces of work waited: means over
      the window. `hottest` is the member that was used most, `hottest_utilisation` its share, and `is_uneven`
      where that is more than luck makes of members that are alike.
    - `served_rate` and `turned_away_rate`: calls per second that got one, or did not.
    - `load`: how much of the capacity the requests need. Of a physical resource its utilisation. Of a soft
      one what is held without those holders that wait for something else in turn; with those who were turned
      away, unless what it waits for is saturated. Of uneven members it is that of the hottest.
    - `per_request`: the time in seconds for which an answered request needs a unit (nan if none was
      answered): the demand D of the utilisation law, or for a soft resource the time held at light load.
    - `saturates_at`: answered requests per second at which `load` will be 1; inf for what is not used, nan
      where no request was answered or it is saturated already.
    - `is_saturated`, and if so, `because_of`: saturated resources that its holders wait for. Then it is a
      symptom. What is full of holders that wait is one too, though it would be large enough without that.
    """

    name: str
    kind: str
    is_physical: bool
    members: tuple[str, ...]
    capacity: float
    used: float
    waiting: float
    hottest: str
    hottest_utilisation: float
    is_uneven: bool
    served_rate: float
    turned_away_rate: float
    load: float
    per_request: float
    saturates_at: float
    is_saturated: bool
    because_of: tuple[str, ...]

    @property
    def utilisation(self) -> float:
        """The share of the capacity that was in use; nan where there was none."""
        return share(self.used, self.capacity)

    @property
    def is_bottleneck(self) -> bool:
        """Whether it is saturated, and nothing that its holders wait for is."""
        return self.is_saturated and not self.because_of

    @property
    def is_symptom(self) -> bool:
        """Whether it is full of holders that wait for something saturated."""
        return bool(self.because_of) and (self.is_saturated or self.utilisation >= FULL)

    def __str__(self) -> str:
        """Say how it stands with it, in one line."""
        several = self.name.endswith("s")
        if self.is_symptom:
            verb = "are" if several else "is"
            reason = ", ".join(self.because_of)
            return f"{self.name} {verb} full because of {reason} ({self._now()}, {self.load:.2f} would do)"
        if self.is_saturated:
            return f"{self.name} {'are' if several else 'is'} saturated ({self._now()}{self._queue()})"
        if not self.load:
            return f"{self.name}: not used"
        verb = "saturate" if several else "saturates"
        if self.saturates_at != self.saturates_at:
            return f"{self.name} {verb} at a load that is not known, without answers ({self._now()} now)"
        return f"{self.name} {verb} at about {self.saturates_at:,.0f} requests/s ({self._now()} now)"

    def _now(self) -> str:
        hottest = f", of {self.hottest} {self.hottest_utilisation:.2f}" if self.is_uneven else ""
        return f"{'utilisation' if self.is_physical else 'held'} {self.utilisation:.2f}{hottest}"

    def _queue(self) -> str:
        waiting = f", {self.waiting:,.1f} wait" if self.waiting else ""
        turned_away = f", {self.turned_away_rate:,.1f}/s turned away" if self.turned_away_rate else ""
        return waiting + turned_away


def share(part: float, whole: float) -> float:
    """Return a part of a whole, 0 of an infinite one and nan of nothing."""
    if whole == inf:
        return 0.0
    return part / whole if whole else nan
