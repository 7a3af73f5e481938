"""Change capture: what has changed in a store is carried to an event log, from which read models are made.

A store tells what has changed since a mark (`models.replication.scans`); that is change data capture by
asking, without a second write of whoever writes. A feed is a process on any host:

1. It asks the store every `interval`, from some moment on, for what has changed after its mark, and appends
   that to its stream of the log, as one event that has the next mark with it.
2. The mark that counts is that of the stream's last event: who starts, or does not know what has become of an
   append, reads the stream. An append expects the version of the stream up to which it was read, so that one
   that is late is refused: nothing is carried twice, nor an old value after a newer one.
3. A mark that the store does not know any more (`ServerError`) means to carry all of it again.

So each change arrives, and those of one key in their order; what a key had between two questions does not
show. Several stores, such as shards, have a feed and a stream each; a read model over all of them holds what
no store alone can be asked for. Keys are the store's own: those of a shard are `models.sharding.StoredKey`,
and while a range moves two shards' feeds tell of it.

Leaves out: items that were there and are gone where all is carried again. A store whose scans have no mark
(quorums, several primaries) is carried whole each time.

Source: Debezium's documentation, "Features": capture from the database, and offsets that come back after a
restart; Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 11, "Change Data Capture".
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import CallFailed
from simulator.randomness import Uniform

from ...failures import ServerError
from ...nodes import Node
from ...replication import Store, scan
from ...replication.scans import AllKeys, Scanned
from ...validation import require_finite_duration, require_kind
from ..log import Conflict, EventLog, StreamSlice, append_commit, read_stream

if TYPE_CHECKING:
    from simulator import Environment

    from ...infrastructure import Host
    from ...network import Network
    from ...request import Request


@dataclass(frozen=True, slots=True)
class Changes:
    """An event: what has changed in a store up to `mark`, pairs of a key and a value, or `None`."""

    items: tuple[tuple[Any, Any], ...]
    mark: Any


class ChangeFeed(Node):
    """Carries what changes in `store` to `stream` of `log`, as `Changes`, every `interval` s (> 0).

    It waits `patience` s (> 0) for an answer of either.
    """

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        *,
        store: Store,
        log: EventLog,
        stream: str,
        interval: float,
        patience: float = 1.0,
    ) -> None:
        """Check the arguments, and begin."""
        require_kind("store", store, Store)
        require_kind("log", log, EventLog)
        require_finite_duration("interval", interval)
        require_finite_duration("patience", patience)
        self._stream = stream
        self._patience = patience
        self._store = store
        self._log = log
        self._interval = interval
        self._phase = env.sampler(f"feed of {stream}/phase", Uniform(0.0, interval))
        super().__init__(env, host, network, name=f"feed of {stream}")

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
        return self.env.fail_after(self._patience / self.host.clock_rate)

    def _known_mark(self) -> Generator[Any, Any, Any]:
        """Read the stream, and return the mark up to which it has everything: `None` where it is empty."""
        with self._in_time():
            response = yield from self._to_log.call(read_stream(self._stream))
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
        changes = Changes(tuple(scanned.items), scanned.mark)
        assert self._known is not None
        (version, epoch), self._known = self._known, None  # unknown, unless this is answered
        request = append_commit(self._stream, [changes], expected=version, expected_epoch=epoch)
        with self._in_time():
            response = yield from self._to_log.call(request)
        if isinstance(response.value, Conflict):
            return mark
        self._known = (response.value.version, response.value.epoch)
        return scanned.mark
