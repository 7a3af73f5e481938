"""What a shard server does for a mover: it tells, takes and deletes what the store of its shard holds.

    export    a scan of the shard's store: all of a range under an epoch, or what has changed since a mark
    import    items are written under an epoch that the range will have here, if its move is not over
    drop      what no table names any more is deleted
    loads     how many requests this process has served, and the keys of the last ones

Rules:

1. An export asks nobody whether the range is the shard's: it reads a namespace. Each key is read at an
   instant after it was asked for, by a client that sees what was acknowledged before, whatever others are
   shown (`Store.copying_client`): what it does not show is dropped with the source, so that a stale read
   would become a lost write. A mark that the store does not know is a `ServerError`: who has asked scans all
   again.
2. An import is refused (`Moved`) where by this server's table, of the import's epoch at least, the range of a
   key does not move here under that epoch. That saves work for nothing, and is not what makes moves safe: one
   that comes later still writes where nobody reads.
3. Of the writes of an import all are acknowledged, or it fails: `Unavailable` where each that was not
   acknowledged was not done, so that the same import may be asked for again; else `TimedOut`.
4. A drop deletes only what is dead for ever: a key under an epoch e that this server's table, of version e or
   later, does not name for that key's range here, neither as its own nor as that of a move. Epochs are
   versions of the tables in which they were made, so an assignment under e stands in the table of version e,
   or never will; and none that is over comes back. So whoever asks for whatever, with however old a table
   here, nothing that lives is deleted. A write that is late may come after the drop, and is left for the
   next. Where stale reads are allowed another server of the shard may still read by an older table: whoever
   asks for a drop lets all of them hear first (`mover`).
5. All of it is throttled: `item_work` for each item on the host's cores, in portions of `batch_size` with
   pauses between, so that requests get in between, and at most so many writes at a time.

Leaves out: portions of an export. It travels as one message, as all that a scan tells does; who wants less at
a time splits the range before. Source: MongoDB's documentation, "Chunk Migration Procedure" and "Range
Deletion", for what a donor and a recipient do, and orphans that are deleted afterwards, throttled.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import PARKED, CallFailed, TimedOut

from ..endpoint import Endpoint
from ..failures import ServerError, Unavailable
from ..replication import delete, scan, write
from ..replication.scans import KeySet, Scanned
from ..request import Request, Response
from ..validation import require_count, require_delay, require_finite_duration
from .failures import Moved
from .requests import DROP, EXPORT, IMPORT, Drop, Export, Import
from .routing_table import RoutingTable
from .stored_keys import StoredKey, StoredRange

if TYPE_CHECKING:
    from .server import ShardServer


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """What transfers cost a server, and how they are throttled; times in seconds.

    An item that is told, taken or deleted costs `item_work` (>= 0) on a core, and weighs `item_size_bytes`
    (>= 0) on the wire. After `batch_size` (>= 1) of them, if there are more, comes a `pause` (>= 0).
    `parallel_writes` (>= 1) are under way to the store at a time; a request that it does not answer within
    `patience` (> 0) is given up.
    """

    item_work: float = 0.0
    item_size_bytes: int = 0
    batch_size: int = 100
    pause: float = 0.0
    parallel_writes: int = 20
    patience: float = 5.0

    def __post_init__(self) -> None:
        """Check all of it."""
        require_delay("item_work", self.item_work)
        require_count("item_size_bytes", self.item_size_bytes, 0)
        require_count("batch_size", self.batch_size)
        require_delay("pause", self.pause)
        require_count("parallel_writes", self.parallel_writes)
        require_finite_duration("patience", self.patience)


DEFAULT_TRANSFER_SETTINGS = TransferSettings()


@dataclass(frozen=True, slots=True)
class ServedLoad:
    """What one `life` of a server has served: `count` requests, the last of them for the tokens `recent`."""

    count: int
    recent: tuple[Any, ...]
    life: int


@dataclass(frozen=True, slots=True)
class DeadKeys(KeySet):
    """Stored keys of tokens from `start` on and before `end` that by `table` are dead at `shard` for ever.

    What is younger than the table is none of them. Without `counts_epochs`, which is a flaw, only what is in
    no range of that shard, or on its way there, is dead; without `counts_moves`, another one, what is on its
    way is dead, too.
    """

    table: RoutingTable
    shard: str
    start: Any
    end: Any
    counts_epochs: bool = True
    counts_moves: bool = True

    def __contains__(self, stored: object) -> bool:
        """Return whether `stored` is dead for ever."""
        table = self.table
        if not isinstance(stored, StoredKey) or stored.epoch > table.version:
            return False
        token = table.partitioner.token(stored.key)
        if token < self.start or not (self.end is None or token < self.end):
            return False
        assignment = table.assignments[table.find_token(token)]
        return not any(
            named.shard == self.shard and (named.epoch == stored.epoch or not self.counts_epochs)
            for named in (assignment, assignment.move if self.counts_moves else None)
            if named is not None
        )


class Transfers:
    """What `server` does for a mover, in its process."""

    __slots__ = ("_copying", "_server", "_settings")

    def __init__(self, server: ShardServer, settings: TransferSettings = DEFAULT_TRANSFER_SETTINGS) -> None:
        self._server = server
        self._settings = settings
        self._copying: Endpoint | None = None  # made when it is first needed

    def answer(self, request: Request) -> Generator[Any, Any, Response]:
        """Do what a mover asks. Raises `Unavailable`, `TimedOut`, `ServerError` or `Moved`."""
        if request.operation == EXPORT:
            return (yield from self._export(request.value))
        if request.operation == IMPORT:
            return (yield from self._import(request.value))
        if request.operation == DROP:
            return (yield from self._drop(request.value))
        loads = self._server.loads
        return Response(ServedLoad(loads.served_count, tuple(loads.recent), self._server.incarnation))

    # -- what is asked --------------------------------------------------------------------------------------

    def _export(self, export: Export) -> Generator[Any, Any, Response]:
        server = self._server
        epoch = server.stored_epoch(export.epoch)
        keys = StoredRange(server.partitioner, export.start, export.end, epoch)
        scanned = yield from self._scan(scan(keys, after=export.after))
        for done, count in self._portions(len(scanned.items)):
            yield from self._work_on(done, count)
        items = tuple((stored.key, value) for stored, value in scanned.items)
        size_bytes = len(items) * self._settings.item_size_bytes
        return Response(Scanned(items, scanned.mark), size_bytes=size_bytes)

    def _import(self, told: Import) -> Generator[Any, Any, Response]:
        yield from self._server.hear(told.epoch)
        self._require_move(told)
        epoch = self._server.stored_epoch(told.epoch)
        writes = [
            delete(stored) if value is None else write(stored, value)
            for stored, value in ((StoredKey(epoch, key), value) for key, value in told.items)
        ]
        yield from self._write_throttled(writes)
        return Response()

    def _require_move(self, told: Import) -> None:
        server, table = self._server, self._server.table
        assert table is not None
        for key, _ in told.items:
            move = table.find(key)[1].move
            if move is None or (move.shard, move.epoch) != (server.shard, told.epoch):
                raise Moved(server.name, table.version)

    def _drop(self, told: Drop) -> Generator[Any, Any, Response]:
        server = self._server
        yield from server.hear(told.version)
        assert server.table is not None
        dead = DeadKeys(
            server.table,
            server.shard,
            told.start,
            told.end,
            counts_epochs=not server.flaws.forgets_epochs,
            counts_moves=not server.flaws.drops_what_comes,
        )
        scanned = yield from self._scan(scan(dead))
        yield from self._write_throttled([delete(stored) for stored, _ in scanned.items])
        return Response(len(scanned.items))

    # -- the store, and the throttle ------------------------------------------------------------------------

    def _portions(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield how many of `count` items are done, and how many are next."""
        size = self._settings.batch_size
        return ((done, min(size, count - done)) for done in range(0, count, size))

    def _work_on(self, done: int, count: int) -> Generator[Any, Any, None]:
        settings, server = self._settings, self._server
        if done and settings.pause:
            yield settings.pause / server.host.clock_rate
        if settings.item_work:
            yield from server.work(count * settings.item_work)

    def _write_throttled(self, writes: list[Request]) -> Generator[Any, Any, None]:
        for done, count in self._portions(len(writes)):
            yield from self._work_on(done, count)
            yield from self._write_all(writes[done : done + count])

    def _write_all(self, writes: Iterable[Request]) -> Generator[Any, Any, None]:
        """Write all, several at a time; when one has failed no more are begun, and its failure is raised."""
        writing = _Writing(self, iter(writes))
        yield from writing.run(self._server, self._settings.parallel_writes)
        if writing.failure is not None:
            raise writing.take_failure()

    def ask_for(self, request: Request) -> Generator[Any, Any, CallFailed | None]:
        """Ask the store for one write, and return how that failed, if it did."""
        try:
            yield from self._ask(self._server.store_client, request)
        except CallFailed as failure:
            if isinstance(failure, ServerError):
                return TimedOut(str(failure))
            return failure.with_traceback(None)
        return None

    def _scan(self, request: Request) -> Generator[Any, Any, Scanned]:
        if self._copying is None:
            self._copying = self._server.store.copying_client(self._server.host)
        scanned: Scanned = (yield from self._ask(self._copying, request)).value
        return scanned

    def _ask(self, client: Endpoint, request: Request) -> Generator[Any, Any, Response]:
        """Ask the shard's store. Raises `Unavailable` where nothing was done; `ServerError`, `TimedOut`."""
        server = self._server
        try:
            with server.env.fail_after(self._settings.patience / server.host.clock_rate):
                response: Response = yield from client.call(request)
        except (ServerError, TimedOut):
            raise
        except CallFailed as failure:
            if not failure.nothing_done:
                raise TimedOut(f"{server.name}: nobody knows what the shard's store did: {failure}") from None
            if isinstance(failure, Unavailable):
                raise
            raise Unavailable(f"{server.name}: the shard's store was not reached: {failure}") from None
        if response.degraded:
            missing = ", ".join(response.degraded)
            raise TimedOut(f"{server.name}: the shard's store has not answered for itself, without {missing}")
        return response


