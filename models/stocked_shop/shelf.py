"""The shelf: what is really there. It is the world, and no record: no crash takes it, and no message tells.

Each unit breaks (is stolen, goes off, lies where nobody finds it) at a constant rate while it is on the
shelf, on its own: after an exponential time. Nobody notices. Whoever counts may be wrong by one.

Leaves out: units that break by being picked, and those that come back. Source: DeHoratius and Raman,
"Inventory Record Inaccuracy" (Management Science, 2008), who found 65 % of some 370,000 records of a retailer
wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator import Environment
from simulator.randomness import Exponential, Uniform

from ..validation import require_count, require_each, require_from_zero, require_unit_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfStatistics:
    """Of `delivered_count` units `picked_count` have left the shelf and `broken_count` have broken.

    `present_count` are there: delivered = picked + broken + present.
    """

    delivered_count: int
    picked_count: int
    broken_count: int
    present_count: int


class Shelf:
    """The units of `items` that are there, none at first.

    Each breaks at `breakage_rate` (>= 0 per second); a count is off by one, either way, with
    `miscount_probability`. Streams: "<name>/breakage", "<name>/counting".
    """

    def __init__(
        self,
        env: Environment,
        items: Sequence[int],
        *,
        breakage_rate: float = 0.0,
        miscount_probability: float = 0.0,
        name: str = "shelf",
    ) -> None:
        items = require_each("items", items, int)
        require_from_zero("breakage_rate", breakage_rate, "per s")
        require_unit_interval("miscount_probability", miscount_probability)
        self.name = name
        self._env = env
        self._units: dict[int, dict[int, None]] = {item: {} for item in items}
        self._life = (
            env.sampler(f"{name}/breakage", Exponential(1.0 / breakage_rate)) if breakage_rate else None
        )
        self._miscount_probability = miscount_probability
        self._chance = env.sampler(f"{name}/counting", Uniform(0.0, 1.0)) if miscount_probability else None
        self._delivered_count = 0
        self._picked_count = 0
        self._broken_count = 0

    def deliver(self, item: int, units: int) -> None:
        """Put new units on the shelf."""
        require_count("units", units)
        for _ in range(units):
            self._delivered_count += 1
            number = self._delivered_count
            self._units[item][number] = None
            if self._life is not None:
                self._env.call_later(self._life(), self._break, item, number)

    def _break(self, item: int, number: int) -> None:
        if number in self._units[item]:
            del self._units[item][number]
            self._broken_count += 1

    def pick(self, item: int) -> bool:
        """Take the oldest unit that is there, and return whether one was."""
        units = self._units[item]
        if not units:
            return False
        del units[next(iter(units))]
        self._picked_count += 1
        return True

    def count(self, item: int) -> int:
        """Return what somebody counts who stands there."""
        true_count = len(self._units[item])
        if self._chance is not None and (chance := self._chance()) < self._miscount_probability:
            return max(0, true_count + (1 if 2.0 * chance < self._miscount_probability else -1))
        return true_count

    def present(self, item: int) -> int:
        """Return how many are there, for observers."""
        return len(self._units[item])

    def statistics(self) -> ShelfStatistics:
        """Return what has become of all units so far."""
        return ShelfStatistics(
            delivered_count=self._delivered_count,
            picked_count=self._picked_count,
            broken_count=self._broken_count,
            present_count=sum(map(len, self._units.values())),
        )
