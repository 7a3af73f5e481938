"""The quorum path as a plain SimPy script, and the benchmark of both.

Written as SimPy's documentation teaches: a process per request to a replica, an event that it triggers when
it is answered, a race of the quorum against a timeout with `|`, the standard library's `random`. It does the
same as GameDay in simulated terms, but for what finds nothing to do there: it has no crashes, no failure
detector, no hints and no speculation, and no client that could find a coordinator's process dead.

So a plain script is the faster one here: it does what the operations of this run need, and GameDay what a
store needs that may be cut, crashed and asked at any level. The target bounds what that costs. Operations are
also measured by kind, and per message between nodes, of which a write has four.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from itertools import cycle
from math import log, log1p, sqrt
from typing import Any

import simpy

from .benchmark import Benchmark, Effort, Measurement
from .message_costs import least_costs
from .paired_times import side_by_side
from .quorum_path import QUORUM, REPLICAS, TIMEOUT, quorum_path_in_gameday
from .store_load import HOP, KEYS, READERS, SYNC_TIME, WRITERS

_HOP_SIGMA = sqrt(log1p(HOP.variance / HOP.mean**2))
_HOP_MU = log(HOP.mean) - _HOP_SIGMA**2 / 2.0

Version = tuple[float, int]
"""A timestamp and a value."""


class _Replica:
    """A table, and a log whose disk syncs for all that have come meanwhile."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.table: dict[Any, Version] = {}
        self.waiting: list[tuple[Any, Version, simpy.Event]] = []
        self.is_syncing = False

    def store(self, key: Any, version: Version) -> simpy.Event:
        durable = self.env.event()
        self.waiting.append((key, version, durable))
        if not self.is_syncing:
            self.is_syncing = True
            self.env.process(self.sync())
        return durable

    def sync(self) -> Generator[Any, Any, None]:
        while self.waiting:
            batch, self.waiting = self.waiting, []
            yield self.env.timeout(SYNC_TIME)
            for key, version, durable in batch:
                self.table[key] = max(version, self.table.get(key, version))
                durable.succeed()
        self.is_syncing = False


class _Store:
    def __init__(self, env: simpy.Environment, rng: random.Random) -> None:
        self.env = env
        self.rng = rng
        self.replicas = [_Replica(env) for _ in range(REPLICAS)]

    def hop(self) -> simpy.Event:
        return self.env.timeout(self.rng.lognormvariate(_HOP_MU, _HOP_SIGMA))

    def write(self, coordinator: int, key: Any, value: int) -> Generator[Any, Any, None]:
        yield self.hop()
        yield from self.write_to_quorum(coordinator, key, (self.env.now, value), range(REPLICAS), QUORUM)
        yield self.hop()

    def write_to_quorum(
        self, coordinator: int, key: Any, version: Version, places: Any, needed: int
    ) -> Generator[Any, Any, None]:
        is_enough, count = self.env.event(), 0

        def send(place: int) -> Generator[Any, Any, None]:
            nonlocal count
            if place != coordinator:
                yield self.hop()
            yield self.replicas[place].store(key, version)
            if place != coordinator:
                yield self.hop()
            count += 1
            if count == needed:
                is_enough.succeed()

        for place in places:
            self.env.process(send(place))
        yield is_enough | self.env.timeout(TIMEOUT)

    def read(self, coordinator: int, key: Any) -> Generator[Any, Any, None]:
        yield self.hop()
        other = next(place for place in range(REPLICAS) if place != coordinator)
        mine = self.replicas[coordinator].table.get(key)
        theirs = yield from self.ask(other, key)
        if mine != theirs:
            mine = self.replicas[coordinator].table.get(key)
            theirs = yield from self.ask(other, key)
            found = {coordinator: mine, other: theirs}
            newest = max(version for version in found.values() if version is not None)
            behind = [place for place, version in found.items() if version != newest]
            if behind:
                yield from self.write_to_quorum(coordinator, key, newest, behind, len(behind))
        yield self.hop()

    def ask(self, place: int, key: Any) -> Generator[Any, Any, Version | None]:
        answer = self.env.event()

        def send() -> Generator[Any, Any, None]:
            yield self.hop()
            version = self.replicas[place].table.get(key)
            yield self.hop()
            answer.succeed(version)

        self.env.process(send())
        yield answer | self.env.timeout(TIMEOUT)
        version: Version | None = answer.value
        return version


def quorum_path_in_simpy(
    operations: int, rng: random.Random, *, writers: int = WRITERS, readers: int = READERS
) -> tuple[list[float], list[float]]:
    """Let the clients do about so many operations; return the latencies of writes and reads in seconds."""
    env = simpy.Environment()
    store = _Store(env, rng)
    writes: list[float] = []
    reads: list[float] = []
    each = max(1, operations // (writers + readers))

    def ask(number: int, latencies: list[float]) -> Generator[Any, Any, None]:
        coordinators = cycle(range(REPLICAS))
        for turn in range(each):
            start, key = env.now, (number, turn % KEYS)
            if latencies is writes:
                yield from store.write(next(coordinators), key, turn)
            else:
                yield from store.read(next(coordinators), key)
            latencies.append(env.now - start)

    clients = [(number, writes) for number in range(writers)] + [(number, reads) for number in range(readers)]
    done = env.all_of([env.process(ask(*client)) for client in clients])
    env.run(until=done)
    return writes, reads


_SIZE, _QUICK_SIZE = 24_000, 8_000


def _gameday(size: int, seed: int) -> int:
    run = quorum_path_in_gameday(size, seed)
    return len(run.writes) + len(run.reads)


def _simpy(size: int, seed: int) -> int:
    writes, reads = quorum_path_in_simpy(size, random.Random(seed))
    return len(writes) + len(reads)


_both = side_by_side(_gameday, _simpy, noun="operations", size=_SIZE, quick_size=_QUICK_SIZE)


def _measure(effort: Effort) -> Measurement:
    found = _both(effort)
    detail, texts = dict(found.detail), [found.text]
    for kind, work in (("write", _writes), ("read", _reads)):
        costs = least_costs(work, effort.choose(_SIZE, _QUICK_SIZE) // 3)
        detail |= costs.detail(kind)
        texts.append(costs.text(kind))
    return Measurement(value=found.value, detail=detail, text="; ".join(texts))


def _writes(size: int, seed: int) -> tuple[int, int]:
    run = quorum_path_in_gameday(size, seed, readers=0)
    return len(run.writes), run.statistics.message_count


def _reads(size: int, seed: int) -> tuple[int, int]:
    run = quorum_path_in_gameday(size, seed, writers=0)
    return len(run.reads), run.statistics.message_count


QUORUM_PATH = Benchmark(
    name="quorum-path",
    question="writes and reads of a leaderless store, against a plain script of the same without failures",
    target=0.6,
    unit="x",
    measure=_measure,
)
"""The benchmark."""
