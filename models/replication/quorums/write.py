"""A write under way: who has been sent it, who has acknowledged it, and who waits for that.

It outlives its client's answer: it is awaited until every target has acknowledged, or the time-out is over;
then those that have not are kept hints for. Source: Cassandra's `AbstractWriteResponseHandler`, and its
callbacks that become hints when they expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator import Process

from .levels import Demand, Tally

if TYPE_CHECKING:
    from simulator.fast_simpy import Call as Timer

    from ..versions import Cell, Siblings
    from .coordinator import Coordinator


class Write:
    """A write of `version` of `key`, with `number` among what `coordinator` awaits.

    `targets` says who is sent it, and the replica that each stands for, mostly itself.
    """

    __slots__ = ("_coordinator", "_key", "_tally", "_unanswered", "_version", "number", "timer", "waiter")

    def __init__(
        self,
        coordinator: Coordinator,
        number: int,
        key: Any,
        version: Cell | Siblings,
        demand: Demand,
        targets: Mapping[Coordinator, Coordinator],
    ) -> None:
        self._coordinator = coordinator
        self.number = number
        self._key = key
        self._version = version
        self._tally = Tally(demand)
        self._unanswered = dict(targets)
        self.waiter: Process | None = None
        self.timer: Timer | None = None

    @property
    def is_done(self) -> bool:
        """Whether the client can be answered."""
        return self._tally.missing <= 0

    @property
    def missing_count(self) -> int:
        """How many acknowledgements the level still wants."""
        return max(self._tally.missing, 0)

    def acknowledged(self, sender: Coordinator) -> None:
        """Note that `sender` has the write; a second time that is no news."""
        if self._unanswered.pop(sender, None) is not None:
            self.count(sender.region)
            if not self._unanswered:
                self._coordinator.awaits_no_more(self.number)
                if self.timer is not None:
                    self.timer.cancel()

    def count(self, region: str) -> None:
        """Count an acknowledgement from `region`, or what counts as one."""
        if self._tally.count(region):
            self._wake(True)

    def expire(self) -> None:
        """Give up waiting, and keep hints for whoever has not acknowledged."""
        coordinator = self._coordinator
        coordinator.awaits_no_more(self.number)
        self._wake(False)
        for replica in self._unanswered.values():
            if replica is not coordinator:  # whose own log has the write, and only its disk is slow
                coordinator.keep_hint(replica, self._key, self._version)

    def _wake(self, is_done: bool) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            self._coordinator.env.wake(waiter, is_done)
