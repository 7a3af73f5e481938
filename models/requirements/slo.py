"""A service level objective: several objectives, promised together up to a load.

Rules: an SLO holds in a window if all of its objectives do, and does not if one of them does not; otherwise
(something is missing, nothing is broken) it is undecided. Above the load that it is promised for it does not
apply: what is measured there is shown, and nothing is decided. At exactly that load a count exceeds it every
second time, by chance: say in `Evidence.arrival_rate` what the load was meant to be.

Leaves out: consequences (agreements, refunds), and compliance over many windows (`ErrorBudget`). Source:
Beyer et al., "Site Reliability Engineering" (2016), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..validation import require_positive
from .evidence import Evidence
from .objective import Objective, Verdict, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of the SLO called `name` in one window: a verdict per objective, in their order.

    `load` is the requests per second that came (None: not known); `is_applicable` says whether the SLO was
    promised at that load.
    """

    name: str
    load: float | None
    is_applicable: bool
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool | None:
        """True if all objectives hold, False if one does not, None if neither is known."""
        held = [verdict.holds for verdict in self.verdicts]
        if False in held:
            return False
        return None if None in held else True

    @property
    def margins(self) -> dict[str, float]:
        """The margin of each objective by its name; they do not depend on the load promised."""
        return {verdict.name: verdict.margin for verdict in self.verdicts}

    def as_json(self) -> dict[str, Any]:
        """Return the judgement as strict JSON has it: nan as None, infinity as "inf"."""
        return {
            "name": self.name,
            "load": plain(self.load),
            "is_applicable": self.is_applicable,
            "holds": self.holds,
            "verdicts": [verdict.as_json() for verdict in self.verdicts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SLO:
    """Called `name`: all `objectives`, at least one, no two alike, hold while load is at most `at_load`.

    `at_load` is in requests per second (> 0); None: whatever comes.

    Example::

        slo = SLO(
            name="shop",
            objectives=(LatencyObjective(at_most=0.3), AvailabilityObjective(at_least=0.999)),
            at_load=90.0,
        )
        slo.judge(Evidence.of_table(users.table, start=10.0, end=60.0, arrival_rate=90.0)).holds
    """

    name: str
    objectives: tuple[Objective, ...]
    at_load: float | None = None

    def __post_init__(self) -> None:
        """Check that there is something to promise."""
        object.__setattr__(self, "objectives", tuple(self.objectives))
        given: tuple[object, ...] = self.objectives
        for item in given:
            if not isinstance(item, Objective):
                raise TypeError(f"objectives must be Objectives, got {item!r}")
        names = [objective.name for objective in self.objectives]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"objectives must be at least one and no two alike, got {names}")
        if self.at_load is not None:
            require_positive("at_load", self.at_load, "per s")

    def judge(self, evidence: Evidence) -> Judgement:
        """Return what became of each objective in the window of `evidence`."""
        load = evidence.load
        is_applicable = self.at_load is None or (load is not None and load <= self.at_load)
        verdicts = tuple(objective.judge(evidence) for objective in self.objectives)
        if not is_applicable:
            verdicts = tuple(replace(verdict, holds=None) for verdict in verdicts)
        return Judgement(name=self.name, load=load, is_applicable=is_applicable, verdicts=verdicts)
