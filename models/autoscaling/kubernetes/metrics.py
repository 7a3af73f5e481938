"""What one metric asks for: the ratio of what is measured to what is wanted, times the instances.

Rules for a metric of each instance (`replica_calculator.go`), with ratio = mean / target:

1. Set aside are the pending, and for CPU those that are starting (below). *Missing* are the others without a
   value. No value left: the metric cannot be computed.
2. If nothing is missing, and nothing set aside or ratio <= 1: no change while the ratio is within tolerance,
   else ceil(ratio x instances with a value).
3. Else once more and cautiously: those missing count as `full` if ratio < 1 and as 0 if ratio > 1, those set
   aside as 0 if ratio > 1. No change if the new ratio is within tolerance or on the other side of 1, or if
   the number would move the other way; else ceil(new ratio x instances counted).

*Starting* is, of CPU in the first `cpu_initialisation_period` of a process: not ready, or its sample began
before it was ready; and afterwards: not ready, and never was since `initial_readiness_delay`. What a process
does while it starts says nothing about load.

`full` is what an instance without a value may be using when the number is about to shrink: the documentation
says the target; the source says all that was requested where the target is a share of that (1, or the target
if that is higher). At a ratio of exactly 1 nothing is about to change, and nothing does; older releases
counted missing instances as 0 there for metrics other than resources, and could shrink.

A metric of the whole, such as the length of a queue, has a target for each instance (`AverageValue`: ceil(
total / target)) or for all of them (`Value`: ceil(ratio x ready instances), and none are known where there is
no instance to look at), within the same tolerance. Where none is wanted there is no tolerance, and Value asks
for ceil(ratio).

Leaves out: that the source cuts a utilisation off to whole percents, and takes it of all requests together:
instances on unequal hosts count alike here.

Sources: kubernetes/website, "Horizontal Pod Autoscaling", algorithm details; kubernetes/kubernetes
`pkg/controller/podautoscaler/replica_calculator.go` (`groupPods`, `GetResourceReplicas`,
`calcPlainMetricReplicas`, `getUsageRatioReplicaCount`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ...validation import require_delay, require_name, require_number, require_positive
from ..observation import InstanceView, Observation
from ..rule import rounded_up

_ROUNDING = 1e-9  # as in `rounded_up`: 0.55 / 0.5 is as good as 1.1


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Ratios from 1 - `down` to 1 + `up`, bounds included, ask for no change (KEP-4951: one each way)."""

    down: float = 0.1
    up: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Whether a ratio asks for no change."""
        return 1.0 - self.down - _ROUNDING <= ratio <= 1.0 + self.up + _ROUNDING


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTarget(ABC):
    """A metric by its `name`, and the `target` (> 0) that it should have."""

    name: str
    target: float

    def __post_init__(self) -> None:
        """Check the fields."""
        require_name("name of a metric", self.name)
        require_positive(f"target of {self.name!r}", self.target)

    @abstractmethod
    def proposal(self, observation: Observation, tolerance: Tolerance) -> int | None:
        """Return how many instances it asks for; None where it cannot be computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMetric(MetricTarget):
    """A metric that each instance has, such as requests per second: its mean should be `target`."""

    def proposal(self, observation: Observation, tolerance: Tolerance) -> int | None:
        """Return what the rules above ask for."""
        present, aside_count, missing_count = self._sorted_out(observation)
        if not present:
            return None
        current = observation.current
        ratio = sum(present) / len(present) / self.target
        counts_aside = aside_count > 0 and ratio > 1.0
        if not missing_count and not counts_aside:
            return current if tolerance.holds(ratio) else rounded_up(ratio * len(present))
        assumed = [self.full if ratio < 1.0 else 0.0] * (missing_count if ratio != 1.0 else 0)
        if counts_aside:
            assumed += [0.0] * aside_count
        counted = present + assumed
        cautious = sum(counted) / len(counted) / self.target
        if tolerance.holds(cautious) or (cautious - 1.0) * (ratio - 1.0) < 0.0:
            return current
        count = rounded_up(cautious * len(counted))
        return current if (count - current) * (cautious - 1.0) < 0.0 else count

    @property
    def full(self) -> float:
        """What an instance without a value is taken to show when the number is about to shrink."""
        return self.target

    def _sorted_out(self, observation: Observation) -> tuple[list[float], int, int]:
        """Return the values that count, how many instances are set aside, and how many are missing."""
        present: list[float] = []
        aside_count = missing_count = 0
        for view in observation.instances:
            if view.is_pending:
                aside_count += 1
            elif self.name not in view.values:
                missing_count += 1
            elif self._is_starting(view, observation.now):
                aside_count += 1
            else:
                present.append(view.values[self.name])
        return present, aside_count, missing_count

    def _is_starting(self, view: InstanceView, now: float) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuMetric(InstanceMetric):
    """The share of its cores that each instance uses (> 0; 0.5: half), on average.

    Samples from a start are not trusted: `cpu_initialisation_period` (300 s) and `initial_readiness_delay`
    (30 s), both >= 0.
    """

    name: str = "utilisation"
    cpu_initialisation_period: float = 300.0
    initial_readiness_delay: float = 30.0

    def __post_init__(self) -> None:
        """Check the fields."""
        # Not by super(): a slotted dataclass is another class than the one its methods were written in.
        MetricTarget.__post_init__(self)
        require_delay("cpu_initialisation_period", self.cpu_initialisation_period)
        require_delay("initial_readiness_delay", self.initial_readiness_delay)

    @property
    def full(self) -> float:
        """All of its cores, or the target where that is more."""
        return max(1.0, self.target)

    def _is_starting(self, view: InstanceView, now: float) -> bool:
        if view.started_at + self.cpu_initialisation_period > now:
            return not view.is_ready or view.sampled_at < view.changed_at + view.window
        return not view.is_ready and view.started_at + self.initial_readiness_delay > view.changed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalMetric(MetricTarget):
    """A metric of the whole; the target is for each instance, unless not `per_instance`."""

    per_instance: bool = True

    def proposal(self, observation: Observation, tolerance: Tolerance) -> int | None:
        """Return ceil(total / target), or ceil(ratio x ready instances); None where nothing is known."""
        total = observation.totals.get(self.name)
        if total is None:
            return None
        current, ratio = observation.current, require_number(self.name, total) / self.target
        if current == 0:
            return rounded_up(ratio)
        if tolerance.holds(ratio / current if self.per_instance else ratio):
            return current
        if self.per_instance:
            return rounded_up(ratio)
        if not observation.instances:
            return None
        return rounded_up(ratio * sum(view.is_ready for view in observation.instances))
