"""The queue of a cache that is written behind: what was acknowledged and has not reached the target.

For each dirty key there is a process that lives as long as the key is dirty, where the cache does: it waits
until the key is due, flushes it, again and again if need be, and dies with what it has in a crash. That one
process does it all, one thing after the other, is what keeps the order of a key.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

from simulator import PARKED, CallFailed, Gauge, Permits
from simulator.randomness import Uniform

from ....endpoint import Call
from ....failures import Refused, Rejected
from ....request import Request, Response
from ..rules import Unwritten
from .dirty_key import DirtyKey, Waiter
from .not_due import NotDue
from .records import LostWrite, WriteBehindStatistics

if TYPE_CHECKING:
    from ..cache import Cache
    from .rule import WriteBehind


class WriteBehindQueue(Unwritten):
    """The writes that `cache` has acknowledged and not flushed; a `WriteBehind` makes it.

    `lost` lists what crashes have taken, and stops that were out of time, in the order in which it was
    acknowledged key by key.

    Example::

        queue = WriteBehindQueue.of(carts)
        yield from queue.flush()
        database.host.decommission()
    """

    def __init__(self, cache: Cache, settings: WriteBehind) -> None:
        """Hold nothing."""
        env = cache.env
        self.lost: list[LostWrite] = []
        self._env = env
        self._cache = cache
        self._settings = settings
        self._puts = frozenset(settings.puts)
        self._deletes = frozenset(settings.deletes)
        self._permits = Permits(env, settings.concurrency)
        # One that is not random never asks for a number.
        self._uniform: Callable[[], float] = float
        if settings.backoff.is_random:
            self._uniform = env.sampler(f"cache/{cache.name}/flush", Uniform(0.0, 1.0))
        self._dirty: dict[Hashable, DirtyKey] = {}
        self._not_due = NotDue(env, settings, self._go_on)
        cache.on_stopping(self._not_due.end)
        self._going_through: dict[Hashable, int] = {}
        self._dirty_count = Gauge(env)
        self._acknowledged_count = 0
        self._flushed_count = 0
        self._coalesced_count = 0
        self._rejected_count = 0
        self._through_count = 0
        self._attempt_count = 0
        self._answered_count = 0
        self._cleaned_count = 0
        self._dirty_time = 0.0

    @classmethod
    def of(cls, cache: Cache) -> WriteBehindQueue:
        """Return the queue of `cache`. Raises `ValueError` for one that is not written behind."""
        if not isinstance(cache.unwritten, cls):
            raise ValueError(f"{cache!r} must be written behind to have such a queue")
        return cache.unwritten

    # -- reads ----------------------------------------------------------------------------------------------

    def answer(self, key: Hashable) -> Response | None:
        """Return the dirty value of `key`, for a read that has found no entry, or `None`."""
        dirty = self._dirty.get(key)
        if dirty is None:
            return None
        self._answered_count += 1
        return dirty.response

    def __contains__(self, key: Hashable) -> bool:
        """Whether `key` is dirty or in flight."""
        return key in self._dirty

    def __len__(self) -> int:
        """How many keys are dirty or in flight."""
        return len(self._dirty)

    # -- writes ---------------------------------------------------------------------------------------------

    def write(self, request: Request) -> Call:
        """Acknowledge `request`, or let it go through if it cannot wait.

        Raises `Rejected` where there is no room for another dirty key.
        """
        now = self._env.now
        if request.operation in self._puts:
            response = Response(request.value, size_bytes=request.size_bytes, as_of=now)
        elif request.operation in self._deletes:
            response = Response(as_of=now)
        else:
            return (yield from self._write_through(request))
        self._accept(request, response)
        return Response(as_of=now)

    def _accept(self, request: Request, response: Response) -> None:
        key = request.key
        if request.deadline is not None or request.idempotency_key is not None:
            request = replace(request, deadline=None, idempotency_key=None)
        dirty = self._dirty.get(key)
        if dirty is None:
            self._require_room()
            self._make_dirty(DirtyKey(key, request, response, [self._env.now]))
        else:
            dirty.response = response
            dirty.acknowledged_at.append(self._env.now)
            self._not_due.overwrite(dirty, request)
        self._acknowledged_count += 1
        self._cache.keep(key, response, self._env.now)

    def _require_room(self) -> None:
        if len(self._dirty) >= self._settings.capacity:
            self._rejected_count += 1
            rejected = Rejected(self._cache.name, "too many dirty keys")
            rejected.part = self._cache
            raise rejected

    def _make_dirty(self, dirty: DirtyKey) -> None:
        cache = self._cache
        self._dirty[dirty.key] = dirty
        self._dirty_count.add(1)
        self._not_due.add(dirty)
        flushing = self._flush_until_clean(dirty)
        next(flushing)  # a crash at this very instant must find it begun, or it would lose without a word
        dirty.process = self._env.process(flushing, f"{cache.name} flush")
        if cache.host is not None:
            cache.host.bind(dirty.process, cache.home)

    def _write_through(self, request: Request) -> Call:
        """Let the target do a write after what is dirty of its key, and before what will be."""
        key = request.key
        self._through_count += 1
        dirty = self._dirty.get(key)
        if dirty is None:
            self._hold(key)
        else:
            yield from self._wait_for([dirty], is_write=True)
        try:
            response = yield from self._cache.write(request)
        finally:
            self._let_go(key)
        self._cache.invalidate(key)
        return response

    def _hold(self, key: Hashable) -> None:
        """Let no flush of `key` begin until `_let_go`."""
        self._going_through[key] = self._going_through.get(key, 0) + 1

    def _let_go(self, key: Hashable) -> None:
        count = self._going_through.pop(key) - 1
        if count:
            self._going_through[key] = count
        elif key in self._dirty:
            self._go_on(self._dirty[key])

    # -- waiting for a flush --------------------------------------------------------------------------------

    def flush(self) -> Generator[Any, Any, None]:
        """Let all that is dirty be due, and wait until it is flushed.

        Raises `Refused` when a crash takes a part of it before. The stop of the cache's process does it by
        itself.
        """
        dirty_keys = list(self._dirty.values())
        if dirty_keys:
            yield from self._wait_for(dirty_keys, is_write=False)

    def _wait_for(self, dirty_keys: Iterable[DirtyKey], *, is_write: bool) -> Generator[Any, Any, None]:
        """Wait for the flush of what is dirty now; as a write, hold the key when this returns."""
        process: Any = self._env.active_process
        waiter = Waiter(process, 0, is_write)
        for dirty in dirty_keys:
            waiter.key_count += 1
            dirty.waiters[waiter] = False
            self._not_due.let_be_due(dirty)
        try:
            yield PARKED
        except BaseException:
            if is_write and not waiter.key_count:
                # Let in at this very instant, and ended before it could go.
                for dirty in dirty_keys:
                    self._let_go(dirty.key)
            raise
        finally:
            for dirty in dirty_keys:
                dirty.waiters.pop(waiter, None)
        if waiter.is_lost:
            raise Refused(f"{self._cache.name} went down before it had flushed what was to come first")

    def _let_in(self, waiter: Waiter, key: Hashable) -> None:
        waiter.key_count -= 1
        if waiter.is_write:
            self._hold(key)
        if not waiter.key_count:
            self._env.wake(waiter.process)

    # -- flushes --------------------------------------------------------------------------------------------

    def _go_on(self, dirty: DirtyKey) -> None:
        """Let the process of a key go on, if it is parked for that."""
        if dirty.is_parked:
            dirty.is_parked = False
            self._env.wake(dirty.process)

    def _flush_until_clean(self, dirty: DirtyKey) -> Generator[Any, Any, None]:
        host = self._cache.host
        try:
            yield PARKED
            while dirty.acknowledged_at:
                if dirty not in self._not_due:
                    yield 0.0  # the last of many that are due goes after those that it has made so
                while dirty in self._not_due or dirty.key in self._going_through:
                    dirty.is_parked = True
                    yield PARKED
                yield from self._flush(dirty)
        except GeneratorExit:
            self._lose(dirty)
            raise
        if host is not None:
            host.release(dirty.process)

    def _flush(self, dirty: DirtyKey) -> Generator[Any, Any, None]:
        """Try until the target has what is dirty."""
        delays = self._settings.backoff.delays(self._uniform)
        while True:
            yield from self._permits.acquire()
            try:
                if (yield from self._attempt(dirty)):
                    return
            finally:
                self._permits.release()
            yield next(delays)

    def _attempt(self, dirty: DirtyKey) -> Generator[Any, Any, bool]:
        count = dirty.sent_count = len(dirty.acknowledged_at)
        dirty.attempt_count += 1
        self._attempt_count += 1
        for waiter in dirty.waiters:
            dirty.waiters[waiter] = True
        try:
            yield from self._cache.target.call(dirty.request)
        except CallFailed:
            return False
        self._settle(dirty, count)
        return True

    def _settle(self, dirty: DirtyKey, count: int) -> None:
        """Take note that the target has the first `count` of the writes that were dirty."""
        self._flushed_count += 1
        self._coalesced_count += count - 1
        self._cleaned_count += 1
        self._dirty_time += self._env.now - dirty.acknowledged_at[0]
        del dirty.acknowledged_at[:count]
        dirty.sent_count = dirty.attempt_count = 0
        self._cache.void(dirty.key)  # what is under way may bring what was there before
        is_clean = not dirty.acknowledged_at
        if is_clean:
            self._forget(dirty)
        for waiter, came_before in list(dirty.waiters.items()):
            if came_before or is_clean:
                del dirty.waiters[waiter]
                self._let_in(waiter, dirty.key)
        if not is_clean:
            self._not_due.add(dirty)

    def _forget(self, dirty: DirtyKey) -> None:
        del self._dirty[dirty.key]
        self._dirty_count.add(-1)

    def _lose(self, dirty: DirtyKey) -> None:
        """Forget what has died with the cache, and tell those who wait for it."""
        self._forget(dirty)
        self._not_due.discard(dirty)
        for number, acknowledged_at in enumerate(dirty.acknowledged_at):
            self.lost.append(
                LostWrite(
                    key=dirty.key,
                    acknowledged_at=acknowledged_at,
                    lost_at=self._env.now,
                    attempt_count=dirty.attempt_count if number < dirty.sent_count else 0,
                )
            )
        for waiter in dirty.waiters:
            if not waiter.is_lost:
                waiter.is_lost = True
                self._env.wake(waiter.process)

    def statistics(self) -> WriteBehindStatistics:
        """Return what has happened so far."""
        cleaned = self._cleaned_count
        return WriteBehindStatistics(
            acknowledged_count=self._acknowledged_count,
            flushed_count=self._flushed_count,
            coalesced_count=self._coalesced_count,
            lost_count=len(self.lost),
            waiting_count=sum(len(dirty.acknowledged_at) for dirty in self._dirty.values()),
            sent_count=sum(dirty.sent_count for dirty in self._dirty.values()),
            rejected_count=self._rejected_count,
            through_count=self._through_count,
            attempt_count=self._attempt_count,
            answered_count=self._answered_count,
            dirty_time_mean=self._dirty_time / cleaned if cleaned else nan,
            dirty=self._dirty_count.statistics(),
        )
