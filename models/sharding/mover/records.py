"""What has become of moves: for observers, who see it whatever happens to the mover."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Any


class Ending(Enum):
    """How a move has ended."""

    UNDER_WAY = "under way"
    MOVED = "moved"
    GIVEN_UP = "given up"


@dataclass(slots=True)
class MoveRecord:
    """A move of a range, `start` to `end`, from shard `source` to shard `target`, under `epoch` there.

    It began at `began_at`, was frozen at `frozen_at` (infinite: never) and has `ended_at` (infinite: not
    yet), in simulated seconds, as `ending` says; `reason` is why it was given up. `first_count` items were
    copied at first, `again_count` in `round_count` more rounds, since they had changed while the range was
    served, and `frozen_count` while nobody could use it. All of them weighed `size_bytes`.
    """

    start: Any
    end: Any
    source: str
    target: str
    epoch: int
    began_at: float
    frozen_at: float = inf
    ended_at: float = inf
    ending: Ending = Ending.UNDER_WAY
    reason: str = ""
    first_count: int = 0
    again_count: int = 0
    frozen_count: int = 0
    round_count: int = 0
    size_bytes: int = 0

    @property
    def freeze_time(self) -> float:
        """How long nobody could use the range, in seconds: 0 if never, infinite if it is frozen still."""
        return self.ended_at - self.frozen_at if self.frozen_at < inf else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverStatistics:
    """What a mover has done so far, in all its lives.

    Of `begun_count` moves `moved_count` came to their end and `given_up_count` were given up. `first_count`
    items were copied once, `again_count` of them again since they had changed while the range was served,
    `frozen_count` while it was frozen; together `size_bytes`. `dropped_count` items were deleted afterwards.
    Ranges were frozen for `freeze_time` seconds in all, one for `freeze_time_max`. `split_count` and
    `merge_count` ranges were split, or merged.
    """

    begun_count: int
    moved_count: int
    given_up_count: int
    first_count: int
    again_count: int
    frozen_count: int
    size_bytes: int
    dropped_count: int
    freeze_time: float
    freeze_time_max: float
    split_count: int
    merge_count: int
