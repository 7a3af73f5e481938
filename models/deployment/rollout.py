"""A rollout: one upgrade, from its order to its end, as the controller has it on its disk."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

from .strategy import Step, Strategy
from .version import Version

Outcome = Literal["under way", "complete", "rolled back", "superseded"]


@dataclass(slots=True, kw_only=True, eq=False)
class Rollout:
    """An upgrade from the `old` version to `version` by a `strategy`, ordered at `began_at` (s).

    - `steps` are those that are to be gone through, `step_index` says where it stands.
    - `is_going_back` says that it was given up, for a `reason`, and the old version is to come back.
    - `is_stuck`: nothing has moved for longer than the strategy's deadline; `stuck_count` times so far.
    - `outcome`, and `ended_at` (s; nan while it is under way).
    """

    version: Version
    old: Version
    strategy: Strategy
    steps: tuple[Step, ...]
    began_at: float
    step_index: int = 0
    is_going_back: bool = False
    reason: str = ""
    is_stuck: bool = False
    stuck_count: int = 0
    outcome: Outcome = "under way"
    ended_at: float = nan

    @property
    def step(self) -> Step:
        """The present step."""
        return self.steps[self.step_index]

    @property
    def target(self) -> Version:
        """The version that is to be the only one in the end, as things stand."""
        return self.old if self.is_going_back else self.version
