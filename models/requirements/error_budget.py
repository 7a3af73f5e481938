"""An error budget: how many bad requests an objective allows in a window, and how fast they are used up.

An objective of 99.9 % allows one request in a thousand to be bad; over a window of 30 days that is the
budget. The *burn rate* is the share of bad requests over the share allowed. At 1 the budget lasts exactly the
window; in general

    spent = burn rate x time / window

if traffic goes on as it was seen: at 14.4, one hour spends 2 % of 30 days' budget. A latency objective has a
budget as well: "p99 <= 0.3 s" allows one request in a hundred to be slower, or to fail.

A budget counts the requests that it is shown: as a monitor does, those that have ended. Leaves out: policies
on what to do when it is spent. Source: Beyer et al., "The Site Reliability Workbook" (2018), chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from simulator.measurement import RequestSample, WindowedSeries, windowed_count

from ..validation import require_finite_duration, require_share
from .objective import RequestObjective

DAY = 86_400.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBudget:
    """The budget of an `objective` on single requests, for a `window` in seconds (default: 30 days).

    The objective must leave room for errors: one of 100 % has no budget, and is refused.

    Example::

        budget = ErrorBudget(objective=AvailabilityObjective(at_least=0.999))
        budget.burn_rate(users.table.sample(3_000.0, 3_600.0))
    """

    objective: RequestObjective
    window: float = 30 * DAY

    def __post_init__(self) -> None:
        """Check that there is a budget."""
        if not isinstance(self.objective, RequestObjective):
            raise TypeError(f"objective must be one on single requests, got {self.objective!r}")
        if not self.share > 0.0:
            raise ValueError(f"objective must be < 100 % to leave a budget, got {self.objective.name}")
        require_finite_duration("window", self.window)

    @property
    def share(self) -> float:
        """The share of requests that may be bad: 1 - the share required."""
        # Rounded, since the user wrote decimals: 1 - 0.999 is 0.0010000000000000009.
        return round(1.0 - self.objective.share_required, 12)

    def burn_rate(self, requests: RequestSample) -> float:
        """Return the share of bad ones among `requests` over the share allowed; nan if there are none."""
        counted = self.objective.counted(requests)
        if not len(counted):
            return nan
        return float(np.mean(~self.objective.good(counted))) / self.share

    def spent(self, requests: RequestSample) -> float:
        """Return which share of the budget the bad ones among `requests` have used up, >= 0.

        The budget is that of a whole window with as much traffic per second; more than 1 is overspent, nan
        is no requests. The sample's own window must be finite.
        """
        return self.burn_rate(requests) * _duration(requests) / self.window

    def remaining(self, requests: RequestSample) -> float:
        """Return what is left of the budget after `requests`, as a share; negative if overspent."""
        return 1.0 - self.spent(requests)

    def spent_over_time(self, requests: RequestSample, *, width: float) -> WindowedSeries:
        """Return the share spent from the sample's beginning to the end of each of its windows of `width` s.

        A request is spent when it ends. The last value is `spent`, if all ended in whole windows.
        """
        counted = self.objective.counted(requests)
        bad = counted.where(~self.objective.good(counted))
        series = windowed_count(bad.end, width=width, since=requests.since, until=requests.until)
        allowed = self.share * len(counted) * self.window / _duration(requests)
        spent = np.cumsum(series.values) / allowed if len(counted) else np.full(len(series.starts), nan)
        return WindowedSeries(starts=series.starts, values=spent, width=width)

    def rate_that_spends(self, share: float, *, within: float) -> float:
        """Return the burn rate that uses up a `share` (in (0, 1]) of the budget `within` so many seconds.

        >>> from models.requirements import AvailabilityObjective
        >>> ErrorBudget(objective=AvailabilityObjective()).rate_that_spends(0.02, within=3600.0)
        14.4
        """
        require_share("share", share)
        require_finite_duration("within", within)
        return share * self.window / within


def _duration(requests: RequestSample) -> float:
    duration = requests.until - requests.since
    if not isfinite(duration):
        raise ValueError(f"a budget is spent in a finite window, got [{requests.since}, {requests.until}) s")
    return duration
