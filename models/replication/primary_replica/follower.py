"""What a primary knows of one of its replicas: all of it by messages, and so as of some time ago."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from .commit_rules import Progress
from .messages import Progressed

if TYPE_CHECKING:
    from .member import Member


class Follower:
    """A replica, as its primary sees it; `is_in_sync` is for `InSync` alone.

    `next_position` is the first that it was not sent yet, as far as is known; of `sent_count` messages to it
    the one with number `sent_again_in` was the last with what it had asked for. `caught_up_at` is the last
    time of which it is known that the replica had all that was there then: Kafka's rule, by which a replica
    that is always a little behind a busy primary is caught up all the same. A new primary takes all for
    caught up, and none for connected.
    """

    __slots__ = (
        "_applied",
        "_end_before",
        "_flushed",
        "_incarnation",
        "_told_at",
        "_written",
        "caught_up_at",
        "heard_at",
        "is_in_sync",
        "member",
        "next_position",
        "sent_again_in",
        "sent_count",
    )

    def __init__(self, member: Member, next_position: int, now: float, *, is_in_sync: bool) -> None:
        self.member = member
        self.next_position = next_position
        self.is_in_sync = is_in_sync
        self.sent_count = self.sent_again_in = 0
        self.heard_at = -inf
        self.caught_up_at = now
        self._incarnation = -1
        self._written = self._flushed = self._applied = 0
        self._end_before, self._told_at = next_position, now

    def position(self, progress: Progress) -> int:
        """Return up to where it has acknowledged `progress`."""
        if progress is Progress.WRITTEN:
            return self._written
        return self._flushed if progress is Progress.FLUSHED else self._applied

    def hear(self, message: Progressed, last_position: int, now: float) -> bool:
        """Take note of what it says, where the log ends at `last_position`; return whether that is news."""
        if message.incarnation < self._incarnation:
            return False
        if message.incarnation > self._incarnation:
            # It has started again, and may have lost what it had acknowledged.
            self._incarnation = message.incarnation
            self._written, self._flushed, self._applied = message.written, message.flushed, message.applied
        else:
            self._written = max(self._written, message.written)
            self._flushed = max(self._flushed, message.flushed)
            self._applied = max(self._applied, message.applied)
        self.heard_at = now
        if self._written >= last_position:
            self.caught_up_at = now
        elif self._written >= self._end_before:
            self.caught_up_at = max(self.caught_up_at, self._told_at)
        self._end_before, self._told_at = last_position, now
        return True
