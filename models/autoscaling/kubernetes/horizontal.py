"""The horizontal autoscaler of Kubernetes.

Rules, every `interval` (15 s):

1. Where none is wanted and `count_min` is not 0, scaling is off: an operator has said so.
2. Outside [count_min, count_max] the number goes to the bound (see `rule`).
3. Each metric proposes a number (see `metrics`); the largest counts. If none can be computed, or some cannot
   and the others would shrink: no change.
4. Stabilised: by the recommendations of the last minutes (see `behaviour`), this one included, before any
   limit. The first thing remembered is the number that was there: a controller that has just started shrinks
   nothing for the length of its window.
5. Limited: by what was changed lately, and by the bounds.

Leaves out: container resources; the older behaviour of objects without one (up to twice as many, or 4).
Source: kubernetes/kubernetes `pkg/controller/podautoscaler/horizontal.go` (`reconcileAutoscaler`,
`computeReplicasForMetrics`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_each, require_kind
from ..observation import Observation
from ..rule import Decision, ScalingController, ScalingRule
from .behaviour import DOWN, UP, Behaviour, Change
from .metrics import MetricTarget, Tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizontalPodAutoscaler(ScalingRule):
    """Keeps the ratio of `metrics` (one or more) to their targets at 1, with Kubernetes' rule.

    `up` and `down` say how fast. Example::

        HorizontalPodAutoscaler(count_max=20, metrics=(CpuMetric(target=0.6),))
    """

    metrics: tuple[MetricTarget, ...]
    up: Behaviour = UP
    down: Behaviour = DOWN

    def __post_init__(self) -> None:
        """Check the fields."""
        ScalingRule.__post_init__(self)
        object.__setattr__(self, "metrics", require_each("metrics", self.metrics, MetricTarget))
        require_kind("up", self.up, Behaviour)
        require_kind("down", self.down, Behaviour)
        if not self.metrics:
            raise ValueError(f"metrics must be one or more, got {self.metrics!r}")

    def controller(self) -> HorizontalController:
        """Return a controller without recommendations and changes."""
        return HorizontalController(self)


class HorizontalController(ScalingController):
    """Recommendations and changes of one autoscaler."""

    def __init__(self, rule: HorizontalPodAutoscaler) -> None:
        super().__init__(rule)
        self._metrics = rule.metrics
        self._up, self._down = rule.up, rule.down
        self._tolerance = Tolerance(down=rule.down.tolerance, up=rule.up.tolerance)
        self._recommendations: list[tuple[float, int]] = []
        self._changes: list[Change] = []

    def decide(self, observation: Observation) -> Decision:
        """Return how many instances there should be now."""
        if not self._recommendations:
            self._recommendations.append((observation.now, observation.current))
        if observation.current == 0 and self._count_min > 0:
            return Decision(0, "scaling is off: none is wanted")
        return super().decide(observation)

    def _decide(self, observation: Observation) -> Decision:
        current, now = observation.current, observation.now
        proposals = [metric.proposal(observation, self._tolerance) for metric in self._metrics]
        missing = [
            metric.name for metric, count in zip(self._metrics, proposals, strict=True) if count is None
        ]
        computed = [count for count in proposals if count is not None]
        if not computed or (missing and max(computed) < current):
            return Decision(current, f"{missing[0]} cannot be computed")
        proposed = max(computed)
        stabilised = self._stabilised(current, proposed, now)
        count = self._limited(current, stabilised, now)
        if count != current:
            if count < current:
                return Decision(count, "all metrics below target")
            return Decision(count, f"{self._metrics[proposals.index(proposed)].name} above target")
        return Decision(current, _held_by(current, proposed, stabilised))

    def _stabilised(self, current: int, proposed: int, now: float) -> int:
        """Return the number nearest to the present one that recent recommendations allow; remember this."""
        lowest = highest = proposed
        window = max(self._up.stabilisation_window, self._down.stabilisation_window)
        self._recommendations = [each for each in self._recommendations if now - each[0] < window]
        for time, count in self._recommendations:
            if now - time < self._up.stabilisation_window:
                lowest = min(lowest, count)
            if now - time < self._down.stabilisation_window:
                highest = max(highest, count)
        self._recommendations.append((now, proposed))
        return min(max(current, lowest), highest)

    def _limited(self, current: int, wanted: int, now: float) -> int:
        if wanted > current:
            highest = self._up.highest(current, self._changes, now)
            return min(wanted, highest, self._count_max)
        if wanted < current:
            lowest = self._down.lowest(current, self._changes, now)
            return max(wanted, lowest, self._count_min)
        return wanted

    def scaled(self, now: float, before: int, after: int) -> None:
        """Remember a change as long as a limit looks back."""
        period = max(self._up.period, self._down.period)
        self._changes = [change for change in self._changes if now - change[0] < period]
        self._changes.append((now, after - before))


def _held_by(current: int, proposed: int, stabilised: int) -> str:
    if proposed == current:
        return "within tolerance"
    return "stabilised" if stabilised == current else "limited"
