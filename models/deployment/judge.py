"""Judges of a new version: whether it is good enough, by what was counted so far.

A judge is a value that knows no system. It looks at two tallies: of the calls to the new version since the
step began, and of those to the old ones in the same time, each with how many were bad by the judge's
objective (an error, or slower than promised). Rules of the family:

1. Too few calls to the new version, or to the old where it compares, give no verdict: None, never True.
2. A verdict of False says that so many bad calls are more than luck. A deployment asks again and again while
   a step lasts, so that a bad version is stopped early, and each look is a chance for luck to be taken for
   harm. So the test is one for those who look all the time: of versions that are as good as they should be,
   a share of the `significance` at most is told to go back in a step, however often and long it is looked
   at. In a canary of three steps that is three times as many at most.
3. True says no more than that False cannot be said. A version that is a little worse than allowed passes,
   the more easily the fewer calls it gets.

The test averages likelihood ratios. How much likelier is what was counted if each call is bad with a
probability p than with p0, the one that is allowed? The mean over all p > p0, each factor with the same
weight (density 1 / (p ln 1/p0)), has an expected value of 1 at every look if p0 is the truth, less if the
truth is less, and so comes to 1 / significance with a probability of the significance at most (Ville's
inequality). A test that is made for one look, such as the binomial test, says 1 % and means 6 % in a step of
60 looks at 100 calls more each, and 16 % in a canary of three such steps; this one means 0.5 % there. The
price is that a version that is three to twenty times as bad as allowed is found after 1.6 to 2.5 times as
many calls (the medians, where 1 % may be bad).

All this is for calls that are bad independently of each other: of errors in bursts luck brings more.

Source: for the comparison with old instances in the same time rather than with the past, and for a verdict by
a test of significance: Graff and Sanden, "Automated Canary Analysis at Netflix with Kayenta" (2018). For the
test: Ville, "Etude critique de la notion de collectif" (1939); Robbins, "Statistical methods related to the
law of the iterated logarithm" (1970); for counts in canaries, and that bad calls alone have to be compared:
Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data" (NeurIPS 2022).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, log, log1p

import scipy  # SciPy loads its parts when they are first used, and most runs use none

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

    `significance` in (0, 0.5]: how probable it may be that luck alone is ever taken for harm while a step
    lasts. `needs_old` says whether the old version's calls of the same time are looked at.
    """

    objective: RequestObjective
    requests_min: int = 100
    significance: float = 0.01

    needs_old = False

    def __post_init__(self) -> None:
        """Check the rule."""
        if not isinstance(self.objective, RequestObjective):
            raise TypeError(f"objective must be one on single requests, got {self.objective!r}")
        if self.objective.operation is not None:
            # Who counts stands beside a balancer, which sees how calls end and not what they ask for.
            raise ValueError(f"objective must be about all calls, got {self.objective!r}")
        requests_min: object = self.requests_min
        if not isinstance(requests_min, int) or isinstance(requests_min, bool) or requests_min < 1:
            raise ValueError(f"requests_min must be a whole number >= 1, got {self.requests_min!r}")
        if not 0.0 < self.significance <= 0.5:
            raise ValueError(f"significance must be > 0 and <= 0.5, got {self.significance!r}")

    def _is_luck(self, bad_count: int, count: int, allowed: float) -> bool:
        """Say whether so many of `count` may be bad by luck if each is so with the probability `allowed`."""
        return log_evidence(bad_count, count, allowed) < -log(self.significance)

    @abstractmethod
    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Return whether the new version is good enough: no (False), not seen to be bad (True), or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByObjective(Judge):
    """Is the new version worse than the objective allows? So many bad calls are held against that.

    It needs nobody to compare with, and blames the new version for whatever happens to both.

    Example: `ByObjective(objective=AvailabilityObjective(at_least=0.99))`.
    """

    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Compare the bad calls with those that the objective allows."""
        if new.count < self.requests_min:
            return None
        return self._is_luck(new.bad_count, new.count, 1.0 - self.objective.share_required)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstOld(Judge):
    """Is the new version worse than the old one in the same time? Bad calls are held against each other.

    Of all bad calls the new version should have as large a share as of all calls, at most: so it is the bad
    calls that are counted, and those of them that are the new version's. That share must not change much
    within a step.

    Trouble that strikes both is no reason to go back; and where the old one is as bad as the new, the new one
    passes, whatever the objective requires: of it only what counts as bad is used.

    Example: `AgainstOld(objective=LatencyObjective(percentile=99.0, at_most=0.3))`.
    """

    needs_old = True

    def judge(self, new: Tally, old: Tally) -> bool | None:
        """Compare the bad calls with those of the old version."""
        if new.count < self.requests_min or old.count < self.requests_min:
            return None
        share = new.count / (new.count + old.count)
        return self._is_luck(new.bad_count, new.bad_count + old.bad_count, share)


def log_evidence(bad_count: int, count: int, allowed: float) -> float:
    """Return the logarithm of the mean likelihood ratio of `bad_count` bad calls among `count`.

    Of a probability above `allowed`, in [0, 1], against that probability; minus infinity where no such number
    of bad calls could ever be too many.
    """
    if bad_count == 0 or allowed >= 1.0:
        return -inf
    if allowed <= 0.0:
        return inf
    good_count = count - bad_count
    # The integral over p from `allowed` to 1 of p^(bad - 1) (1 - p)^good; `above` is the part of the whole.
    above = float(scipy.special.betainc(good_count + 1, bad_count, 1.0 - allowed))
    if above == 0.0:
        return -inf
    mean = float(scipy.special.betaln(bad_count, good_count + 1)) + log(above) - log(-log(allowed))
    return mean - bad_count * log(allowed) - good_count * log1p(-allowed)
