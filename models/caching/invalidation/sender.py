"""What sends invalidations: numbered messages to subscribed caches, in batches, with heartbeats between them.

It lives in the process of an endpoint, which tells it what has been written. Rules:

1. With `batch_time` keys are collected for so long, each once, and sent in one message, or as soon as there
   are `batch_count_max`: fewer messages, and later ones. What was collected is lost in a crash. An instance
   that is told to stop sends it, and collects no more.
2. Messages are numbered. What a subscriber does with that is its own business (`Subscription`): it cannot
   know which keys it has missed, but it can know that it has missed some. With `heartbeat` it is told the
   last number so often, and so hears of a loss without waiting for the next write.
3. When the process restarts, or says that it does not know what it has not sent (`begin_anew`), the numbers
   begin anew under another `incarnation`.

Every subscriber is told of every key, whether it has that or not: messages per write are as many as caches.
Leaves out: keeping account of who has what (Redis' tracking without BCAST, AFS' callbacks), which trades
memory at the origin for messages. Source: Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013),
section 4.1, for batches; Redis' documentation, "Client-side caching", on broadcasting, and on what to do when
a connection is lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from simulator import Environment
from simulator.fast_simpy import Call as Timer

from ...endpoint import Endpoint
from ...infrastructure import Host
from ...network import Network
from ...services import Instance
from ...validation import require_count, require_delay, require_finite_duration, require_kind
from .holder import Holder
from .subscription import Subscription

_TRANSPORTS = ("tcp", "datagram")


class InvalidationMessage(NamedTuple):
    """What a subscriber is sent: keys that have been written, none in a heartbeat.

    `number` is that of the last message with keys in this `incarnation` of the sender, itself included.
    """

    incarnation: int
    number: int
    keys: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidationsStatistics:
    """What has been sent so far.

    Of `write_count` writes was told, and their keys went into `batch_count` batches, each of which
    is a message to each subscriber; of heartbeats there were `heartbeat_count`, to each. `message_count` is
    how many messages were sent in all, and `forgotten_count` how many keys died with the process before they
    were sent.
    """

    write_count: int
    batch_count: int
    heartbeat_count: int
    message_count: int
    forgotten_count: int


class InvalidationSender:
    """Sends invalidations from the process of `home`, on its host, to the caches that `subscribe`.

    `batch_time` (>= 0 s) and `batch_count_max` (>= 1) say how long, and how many, keys wait for each other;
    `heartbeat` (> 0 s) is the time between two heartbeats, `None` for none. A message weighs `key_bytes` (>=
    0) for each key; `transport` is "tcp" or "datagram".
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        home: Endpoint,
        *,
        batch_time: float = 0.0,
        batch_count_max: int = 1_000,
        heartbeat: float | None = None,
        key_bytes: int = 0,
        transport: str = "tcp",
    ) -> None:
        """Have no subscriber."""
        require_kind("network", network, Network)
        require_delay("batch_time", batch_time)
        require_count("batch_count_max", batch_count_max)
        if heartbeat is not None:
            require_finite_duration("heartbeat", heartbeat)
        require_count("key_bytes", key_bytes, 0)
        if transport not in _TRANSPORTS:  # or the first write would be told, in the middle of a run
            raise ValueError(f"transport must be one of {', '.join(_TRANSPORTS)}, got {transport!r}")
        require_kind("host of the target", home.host, Host)
        assert home.host is not None
        self._env = env
        self._network = network
        self._home = home
        self._host: Host = home.host
        self._batch_time = batch_time
        self._batch_count_max = batch_count_max
        self._heartbeat = heartbeat
        self._key_bytes = key_bytes
        self._transport = transport
        self._subscriptions: list[Subscription] = []
        self._incarnation = 0
        self._number = 0
        self._waiting: dict[Hashable, None] = {}
        self._timer: Timer | None = None
        self._write_count = 0
        self._batch_count = 0
        self._heartbeat_count = 0
        self._message_count = 0
        self._forgotten_count = 0
        self._host.on_restart(self._start_afresh, endpoint=home)
        if isinstance(home, Instance):
            home.on_stopping(self._stop_collecting)
        self._wait_for_beat(self._incarnation)

    def subscribe(
        self, cache: Holder, *, flushes: bool = True, patience: float = 0.0, silence_max: float | None = None
    ) -> Subscription:
        """Tell `cache` of all writes from now on; return what receives the messages on its host.

        It takes no message, as in a system that is there when the run begins. The options are those of
        `Subscription`; a `silence_max` must be longer than the time between heartbeats.
        """
        if silence_max is not None:
            require_finite_duration("silence_max", silence_max)
        if silence_max is not None and (self._heartbeat is None or not silence_max > self._heartbeat):
            raise ValueError(f"silence_max must be > heartbeat, {self._heartbeat!r} s, got {silence_max!r}")
        if any(each.cache is cache for each in self._subscriptions):
            raise ValueError(f"cache must be one that is not told already, got {cache!r}")
        subscription = Subscription(
            self._env,
            cache,
            heard=(self._incarnation, self._number),
            flushes=flushes,
            patience=patience,
            silence_max=silence_max,
        )
        self._subscriptions.append(subscription)
        return subscription

    # -- sending --------------------------------------------------------------------------------------------

    def send(self, *keys: Hashable) -> None:
        """Tell all subscribers that these keys have been written, now or with the next batch."""
        if not keys or not self._host.runs(self._home):
            return
        self._write_count += len(keys)
        self._waiting.update(dict.fromkeys(keys))
        if not self._batch_time or len(self._waiting) >= self._batch_count_max:
            self._send_batch()
        elif self._timer is None:
            wait = self._batch_time / self._host.clock_rate
            self._timer = self._env.call_later(wait, self._send_batch)

    def _send_batch(self) -> None:
        if not self._host.runs(self._home):
            return  # what waits is forgotten
        self._stop_timer()
        keys, self._waiting = tuple(self._waiting), {}
        self._number += 1
        self._batch_count += 1
        self._send_all(keys)

    def _stop_collecting(self) -> None:
        """Send what waits, and each key at once from now on: the process may be gone when a batch is due."""
        self._batch_time = 0.0
        if self._waiting:
            self._send_batch()

    def _send_all(self, keys: tuple[Hashable, ...]) -> None:
        message = InvalidationMessage(self._incarnation, self._number, keys)
        size_bytes = len(keys) * self._key_bytes
        for subscription in self._subscriptions:
            self._message_count += 1
            self._network.send(
                self._host,
                subscription.host,
                subscription.receive,
                message,
                size_bytes=size_bytes,
                transport=self._transport,
            )

    def _wait_for_beat(self, incarnation: int) -> None:
        if self._heartbeat is not None and self._host.runs(self._home):
            self._env.call_later(self._heartbeat / self._host.clock_rate, self._beat, incarnation)

    def _beat(self, incarnation: int) -> None:
        if incarnation == self._incarnation and self._host.runs(self._home):
            self._send_heartbeat()
            self._wait_for_beat(incarnation)

    def _send_heartbeat(self) -> None:
        self._heartbeat_count += 1
        self._send_all(())

    # -- beginning anew -------------------------------------------------------------------------------------

    def begin_anew(self) -> None:
        """Say that nobody knows what has not been sent: subscribers flush when they hear of it."""
        self._start_afresh()
        self._send_heartbeat()

    def _start_afresh(self) -> None:
        self._forgotten_count += len(self._waiting)
        self._waiting = {}
        self._stop_timer()
        self._incarnation += 1
        self._number = 0
        self._wait_for_beat(self._incarnation)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def statistics(self) -> InvalidationsStatistics:
        """Return what has happened so far."""
        is_gone = not self._host.runs(self._home)
        return InvalidationsStatistics(
            write_count=self._write_count,
            batch_count=self._batch_count,
            heartbeat_count=self._heartbeat_count,
            message_count=self._message_count,
            forgotten_count=self._forgotten_count + (len(self._waiting) if is_gone else 0),
        )
