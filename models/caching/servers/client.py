"""A client of a cache cluster, on some host: what it asks of whom, and what it makes of no answer.

Its methods are generators, to be run with `yield from` in a process on its host. A cache that does not answer
is no error but a miss, and who asks may have waited a timeout for it. Rules:

1. Read: the owners are asked one after the other until one has it. So a copy helps when the first owner does
   not answer, and when it has restarted cold; what no copy has costs as many round trips as there are
   copies. A copy that was found does not fill those that had none: it may be older than the last delete
   there. Reads of a key go to its first owner as long as that has it: copies share no load.
2. Set: all owners are told at once, and whoever sets waits for all of them.
3. Delete: so too. The delete of a copy that is not acknowledged is counted as *failed*: the old value may be
   there until its time to live is over, in a place where reads may come to it. An owner that is out is not
   told, which is a failure as well. With the cluster's `delete_backoff` such a delete goes into a log (an
   `Outbox`, on disk) and is repeated until it arrives: stale until then. The gutter is not told of deletes.
4. Lease: the owners are asked as for a read, each for a lease; what they give together is one `Lease`, and
   each is set with its own token. Where one has the value, those before it get their tokens back, and they
   do from who is cancelled meanwhile. A token whose answer comes too late, or to nobody, lies until its time
   is over.
5. What is told to servers goes on when who asked for it is cancelled; it dies with the process in which that
   was, or the host. It has processes of its own, so that what its caller asks at that very instant leaves
   before it.

How stale a read can be: while a delete is under way, up to the timeout; where one has failed, up to the time
to live; with two copies more often, as each of two deletes can fail, and as either copy may be read. With
ejection up to the time to live also where none has failed: a delete goes to whom this client takes for the
holders now, and not to where others, or this one earlier, have set (see `cluster`).

Source: mcrouter's routes (`MissFailoverRoute` for reads, `AllSyncRoute` for sets and deletes) and its
asynchronous log of failed deletes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Process, ProcessCancelled

from ...failures import CallFailed
from ...hashing import hash_of
from ...infrastructure import Host
from ...request import Request, Response
from ...resilience import Outbox, Timeout
from . import operations
from .operations import Busy, Token
from .way import Way

if TYPE_CHECKING:
    from .cluster import CacheCluster
    from .server import CacheServer


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to load a key and set it, at the servers that have given it, with a token of each."""

    tokens: tuple[tuple[Way, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheClientStatistics:
    """What a client has asked so far.

    Of `read_count` reads, leases included, `hit_count` found something, `gutter_hit_count` of these in the
    gutter; `unanswered_count` were answered by nobody. Of copies: `set_count` were to be kept and
    `failed_set_count` were not, or nobody knows; `delete_count` were to go and `failed_delete_count` may be
    there still. Of these `repeated_count` have gone later. `ejected_count` times a server went out.
    """

    read_count: int
    hit_count: int
    gutter_hit_count: int
    unanswered_count: int
    set_count: int
    failed_set_count: int
    delete_count: int
    failed_delete_count: int
    repeated_count: int
    ejected_count: int


class CacheClient:
    """A client of `cluster` on `host`; made by `CacheCluster.client`."""

    def __init__(self, cluster: CacheCluster, host: Host, *, name: str) -> None:
        self.cluster = cluster
        self.host = host
        self.name = name
        self._env = cluster.env
        gutter = cluster.gutter
        self._out_until = -inf  # when the last server that is out, or was, comes back
        self._ways = [self._way(server) for server in cluster.servers]
        self._gutter = [self._way(server) for server in gutter.servers] if gutter is not None else []
        self._gutter_ttl = gutter.ttl if gutter is not None else inf
        self._logs: dict[Way, Outbox] = {}
        self._read_count = 0
        self._hit_count = 0
        self._gutter_hit_count = 0
        self._unanswered_count = 0
        self._set_count = 0
        self._failed_set_count = 0
        self._delete_count = 0
        self._failed_delete_count = 0
        host.on_restart(self._start_afresh)

    def __repr__(self) -> str:
        return f"CacheClient({self.name!r})"

    def _way(self, server: CacheServer) -> Way:
        cluster = self.cluster
        connection = cluster.network.connect(self.host, server)
        return Way(self._env, connection, self._note_out, timeout=cluster.timeout, ejection=cluster.ejection)

    def _note_out(self, until: float) -> None:
        self._out_until = until  # all are out for equally long: the last that went comes back last

    def _start_afresh(self) -> None:
        self._out_until = -inf
        for way in (*self._ways, *self._gutter):
            way.think_anew()

    # -- whom to ask ----------------------------------------------------------------------------------------

    def _holders(self, hashed: int) -> list[Way]:
        """The ways to those that keep a key now, as far as this client knows."""
        ways, cluster = self._ways, self.cluster
        if self._env.now >= self._out_until:
            return [ways[place] for place in cluster.owners(hashed)]
        if not self._gutter:
            there = tuple(place for place, way in enumerate(ways) if not way.is_out)
            return [ways[place] for place in cluster.owners_among(there, hashed)]
        holders = [ways[place] for place in cluster.owners(hashed)]
        stand_in = self._gutter[cluster.stand_in(hashed)]
        found = dict.fromkeys(stand_in if way.is_out else way for way in holders)
        return [way for way in found if not way.is_out]

    def _is_gutter(self, way: Way) -> bool:
        return way in self._gutter

    # -- reads ----------------------------------------------------------------------------------------------

    def get(self, key: Any) -> Generator[Any, Any, Response | None]:
        """Return what is kept under `key`, or `None`: a miss, or nobody has answered."""
        found = yield from self._read(key, operations.get(key), [])
        return found if isinstance(found, Response) else None

    def lease(self, key: Any) -> Generator[Any, Any, Response | Lease | Busy | None]:
        """Return what is kept under `key`, or a `Lease` for loading it, or `Busy`: somebody else does.

        `None` if nobody has answered: then there is nobody to set it at.
        """
        tokens: list[tuple[Way, int]] = []
        try:
            found = yield from self._read(key, operations.lease_get(key), tokens)
        except GeneratorExit:
            raise
        except BaseException:
            self.start_release(key, Lease(tuple(tokens)))
            raise
        if not tokens:
            return found
        lease = Lease(tuple(tokens))
        if not isinstance(found, Response):
            return lease
        self.start_release(key, lease)
        return found

    def _read(
        self, key: Any, request: Request, tokens: list[tuple[Way, int]]
    ) -> Generator[Any, Any, Response | Busy | None]:
        """Ask one after the other until one has it; gather the tokens of those who have not."""
        self._read_count += 1
        hashed = hash_of(key)
        busy: Busy | None = None
        is_answered = False
        asked = self._holders(hashed)
        for way in asked:
            answer = yield from way.ask(request)
            if answer is None:
                if self._gutter and way.is_out:
                    # It has just gone out: its stand-in is asked for this one already, after all copies.
                    stand_in = self._gutter[self.cluster.stand_in(hashed)]
                    if stand_in not in asked and not stand_in.is_out:
                        asked.append(stand_in)
                continue
            is_answered = True
            found = answer.value
            if isinstance(found, Response):
                self._hit_count += 1
                self._gutter_hit_count += self._is_gutter(way)
                return found
            if isinstance(found, Token):
                tokens.append((way, found.number))
            elif isinstance(found, Busy) and (busy is None or busy.stale is None):
                busy = found
        self._unanswered_count += not is_answered
        return busy

    # -- sets and deletes -----------------------------------------------------------------------------------

    def set(self, key: Any, response: Response, *, ttl: float | None = None) -> Generator[Any, Any, bool]:
        """Keep `response` under `key`; say whether all its owners do now.

        `ttl` (s) is for this alone; by default it is that of the server's store.
        """
        tellings = self._start_setting(key, response, ttl)
        is_kept = yield from _all(tellings)
        return is_kept and not self._owners_out(key)

    def replace(self, key: Any, response: Response, *, ttl: float | None = None) -> Generator[Any, Any, bool]:
        """Keep `response` in place of what is under `key`, or, unless all its owners do, nothing.

        Say whether they do. The delete follows the set that has failed whoever is there to hear of that.
        """
        return (yield from _all([self._start(self._set_or_delete(key, response, ttl), "replaces")]))

    def _set_or_delete(self, key: Any, response: Response, ttl: float | None) -> Generator[Any, Any, bool]:
        is_kept = yield from self.set(key, response, ttl=ttl)
        if not is_kept:
            yield from self.delete(key)
        return is_kept

    def add(self, key: Any, response: Response, *, ttl: float | None = None) -> Generator[Any, Any, bool]:
        """Keep `response` under `key` where there is nothing; say whether all who were told keep it now."""
        return (yield from _all(self._start_setting(key, response, ttl, operations.add)))

    def start_set(
        self, key: Any, response: Response, *, ttl: float | None = None, lease: Lease | None = None
    ) -> None:
        """Begin to keep `response` under `key`, with `lease` where that is good; nobody waits for it."""
        if lease is None:
            self._start_setting(key, response, ttl)
            return
        for way, token in lease.tokens:
            request = operations.lease_set(key, response, token, ttl=ttl, ttl_max=self._ttl_max_at(way))
            self._start(self._set_copy(way, request), "sets")

    def start_release(self, key: Any, lease: Lease) -> None:
        """Begin to give `lease` back, so that somebody else may load `key`; nobody waits for it."""
        for way, token in lease.tokens:
            self._start(self._end_lease(way, operations.lease_end(key, token)), "gives a lease back")

    def _end_lease(self, way: Way, request: Request) -> Generator[Any, Any, bool]:
        answer = None if way.is_out else (yield from way.ask(request))
        return answer is not None and bool(answer.value)

    def _start_setting(
        self, key: Any, response: Response, ttl: float | None, making: Any = operations.put
    ) -> list[Process]:
        tellings = []
        for way in self._holders(hash_of(key)):
            request = making(key, response, ttl=ttl, ttl_max=self._ttl_max_at(way))
            tellings.append(self._start(self._set_copy(way, request), "sets"))
        return tellings

    def _ttl_max_at(self, way: Way) -> float:
        return self._gutter_ttl if self._is_gutter(way) else inf

    def _owners_out(self, key: Any) -> list[Way]:
        if self._env.now >= self._out_until:
            return []
        return [self._ways[place] for place in self.cluster.owners(hash_of(key)) if self._ways[place].is_out]

    def _set_copy(self, way: Way, request: Request) -> Generator[Any, Any, bool]:
        self._set_count += 1
        is_kept = False
        try:
            if not way.is_out:
                answer = yield from way.ask(request)
                is_kept = answer is not None and bool(answer.value)
        finally:
            self._failed_set_count += not is_kept
        return is_kept

    def delete(self, key: Any) -> Generator[Any, Any, bool]:
        """Keep nothing under `key`; say whether all its owners have acknowledged that."""
        return (yield from _all(self._start_deleting(key)))

    def start_delete(self, key: Any) -> None:
        """Begin to delete `key`; nobody waits for it."""
        self._start_deleting(key)

    def _start_deleting(self, key: Any) -> list[Process]:
        request = operations.delete(key)
        told = {way: None for way in self._holders(hash_of(key)) if not self._is_gutter(way)}
        told.update(dict.fromkeys(self._owners_out(key)))
        return [self._start(self._delete_copy(way, request), "deletes") for way in told]

    def _delete_copy(self, way: Way, request: Request) -> Generator[Any, Any, bool]:
        self._delete_count += 1
        is_gone = False
        try:
            if not way.is_out:
                is_gone = (yield from way.ask(request)) is not None
        finally:
            self._failed_delete_count += not is_gone
        if not is_gone and self.cluster.delete_backoff is not None:
            with suppress(CallFailed):  # the host is down, and who asked for this does not run on it
                yield from self._log(way).call(request)
        return is_gone

    def _log(self, way: Way) -> Outbox:
        """The log of deletes that have failed at one server; the first makes it."""
        log = self._logs.get(way)
        if log is None:
            backoff = self.cluster.delete_backoff
            assert backoff is not None
            log = self._logs[way] = Outbox(
                self._env,
                Timeout(self._env, way.connection, way.timeout),
                host=self.host,
                capacity=inf,
                backoff=backoff,
                name=f"{self.name}: deletes to {way.connection.target.name}",
            )
        return log

    def _start(self, generator: Generator[Any, Any, bool], what: str) -> Process:
        """Start a process where the caller runs, so that it dies with that, and with nothing else."""
        env, host = self._env, self.host
        parent: Any = env.active_process
        process = env.process(self._run(generator), f"{self.name} {what}")
        host.bind(process, host.running.get(parent))
        return process

    def _run(self, generator: Generator[Any, Any, bool]) -> Generator[Any, Any, bool]:
        process: Any = self._env.active_process
        try:
            return (yield from generator)
        finally:
            self.host.release(process)

    def statistics(self) -> CacheClientStatistics:
        """Return what has happened so far."""
        return CacheClientStatistics(
            read_count=self._read_count,
            hit_count=self._hit_count,
            gutter_hit_count=self._gutter_hit_count,
            unanswered_count=self._unanswered_count,
            set_count=self._set_count,
            failed_set_count=self._failed_set_count,
            delete_count=self._delete_count,
            failed_delete_count=self._failed_delete_count,
            repeated_count=sum(log.statistics().delivered_count for log in self._logs.values()),
            ejected_count=sum(way.ejected_count for way in (*self._ways, *self._gutter)),
        )


def _all(tellings: list[Process]) -> Generator[Any, Any, bool]:
    """Wait for all, and say whether all have said yes; not if there are none."""
    is_so = bool(tellings)
    for process in tellings:
        try:
            is_so = (yield process) and is_so
        except ProcessCancelled:  # in a crash of the host, and who waits does not run on it
            is_so = False
    return is_so
