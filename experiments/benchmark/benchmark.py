"""A benchmark: one number that is measured on this machine, and the target that it should reach.

The verdict is of one run on one machine at one moment. It says nothing of other machines, and on a busy one
little of this one: repeat before believing it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..misuse import Misuse


class Verdict(StrEnum):
    """Whether a target was reached; SKIPPED: it cannot be measured here."""

    HELD = "held"
    MISSED = "missed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure: `pairs` (>= 1) timings of each side, or as many as a benchmark thinks right.

    `is_quick` makes the timings fewer, where their number is not given, and each of them shorter.
    """

    pairs: int | None = None
    is_quick: bool = False

    def __post_init__(self) -> None:
        """Check the number of pairs."""
        if self.pairs is not None and self.pairs < 1:
            raise Misuse(f"pairs must be >= 1, got {self.pairs}")

    def choose(self, usual: int, quick: int) -> int:
        """Return the usual or the quick one of two sizes."""
        return quick if self.is_quick else usual

    def pairs_or(self, usual: int, quick: int) -> int:
        """Return the number of pairs that was given, else the usual or the quick one."""
        return self.choose(usual, quick) if self.pairs is None else self.pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured: the `value` to judge, the `detail` behind it, and that as one line, `text`."""

    value: float
    detail: Mapping[str, float]
    text: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing could be measured here, for a `reason`."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A benchmark that has run: its `verdict`, and the `measurement`, or the `reason` why there is none."""

    benchmark: Benchmark
    verdict: Verdict
    measurement: Measurement | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A measurement with a target.

    `question` is what is measured, in one line. `target` is in `unit` ("x" for a ratio); the value should be
    at least that if `is_floor`, else below it. `is_timed` says whether an `Effort` makes a difference.
    """

    name: str
    question: str
    target: float
    unit: str
    measure: Callable[[Effort], Measurement | Skipped]
    is_floor: bool = True
    is_timed: bool = True

    @property
    def rule(self) -> str:
        """The target as text: ">= 1.7 x"."""
        return f"{'>=' if self.is_floor else '<'} {self.target:g} {self.unit}"

    def holds(self, value: float) -> bool:
        """Return whether a measured `value` reaches the target; nan does not."""
        return value >= self.target if self.is_floor else value < self.target

    def run(self, effort: Effort) -> Result:
        """Measure, and judge."""
        measured = self.measure(effort)
        if isinstance(measured, Skipped):
            return Result(benchmark=self, verdict=Verdict.SKIPPED, reason=measured.reason)
        verdict = Verdict.HELD if self.holds(measured.value) else Verdict.MISSED
        return Result(benchmark=self, verdict=verdict, measurement=measured)
