"""When a hedge sends its copies: after a percentile of its own calls, as they have been of late.

Hedged at the percentile q, 100 - q of 100 calls cost a copy, whatever the copies do for them: they change
only calls that have lasted longer, so where all targets are alike the percentile is its own fixed point. It
comes out a little low, because it fluctuates, and a low one shortens the very calls that the next is made
from. Measured with exponential calls at the 95th percentile: 5.1, 5.3, 5.9 copies per 100 calls with windows
of 5,000, 1,000, 200.

It drifts where targets are not alike. Let one of three be down: a third of the calls now last the delay *and*
the answer of a copy, so the percentile of the calls, which is the next delay, rises by about one answer, and
again, and again, until there is hardly any hedging (Cassandra's reason for hybrid policies, CASSANDRA-14293;
ScyllaDB's issue 7342 tells it step by step). `at_most` stops that. The other way round, calls that are given
up from outside, by a timeout around the hedge, are no answered calls: the slowest are not seen, the
percentile is too low, and there are too many copies. Put the timeout inside, and set a budget.

Leaves out: percentiles per operation or per target. Sources: Dean and Barroso, "The Tail at Scale" (CACM
2013): the 95th percentile, for about 5 % more load; Cassandra's `speculative_retry`: MIN and MAX of a
percentile and a time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from math import ceil, inf

from ...validation import require_count, require_delay, require_number, require_percentile


@dataclass(frozen=True, slots=True)
class AfterPercentile:
    """Hedge after the `percentile` (in (0, 100]) of the latencies of the last `window` answered calls.

    There is no hedging before `calls_min` (>= 1, at most `window`) calls were answered. The delay is never
    less than `at_least` (>= 0) nor more than `at_most` (>= `at_least`, may be infinite) seconds: Cassandra's
    MAX and MIN. The percentile is exact, by the nearest rank. Calls that failed or were given up do not
    count.

    Example::

        Hedge(env, balancer, after=AfterPercentile(95.0, at_most=0.2))
    """

    percentile: float = 95.0
    window: int = 1_000
    calls_min: int = 100
    at_least: float = 0.0
    at_most: float = inf

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_percentile("percentile", self.percentile)
        require_count("window", self.window)
        require_count("calls_min", self.calls_min)
        if self.calls_min > self.window:
            raise ValueError(f"calls_min must be <= window ({self.window}), got {self.calls_min}")
        require_delay("at_least", self.at_least)
        if not require_number("at_most", self.at_most) >= self.at_least:
            raise ValueError(f"at_most must be >= at_least ({self.at_least!r} s), got {self.at_most!r}")


class RunningPercentile:
    """The percentile of the last latencies, and the delay that follows from it."""

    __slots__ = ("_latencies", "_rule", "_sorted")

    def __init__(self, rule: AfterPercentile) -> None:
        self._rule = rule
        self._latencies: deque[float] = deque()
        # The same, in order: to keep a thousand in order costs a microsecond a call, and is exact.
        self._sorted: list[float] = []

    def record(self, latency: float) -> float | None:
        """Take in the latency of an answered call; return the new delay, `None`: too few yet."""
        rule, ordered = self._rule, self._sorted
        self._latencies.append(latency)
        insort(ordered, latency)
        count = len(ordered)
        if count > rule.window:
            del ordered[bisect_left(ordered, self._latencies.popleft())]
            count -= 1
        if count < rule.calls_min:
            return None
        # 64.4 * 250 / 100 is a little more than 161 in floats.
        rank = ceil(rule.percentile * count / 100 - 1e-9)
        return min(max(ordered[rank - 1], rule.at_least), rule.at_most)
