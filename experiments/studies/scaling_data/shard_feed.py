"""A feed: what has changed in one shard is carried to an event log, from which read models are made.

A shard's store tells what has changed since a mark (`replication.scans`); that is change data capture by
asking, without a second write of whoever writes. One feed for each shard, a process on the shard's host:

1. It asks the store every `interval`, from some moment on, for what has changed after its mark, and appends
   that to the shard's stream of the log, as one event that has the next mark with it.
2. The mark that counts is that of the stream's last event: who starts, or does not know what has become of an
   append, reads the stream. An append expects the version of the stream up to which it was read, so that one
   that is late is refused: nothing is carried twice, nor an old value after a newer one.
3. A mark that the store does not know any more (`ServerError`) means to carry all of it again.

So each change arrives, and those of one key in their order; what a key had between two questions does not
show. It has the store's own keys: while a range moves, two feeds would tell of it, which is left out, as are
items that were there and are gone where all is carried again.

Source: Debezium's documentation, "Features": capture from the database, and offsets that come back after a
restart; Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 11, "Change Data Capture".
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Host, Network, Request, ServerError
from models.cqrs import ReadModel
from models.cqrs.log import Conflict, EventLog, StreamSlice, append_commit, read_stream
from models.cqrs.projections import Rows
from models.nodes import Node
from models.replication import Store, scan
from models.replication.scans import AllKeys, Scanned
from simulator import Environment
from simulator.randomness import Uniform

PATIENCE = 1.0
"""Seconds that a feed waits for the shard's store, or the log."""

ALL = "all"
"""The key of the one row of `WholeShop`."""


@dataclass(frozen=True, slots=True)
class Fed:
    """What has changed in a shard up to `mark`: pairs of a key, as users call it, and a value, or `None`."""

    items: tuple[tuple[Hashable, Any], ...]
    mark: Any


class WholeShop(ReadModel):
    """Everything in one row, by key: the answer to a query that would need all shards."""

    def apply(self, event: Any, rows: Rows) -> None:
        """Put what has changed into the row."""
        row: Mapping[Hashable, Any] = rows.get(ALL, {})
        merged = {**row, **dict(event.items)}
        rows[ALL] = {key: value for key, value in merged.items() if value is not None}


class ShardFeed(Node):
    """The feed of `shard`, whose `store` is on the same host, to `log`, every `interval` s (> 0)."""

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        *,
        shard: str,
        store: Store,
        log: EventLog,
        interval: float,
    ) -> None:
        self._shard = shard
        self._store = store
        self._log = log
        self._interval = interval
        self._phase = env.sampler(f"feed of {shard}/phase", Uniform(0.0, interval))
        super().__init__(env, host, network, name=f"feed of {shard}")

    def remember(self) -> None:
        """Know of no mark."""
        self._from_store = self._store.client(self.host)
        self._to_log = self._log.client(self.host)
        # Of the stream, and of the log when it took its last commit; `None` when it has to be read.
        self._known: tuple[int, int] | None = None

    def wake_up(self) -> None:
        """Begin to carry."""
        self.run(self._carry(), "carrying")

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Raise `ServerError`: it is asked for nothing."""
        yield from ()
        raise ServerError(f"{self.name} takes no requests, got {request.operation!r}")

    def _carry(self) -> Generator[Any, Any, None]:
        mark: Any = None
        yield self._phase() / self.host.clock_rate
        while True:
            try:
                if self._known is None:
                    mark = yield from self._known_mark()
                mark = yield from self._carry_on(mark)
            except ServerError:
                mark = None  # the store has another history by now
            except CallFailed:
                pass
            yield self._interval / self.host.clock_rate

    def _in_time(self) -> Any:
        return self.env.fail_after(PATIENCE / self.host.clock_rate)

    def _known_mark(self) -> Generator[Any, Any, Any]:
        """Read the stream, and return the mark up to which it has everything: `None` where it is empty."""
        with self._in_time():
            response = yield from self._to_log.call(read_stream(self._shard))
        found: StreamSlice = response.value
        self._known = (found.version, found.epoch)
        return found.commits[-1].events[-1].mark if found.commits else None

    def _carry_on(self, mark: Any) -> Generator[Any, Any, Any]:
        """Carry what has changed after `mark`, and return the next mark."""
        with self._in_time():
            response = yield from self._from_store.call(scan(AllKeys(), after=mark))
        scanned: Scanned = response.value
        if not scanned.items:
            return scanned.mark
        fed = Fed(tuple((stored.key, value) for stored, value in scanned.items), scanned.mark)
        assert self._known is not None
        (version, epoch), self._known = self._known, None  # unknown, unless this is answered
        request = append_commit(self._shard, [fed], expected=version, expected_epoch=epoch)
        with self._in_time():
            response = yield from self._to_log.call(request)
        if isinstance(response.value, Conflict):
            return mark
        self._known = (response.value.version, response.value.epoch)
        return scanned.mark
