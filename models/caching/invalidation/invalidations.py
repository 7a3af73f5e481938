"""Invalidation on write: whoever takes the writes tells the caches, by messages that may be late or lost.

It stands around an origin, in its process, and sees all that is written there. For each write that took
effect it sends the key to each subscribed cache (`InvalidationSender`), which then has no entry of it and
keeps none that a load now under way brings. So nobody reads an old value for longer than a message takes, if
it comes, and if the cache asks the origin itself. Rules:

1. A write took effect when the origin has answered it. One that failed may have, but for failures that say
   that nothing was done (`CallFailed.nothing_done`), and so its key is sent as well.
2. If the origin's process dies in the middle of a write nobody is left to send anything, whatever has become
   durable. Subscribers flush when they hear of the restart; who has to be sure reads what has become durable
   (`InvalidationFeed`).
3. What is written elsewhere, past the origin that it stands around, is not seen.
4. Caches that ask each other are told each for itself. One that hears before the one that it asks may take
   the old value back from there, and keeps it for as long as any (as in `proxies.cdn`, rule 2).

Source: Redis' documentation, "Client-side caching": the server that holds the data tells the clients.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from simulator import CallFailed, Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...infrastructure import Host
from ...network import Network
from ...request import Request
from ...validation import require_each, require_kind
from ..patterns import READS
from .holder import Holder
from .sender import InvalidationSender, InvalidationsStatistics
from .subscription import Subscription

_NO_WRITES = frozenset({"scan"})


class Invalidations(Wrapper):
    """Answers as `target` does, on whose host it stands, and tells the caches that `subscribe` of each write.

    What is in `reads`, and a scan, is no write. The other options are those of `InvalidationSender`.

    Example::

        origin = Invalidations(env, network, Instance(env, server, Work(0.01)), heartbeat=1.0)
        proxy = ReverseProxy(env, Cache(env, network.connect(edge, origin), store))
        origin.subscribe(proxy.cache)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        target: Endpoint,
        *,
        reads: Iterable[str] = READS,
        batch_time: float = 0.0,
        batch_count_max: int = 1_000,
        heartbeat: float | None = None,
        key_bytes: int = 0,
        transport: str = "tcp",
        name: str = "invalidations",
    ) -> None:
        """Have no subscriber."""
        super().__init__(target, name=name)
        require_kind("host of the target", self.host, Host)
        self._reads = frozenset(require_each("reads", reads, str)) | _NO_WRITES
        self._sender = InvalidationSender(
            env,
            network,
            self.serving,
            batch_time=batch_time,
            batch_count_max=batch_count_max,
            heartbeat=heartbeat,
            key_bytes=key_bytes,
            transport=transport,
        )

    def subscribe(
        self, cache: Holder, *, flushes: bool = True, patience: float = 0.0, silence_max: float | None = None
    ) -> Subscription:
        """Tell `cache` of all writes from now on, as `InvalidationSender.subscribe` does."""
        return self._sender.subscribe(cache, flushes=flushes, patience=patience, silence_max=silence_max)

    def call(self, request: Request) -> Call:
        """Answer `request`, and tell the caches if that may have written."""
        if request.operation in self._reads:
            return (yield from self.target.call(request))
        try:
            response = yield from self.target.call(request)
        except GeneratorExit:
            raise  # the process has died, and sends nothing any more
        except BaseException as end:
            if not (isinstance(end, CallFailed) and end.nothing_done):
                self.send(request.key)
            raise
        self.send(request.key)
        return response

    def send(self, key: Hashable) -> None:
        """Tell all subscribers that `key` has been written, now or with the next batch."""
        self._sender.send(key)

    def statistics(self) -> InvalidationsStatistics:
        """Return what has been sent so far."""
        return self._sender.statistics()
