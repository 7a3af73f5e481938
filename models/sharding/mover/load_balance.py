"""Balance by load: what is hot moves away, and is cut off before from what stays.

Looked at are the shard with the most load, and the one with the least. Rules:

1. Nothing is done while the most loaded shard is within `tolerance` of the mean.
2. The range of it moves after which the larger of the two loads is the least, if that brings it down by its
   share `gain`, at least. Of two that bring the same, the one that is asked for less: its users are those who
   wait while it is frozen.
3. Else one of its ranges is split, at a token that was asked for, so that what is before it, or from it on,
   could be moved with that gain: where that is largest. In the next round that part is a range, and moves.
   Where the other shard has nothing, that is the median of the load; where all others are nearly as loaded,
   a small part of it. (Halves would be too much for anybody then, and the shard would stay as it is.)
4. Else nothing, not even where a part could be moved that lies between two that could not: that would take
   two splits. A key whose load is more than the gain, and too much for any other shard, is named in
   `hot_tokens`. **One hot key cannot be split**: wherever it goes, its load goes with it. What helps is to
   read it from replicas, to cache it, or to salt it (`salted_key`).

What is counted is requests, whatever work each is: those for a key, and scans of keys that all lie in one
range, with the first token that they ask for. A scan over several ranges asks each shard once that has any of
them, and goes on asking it until the last has gone: to count it would promise a gain that no move brings.

Why it does not oscillate: each move brings the larger of two loads down, by a bound, and makes no other shard
larger than that one was; so with loads that stay as they are it comes to an end. Loads that are measured
differ by chance: over n requests by about sqrt(n). `tolerance` and `gain` have to be above that, or moves
follow noise; each is decided by requests that were served after the last change, all of them.

Source: Adya et al., "Slicer" (OSDI 2016), for its weighted-move algorithm: what a move brings is weighed
against what it costs; CockroachDB's documentation, "Load-Based Splitting".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...validation import require_count, require_each, require_finite_duration, require_positive
from ..routing_table import RoutingTable
from .goals import Goal
from .range_loads import RangeLoad, bounds_inside
from .steps import MoveRange, SplitRange, Step

_DIGITS = 9


class Balanced(Goal):
    """The most loaded of `shards` has at most (1 + `tolerance`) of their mean load, where moves can help.

    Loads are measured over `load_interval` s (> 0). A move must bring the most loaded down by `gain` (> 0)
    of its load: less is not worth a copy that is read from it. There are at most `ranges_max` (>= 1) ranges.
    `hot_tokens` are those that were too hot alone, by the last look.
    """

    def __init__(
        self,
        shards: Iterable[str],
        *,
        load_interval: float = 10.0,
        tolerance: float = 0.2,
        gain: float = 0.1,
        ranges_max: int = 1000,
    ) -> None:
        self.shards: tuple[str, ...] = require_each("shards", shards, str)
        if not self.shards:
            raise ValueError("shards must be at least one, got none")
        require_finite_duration("load_interval", load_interval)
        require_positive("tolerance", tolerance)
        require_positive("gain", gain)
        require_count("ranges_max", ranges_max)
        self.load_interval = load_interval
        self.tolerance = tolerance
        self.gain = gain
        self.ranges_max = ranges_max
        self.hot_tokens: tuple[Any, ...] = ()

    def steps(self, table: RoutingTable, loads: Sequence[RangeLoad]) -> Sequence[Step]:
        """Return one step that brings the most loaded shard down, if there is one that is worth it."""
        self.hot_tokens = ()
        totals = dict.fromkeys(self.shards, 0.0)
        for assignment, load in zip(table.assignments, loads, strict=True):
            if assignment.shard in totals:
                totals[assignment.shard] += load.rate
        hottest, coldest = max(totals, key=totals.__getitem__), min(totals, key=totals.__getitem__)
        mean = sum(totals.values()) / len(totals)
        if totals[hottest] <= (1.0 + self.tolerance) * mean:
            return ()
        choice = _Choice(table, loads, hottest, totals[hottest], totals[coldest], self.gain * totals[hottest])
        place = choice.best_move()
        if place is not None:
            return (MoveRange(table.starts[place], coldest),)
        bound = choice.best_split() if len(table.starts) < self.ranges_max else None
        if bound is not None:
            return (SplitRange(bound),)
        self.hot_tokens = choice.hot_tokens()
        return ()


class _Choice:
    """What could be taken from the most loaded shard, `hottest` with load `high`, for one with load `low`."""

    def __init__(
        self,
        table: RoutingTable,
        loads: Sequence[RangeLoad],
        hottest: str,
        high: float,
        low: float,
        gain: float,
    ) -> None:
        self._table = table
        self._high = high
        self._low = low
        self._gain = gain
        # Hottest first; of equal ones the first.
        self._loads = {place: loads[place] for place in table.places_of(hottest)}
        self._places = sorted(self._loads, key=lambda place: -self._loads[place].rate)

    def _gain_of(self, rate: float) -> float:
        """Return by how much the larger of both loads comes down if so much moves."""
        return self._high - max(self._high - rate, self._low + rate)

    def _settled(self) -> list[int]:
        return [place for place in self._places if self._table.assignments[place].move is None]

    def best_move(self) -> int | None:
        """Return the place of the range that is best moved, if any is worth it."""
        # Where the other shard has nothing, what stays behind would bring the same as what moves. Rounded, as
        # the two are then sums of the same in another order.
        best = min(
            self._settled(),
            key=lambda place: (
                -round(self._gain_of(self._loads[place].rate) / self._high, _DIGITS),
                self._loads[place].rate,
            ),
            default=None,
        )
        return best if best is not None and self._gain_of(self._loads[best].rate) >= self._gain else None

    def best_split(self) -> Any | None:
        """Return where a range is to be split so that a part of it is best moved, if that is worth it."""
        parts = [
            (max(self._gain_of(below), self._gain_of(self._loads[place].rate - below)), bound)
            for place in self._settled()
            for bound, below in bounds_inside(self._loads[place])
        ]
        gain, bound = max(parts, key=lambda part: part[0], default=(0.0, None))
        return bound if gain >= self._gain else None

    def hot_tokens(self) -> tuple[Any, ...]:
        """Return the tokens that are too hot for any move, the hottest first."""
        alone = {
            token: rate
            for load in self._loads.values()
            for token, rate in load.by_token.items()
            if rate >= self._gain > self._gain_of(rate)
        }
        return tuple(sorted(alone, key=lambda token: -alone[token]))
