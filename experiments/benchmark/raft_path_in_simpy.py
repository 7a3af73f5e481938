"""The Raft path as a plain SimPy script, and the benchmark of both.

Written as SimPy's documentation teaches: a process per message, an event for whoever waits, the standard
library's `random`. It does the same as GameDay in simulated terms, but for what finds nothing to do there:
its leader leads for ever, nobody crashes, nothing is truncated, asked twice, or asserted.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import replace
from math import log, log1p, sqrt
from typing import Any

import simpy

from .benchmark import Benchmark, Effort, Measurement
from .message_costs import Work, least_costs
from .paired_times import side_by_side
from .raft_path import HEARTBEAT_INTERVAL, NODES, raft_path_in_gameday
from .store_load import HOP, KEYS, READERS, SYNC_TIME, WRITERS

_HOP_SIGMA = sqrt(log1p(HOP.variance / HOP.mean**2))
_HOP_MU = log(HOP.mean) - _HOP_SIGMA**2 / 2.0

Entry = tuple[Any, int]
"""A key and a value."""


class _Node:
    """A log whose disk syncs for all that waits; whoever waits for a length of it has an event."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.log: list[Entry] = []
        self.durable_count = 0
        self.is_syncing = False
        self.waiting: list[tuple[int, simpy.Event]] = []

    def append(self, entries: list[Entry]) -> None:
        self.log.extend(entries)
        if not self.is_syncing:
            self.is_syncing = True
            self.env.process(self.sync())

    def sync(self) -> Generator[Any, Any, None]:
        while self.durable_count < len(self.log):
            count = len(self.log)
            yield self.env.timeout(SYNC_TIME)
            self.durable_count = count
            for length, event in [each for each in self.waiting if each[0] <= count]:
                self.waiting.remove((length, event))
                event.succeed()
        self.is_syncing = False

    def when_durable(self, count: int) -> simpy.Event:
        event = self.env.event()
        if count <= self.durable_count:
            event.succeed()
        else:
            self.waiting.append((count, event))
        return event


