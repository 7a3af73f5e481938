"""An autoscaler: it shows a rule what is known, and does what the rule says.

Each interval of its rule it observes (late: see `metric_pipeline`), decides, and if the number is another one
tells what it scales, and logs it ("scaling": from, to, why). It waits for nothing: what it has asked for may
take minutes to be there, and the rule must know that (see the rules).

It may stand on a `host`. While that is down nothing is scaled; when it is up again the controller starts with
an empty memory, one interval later. What it had asked for is not lost: the group remembers the number. Word
from the controller to the group needs no message here, as the group is a control plane on no host.

Several rules for one group belong in one autoscaler (`Largest`): of two, each would undo what the other does.

Leaves out: leader election among several controllers; a failed request to scale.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..infrastructure import Host
from ..validation import require_kind
from .metric_pipeline import MetricPipeline
from .rule import ScalingRule
from .scalable import Scalable


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerStatistics:
    """What an autoscaler has done so far.

    Of `decision_count` decisions, `out_count` asked for more and `in_count` for fewer; `reversal_count` of
    these went the other way than the one before.
    """

    decision_count: int
    out_count: int
    in_count: int
    reversal_count: int


class Autoscaler:
    """Scales `scaled` by `rule`, with what `pipeline` tells.

    On `host`, if its own fate matters. Example::

        group = InstanceGroup(env, shop, pool, 2)
        pipeline = MetricPipeline(env, group=group, meters=[Utilisation()])
        rule = HorizontalPodAutoscaler(count_max=20, metrics=(CpuMetric(target=0.6),))
        autoscaler = Autoscaler(env, group, rule, pipeline)
    """

    def __init__(
        self,
        env: Environment,
        scaled: Scalable,
        rule: ScalingRule,
        pipeline: MetricPipeline,
        *,
        host: Host | None = None,
        name: str = "autoscaler",
    ) -> None:
        """Begin; the first decision is one interval from now."""
        if not isinstance(rule, ScalingRule):
            raise TypeError(f"rule must be a ScalingRule, such as TargetTracking(...), got {rule!r}")
        if not callable(getattr(scaled, "scale_to", None)):
            raise TypeError(f"scaled must be something to scale, such as an InstanceGroup, got {scaled!r}")
        require_kind("pipeline", pipeline, MetricPipeline)
        self.name = name
        self.rule = rule
        self._env = env
        self._scaled = scaled
        self._pipeline = pipeline
        self._decision_count = self._out_count = self._in_count = self._reversal_count = 0
        self._last_change = 0
        if host is None:
            env.process(self._run(), name)
        else:
            if host.is_up:
                host.start(self._run(), name)
            host.on_restart(lambda: host.start(self._run(), name))

    def __repr__(self) -> str:
        return f"Autoscaler({self.name!r}, {self.rule!r})"

    def _run(self) -> Generator[Any, Any, None]:
        controller = self.rule.controller()
        while True:
            yield self.rule.interval
            observation = self._pipeline.observe(self._scaled)
            decision = controller.decide(observation)
            self._decision_count += 1
            if decision.count != observation.current:
                self._scale(observation.current, decision.count, decision.reason)
                controller.scaled(observation.now, observation.current, decision.count)

    def _scale(self, before: int, after: int, reason: str) -> None:
        self._env.log("scaling", self._scaled.name, before=before, after=after, reason=reason)
        change = after - before
        if change > 0:
            self._out_count += 1
        else:
            self._in_count += 1
        self._reversal_count += change * self._last_change < 0
        self._last_change = change
        self._scaled.scale_to(after)

    def statistics(self) -> AutoscalerStatistics:
        """Return what has happened so far."""
        return AutoscalerStatistics(
            decision_count=self._decision_count,
            out_count=self._out_count,
            in_count=self._in_count,
            reversal_count=self._reversal_count,
        )
