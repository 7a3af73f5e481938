"""What is run at each load: a trial, a function of load and seed that says by how much the SLO was held.

It returns a judgement of `models.requirements`, or margins by the names of objectives, or one margin: a
number >= 0 where the objective held and < 0 where not, of which the mean over runs is what counts. Shares
make good margins (see `models.requirements.objective`), percentiles do not: theirs may be infinite. A margin
of -inf says that no other run can make up for this one; nan, that this run has no evidence.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import cloudpickle  # type: ignore[import-untyped]  # ships no types

from models.requirements import Judgement

from ..misuse import Misuse
from ..study import Study

Trial = Callable[[float, int], "Judgement | Mapping[str, float] | float"]
"""Called with a load and a seed, in any process; the same load and seed give the same result."""

ONLY = "margin"
"""The name of the margin where a trial returns a bare number."""


class Margin(NamedTuple):
    """A margin, and how much such a one varies at least by chance (0 where nobody says)."""

    value: float
    noise: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StudyTrial:
    """A study as a trial: its parameter `load` is the load, its measures `margins` are the margins.

    `fixed` are its other parameters; those left out take their defaults. Measures tell nothing of noise, so
    each run has to be long enough to hold with ten errors and more. Raises Misuse for unknown names.

    Example: `StudyTrial(study=capacity, load="rate", margins=["latency_margin"], fixed={"threads": 8})`.
    """

    study: Study
    load: str
    margins: Sequence[str]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find bad names before anything is run."""
        for name in (self.load, *self.fixed):
            self.study.space.require(name)
        if self.load in self.fixed:
            raise Misuse(f"{self.load} must be the load or fixed, not both, got {self.fixed[self.load]}")
        require_margins(self.study, self.margins)

    def __call__(self, load: float, seed: int) -> dict[str, float]:
        """Run the study once."""
        measures = self.study(seed=seed, **{**self.fixed, self.load: load}).measures
        return {name: measures[name] for name in self.margins}


def require_margins(study: Study, margins: Sequence[str]) -> None:
    """Raise Misuse unless `margins` are measures of `study`, at least one."""
    if not margins or isinstance(margins, str):
        raise Misuse(f"margins must be names of measures, at least one, got {margins!r}")
    for name in margins:
        study.require_measure(name)


def packed(trial: Trial) -> bytes:
    """Return the trial as bytes that `run_trial` understands in another process."""
    given: object = trial
    if isinstance(given, Study) or not callable(given):
        hint = "; a study is made one by StudyTrial" if isinstance(given, Study) else ""
        raise Misuse(f"trial must be a function of load and seed, got {given!r}{hint}")
    return bytes(cloudpickle.dumps(trial))


def run_trial(trial: bytes, load: float, seed: int) -> dict[str, Margin]:
    """Run once; an error in the trial is raised with load and seed added to it."""
    try:
        return _margins(_unpacked(trial)(load, seed))
    except Exception as error:
        error.add_note(f"at load {load:g}, seed {seed}")
        raise


def _margins(found: Any) -> dict[str, Margin]:
    if isinstance(found, Judgement):
        return {verdict.name: Margin(verdict.margin, _or_none(verdict.noise)) for verdict in found.verdicts}
    if isinstance(found, Mapping) and found:
        return {str(name): Margin(_number(value)) for name, value in found.items()}
    return {ONLY: Margin(_number(found))}


def _number(value: Any) -> float:
    # A verdict where a margin is wanted would count as +1 when it holds and as 0, which holds too, when not.
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"trial must return a Judgement, or margins as numbers, got {value!r}")
    return float(value)


def _or_none(noise: float) -> float:
    return 0.0 if math.isnan(noise) else noise


@lru_cache(maxsize=8)
def _unpacked(trial: bytes) -> Trial:
    found: Trial = cloudpickle.loads(trial)
    return found
