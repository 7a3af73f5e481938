"""Canary: a few users first, then more, as long as the new version does well by them.

In each step a share of the requests goes to the new version and is watched for a while; then the judge says
whether to go on. What is bad and shows soon is seen by few. What shows late (a leak) is seen by nobody as
long as the steps last, and by everybody afterwards; and where requests are few, a share of them tells
nothing.

How the share comes about: by *weights* at the balancers, exact, beside a whole old set, which costs the
canary's instances on top, and from which the way back takes no time; or by *counts*, where canaries take the
place of old instances and all are alike, so that of 4 instances no share is less than a quarter, and on the
way back old instances have to start first.

Source: Sato, "CanaryRelease" (2014); Argo Rollouts, `canary` (setWeight, pause, analysis), with and without
traffic management; Beyer et al., "The Site Reliability Workbook" (2018), chapter 16, "Canarying Releases", on
how large a canary has to be and for how long.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_delay, require_unit_interval
from .strategy import Step, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary(Strategy):
    """Gives the new version the `shares` of the requests, rising in (0, 1), each for a `pause` (s), then all.

    With `by_weight` balancers must have a policy that uses weights.

    Example: `Canary(shares=(0.05, 0.25), pause=300.0, judge=AgainstOld(objective))`.
    """

    shares: tuple[float, ...] = (0.05, 0.25, 0.5)
    pause: float = 60.0
    by_weight: bool = True

    def __post_init__(self) -> None:
        """Check the shares."""
        shares: object = self.shares
        if not isinstance(shares, list | tuple):
            raise TypeError(f"shares must be a list of shares, got {self.shares!r}")
        object.__setattr__(self, "shares", tuple(self.shares))
        for share in self.shares:
            require_unit_interval("shares", share)
        if not self.shares or list(self.shares) != sorted({0.0, 1.0, *self.shares})[1:-1]:
            raise ValueError(f"shares must rise, in (0, 1), at least one, got {self.shares!r}")
        require_delay("pause", self.pause)
        Strategy.__post_init__(self)

    def steps(self) -> tuple[Step, ...]:
        """One for each share, and the rest."""
        watched = [
            Step(
                name=f"canary {share:.4g}",
                share=share,
                keeps_old=self.by_weight,
                traffic=share if self.by_weight else None,
                pause=self.pause,
                is_judged=True,
            )
            for share in self.shares
        ]
        return (*watched, Step(name="promote", share=1.0))