class _Writing:
    """Writes under way: whoever has made it waits until the last process of it has ended.

    Of several failures one that leaves open whether the write was done is the one to tell.
    """

    __slots__ = ("_running_count", "_transfers", "_writes", "failure")

    def __init__(self, transfers: Transfers, writes: Iterator[Request]) -> None:
        self._transfers = transfers
        self._writes = writes
        self._running_count = 0
        self.failure: CallFailed | None = None

    def run(self, server: ShardServer, parallel: int) -> Generator[Any, Any, None]:
        env = server.env
        parent: Any = env.active_process
        firsts = [request for _, request in zip(range(parallel), self._writes, strict=False)]
        if not firsts:
            return
        self._running_count = len(firsts)
        processes = [server.run(self._work(first, env, parent), "import") for first in firsts]
        try:
            yield PARKED
        except BaseException:
            for process in processes:
                process.kill()
            raise

    def _work(self, first: Request, env: Any, parent: Any) -> Generator[Any, Any, None]:
        request: Request | None = first
        while request is not None:
            failure = yield from self._transfers.ask_for(request)
            if failure is not None and not isinstance(self.failure, TimedOut):
                self.failure = failure
            request = None if self.failure is not None else next(self._writes, None)
        self._running_count -= 1
        if not self._running_count:
            env.wake(parent)

    def take_failure(self) -> CallFailed:
        """Return the failure and forget it: kept, it would hold the frames that hold this."""
        failure, self.failure = self.failure, None
        assert failure is not None
        return failure
