"""The phi accrual failure detector: how surprising it is that a peer has been silent for so long.

Phi is -log10 of the probability that a peer which is well would be silent for longer than now. With intervals
between its signs of life that are exponentially distributed with the mean that was observed, that is

    phi = (time since the last sign of life) / (mean interval * ln 10)

A peer is suspected once phi > 8: one mistake in 10^8, if the assumption held. At an interval of 1 s that
takes about 18.4 s. Rules, which are Cassandra's:

1. The mean is over the last 1,000 intervals; the first is taken to be twice the interval of signs.
2. An interval longer than that is not counted: a peer that is often silent should be found out soon.
3. A suspected peer is trusted again at its next sign of life.
4. A peer that was never heard of is trusted for as long as if it had been heard when this node awoke.

It judges when it is asked to (`judge`), at each beat of its owner. Times are those of the owner's clock.
Leaves out: the normal distribution of the original, whose phi grows faster; pauses of the owner itself.
Source: Hayashibara et al., "The Phi Accrual Failure Detector" (SRDS 2004); Cassandra's `FailureDetector` and
CASSANDRA-2597 for the exponential distribution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import log
from typing import Generic, TypeVar

_Peer = TypeVar("_Peer")
_LN_10 = log(10.0)


class ArrivalWindow:
    """The last `size` intervals between signs of life, which should come every `interval` seconds."""

    __slots__ = ("_interval_max", "_intervals", "_total", "last")

    def __init__(self, interval: float, size: int, now: float) -> None:
        self._interval_max = 2.0 * interval
        self._intervals = deque([self._interval_max], size)
        self._total = self._interval_max
        self.last = now

    def hear(self, now: float) -> None:
        """Note a sign of life."""
        interval, self.last = now - self.last, now
        if interval <= self._interval_max:
            if len(self._intervals) == self._intervals.maxlen:
                self._total -= self._intervals[0]
            self._intervals.append(interval)
            self._total += interval

    def phi(self, now: float) -> float:
        """Return how surprising the silence is that has lasted until `now`."""
        return (now - self.last) * len(self._intervals) / (self._total * _LN_10)


class FailureDetector(Generic[_Peer]):
    """What one node believes of its `peers`: who is alive. It begins at `now` of its own clock."""

    __slots__ = ("_phi_threshold", "_suspected_at", "_windows")

    def __init__(
        self, peers: Iterable[_Peer], *, interval: float, phi_threshold: float, window: int, now: float
    ) -> None:
        self._phi_threshold = phi_threshold
        self._windows = {peer: ArrivalWindow(interval, window, now) for peer in peers}
        self._suspected_at: dict[_Peer, float] = {}

    def is_alive(self, peer: _Peer) -> bool:
        """Return whether `peer` is not suspected."""
        return peer not in self._suspected_at

    @property
    def suspects_nobody(self) -> bool:
        """Whether everybody is trusted."""
        return not self._suspected_at

    def silent_since(self, peer: _Peer) -> float:
        """Return when the last sign of life of `peer` came."""
        return self._windows[peer].last

    def hear(self, peer: _Peer, now: float) -> bool:
        """Note a sign of life, and return whether it ends a suspicion."""
        self._windows[peer].hear(now)
        return self._suspected_at.pop(peer, None) is not None

    def judge(self, now: float) -> list[_Peer]:
        """Suspect whoever has been silent for too long, and return who was not suspected before."""
        newly = [
            peer
            for peer, window in self._windows.items()
            if peer not in self._suspected_at and window.phi(now) > self._phi_threshold
        ]
        self._suspected_at.update(dict.fromkeys(newly, now))
        return newly
