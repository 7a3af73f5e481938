"""The side of the cache: what receives invalidations there, and what it does about those that it has missed.

It lives with the cache, on its host, and cannot know which keys were in a message that was lost. Rules:

1. A message invalidates its keys, whatever its number: to do so twice, or late, does no harm.
2. Numbers that are left out are *missing*. When one has been missing for `patience` seconds the cache is
   flushed: any entry may be old. (Messages overtake each other, and TCP sends again after 0.2 s and more:
   with a patience below that it flushes for what is only late.)
3. The first message of an origin that has restarted flushes: what the last one has not sent nobody knows.
   So does the first one that comes after the cache itself has restarted, which is empty but for what it has
   loaded since.
4. With `silence_max`, nothing heard for so long flushes too, once: the cache may be cut off. What it loads
   afterwards may be old again; that is flushed when it hears of numbers that it has missed.

So an entry is old at most for as long as it takes to notice: a heartbeat, a way through the network and the
patience, where the way back is open, and else `silence_max`, or else until it expires. Without `flushes` it
counts what it misses and does nothing: then the time to live alone is what ends it.

Leaves out: a cache that serves nothing while it is cut off, as a lease would have it. Source: Redis'
documentation, "Client-side caching": flush when the connection is lost, and ping to find out; Gray and
Cheriton, "Leases" (SOSP 1989), for what it would take to be sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import Environment

from ...infrastructure import Host
from ...validation import require_delay, require_finite_duration, require_kind
from .holder import Holder, require_holder

if TYPE_CHECKING:
    from .sender import InvalidationMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatistics:
    """What has come so far.

    `received_count` messages came to a cache that was up, `dropped_count` to one that was down; of the former
    `late_count` came again, or when nobody waited for them any more. They had `key_count` keys in all. It
    was noticed `gap_count` times that messages are missing, `restart_count` times that the sender, or the
    cache, has restarted, and `silence_count` times that nothing is heard; `flush_count` flushes came of that.
    """

    received_count: int
    dropped_count: int
    late_count: int
    key_count: int
    gap_count: int
    restart_count: int
    silence_count: int
    flush_count: int


class Subscription:
    """Receives invalidations for `cache` on its `host`; made by `InvalidationSender.subscribe`.

    `heard` is the sender's present incarnation and number. `patience` (>= 0 s) is how long a missing message
    may take, `silence_max` (> 0 s, or `None`: for ever) how long nothing may be heard.
    """

    def __init__(
        self,
        env: Environment,
        cache: Holder,
        *,
        heard: tuple[int, int],
        flushes: bool = True,
        patience: float = 0.0,
        silence_max: float | None = None,
    ) -> None:
        """Have heard everything."""
        self.host: Host = require_holder(cache)
        require_kind("flushes", flushes, bool)
        require_delay("patience", patience)
        if silence_max is not None:
            require_finite_duration("silence_max", silence_max)
            if not flushes:
                raise ValueError(f"silence_max must be None where nothing flushes, got {silence_max!r}")
        self.cache = cache
        self._env = env
        self._flushes = flushes
        self._patience = patience
        self._silence_max = silence_max
        # Incarnation and last number of the sender; `None` once the cache has lost its memory.
        self._heard: tuple[int, int] | None = heard
        self._missing: dict[int, None] = {}
        self._heard_at = env.now
        self._is_silent = False
        self._received_count = 0
        self._dropped_count = 0
        self._late_count = 0
        self._key_count = 0
        self._gap_count = 0
        self._restart_count = 0
        self._silence_count = 0
        self._flush_count = 0
        self._life_count = 0
        cache.on_restart(self._start_afresh)
        self._listen()

    def _start_afresh(self) -> None:
        self._heard = None
        self._missing = {}
        self._life_count += 1
        self._heard_at = self._env.now
        self._listen()

    # -- messages -------------------------------------------------------------------------------------------

    def receive(self, message: InvalidationMessage) -> None:
        """Do what a message says; for the network."""
        if not self.cache.is_up:
            self._dropped_count += 1
            return
        self._received_count += 1
        self._heard_at = self._env.now
        if self._is_silent:
            self._listen()
        for key in message.keys:
            self._key_count += 1
            self.cache.invalidate(key)
        self._count(message)

    def _count(self, message: InvalidationMessage) -> None:
        """Find out what is missing."""
        if self._heard is None or message.incarnation > self._heard[0]:
            self._heard = message.incarnation, message.number
            self._missing = {}
            self._restart_count += 1
            self._flush()
            return
        incarnation, last = self._heard
        number = message.number
        if message.incarnation < incarnation or number <= last:
            if message.incarnation == incarnation and number in self._missing:
                if message.keys:
                    del self._missing[number]
            elif message.keys:
                self._late_count += 1
            return
        self._heard = incarnation, number
        # A heartbeat is no message with keys: of the number that it tells, too, there should have been one.
        missed = range(last + 1, number if message.keys else number + 1)
        if not missed:
            return
        self._missing.update(dict.fromkeys(missed))
        if self._patience:
            wait = self._patience / self.host.clock_rate
            self._env.call_later(wait, self._give_up, missed, incarnation, self._life_count)
        else:
            self._give_up(missed, incarnation, self._life_count)

    def _give_up(self, missed: Sequence[int], incarnation: int, life_count: int) -> None:
        """Take what is missing still for lost."""
        if self._heard is None or incarnation != self._heard[0] or life_count != self._life_count:
            return
        lost = [number for number in missed if number in self._missing]
        if lost:
            self._gap_count += 1
            for number in lost:
                del self._missing[number]
            self._flush()

    def _flush(self) -> None:
        if self._flushes:
            self._flush_count += 1
            self._missing = {}
            self.cache.invalidate_all()

    # -- silence --------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Look again when there may have been silence for too long."""
        self._is_silent = False
        if self._silence_max is not None:
            wait = max(0.0, self._heard_at + self._silence_max / self.host.clock_rate - self._env.now)
            self._env.call_later(wait, self._look, self._heard_at, self._life_count)

    def _look(self, heard_at: float, life_count: int) -> None:
        if life_count != self._life_count:
            return
        if heard_at != self._heard_at:
            self._listen()
            return
        self._is_silent = True
        if self.cache.is_up:
            self._silence_count += 1
            self._flush()

    def statistics(self) -> SubscriptionStatistics:
        """Return what has come so far."""
        return SubscriptionStatistics(
            received_count=self._received_count,
            dropped_count=self._dropped_count,
            late_count=self._late_count,
            key_count=self._key_count,
            gap_count=self._gap_count,
            restart_count=self._restart_count,
            silence_count=self._silence_count,
            flush_count=self._flush_count,
        )
