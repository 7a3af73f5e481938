"""The wire of a path that has a bandwidth: messages are put on it one after the other.

A message waits until those before it have been sent, and is sent when its last byte is on the wire; then its
latency begins. What its source has not sent when it crashes is gone, and the wire is free for what the source
sends after it has restarted.

What the wire has done is counted here, and nowhere for a path without a bandwidth, whose messages cost
nothing but their latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from simulator import Environment

if TYPE_CHECKING:
    from ..infrastructure import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatistics:
    """What a path has carried since it first had a bandwidth.

    `sent_count` messages of `sent_bytes` in all have been sent, their last byte included; `waiting_count`
    wait for the wire now, and another may be on it. `busy_time` is in seconds up to now, `utilisation` its
    share of the time since then. A message that is sent now waits `backlog_time` seconds before its first
    byte is. `bandwidth` is what it is now, in bytes per second.
    """

    bandwidth: float
    sent_count: int
    sent_bytes: int
    waiting_count: int
    busy_time: float
    utilisation: float
    backlog_time: float


class Wire:
    """What the messages of one path queue for; `bandwidth` (> 0 bytes/s) is infinite where none does."""

    __slots__ = (
        "_busy_until",
        "_crash_count",
        "_env",
        "_planned_time",
        "_since",
        "_source",
        "_underway_count",
        "bandwidth",
        "sent_bytes",
        "sent_count",
        "sent_time",
    )

    def __init__(self, env: Environment, source: Host) -> None:
        self._env = env
        self._source = source
        self._since = env.now
        self._busy_until = -inf
        self._crash_count = source.crash_count
        self._underway_count = 0
        self._planned_time = 0.0  # what has been sent, and what is to be sent yet
        self.bandwidth = inf
        self.sent_time = 0.0
        self.sent_count = 0
        self.sent_bytes = 0

    def put(self, sending_time: float) -> float:
        """Queue a message that takes `sending_time` (s), and return the time until its last byte is sent."""
        if self._crash_count != self._source.crash_count:
            self._forget()
        now = self._env.now
        self._busy_until = max(self._busy_until, now) + sending_time
        self._planned_time += sending_time
        self._underway_count += 1
        return self._busy_until - now

    def leave(self, crash_count: int, size_bytes: int, sending_time: float) -> None:
        """Count a message as sent that was put here when its source had crashed `crash_count` times."""
        if crash_count == self._crash_count == self._source.crash_count:
            self._underway_count -= 1
            self.sent_count += 1
            self.sent_bytes += size_bytes
            self.sent_time += sending_time

    def _forget(self) -> None:
        """Give up what the source had not sent when it crashed."""
        self._crash_count = self._source.crash_count
        self._busy_until = -inf
        self._underway_count = 0
        self._planned_time = self.sent_time

    def statistics(self) -> LinkStatistics:
        """Return what has been done so far; a message that a crash has cut short has not been sent at all."""
        now = self._env.now
        is_gone = self._crash_count != self._source.crash_count
        backlog_time = 0.0 if is_gone else max(0.0, self._busy_until - now)
        busy_time = self.sent_time if is_gone else self._planned_time - backlog_time
        elapsed = now - self._since
        return LinkStatistics(
            bandwidth=self.bandwidth,
            sent_count=self.sent_count,
            sent_bytes=self.sent_bytes,
            waiting_count=max(0, self._underway_count - 1) if backlog_time else 0,
            busy_time=busy_time,
            utilisation=busy_time / elapsed if elapsed else 0.0,
            backlog_time=backlog_time,
        )
