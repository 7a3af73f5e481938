"""Speculative retry of reads: when a coordinator asks one replica more than the level wants.

    Never                   it does not
    Always                  at once
    AfterDelay              when so many seconds have passed without enough answers
    AfterPercentile         when so many percent of this coordinator's reads would have been answered

A percentile follows what it measures: where one replica of three is slow, it is in a third of all samples,
and the 99th percentile becomes the slow one's latency. So Cassandra also takes the smaller, or larger, of a
percentile and a delay: here `at_most` and `at_least`. Until there are samples, half the time-out stands in.
Leaves out: samples that fade; reads that timed out, which Cassandra counts with the time that they took.
Source: Cassandra's `speculative_retry` (99p by default) and CASSANDRA-14293; Dean and Barroso, "The Tail at
Scale" (CACM 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ...validation import require_delay, require_percentile, require_time


@dataclass(frozen=True, slots=True)
class Never:
    """No further replica is asked."""


@dataclass(frozen=True, slots=True)
class Always:
    """One replica more is asked from the beginning, and two of all for data."""


@dataclass(frozen=True, slots=True)
class AfterDelay:
    """One replica more is asked after `delay` seconds (>= 0)."""

    delay: float

    def __post_init__(self) -> None:
        """Check the delay."""
        require_delay("delay", self.delay)


@dataclass(frozen=True, slots=True)
class AfterPercentile:
    """One replica more is asked after the `percentile` (in (0, 100]) of the latency of reads so far.

    But not before `at_least` seconds, and not after `at_most`.
    """

    percentile: float = 99.0
    at_least: float = 0.0
    at_most: float = inf

    def __post_init__(self) -> None:
        """Check percentile and bounds."""
        require_percentile("percentile", self.percentile)
        require_time("at_least", self.at_least)
        require_time("at_most", self.at_most)
        if self.at_least > self.at_most:
            raise ValueError(f"at_least must be <= at_most, got {self.at_least!r} and {self.at_most!r}")


Speculation = Never | Always | AfterDelay | AfterPercentile
