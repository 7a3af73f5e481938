"""What a search for capacity found: a bracket, and the loads at which it was decided."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..parameters import to_json
from ..summary import CONFIDENCE, Estimate, estimate
from .decision import FAILS, HOLDS, sign_of_mean
from .trial import Margin


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityStep:
    """One load and what was decided about it: `verdict` is HOLDS, FAILS or UNDECIDED.

    `margins` has for each objective one margin per run, the run with seed 0 first.
    """

    load: float
    verdict: str
    margins: Mapping[str, tuple[Margin, ...]]

    @property
    def replication_count(self) -> int:
        """How many runs it took."""
        return len(next(iter(self.margins.values())))

    @property
    def held_count(self) -> int:
        """In how many of the runs all objectives held; a run without evidence did not."""
        runs = zip(*self.margins.values(), strict=True)
        return sum(all(margin.value >= 0.0 for margin in run) for run in runs)

    def estimate(self, objective: str, confidence: float = CONFIDENCE) -> Estimate:
        """Return the mean margin of an objective with its plain interval, for tables and figures."""
        return estimate([margin.value for margin in self.margins[objective]], confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """From load `low` to load `high` the mean margin of `objective` rose by `difference`: not monotone."""

    objective: str
    low: float
    high: float
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The highest load that holds an SLO lies between `load_low` and `load_high`.

    `load_low` is the highest load that surely holds, `load_high` the lowest that surely does not; None where
    no load was sure to. All that `steps` decided, in order of load, is right with probability `confidence` at
    least. `rises` are the places where more load did significantly better: there is a change from good to bad
    between the two loads all the same, but it may not be the only one.
    """

    load_low: float | None
    load_high: float | None
    tolerance: float
    confidence: float
    steps: tuple[CapacityStep, ...]
    rises: tuple[Rise, ...] = ()

    @property
    def is_resolved(self) -> bool:
        """Whether the bracket has two ends and is no wider than the tolerance."""
        if self.load_low is None or self.load_high is None:
            return False
        return is_within(self.load_high - self.load_low, self.tolerance)

    @property
    def run_count(self) -> int:
        """How many runs it took in all."""
        return sum(step.replication_count for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return what was found as strict JSON has it."""
        steps = [
            {
                "load": step.load,
                "verdict": step.verdict,
                "replications": step.replication_count,
                "held": step.held_count,
                "margins": {name: step.estimate(name).mean for name in step.margins},
            }
            for step in self.steps
        ]
        rises = [
            {"objective": rise.objective, "low": rise.low, "high": rise.high, "difference": rise.difference}
            for rise in self.rises
        ]
        found = {
            "load_low": self.load_low,
            "load_high": self.load_high,
            "is_resolved": self.is_resolved,
            "tolerance": self.tolerance,
            "confidence": self.confidence,
            "runs": self.run_count,
            "steps": steps,
            "rises": rises,
        }
        plain: dict[str, Any] = to_json(found)
        return plain


def is_within(width: float, tolerance: float) -> bool:
    """Return whether a bracket of this width is narrow enough, up to rounding."""
    return width <= tolerance * (1.0 + 1e-9)


def bracketed(steps: Sequence[CapacityStep], *, tolerance: float, confidence: float) -> Capacity:
    """Return the bracket that `steps` give: the lowest failing load, and the highest holding one below it."""
    ordered = tuple(sorted(steps, key=lambda step: step.load))
    load_high = min((step.load for step in ordered if step.verdict == FAILS), default=None)
    below = [
        step.load
        for step in ordered
        if step.verdict == HOLDS and (load_high is None or step.load < load_high)
    ]
    return Capacity(
        load_low=max(below, default=None),
        load_high=load_high,
        tolerance=tolerance,
        confidence=confidence,
        steps=ordered,
        rises=_rises(ordered, 1.0 - confidence),
    )


def _rises(steps: Sequence[CapacityStep], error: float) -> tuple[Rise, ...]:
    """Return where neighbouring loads, seed by seed, did better with more load than chance explains.

    A paired test per neighbours and objective (common random numbers), the error shared by all of them.
    """
    pairs = list(itertools.pairwise(steps))
    found = []
    for below, above in pairs:
        for objective in below.margins:
            differences = _differences(below.margins[objective], above.margins[objective])
            mean = float(np.mean([difference.value for difference in differences] or [0.0]))
            share = error / (len(pairs) * len(below.margins))
            if mean > 0.0 and sign_of_mean(differences, share) > 0:
                found.append(Rise(objective=objective, low=below.load, high=above.load, difference=mean))
    return tuple(found)


def _differences(below: Sequence[Margin], above: Sequence[Margin]) -> list[Margin]:
    """Return the finite differences of runs of one seed; the shorter of the two says how many."""
    differences = [second.value - first.value for first, second in zip(below, above, strict=False)]
    return [Margin(value) for value in differences if math.isfinite(value)]
