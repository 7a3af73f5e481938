"""The hypothesis about the steady state: bounds on what users see, before, during and after.

The same bounds hold in all three phases, unless a phase has its own: a promise that is kept in good times is
none, but some degradation while things are broken may be part of it. Durability is judged at the end: what
was acknowledged must be there when all is over.

Source: Basiri et al., "Chaos Engineering" (IEEE Software, 2016): build a hypothesis around steady state
behaviour; the Chaos Toolkit judges it before and after the method.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from models.requirements import (
    SLO,
    AvailabilityObjective,
    DurabilityObjective,
    GoodputObjective,
    LatencyObjective,
    Objective,
)

from .values import Rate, Seconds, Share, Table

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}


class Bounds(Table):
    """Bounds on what the users of one operation, or all of them, see; those that are None are not judged.

    `availability` is the least share that is answered (degraded answers are), `full` the least share that is
    answered with nothing missing; `p50` to `p999` the highest percentile of the time to an answer in seconds,
    where failures are never answered; `goodput` the least answers per second within `goodput_within` seconds.
    """

    availability: Share | None = None
    full: Share | None = None
    p50: Seconds | None = None
    p90: Seconds | None = None
    p95: Seconds | None = None
    p99: Seconds | None = None
    p999: Seconds | None = None
    goodput: Rate | None = None
    goodput_within: Seconds = 1.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.goodput is None and "goodput_within" in self.model_fields_set:
            raise ValueError(f"goodput_within must go with goodput, got {self.goodput_within} without it")
        return self

    def objectives(self, operation: str | None) -> list[Objective]:
        """Return one objective for each bound, about an operation or (None) all requests."""
        made: list[Objective] = []
        if self.availability is not None:
            made.append(AvailabilityObjective(at_least=self.availability, operation=operation))
        if self.full is not None:
            made.append(AvailabilityObjective(at_least=self.full, operation=operation, counts_degraded=False))
        for name, percentile in _PERCENTILES.items():
            limit = getattr(self, name)
            if limit is not None:
                made.append(LatencyObjective(percentile=percentile, at_most=limit, operation=operation))
        if self.goodput is not None:
            made.append(
                GoodputObjective(within=self.goodput_within, at_least=self.goodput, operation=operation)
            )
        return made


class PhaseBounds(Bounds):
    """Bounds for all requests, and in `of` those for single operations."""

    of: dict[str, Bounds] = Field(default_factory=dict)

    def objectives_of_phase(self) -> tuple[Objective, ...]:
        """Return all of them."""
        made = self.objectives(None)
        for operation, bounds in self.of.items():
            made += bounds.objectives(operation)
        return tuple(made)


class SteadyState(PhaseBounds):
    """The hypothesis: bounds for all phases, and in `during` and `after` those that replace them there.

    `durability` is the least share of acknowledged orders that exist when all is over.

    Example::

        SteadyState(availability=0.999, p99=1.0, during=PhaseBounds(availability=0.95), durability=1.0)
    """

    during: PhaseBounds | None = None
    after: PhaseBounds | None = None
    durability: Share | None = None

    def slo(self, phase: str) -> SLO | None:
        """Return what is to hold in "before", "during" or "after"; None if nothing is."""
        bounds = {"before": self, "during": self.during or self, "after": self.after or self}[phase]
        objectives = bounds.objectives_of_phase()
        if phase == "after" and self.durability is not None:
            objectives += (DurabilityObjective(at_least=self.durability),)
        return SLO(name=phase, objectives=objectives) if objectives else None

    @property
    def operations(self) -> Mapping[str, str]:
        """The operations that it speaks of, each with the first place at which it does."""
        places: dict[str, str] = {}
        for place, bounds in (("of", self), ("during.of", self.during), ("after.of", self.after)):
            for name in () if bounds is None else bounds.of:
                places.setdefault(name, place)
        return places