class _Leader(_Node):
    """The leader, with what it knows of its followers, and who waits for it."""

    def __init__(self, env: simpy.Environment, rng: random.Random) -> None:
        super().__init__(env)
        self.rng = rng
        self.followers = [_Node(env) for _ in range(NODES - 1)]
        self.match = [0] * (NODES - 1)
        self.is_under_way = [False] * (NODES - 1)
        self.acked_at = [-1.0] * (NODES - 1)
        self.committed = 0
        self.table: dict[Any, int] = {}
        self.writes: dict[int, simpy.Event] = {}
        self.reads: list[tuple[float, simpy.Event]] = []
        self.round_at = -1.0
        env.process(self.beat())

    def hop(self) -> simpy.Event:
        return self.env.timeout(self.rng.lognormvariate(_HOP_MU, _HOP_SIGMA))

    def beat(self) -> Generator[Any, Any, None]:
        while True:
            yield self.env.timeout(HEARTBEAT_INTERVAL)
            self.send_heartbeats()

    def send_heartbeats(self) -> None:
        for place in range(NODES - 1):
            self.env.process(self.heartbeat(place))

    def heartbeat(self, place: int) -> Generator[Any, Any, None]:
        sent_at = self.env.now
        yield self.hop()
        yield self.hop()
        self.hear(place, sent_at)

    def hear(self, place: int, sent_at: float) -> None:
        self.acked_at[place] = max(self.acked_at[place], sent_at)
        # A majority is the leader and whoever was heard of last.
        quorum_time = max(self.acked_at)
        while self.reads and self.reads[0][0] <= quorum_time:
            self.reads.pop(0)[1].succeed()
        if self.reads and quorum_time >= self.round_at:
            self.begin_round()

    def begin_round(self) -> None:
        self.round_at = self.env.now
        self.send_heartbeats()

    def replicate(self, place: int) -> Generator[Any, Any, None]:
        """Send a follower what it has not, until it has all."""
        self.is_under_way[place] = True
        while self.match[place] < len(self.log):
            count, sent_at = len(self.log), self.env.now
            entries = self.log[self.match[place] : count]
            yield self.hop()
            self.followers[place].append(entries)
            yield self.followers[place].when_durable(count)
            yield self.hop()
            self.match[place] = count
            self.commit()
            self.hear(place, sent_at)
        self.is_under_way[place] = False

    def own_sync(self, count: int) -> Generator[Any, Any, None]:
        yield self.when_durable(count)
        self.commit()

    def commit(self) -> None:
        majority = sorted([*self.match, self.durable_count])[NODES // 2]
        while self.committed < majority:
            key, value = self.log[self.committed]
            self.table[key] = value
            self.committed += 1
            self.writes.pop(self.committed).succeed()

    def write(self, key: Any, value: int) -> Generator[Any, Any, None]:
        yield self.hop()
        self.append([(key, value)])
        done = self.writes[len(self.log)] = self.env.event()
        self.env.process(self.own_sync(len(self.log)))
        for place in range(NODES - 1):
            if not self.is_under_way[place]:
                self.env.process(self.replicate(place))
                self.is_under_way[place] = True
        yield done
        yield self.hop()

    def read(self, key: Any) -> Generator[Any, Any, int | None]:
        yield self.hop()
        confirmed = self.env.event()
        if not self.reads:
            self.begin_round()
        self.reads.append((self.env.now, confirmed))
        yield confirmed
        found = self.table.get(key)
        yield self.hop()
        return found


def raft_path_in_simpy(
    operations: int, rng: random.Random, *, writers: int = WRITERS, readers: int = READERS
) -> tuple[list[float], list[float]]:
    """Let the clients do about so many operations; return the latencies of writes and reads in seconds."""
    env = simpy.Environment()
    leader = _Leader(env, rng)
    writes: list[float] = []
    reads: list[float] = []
    each = max(1, operations // (writers + readers))

    def ask(number: int, latencies: list[float]) -> Generator[Any, Any, None]:
        for turn in range(each):
            start, key = env.now, (number, turn % KEYS)
            if latencies is writes:
                yield from leader.write(key, turn)
            else:
                yield from leader.read(key)
            latencies.append(env.now - start)

    clients = [(number, writes) for number in range(writers)] + [(number, reads) for number in range(readers)]
    env.run(until=env.all_of([env.process(ask(*client)) for client in clients]))
    return writes, reads


_SIZE, _QUICK_SIZE = 24_000, 8_000


def _gameday(size: int, seed: int) -> int:
    run = raft_path_in_gameday(size, seed)
    return len(run.writes) + len(run.reads)


def _simpy(size: int, seed: int) -> int:
    writes, reads = raft_path_in_simpy(size, random.Random(seed))
    return len(writes) + len(reads)


_both = side_by_side(_gameday, _simpy, noun="operations", size=_SIZE, quick_size=_QUICK_SIZE)


def _measure(effort: Effort) -> Measurement:
    found = _both(effort)
    detail, texts = dict(found.detail), [found.text]
    for kind, clients in (("write", {"readers": 0}), ("read", {"writers": 0})):
        costs = least_costs(_only(clients), effort.choose(_SIZE, _QUICK_SIZE) // 3)
        detail |= costs.detail(kind)
        texts.append(costs.text(kind))
    return replace(found, detail=detail, text="; ".join(texts))


def _only(clients: dict[str, int]) -> Work:
    def work(size: int, seed: int) -> tuple[int, int]:
        run = raft_path_in_gameday(size, seed, **clients)
        return len(run.writes) + len(run.reads), run.message_count

    return work


RAFT_PATH = Benchmark(
    name="raft-path",
    question="writes and reads of a store on Raft, against a plain script of a leader that leads for ever",
    target=0.4,
    unit="x",
    measure=_measure,
)
"""The benchmark."""
