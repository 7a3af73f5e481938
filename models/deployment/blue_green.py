"""Blue-green: a whole second set beside the first, and then the switch, at all balancers at once.

No user meets both versions within a moment: before the switch all see the old one, afterwards the new one, as
far as the news of it reaches the balancers at the same time. The old set is kept for a while, so that the way
back is a switch too, in no time. The price is twice the instances meanwhile, and that the new version meets
everybody at once: what a canary would have shown to a few is seen by all.

Source: Humble and Farley, "Continuous Delivery" (2010), chapter 10; Fowler, "BlueGreenDeployment" (2010);
Argo Rollouts, `blueGreen`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_delay
from .strategy import Step, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreen(Strategy):
    """Starts a whole second set, switches, and takes the old one out after `keep` (>= 0 s).

    A `judge` watches the new version as long as the old one is kept. Beside it no old instance serves, so
    that only a judge who needs none can say anything.

    Example: `BlueGreen(keep=300.0, judge=ByObjective(AvailabilityObjective(at_least=0.999)))`.
    """

    keep: float = 60.0

    def __post_init__(self) -> None:
        """Check the time."""
        require_delay("keep", self.keep)
        Strategy.__post_init__(self)
        if self.judge is not None and self.judge.needs_old:
            raise ValueError(f"judge must not compare, as no old instance serves beside, got {self.judge!r}")

    def steps(self) -> tuple[Step, ...]:
        """Build, switch, take the old ones out."""
        return (
            Step(name="build", share=1.0, keeps_old=True, traffic=0.0),
            Step(name="switch", share=1.0, keeps_old=True, traffic=1.0, pause=self.keep, is_judged=True),
            Step(name="clear", share=1.0, traffic=1.0),
        )
