"""Balance by load: a range that is hot is split where half of its load lies, and a half moves.

Looked at are the shard with the most load, and the one with the least. Rules:

1. Nothing is done while the most loaded shard is within `tolerance` of the mean.
2. The range of it moves after which the larger of the two loads is the least, if that brings it down by
   `gain` times the mean, at least.
3. Else its hottest range of more than one token that is worth it is split at the median of its load, by
   token: in the next round its halves are ranges, and one may move. It is worth it if the larger of its
   halves could be moved with that gain, or the smaller.
4. Else nothing: what is left is one key, or too little. **One hot key cannot be split**: wherever it goes,
   its load goes with it. It is named in `hot_tokens`. What helps is to read it from replicas, to cache it, or
   to salt it (`salted_key`).

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
from .range_loads import RangeLoad, median_bound
from .steps import MoveRange, SplitRange, Step


class Balanced(Goal):
    """The most loaded of `shards` has at most (1 + `tolerance`) of their mean load, where moves can help.

    Loads are measured over `load_interval` s (> 0). A move must bring `gain` (> 0) times the mean. There are
    at most `ranges_max` (>= 1) ranges. `hot_tokens` are those that were too hot alone, by the last look.
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
        choice = _Choice(table, loads, hottest, totals[hottest], totals[coldest], self.gain * mean)
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

    def best_move(self) -> int | None:
        """Return the place of the range that is best moved, if any is worth it."""
        settled = [place for place in self._places if self._table.assignments[place].move is None]
        best = max(settled, key=lambda place: self._gain_of(self._loads[place].rate), default=None)
        return best if best is not None and self._gain_of(self._loads[best].rate) >= self._gain else None

    def best_split(self) -> Any | None:
        """Return where the hottest range is to be split of which a half can be moved, if there is one."""
        for place in self._places:
            load, assignment = self._loads[place], self._table.assignments[place]
            bound = median_bound(load) if assignment.move is None else None
            if bound is not None:
                below = sum(rate for token, rate in load.by_token.items() if token < bound)
                if max(self._gain_of(below), self._gain_of(load.rate - below)) >= self._gain:
                    return bound
        return None

    def hot_tokens(self) -> tuple[Any, ...]:
        """Return the tokens that are too hot for any move, the hottest first."""
        alone = {
            token: rate
            for load in self._loads.values()
            for token, rate in load.by_token.items()
            if rate > self._high / 2.0
        }
        return tuple(sorted(alone, key=lambda token: -alone[token]))
