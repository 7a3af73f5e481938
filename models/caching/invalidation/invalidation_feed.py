"""Invalidations from what has become durable: a process that reads a store's changes, and tells the caches.

Who tells the caches when he has written may die between the two, and what others write he does not know. A
feed asks the store itself, every `interval`, what has changed since it has asked last (the mark of a scan,
`models.replication.scans`), and sends the keys of that in one message. Rules:

1. A change is told of when it is seen: up to an interval, the answer and the way later. A key that was
   written several times between two questions is told of once.
2. The mark is in memory. A feed that has restarted, and one whose mark the store does not know any more
   (another history, `ServerError`), cannot tell what it has missed: it takes a new mark, which costs a scan
   of everything, and begins anew, so that the caches flush. That is so at the beginning of a run, too.
3. A question that is not answered within `patience` is asked again after the interval; then caches are as old
   as that takes, and their heartbeats go on, since nothing was missed.

So no write is lost on the way from the store to the caches: not by a crash of whoever wrote, since the store
knows of it; not by one of the feed, since the caches flush; not by the network, since numbers say so. What is
left is time. Where reads come from replicas that lag, a cache may load the old value after it was told.

A store whose scans have no mark (quorums, several primaries) has everything flushed every interval: take
another way there. Source: Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), section 4.1: mcsqueal,
a daemon that reads the database's commit log; `models.cqrs.feeds` for the same idea with a log behind it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from simulator import CallFailed

from ...failures import ServerError
from ...nodes import Node
from ...replication import Store, scan
from ...replication.scans import AllKeys, Scanned
from ...validation import require_finite_duration, require_kind
from .holder import Holder
from .sender import InvalidationSender, InvalidationsStatistics
from .subscription import Subscription

if TYPE_CHECKING:
    from simulator import Environment

    from ...infrastructure import Host
    from ...network import Network
    from ...request import Request


class InvalidationFeed(Node):
    """Tells the caches that `subscribe` what changes in `store`, asking it every `interval` s (> 0).

    It runs on `host`, and waits `patience` s (> 0) for an answer. `heartbeat`, `key_bytes` and `transport`
    are those of `InvalidationSender`.

    Example::

        feed = InvalidationFeed(env, host, network, store=store, interval=0.1, heartbeat=1.0, name="feed")
        feed.subscribe(cache)
    """

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        *,
        store: Store,
        interval: float,
        patience: float = 1.0,
        heartbeat: float | None = None,
        key_bytes: int = 0,
        transport: str = "tcp",
        name: str = "invalidation feed",
    ) -> None:
        """Begin to ask."""
        require_kind("store", store, Store)
        require_finite_duration("interval", interval)
        require_finite_duration("patience", patience)
        self._store = store
        self._interval = interval
        self._patience = patience
        super().__init__(env, host, network, transport=transport, name=name)
        self._sender = InvalidationSender(
            env, network, self, heartbeat=heartbeat, key_bytes=key_bytes, transport=transport
        )

    def subscribe(
        self, cache: Holder, *, flushes: bool = True, patience: float = 0.0, silence_max: float | None = None
    ) -> Subscription:
        """Tell `cache` of all changes from now on, as `InvalidationSender.subscribe` does."""
        return self._sender.subscribe(cache, flushes=flushes, patience=patience, silence_max=silence_max)

    def wake_up(self) -> None:
        """Begin to ask for changes."""
        self.run(self._follow(), "following")

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Raise `ServerError`: it is asked for nothing."""
        yield from ()
        raise ServerError(f"{self.name} takes no requests, got {request.operation!r}")

    def _follow(self) -> Generator[Any, Any, None]:
        store = self._store.client(self.host)
        mark: Any = None
        while True:
            try:
                with self.env.fail_after(self._patience / self.host.clock_rate):
                    response = yield from store.call(scan(AllKeys(), after=mark))
            except ServerError:
                mark = None
            except CallFailed:
                pass
            else:
                scanned: Scanned = response.value
                if mark is None:
                    self._sender.begin_anew()
                else:
                    self._sender.send(*(key for key, _ in scanned.items))
                mark = scanned.mark
            yield self._interval / self.host.clock_rate

    def told(self) -> InvalidationsStatistics:
        """Return what has been sent so far; `statistics` is of the calls to it, of which there are none."""
        return self._sender.statistics()
