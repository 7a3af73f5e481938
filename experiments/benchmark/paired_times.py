"""Two programs timed in turn, and what their ratio is.

What the machine does beside the benchmark disturbs both sides. Hence: the sides take turns (A B, B A, A B,
...), so that a slow minute meets both; time is the CPU time of this process, so that waiting for a core does
not count; and the verdict is on the ratio of the smallest times, because disturbance only ever adds. The
median of the ratios of pairs, with its interval, says how much to believe it: where the two differ by more
than the interval is wide, the machine was not quiet.

Left out: what CPU time does not see past, such as a core shared with another thread, or a clock that changes
its speed. Source: the minimum as the estimate, as in Python's `timeit`; the interval is that of order
statistics (David and Nagaraja, "Order Statistics", 3rd ed. 2003, section 7.1).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from statistics import median

from .benchmark import Effort, Measurement

Side = Callable[[int, int], int]
"""One side of a comparison: `side(size, seed)` does about `size` units of work, and returns how many."""

_CONFIDENCE = 0.95
PAIRS, QUICK_PAIRS = 9, 3
"""How many pairs are timed unless asked otherwise."""

_WARM_UP_SHARE = 10  # of the size of a timing; after that many calls the interpreter has specialised its code


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTimes:
    """CPU seconds per unit of work: one of `gameday` and one of `simpy` from each pair, in order."""

    gameday: tuple[float, ...]
    simpy: tuple[float, ...]

    @property
    def ratio_of_minima(self) -> float:
        """How many times as fast GameDay was, each side at its best."""
        return min(self.simpy) / min(self.gameday)

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times as fast GameDay was, pair by pair."""
        return tuple(theirs / ours for ours, theirs in zip(self.gameday, self.simpy, strict=True))

    @property
    def median_ratio(self) -> float:
        """The median of the pairs' ratios."""
        return median(self.ratios)

    def interval(self) -> tuple[float, float, float]:
        """Return an interval for the median ratio, low and high, and the probability that it covers it.

        Two of the measured ratios, as close together as 95 % allows; with fewer than six pairs, the smallest
        and the largest, which cover less (three pairs: 75 %).
        """
        ordered = sorted(self.ratios)
        depths = [depth for depth in range(len(ordered)) if _coverage(len(ordered), depth) >= _CONFIDENCE]
        depth = max(depths, default=0)
        return ordered[depth], ordered[-1 - depth], _coverage(len(ordered), depth)


def time_pairs(gameday: Side, simpy: Side, *, size: int, pairs: int) -> PairedTimes:
    """Time both sides `pairs` (>= 1) times in turn, pair k with seed k; each is warmed up once before."""
    for side in (gameday, simpy):
        side(max(1, size // _WARM_UP_SHARE), pairs)
    ours, theirs = [], []
    for seed in range(pairs):
        # Not always the same one first: the second of two may find a warmer cache, or a hotter core.
        if seed % 2 == 0:
            ours.append(_time(gameday, size, seed))
            theirs.append(_time(simpy, size, seed))
        else:
            theirs.append(_time(simpy, size, seed))
            ours.append(_time(gameday, size, seed))
    return PairedTimes(gameday=tuple(ours), simpy=tuple(theirs))


def side_by_side(
    gameday: Side, simpy: Side, *, noun: str, size: int, quick_size: int
) -> Callable[[Effort], Measurement]:
    """Return what a benchmark measures that compares two sides; `noun` names the unit of work."""

    def measure(effort: Effort) -> Measurement:
        pairs = effort.pairs_or(PAIRS, QUICK_PAIRS)
        times = time_pairs(gameday, simpy, size=effort.choose(size, quick_size), pairs=pairs)
        low, high, coverage = times.interval()
        ours, theirs = 1.0 / min(times.gameday), 1.0 / min(times.simpy)
        return Measurement(
            value=times.ratio_of_minima,
            detail={
                "ratio_of_minima": times.ratio_of_minima,
                "median_ratio": times.median_ratio,
                "median_ratio_low": low,
                "median_ratio_high": high,
                "coverage": coverage,
                "pairs": pairs,
                "gameday_per_second": ours,
                "simpy_per_second": theirs,
            },
            text=(
                f"median of pairs {times.median_ratio:.2f}, {coverage:.0%} interval "
                f"{low:.2f} to {high:.2f} ({pairs} pairs); "
                f"{ours:,.0f} {noun} per CPU second, SimPy {theirs:,.0f}"
            ),
        )

    return measure


def _time(side: Side, size: int, seed: int) -> float:
    # The garbage of the side before is not this one's to collect. The collector stays on: what a side costs
    # it, it costs whoever runs it.
    gc.collect()
    start = time.process_time()
    count = side(size, seed)
    return (time.process_time() - start) / count


def _coverage(count: int, depth: int) -> float:
    """The probability that the median lies between the (depth + 1)-th smallest and largest of `count`."""
    return 1.0 - 2.0 * sum(comb(count, below) for below in range(depth + 1)) / 2.0**count
