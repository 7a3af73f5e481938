"""Alerts on burn rates: multi-window, multi-burn-rate.

An alert looks at two windows that end now. It fires while the budget burns faster than its `rate` over both:
over the *long* one, so that it is worth waking somebody, and over the *short* one, so that it stops when the
trouble does. The workbook's three, for a budget of 30 days (table 5-8 there):

    share of budget   long    short     rate
     2 %              1 h      5 min    14.4      page
     5 %              6 h     30 min     6        page
    10 %              3 d      6 h       1        ticket

Rules, as a monitor has them: it looks every `every` seconds; a request is seen when it has ended, so that one
that hangs is not seen at all until somebody's timeout ends it; a window is (now - length, now], and in the
beginning what there is of it; where no request has ended there is no rate, and no alert.

Leaves out: "for" clauses, inhibition, and a minimum of traffic (with few requests one error is a high rate).
Source: Beyer et al., "The Site Reliability Workbook" (2018), chapter 5, sixth of its alerting strategies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import numpy.typing as npt

from simulator import RequestTable

from ..validation import require_finite_duration, require_positive
from .error_budget import ErrorBudget

# Share of the budget, and how many long windows make the budget's window.
_WORKBOOK = ((0.02, 720), (0.05, 120), (0.10, 10))
_SHORT_PARTS = 12  # the short window is a twelfth of the long one


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRateAlert:
    """Fires while the burn rate over the last `long` and over the last `short` seconds exceeds `rate` (> 0).

    Example: `BurnRateAlert(long=3600.0, short=300.0, rate=14.4)`.
    """

    long: float
    short: float
    rate: float

    def __post_init__(self) -> None:
        """Check the windows and the rate."""
        require_finite_duration("long", self.long)
        require_finite_duration("short", self.short)
        require_positive("rate", self.rate)
        if not self.short <= self.long:
            raise ValueError(f"short must be <= long = {self.long} s, got {self.short!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """An `alert` that fired from `start` to `end` (s); the end is infinite where it was not seen to clear."""

    alert: BurnRateAlert
    start: float
    end: float


def workbook_alerts(budget: ErrorBudget) -> tuple[BurnRateAlert, ...]:
    """Return the workbook's three alerts for a budget, the most urgent first.

    Their windows are the same parts of the budget's window as there of 30 days (1/720, 1/120, 1/10), so that
    a laboratory may have its month in an hour.
    """
    alerts = []
    for share, parts in _WORKBOOK:
        long = budget.window / parts
        rate = budget.rate_that_spends(share, within=long)
        alerts.append(BurnRateAlert(long=long, short=long / _SHORT_PARTS, rate=rate))
    return tuple(alerts)


def alerts_of(
    table: RequestTable,
    budget: ErrorBudget,
    alerts: Iterable[BurnRateAlert],
    *,
    every: float,
    until: float,
    since: float = 0.0,
) -> list[Firing]:
    """Return when each of `alerts` fires and clears, in order of start, for a monitor that begins at `since`.

    It looks at since + every, since + 2 every, ... up to `until` (s, finite).

    Example::

        firings = alerts_of(users.table, budget, workbook_alerts(budget), every=1.0, until=600.0)
        time_to_detect(firings, since=fault.start)
    """
    require_finite_duration("every", every)
    if not isfinite(since):
        raise ValueError(f"since must be finite, got {since!r}")
    if not since + every <= until < inf:
        raise ValueError(f"until must be finite and >= since + every = {since + every} s, got {until!r}")
    count = int((until - since) / every * (1 + 1e-12))
    looks = np.asarray(since + every * np.arange(1, count + 1), dtype=np.float64)
    seen = _Seen(table, budget, since)
    firings = []
    for alert in alerts:
        is_firing = (seen.burn_rates(looks, alert.long) > alert.rate) & (
            seen.burn_rates(looks, alert.short) > alert.rate
        )
        firings += _firings(alert, looks, is_firing)
    return sorted(firings, key=lambda firing: firing.start)


def time_to_detect(firings: Sequence[Firing], *, since: float) -> float:
    """Return the seconds from `since`, the start of a fault, to the first alert that fires after it.

    Infinity if none does. An alert that fired already is about something else.
    """
    return min((firing.start - since for firing in firings if firing.start >= since), default=inf)


class _Seen:
    """What a monitor has counted by any time: ends of requests, and how many were bad, in order."""

    def __init__(self, table: RequestTable, budget: ErrorBudget, since: float) -> None:
        requests = budget.objective.counted(table.sample(since))
        order = np.argsort(requests.end, kind="stable")
        self._ends = requests.end[order]
        self._bad_counts = np.append(0, np.cumsum(~budget.objective.good(requests)[order]))
        self._share = budget.share

    def burn_rates(self, looks: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
        """Return the burn rate over (look - length, look] for each look (s), 0 where nothing ended."""
        first = np.searchsorted(self._ends, looks - length, side="right")
        last = np.searchsorted(self._ends, looks, side="right")
        bad = (self._bad_counts[last] - self._bad_counts[first]).astype(np.float64)
        counts = last - first
        # Rounded, so that a rate which is met exactly is not exceeded by a last binary digit.
        rates: npt.NDArray[np.float64] = bad / np.maximum(counts, 1) / self._share
        return np.round(rates, 9)


def _firings(
    alert: BurnRateAlert, looks: npt.NDArray[np.float64], is_firing: npt.NDArray[np.bool_]
) -> list[Firing]:
    edges = np.diff(np.concatenate(([False], is_firing, [False])).astype(np.int8))
    times = np.append(looks, inf)
    starts, ends = times[np.flatnonzero(edges == 1)], times[np.flatnonzero(edges == -1)]
    return [
        Firing(alert=alert, start=start, end=end)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
