"""A cache in front of a target, in the same process: in a client, a proxy or a server, anywhere in a chain.

A read is answered from the store if that has a fresh entry of its key, and else by the target, whose full
answer is kept. What is no read goes to the target as well, and the write rule says what becomes of the entry.
Rules:

1. Reads are the operations in `reads`, and what is read is named by the key alone: two operations that ask
   different things about one key need keys of their own. `scan`, which asks about many, passes untouched,
   and so does a read that says more than its key: a value (`cqrs`' `at_least`), or a level (`at_level`). It
   may ask for what is newer than anything that is here, and what it brings may be another answer.
2. Only a full answer is kept: a failure is none, and one that is degraded lacks a part. What is kept is as of
   the instant at which the target was asked, or as old as it was there already (`Response.as_of`).
3. A load that was under way when the key was written or invalidated is not kept: what it brings may be from
   before. Who waits for it gets it all the same, since it asked before. Nor is one kept over a fresh entry
   that is as of later. So, too, with a write that was under way then: the other may have come after it.
4. What a write that failed has done nobody knows, but for failures that say that nothing was done
   (`CallFailed.nothing_done`); its entry goes. If the target does it later still, what was loaded in between
   is old, until its time to live is over.
5. The store is in the memory of the process where the target is asked (`live_in`: in that of an instance),
   and empty when that process, or its host, restarts; while it is down nothing is answered from it. A load
   that has outlived a crash is not kept either. Whoever stops that process in good order waits for the loads
   that are in it, in the background too, as for calls: for no longer than the grace.
6. What a write rule keeps back (`Unwritten`) is newer than what the target tells: it answers a read that
   misses, and no load is kept over it.

By itself each miss is a question to the target, and ten at a time are ten (see `Coalescing`).

Leaves out: answers that depend on who asks (put it into the key). Source: the read-through and write-through
caches of Oracle Coherence's and Hazelcast's manuals; for rule 3 the leases of Nishtala et al., "Scaling
Memcache at Facebook" (NSDI 2013), section 3.2.1, which here one process can do alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

from simulator import CallFailed, Environment, Process

from ...endpoint import Call, Endpoint
from ...request import Request, Response
from ...validation import require_kind
from ..resident import Resident
from ..stores import CacheStore
from .load import Load, Result
from .loading import LoadOnMiss
from .own_writes import WritesUnderWay
from .reads import PASSED, READS, require_reads, says_more_than_its_key
from .rules import MissRule, RenewalRule, Unwritten, WriteRule
from .write_around import WriteAround

_LOAD_ON_MISS = LoadOnMiss()
_WRITE_AROUND = WriteAround()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatistics:
    """What has become of the calls so far.

    Of `call_count` calls `hit_count` found a fresh entry, `miss_count` were reads that found none,
    `write_count` were writes, and `passed_count` were neither, or came while the process was down. For the
    sake of an entry the target was asked `load_count` times, `background_count` of these in processes of
    their own; `loaded_count` were answered, and `void_count` of them not kept because of a write, a crash or
    a newer answer meanwhile. `loaded_bytes` is what the answers weighed. `joined_count` is how often a read
    has waited for a load that another had begun. `kept_count` answers were kept, loaded or written, and
    `invalidated_count` is how many invalidations there were, by whomever.
    """

    call_count: int
    hit_count: int
    miss_count: int
    write_count: int
    passed_count: int
    load_count: int
    background_count: int
    joined_count: int
    loaded_count: int
    kept_count: int
    void_count: int
    loaded_bytes: int
    invalidated_count: int


class Cache(Resident):
    """Answers reads as `target` does, from `store` where that has a fresh entry.

    `on_miss` says what is done where it has none (by default, to ask the target), `renewal`, if there is one,
    what is done about an entry that is fresh still, and `writes` what becomes of a write (by default, the
    target is asked and the entry goes). `reads` are the operations that read.

    Example::

        store = CacheStore(env, Lru(1_000), ttl=30.0)
        catalogue = Cache(env, Timeout(env, network.connect(web, catalogue_service), 0.5), store)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        store: CacheStore,
        *,
        on_miss: MissRule = _LOAD_ON_MISS,
        renewal: RenewalRule | None = None,
        writes: WriteRule = _WRITE_AROUND,
        reads: Iterable[str] = READS,
        name: str = "cache",
    ) -> None:
        """Be as full as `store` is."""
        super().__init__(target, name=name)
        require_kind("store", store, CacheStore)
        require_kind("on_miss", on_miss, MissRule)
        if renewal is not None:
            require_kind("renewal", renewal, RenewalRule)
        require_kind("writes", writes, WriteRule)
        self.env = env
        self.store = store
        self.reads = require_reads(reads)
        self.unwritten: Unwritten | None = None  # what `writes` keeps back, if it does
        self._loads: dict[Hashable, dict[Load, None]] = {}
        self.writes_under_way = WritesUnderWay()  # for `writes`, if it keeps what is written
        self._on_restart: list[Callable[[], object]] = []
        self._write_count = 0
        self._passed_count = 0
        self._hit_count = 0
        self._miss_count = 0
        self._load_count = 0
        self._background_count = 0
        self._joined_count = 0
        self._loaded_count = 0
        self._kept_count = 0
        self._void_count = 0
        self._loaded_bytes = 0
        self._invalidated_count = 0
        self._answer_miss = on_miss.bind(self)
        self._look = None if renewal is None else renewal.bind(self)
        self._answer_write = writes.bind(self)
        store.belong(env, repr(self))

    # -- its memory -----------------------------------------------------------------------------------------

    @property
    def call_count(self) -> int:
        """How many calls have come so far."""
        return self._hit_count + self._miss_count + self._write_count + self._passed_count

    def on_restart(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever that process has started again: what a rule remembers is gone, too."""
        self._on_restart.append(function)

    def _start_afresh(self) -> None:
        self.store.clear()
        self._void_all()
        for function in self._on_restart:
            function()

    def _void_all(self) -> None:
        for key in list(self._loads):
            self.void(key)
        self.writes_under_way.void_all()

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Answer `request`, from the store if that is possible."""
        host = self.host
        # One that is told to stop does not listen any more, and finishes with its memory.
        if host is not None and not (host.is_up and (self._home.is_listening or host.runs(self._home))):
            self._passed_count += 1
            return (yield from self.target.call(request))
        if request.operation not in self.reads:
            return (yield from self._call_otherwise(request))
        if says_more_than_its_key(request):
            return (yield from self._ask_for_itself(request))
        entry = self.store.get(request.key)
        if entry is None:
            self._miss_count += 1
            if self.unwritten is not None and (newer := self.unwritten.answer(request.key)) is not None:
                return newer
            return (yield from self._answer_miss(request))
        self._hit_count += 1
        if self._look is not None:
            renewed = self._look(request, entry)
            if renewed is not None:
                return (yield from renewed)
        return entry.response

    def _ask_for_itself(self, request: Request) -> Call:
        """Answer a read that says more than its key, by the target unless a write waits for that here."""
        self._passed_count += 1
        if self.unwritten is not None and (newer := self.unwritten.answer(request.key)) is not None:
            return newer
        return (yield from self.target.call(request))

    def _call_otherwise(self, request: Request) -> Call:
        if request.operation in PASSED:
            self._passed_count += 1
            return (yield from self.target.call(request))
        self._write_count += 1
        return (yield from self._answer_write(request))

    # -- for the rules --------------------------------------------------------------------------------------

    def load(self, request: Request) -> Call:
        """Ask the target, and keep what it answers under the key of `request`."""
        return (yield from self._carry_out(self._begin(request.key), request))

    def _begin(self, key: Hashable) -> Load:
        load = Load(key, self.env.now)
        self._load_count += 1
        self._loads.setdefault(key, {})[load] = None
        return load

    def _carry_out(self, load: Load, request: Request) -> Call:
        result: Result = None
        try:
            result = response = yield from self.target.call(request)
        except CallFailed as failure:
            result = failure
            raise
        finally:
            self._end(load)
            load.tell(self.env, result)
            del result  # a failure's traceback holds this frame
        self._loaded_count += 1
        self._loaded_bytes += response.size_bytes
        if load.is_void or not self.is_up or (self.unwritten is not None and load.key in self.unwritten):
            self._void_count += 1
        elif not response.degraded:
            self.keep(load.key, response, load.begun_at)
        return response

    def _end(self, load: Load) -> None:
        if not load.is_void:
            loads = self._loads[load.key]
            del loads[load]
            if not loads:
                del self._loads[load.key]

    def keep(self, key: Hashable, response: Response, asked_at: float) -> None:
        """Keep an answer, for which the target was asked at `asked_at` s, unless a newer one is there."""
        if response.as_of is None:
            response = replace(response, as_of=asked_at)
        if self._has_newer(key, response):
            self._void_count += 1
            return
        if self.store.set(key, response, load_time=self.env.now - asked_at) is not None:
            self._kept_count += 1

    def _has_newer(self, key: Hashable, response: Response) -> bool:
        """Whether there is a fresh entry that was asked for later: loads may overtake each other."""
        entry = self.store.stale(key) if key in self.store else None
        if entry is None or entry.response.as_of is None or response.as_of is None:
            return False
        return entry.response.as_of > response.as_of

    @property
    def loading_count(self) -> int:
        """How many keys are being loaded now, for answers that are to be kept."""
        return len(self._loads)

    def load_under_way(self, key: Hashable) -> Load | None:
        """Return the load of `key` that was begun last, of those under way that are to be kept, or `None`."""
        loads = self._loads.get(key)
        return next(reversed(loads)) if loads else None

    def load_in_background(self, request: Request) -> Process:
        """Ask the target for the sake of the entry, in a process that dies with the cache."""
        if request.idempotency_key is not None:
            request = replace(request, idempotency_key=None)
        return self._load_apart(request)

    def _load_apart(self, request: Request) -> Process:
        self._background_count += 1
        if request.deadline is not None:
            request = replace(request, deadline=None)
        load = self._begin(request.key)
        process = self.env.process(self._load_for_nobody(load, request), f"{self.name} refresh")
        if self.host is not None:
            self.host.bind(process, self._home)
            process.callbacks.append(partial(self._see_to, load))
        return process

    def _see_to(self, load: Load, process: Any) -> None:
        """Let a load be over whose process was killed before it could begin, and so could undo nothing."""
        if load in self._loads.get(load.key, ()):
            self._end(load)
        load.tell(self.env, None)

    def _load_for_nobody(self, load: Load, request: Request) -> Generator[Any, Any, None]:
        process: Any = self.env.active_process
        try:
            yield from self._carry_out(load, request)
        except CallFailed:
            pass
        finally:
            if self.host is not None:
                self.host.release(process)

    def join(self, request: Request, age_max: float = inf) -> Call:
        """Wait for a load of the key that is under way for less than `age_max` s, or for one begun now."""
        env, key = self.env, request.key
        while self.is_up:
            load = self.load_under_way(key)
            joins = load is not None and env.now - load.begun_at < age_max
            if joins:
                self._joined_count += 1
            else:
                # It is this caller's question, and has his key: should he ask again, that is the same one.
                self._load_apart(request)
                load = self.load_under_way(key)
            assert load is not None, "a load that has just begun is under way"
            result = yield from load.wait(env)
            if isinstance(result, Response):
                if joins and result.as_of is None:
                    return replace(result, as_of=load.begun_at)
                return result
            if result is not None:
                raise result.with_traceback(None)  # or it would hold the frames of all who are told of it
            # Lost: it was another caller's, or died with the cache. Whoever comes to it first begins anew.
        return (yield from self.target.call(request))

    def invalidate(self, key: Hashable) -> None:
        """Have no entry of `key`, and keep none that a load now under way brings."""
        self._invalidated_count += 1
        self.void(key)
        self.store.delete(key)

    def invalidate_all(self) -> None:
        """Have no entry at all, and keep nothing that the loads now under way bring."""
        self._invalidated_count += 1
        self._void_all()
        self.store.clear()

    def write(self, request: Request) -> Call:
        """Let the target do a write; a failure that may have done it invalidates the key."""
        try:
            return (yield from self.target.call(request))
        except BaseException as end:
            if not (isinstance(end, CallFailed) and end.nothing_done):
                self.invalidate(request.key)
            raise

    def void(self, key: Hashable) -> None:
        """Keep nothing that is now under way for `key` and began before, and let nobody join a load of it."""
        for load in self._loads.pop(key, ()):
            load.is_void = True
        self.writes_under_way.void(key)

    def statistics(self) -> CacheStatistics:
        """Return what has happened so far."""
        return CacheStatistics(
            call_count=self.call_count,
            hit_count=self._hit_count,
            miss_count=self._miss_count,
            write_count=self._write_count,
            passed_count=self._passed_count,
            load_count=self._load_count,
            background_count=self._background_count,
            joined_count=self._joined_count,
            loaded_count=self._loaded_count,
            kept_count=self._kept_count,
            void_count=self._void_count,
            loaded_bytes=self._loaded_bytes,
            invalidated_count=self._invalidated_count,
        )
