"""The contract of upgrade strategies: a way from one version to the next, in steps.

A strategy is a value. A step says how many instances of the new version there are to be, whether the old ones
give way to them or stay, which share of the requests the new version gets, and for how long that is watched
before the next step. The deployment does the rest, the same for all: it moves within the bounds (see
`moves`), and while it watches it asks the judge. Reading two strategies side by side shows what differs.

The way back is not the strategy's. Where the old set is whole, all requests return to it at once; where it is
not, it is a rolling upgrade to the old version.

Source: Kubernetes' Deployment for the first, Argo Rollouts' `blueGreen` and `canary` strategies for the
others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..validation import require_delay, require_unit_interval
from .bounds import Bounds
from .judge import Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, called `name`, on the way to a new version.

    - `share` in [0, 1] of the desired count is to be instances of the new version, rounded up.
    - `keeps_old`: the old instances stay, as many as are desired; otherwise they give way.
    - `traffic`: the share of requests in [0, 1] that the new version gets as soon as its instances are there;
      until then what held before goes on. None: balancers take all instances alike.
    - `pause` (>= 0 s): how long it stays so once it is reached; `is_judged` meanwhile, so that it ends in a
      verdict.
    """

    name: str
    share: float
    keeps_old: bool = False
    traffic: float | None = None
    pause: float = 0.0
    is_judged: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_unit_interval("share", self.share)
        if self.traffic is not None:
            require_unit_interval("traffic", self.traffic)
        require_delay("pause", self.pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy(ABC):
    """How to come to a new version; derive from it, as a frozen dataclass, to make your own.

    - `bounds` hold on the way there and back.
    - `min_ready_time` (>= 0 s): an instance is available when it has been ready for so long without a break.
    - `progress_deadline` (> 0 s): when nothing has moved for so long, the upgrade is reported as stuck. It is
      not undone, and goes on if it can.
    - `judge` of the steps that are judged; None: nobody judges, and they end with their pause.
    """

    bounds: Bounds = Bounds()
    min_ready_time: float = 0.0
    progress_deadline: float = 600.0
    judge: Judge | None = None

    def __post_init__(self) -> None:
        """Check what all strategies have."""
        if not isinstance(self.bounds, Bounds):
            raise TypeError(f"bounds must be Bounds, such as Bounds(max_surge=1), got {self.bounds!r}")
        require_delay("min_ready_time", self.min_ready_time)
        if not self.min_ready_time < self.progress_deadline:
            raise ValueError(
                f"progress_deadline must be > min_ready_time = {self.min_ready_time} s, "
                f"got {self.progress_deadline!r}"
            )
        if self.judge is not None and not isinstance(self.judge, Judge):
            raise TypeError(f"judge must be a Judge, such as ByObjective(objective), got {self.judge!r}")
        if self.judge is not None and not any(step.is_judged for step in self.steps()):
            raise ValueError(f"judge must be None where no step is judged, got {self.judge!r}")

    @abstractmethod
    def steps(self) -> tuple[Step, ...]:
        """Return the steps in order; the last leaves instances of the new version only, all alike."""
