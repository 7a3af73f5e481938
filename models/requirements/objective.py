"""What all objectives have in common: a value, a bound, and a verdict on a window of a run.

Rules of the family:

1. An objective is a value that knows no system; it is judged against `Evidence` and changes nothing.
2. Without evidence there is no verdict: `holds` is None, never True.
3. The bound itself is good enough: at most and at least, not below and above.
4. A verdict has a `margin` that is finite, whatever happened, and has the sign of the verdict: 0 and more
   where the objective holds, negative where not. It is the share of requests (reads, writes) that were good
   less the share that is required (goodput: answers per second). "p99 <= 0.3 s" is the same statement as "at
   least 99 % within 0.3 s"; of the two, the percentile is infinite as soon as 2 % fail, and has no mean over
   windows, while shares average as an error budget does.
5. A verdict has a `noise`: how much the margin of such a window varies by chance alone (its standard
   deviation) where the objective is met exactly and requests know nothing of each other, sqrt(q (1 - q) / n)
   for a share q of n. In truth windows vary more. It tells what a window without any error is worth.

Source: Beyer et al., "Site Reliability Engineering" (2016), chapter 4, for objectives as bounds on
indicators; "The Site Reliability Workbook" (2018), chapter 2, for indicators as shares of good events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isfinite, isnan, nan, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.measurement import RequestSample

from .evidence import Evidence

CLOCK_ROUNDING = 1e-9
"""A latency is an end less a start, and may exceed what it should be by that much (s) through rounding."""

_SHARE_ROUNDING = 1e-12  # 999 of 1000 less 99.9 % is not quite nothing in binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one objective, by its `name`, in one window.

    `value` was measured against `bound`, both in the objective's `unit`; nan is no value. `holds` is None
    where there was no evidence, or the objective did not apply. `margin` and `noise`: see `objective`; nan
    without evidence.
    """

    name: str
    value: float
    bound: float
    unit: str
    margin: float
    noise: float
    holds: bool | None

    def as_json(self) -> dict[str, object]:
        """Return the verdict as strict JSON has it: nan as None, infinity as "inf"."""
        return {
            "name": self.name,
            "value": plain(self.value),
            "bound": self.bound,
            "unit": self.unit,
            "margin": plain(self.margin),
            "noise": plain(self.noise),
            "holds": self.holds,
        }


class Measured(NamedTuple):
    """What an objective finds in some evidence: value, margin and noise, all nan where there is none."""

    value: float
    margin: float
    noise: float


NOTHING = Measured(nan, nan, nan)
"""No evidence."""


class Objective(ABC):
    """A bound on something that users see; the base of the family, which says `name`, `bound` and `measure`.

    `unit` is that of bound and value: "s", "1/s", or "" for a share.
    """

    __slots__ = ()
    unit = ""

    @property
    @abstractmethod
    def name(self) -> str:
        """The objective in words and numbers, as "p99 latency of buy <= 0.3 s"; its key in judgements."""

    @property
    @abstractmethod
    def bound(self) -> float:
        """What the value is held against."""

    @abstractmethod
    def measure(self, evidence: Evidence) -> Measured:
        """Return value, margin and noise in `evidence`."""

    def judge(self, evidence: Evidence) -> Verdict:
        """Return whether the objective held in the window of `evidence`."""
        value, margin, noise = self.measure(evidence)
        return Verdict(
            name=self.name,
            value=value,
            bound=self.bound,
            unit=self.unit,
            margin=margin,
            noise=noise,
            holds=None if isnan(margin) else margin >= 0.0,
        )


class RequestObjective(Objective):
    """An objective on single requests, each of which is good or bad: those that an `ErrorBudget` can be of.

    `operation` is the one it is about; None: all.
    """

    __slots__ = ()
    operation: str | None

    @property
    @abstractmethod
    def share_required(self) -> float:
        """The share of requests, in (0, 1], that have to be good."""

    @abstractmethod
    def good(self, requests: RequestSample) -> npt.NDArray[np.bool_]:
        """Return which of `requests` are good, shape (requests,)."""

    def counted(self, requests: RequestSample) -> RequestSample:
        """Return those of `requests` that the objective is about.

        Raises `ValueError` for an operation that their table has never heard of.
        """
        return requests if self.operation is None else requests.of_operation(self.operation)

    def measured(self, value: float, requests: RequestSample, never_count: int) -> Measured:
        """Return `value` with its margin and noise; nothing where there are no requests.

        `requests` are counted ones; so many more were never answered.
        """
        good_count = int(np.count_nonzero(self.good(requests)))
        return measured_share(value, good_count, len(requests) + never_count, self.share_required)


def measured_share(value: float, good_count: int, count: int, required: float) -> Measured:
    """Return `value` with margin and noise where `good_count` of `count` were good; nothing of none."""
    if not count:
        return NOTHING
    margin = good_count / count - required
    return Measured(
        value,
        0.0 if abs(margin) < _SHARE_ROUNDING else margin,
        sqrt(required * (1.0 - required) / count),
    )


def about(operation: str | None) -> str:
    """Return "" or " of <operation>", for names."""
    return "" if operation is None else f" of {operation}"


def plain(value: float | None) -> float | str | None:
    """Return a number as strict JSON has it: nan as None, infinity as text."""
    if value is None or isnan(value):
        return None
    return value if isfinite(value) else str(value)
