"""Judges of a new version: whether it is good enough, by what was counted so far.

A judge is a value that knows no system. It looks at two tallies: of the calls to the new version since the
step began, and of those to the old ones in the same time, each with how many were bad by the judge's
objective (an error, or slower than promised). Rules of the family:

1. Too few calls to the new version, or to the old where it compares, give no verdict: None, never True.
2. A verdict of False says that so many bad calls are more than luck: were the version as good as it should
   be, so many or more would come about with a probability below the `significance`.
3. True says no more than that False cannot be said. A version that is a little worse than allowed passes,
   the more easily the fewer calls it gets.

A deployment asks again and again while a step lasts, so that a bad version is stopped early. Each look is a
chance for luck to be taken for harm: of versions that just meet an objective of 99 %, looked at 60 times
after 100 calls more each, about 6 % are rolled back where `significance` says 1 %. One that is far better
than its objective is hardly ever rolled back by luck. Calls that depend on each other (errors in bursts) make
it worse.

Source: for the comparison with old instances in the same time rather than with the past, and for a verdict by
a test of significance: Graff and Sanden, "Automated Canary Analysis at Netflix with Kayenta" (2018), which
uses the Mann-Whitney test on series of metrics; here calls are counted, and so are tests by counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, gammaln

from ..requirements import RequestObjective


@dataclass(frozen=True, slots=True)
class Tally:
    """How many calls there were, and how many of them were bad."""

    count: int = 0
    bad_count: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Return what both have counted."""
        return Tally(self.count + other.count, self.bad_count + other.bad_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge(ABC):
    """Judges by an `objective` on single requests, from `requests_min` (>= 1) calls on.

    `significance` in (0, 0.5]: how probable it may be that luck alone looks so bad. `needs_old` says whether
    the old version's calls of the same time are looked at.
    """

    objective: RequestObjective
    requests_min: int = 100
    significance: float = 0.01

    needs_old = False

    def __post_init__(self) -> None:
        """Check the rule."""
        if not isinstance(self.objective, RequestObjective):
            raise TypeError(f"objective must be one on single requests, got {self.objective!r}")
        requests_min: object = self.requests_min
        if not isinstance(requests_min, int) or isinstance(requests_min, bool) or requests_min < 1:
            raise ValueError(f"requests_min must be a whole number >= 1, got {self.requests_min!r}")
        if not 0.0 < self.significance <= 0.5:
            raise ValueError(f"significance must be > 0 and <= 0.5, got {self.significance!r}")

    @abstractmethod
    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Return whether the new version is good enough: no (False), not seen to be bad (True), or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByObjective(Judge):
    """Is the new version worse than the objective allows? The binomial test, one-sided.

    It needs nobody to compare with, and blames the new version for whatever happens to both.

    Example: `ByObjective(objective=AvailabilityObjective(at_least=0.99))`.
    """

    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Compare the bad calls with those that the objective allows."""
        if new.count < self.requests_min:
            return None
        allowed = 1.0 - self.objective.share_required
        return binomial_tail(new.bad_count, new.count, allowed) >= self.significance


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstOld(Judge):
    """Is the new version worse than the old one in the same time? Fisher's exact test, one-sided.

    Trouble that strikes both is no reason to go back; and where the old one is as bad as the new, the new one
    passes, whatever the objective requires: of it only what counts as bad is used.

    Example: `AgainstOld(objective=LatencyObjective(percentile=99.0, at_most=0.3))`.
    """

    needs_old = True

    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Compare the bad calls with those of the old version."""
        if new.count < self.requests_min or old.count < self.requests_min:
            return None
        return fisher_tail(new, old) >= self.significance


def binomial_tail(bad_count: int, count: int, probability: float) -> float:
    """Return the probability of so many bad calls, or more, of `count`, each bad with `probability`."""
    return 1.0 if bad_count == 0 else float(bdtrc(bad_count - 1, count, probability))


def fisher_tail(new: Tally, old: Tally) -> float:
    """Return the probability that so many of the bad calls, or more, fall to the new version by chance.

    All calls are alike, and which of them are bad is drawn: the hypergeometric distribution's upper tail.
    """
    bad, count = new.bad_count + old.bad_count, new.count + old.count
    hits = np.arange(new.bad_count, min(bad, new.count) + 1)
    logarithms = (
        _log_choose(bad, hits) + _log_choose(count - bad, new.count - hits) - _log_choose(count, new.count)
    )
    return float(min(np.exp(logarithms).sum(), 1.0))


def _log_choose(among: int, chosen: object) -> np.ndarray:
    chosen = np.asarray(chosen)
    return np.asarray(gammaln(among + 1) - gammaln(chosen + 1) - gammaln(among - chosen + 1))
