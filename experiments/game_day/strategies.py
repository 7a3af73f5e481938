"""How a service is brought to its new version on a game day, and who says that it is good enough.

    strategy = { kind = "rolling" }                             # what holds where none is given
    strategy = { kind = "blue-green", keep = 20.0 }
    strategy = { kind = "canary", shares = [0.1, 0.5], pause = 15.0 }

A `judge` watches the new version, and sends everybody back where it does worse than luck explains:

    judge = { availability = 0.99 }                             # by an objective
    judge = { p99 = 0.5, against = "old" }                      # by the old version of the same time

An objective is one bound of those that a steady state has; what is judged is calls to the service, not the
requests of users. A canary's shares are exact where the policy of the balancers uses weights (the shop's
`policy = "weighted"`); elsewhere they are shares of the instances, rounded up.
"""

from typing import Literal, Self

from pydantic import model_validator

from models.deployment import (
    AgainstOld,
    BlueGreen,
    ByObjective,
    Canary,
    Judge,
    RollingUpgrade,
    Routes,
    Strategy,
)
from models.requirements import RequestObjective

from .steady_state import Bounds
from .values import Count, ShareOfMix, Table, Time

_BELONGS_TO = {"keep": "blue-green", "shares": "canary", "pause": "canary"}


class JudgeTable(Bounds):
    """One bound on single calls, and whether it is held against it or (`against`) against the old version.

    `requests_min` is how many calls it takes before anything is said.
    """

    against: Literal["objective", "old"] = "objective"
    requests_min: Count | None = None

    @model_validator(mode="after")
    def _check_objective(self) -> Self:
        self.judge()
        return self

    def judge(self) -> Judge:
        """Return the judge. Raises ValueError unless there is exactly one bound, on single calls."""
        objectives = self.objectives(None)
        if len(objectives) != 1 or not isinstance(objectives[0], RequestObjective):
            raise ValueError(
                "exactly one of availability, full and a percentile must be given, "
                f"got {len(objectives)} bounds{' with goodput' if self.goodput is not None else ''}"
            )
        kind = ByObjective if self.against == "objective" else AgainstOld
        if self.requests_min is None:
            return kind(objective=objectives[0])
        return kind(objective=objectives[0], requests_min=self.requests_min)


class StrategyTable(Table):
    """A strategy by its `kind`: `keep` (s) is for blue-green, `shares` and `pause` (s) are for canaries."""

    kind: Literal["rolling", "blue-green", "canary"] = "rolling"
    keep: Time | None = None
    shares: tuple[ShareOfMix, ...] | None = None
    pause: Time | None = None
    judge: JudgeTable | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, kind in _BELONGS_TO.items():
            if getattr(self, name) is not None and self.kind != kind:
                raise ValueError(f"{name} must go with kind {kind}, got it with {self.kind}")
        if self.judge is not None and self.kind == "rolling":
            raise ValueError("judge must go with kind blue-green or canary, got it with rolling")
        self._made(by_weight=True)
        return self

    def strategy(self, routes: Routes | None) -> Strategy:
        """Return the strategy for a service with `routes`.

        Raises ValueError where it takes some and there are none.
        """
        if self.kind != "rolling" and routes is None:
            raise ValueError(f"strategy must be rolling for a service without routes, got {self.kind}")
        balancers = () if routes is None else routes.balancers
        return self._made(by_weight=all(balancer.policy.uses_weights for balancer in balancers))

    def _made(self, *, by_weight: bool) -> Strategy:
        judge = None if self.judge is None else self.judge.judge()
        given = {name: value for name in _BELONGS_TO if (value := getattr(self, name)) is not None}
        if self.kind == "blue-green":
            return BlueGreen(judge=judge, **given)
        if self.kind == "canary":
            return Canary(judge=judge, by_weight=by_weight, **given)
        return RollingUpgrade()
