"""Write-behind under random writes, evictions, crashes and outages, held to what was acknowledged and lost.

The model knows nothing of queues and flushes. It knows what each caller was told, what the queue lists as
lost, and in which order the database has done what it did; from that it says what the database must have.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed, Host, Refused, Request, TimedOut
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehindQueue
from simulator import Environment

from .behind import Database, adds_up, over_a_network

KEYS = ("a", "b", "c", "d")
TICK = 0.25
OPERATIONS = ("write", "write", "write", "delete", "add", "get", "get", "invalidate", "flush", "crash")


@dataclass(slots=True)
class Done:
    """What a caller asked when, and what he was told."""

    operation: str
    key: str
    value: Any
    begun_at: float
    ended_at: float = inf
    result: Any = None
    failed: bool = False

    @property
    def was_acknowledged(self) -> bool:
        return self.ended_at < inf and not self.failed


@dataclass(slots=True)
class Run:
    """A run of a plan: a list of (tick, operation, key), of outages (from tick, ticks, leaves unknown)."""

    plan: list[tuple[int, str, str]]
    outages: list[tuple[int, int, bool]]
    settings: dict[str, Any]
    duration: float
    history: list[Done] = field(default_factory=list)
    crashes: list[float] = field(default_factory=list)
    env: Environment = field(default_factory=Environment)
    cache: Cache = field(init=False)
    queue: WriteBehindQueue = field(init=False)
    database: Database = field(init=False)
    web: Host = field(init=False)

    def run(self) -> Run:
        self.cache, self.queue, self.database, self.web = over_a_network(self.env, **self.settings)
        self.database.duration = self.duration
        self.database.fails = self._fails
        for number, (tick, operation, key) in enumerate(self.plan):
            # No two at one time, so that what is lost is known by its time.
            self.env.call_later(tick * TICK + number / 4096, self._do, operation, key, number)
        self.env.run()
        return self

    def _fails(self, request: Request) -> CallFailed | None:
        tick = self.env.now / TICK
        for start, length, is_unknown in self.outages:
            if start <= tick < start + length:
                return TimedOut() if is_unknown else Refused()
        return None

    def _do(self, operation: str, key: str, number: int) -> None:
        if not self.cache.is_up:
            return
        if operation == "crash":
            self.crashes.append(self.env.now)
            self.web.crash()
            self.env.call_later(2.5 * TICK, self.web.restart)
        elif operation == "invalidate":
            self.cache.invalidate(key)
        elif operation == "flush":
            self.env.launch(self._flush())
        else:
            done = Done(operation, key, None if operation == "delete" else number, self.env.now)
            self.history.append(done)
            self.env.launch(self._call(done))

    def _flush(self) -> Generator[Any, Any, None]:
        before = len(self.queue.lost)
        try:
            yield from self.queue.flush()
        except Refused:
            assert len(self.queue.lost) > before

    def _call(self, done: Done) -> Generator[Any, Any, None]:
        try:
            response = yield from self.cache.call(Request(done.operation, done.key, done.value))
            done.result = response.value
        except CallFailed:
            done.failed = True
        done.ended_at = self.env.now

    # -- what must be true ----------------------------------------------------------------------------------

    def check(self) -> None:
        assert adds_up(self.queue)
        assert (len(self.queue), self.queue.statistics().waiting_count) == (0, 0)
        acknowledged = [each for each in self.history if self._waited(each) and each.was_acknowledged]
        assert self.queue.statistics().acknowledged_count == len(acknowledged)
        lost = {(each.key, each.acknowledged_at): each for each in self.queue.lost}
        assert len(lost) == len(self.queue.lost)
        assert all(each.lost_at in self.crashes for each in self.queue.lost)
        assert set(lost) <= {(each.key, each.ended_at) for each in acknowledged}
        for key in KEYS:
            self._check_order(key, [each for each in acknowledged if each.key == key])
            self._check_last(key, [each for each in acknowledged if each.key == key], lost)
            self._check_reads(key)

    @staticmethod
    def _waited(done: Done) -> bool:
        return done.operation in ("write", "delete")

    def _of(self, key: str) -> list[tuple[float, int]]:
        """What the database has done to a key: when, and the number of the write in the history."""
        numbers = {
            (each.operation, each.value): number
            for number, each in enumerate(self.history)
            if each.key == key and each.operation in ("write", "add")
        }
        done = []
        for time, operation, of_key, value in self.database.done:
            if of_key == key and operation != "delete":
                done.append((time, numbers[operation, value]))
        return done

    def _check_order(self, key: str, acknowledged: list[Done]) -> None:
        """One key's writes are done in the order of their acknowledgement, and others in their place."""
        of_key = self._of(key)
        waited = [number for _, number in of_key if self._waited(self.history[number])]
        assert waited == sorted(waited)
        for _, add in of_key:
            done = self.history[add]
            if done.operation != "add":
                continue
            place = of_key.index(next(each for each in of_key if each[1] == add))
            for _, number in of_key[place + 1 :]:
                other = self.history[number]
                # What is done after it was acknowledged after it began; but for what is done once more.
                if self._waited(other):
                    assert other.ended_at > done.begun_at
            for _, number in of_key[:place]:
                assert self.history[number].begun_at < done.ended_at

    def _check_last(self, key: str, acknowledged: list[Done], lost: dict[Any, Any]) -> None:
        """The database has the last write that was not lost, or one that was and had been sent."""
        if any(each.key == key and each.operation == "add" for each in self.history):
            return
        may_be = [None] if not acknowledged else []
        for done in reversed(acknowledged):
            loss = lost.get((key, done.ended_at))
            if loss is None:
                may_be.append(done.value)
                break
            if loss.attempt_count:
                may_be.append(done.value)
        else:
            may_be.append(None)
        assert self.database.values.get(key) in may_be

    def _check_reads(self, key: str) -> None:
        """A read is told the last write that was acknowledged before it, or one acknowledged meanwhile."""
        of_key = [each for each in self.history if each.key == key]
        if any(each.operation == "add" for each in of_key):
            return
        writes = [each for each in of_key if self._waited(each) and each.was_acknowledged]
        for read in of_key:
            if read.operation != "get" or not read.was_acknowledged:
                continue
            before = [each for each in writes if each.ended_at < read.begun_at]
            since = before[-1].ended_at if before else 0.0
            if any(since < crash <= read.ended_at for crash in self.crashes):
                continue
            meanwhile = [each for each in writes if read.begun_at < each.ended_at <= read.ended_at]
            assert read.result in [each.value for each in (before[-1:] + meanwhile)] + [None] * (not before)


PLANS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(OPERATIONS), st.sampled_from(KEYS)), max_size=40
).map(sorted)
OUTAGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.booleans()), max_size=2)
SETTINGS = st.fixed_dictionaries(
    {
        "flush_interval": st.sampled_from((0.0, 1.0, 4.0)),
        "flush_count": st.sampled_from((2, inf)),
        "concurrency": st.sampled_from((1, 2)),
        "room": st.sampled_from((2, inf)),
        "capacity": st.sampled_from((1, 2, 10)),
        "ttl": st.sampled_from((1.5, 100.0)),
    }
)


@pytest.mark.slow
@settings(max_examples=300)
@given(PLANS, OUTAGES, SETTINGS, st.sampled_from((0.0, 0.5, 1.75)))
def test_nothing_is_lost_that_is_not_counted_and_the_target_has_the_last_of_each_key(
    plan: list[tuple[int, str, str]],
    outages: list[tuple[int, int, bool]],
    settings: dict[str, Any],
    duration: float,
) -> None:
    Run(plan, outages, settings, duration).run().check()
