"""Chains of caches, written around, through or behind, do with several keys what an independent model says.

No two operations are at one time, nor at a sum of the durations from each other (see `event_list`), so that
what is at one time has one cause. Outages are part of it; crashes are not (see `write_behind`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from math import inf
from random import Random
from typing import Any

import pytest

from models import CallFailed, Endpoint, Refused, Request, ServerError, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, LoadOnMiss, WriteAround, WriteRule, WriteThrough
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.resilience import ConstantBackoff
from simulator import Environment

from .chain_model import Answer, CacheModel, Clock, Layer, Origin
from .event_list import GRID, OFFSET
from .write_behind.behind import Database

DURATION = 1.0
FAILURES: dict[str, type[CallFailed]] = {"Refused": Refused, "ServerError": ServerError, "TimedOut": TimedOut}

Operation = tuple[float, str, str]
"""When (s), what, and which key: "get", "write", "delete" and "add" are asked of the outermost cache, and
somebody else has a "change" done at the origin past all caches, or one of them "invalidate"."""

Outage = tuple[float, float, str]
"""From when until when, and what the calls of then end in."""


def failing(outages: list[Outage]) -> Callable[[float], str]:
    """Return what says how a call that begins at a time ends."""
    return lambda time: next((name for since, until, name in outages if since <= time < until), "")


class Story:
    """What was told, when, and what the origin and each cache, the innermost first, has seen of it."""

    def __init__(self) -> None:
        self.told: dict[int, tuple[float, Answer]] = {}
        self.asked: list[tuple[float, str, str, Any]] = []
        self.counts: list[tuple[int, ...]] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Story) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.told}\n{self.asked}\n{self.counts}"


def in_order(asked: list[tuple[float, str, str, Any]]) -> list[tuple[float, str, str, Any]]:
    """Return what was asked by time; of keys that are asked for at one time nobody says which is first."""
    return sorted(asked, key=lambda each: (each[0], each[2]))


def by_the_model(layers: list[Layer], operations: list[Operation], outages: list[Outage]) -> Story:
    story, clock = Story(), Clock()
    origin = Origin(clock, DURATION, failing(outages))
    caches: list[CacheModel] = []
    for layer in layers:
        caches.append(CacheModel(clock, caches[-1] if caches else origin, layer))

    def ask(number: int, what: str, key: str) -> None:
        if what == "change":
            origin.values[key] = number
            return
        if what == "invalidate":
            caches[number % len(caches)].invalidate(key)
            return
        value = None if what in ("get", "delete") else number
        caches[-1].ask(what, key, value, lambda answer: story.told.update({number: (clock.now, answer)}))

    for number, (time, what, key) in enumerate(operations):
        clock.after(time, lambda number=number, what=what, key=key: ask(number, what, key))  # type: ignore[misc]
    clock.run()
    story.asked = in_order(origin.asked)
    for cache in caches:
        counts: tuple[int, ...] = (cache.hits, cache.misses)
        if (queue := cache.behind) is not None:
            counts += (queue.acknowledged_count, queue.flushed_count, queue.coalesced_count)
            counts += (queue.rejected_count, len(queue.dirty))
        story.counts.append(counts)
    return story


def _write_rule(layer: Layer) -> WriteRule:
    if layer.writes == "behind":
        return WriteBehind(
            flush_interval=layer.flush_interval,
            flush_count=layer.flush_count,
            concurrency=layer.concurrency,
            capacity=layer.room,
            backoff=ConstantBackoff(delay=layer.backoff),
        )
    return WriteThrough() if layer.writes == "through" else WriteAround()


def by_the_caches(layers: list[Layer], operations: list[Operation], outages: list[Outage]) -> Story:
    story, env = Story(), Environment()
    database = Database(env, duration=DURATION)
    fails = failing(outages)
    database.fails = lambda request: FAILURES[name]() if (name := fails(env.now)) else None
    caches: list[Cache] = []
    for layer in layers:
        target: Endpoint = caches[-1] if caches else database
        store = CacheStore(env, Lru(layer.capacity), ttl=layer.ttl)
        on_miss = Coalescing() if layer.shares else LoadOnMiss()
        caches.append(Cache(env, target, store, on_miss=on_miss, writes=_write_rule(layer)))

    def ask(number: int, what: str, key: str) -> Generator[Any, Any, None]:
        value = None if what in ("get", "delete") else number
        try:
            response = yield from caches[-1].call(Request(what, key, value))
            answer = Answer(response.value, response.as_of)
        except CallFailed as failure:
            answer = Answer(failure=type(failure).__name__)
        story.told[number] = (env.now, answer)

    for number, (time, what, key) in enumerate(operations):
        if what == "change":
            env.call_later(time, database.values.update, {key: number})
        elif what == "invalidate":
            env.call_later(time, caches[number % len(caches)].invalidate, key)
        else:
            env.launch(ask(number, what, key), delay=time)
    env.run()
    story.asked = in_order(database.asked)
    for cache in caches:
        assert not cache._loads
        now = cache.statistics()
        counts: tuple[int, ...] = (now.hit_count, now.miss_count)
        if cache.unwritten is not None:
            queue = WriteBehindQueue.of(cache).statistics()
            counts += (queue.acknowledged_count, queue.flushed_count, queue.coalesced_count)
            counts += (queue.rejected_count, queue.waiting_count)
        story.counts.append(counts)
    return story


WHATS = ("get", "get", "get", "get", "write", "write", "delete", "add", "change", "invalidate")


def drawn(seed: int) -> tuple[list[Layer], list[Operation], list[Outage]]:
    """Return the chain of a seed, the innermost first, what is asked of it, and when its origin fails."""
    random = Random(seed)
    layers = [
        Layer(
            writes=random.choice(("around", "through", "behind", "behind")),
            shares=random.random() < 0.5,
            capacity=random.choice((1, 2, 10)),
            ttl=random.choice((0.5, 2.0, 100.0)),
            flush_interval=random.choice((0.0, 0.75, 2.5)),
            flush_count=random.choice((2, inf)),
            concurrency=random.choice((1, 2)),
            room=random.choice((1, 2, inf)),
            backoff=random.choice((0.25, 1.5)),
        )
        for _ in range(random.choice((1, 2, 3)))
    ]
    ticks = sorted(random.randrange(160) for _ in range(random.choice((10, 40, 80))))
    operations = [
        (tick * GRID + number * OFFSET, random.choice(WHATS), random.choice("aabc"))
        for number, tick in enumerate(ticks)
    ]
    outages = []
    for _ in range(random.choice((0, 1, 2))):
        start = random.randrange(160)
        until = start + random.randrange(1, 24)
        outages.append((start * GRID, until * GRID, random.choice(sorted(FAILURES))))
    return layers, operations, outages


def those_that_differ(seeds: Iterable[int]) -> list[int]:
    return [seed for seed in seeds if by_the_caches(*drawn(seed)) != by_the_model(*drawn(seed))]


def test_a_chain_of_caches_does_what_the_model_says() -> None:
    assert those_that_differ(range(6)) == []


@pytest.mark.slow
def test_any_chain_of_caches_does_what_the_model_says() -> None:
    assert those_that_differ(range(100, 400)) == []


@pytest.mark.slow
def test_what_is_compared_is_worth_it() -> None:
    """By the model alone, over the chains of the test above."""
    seen: Counter[str] = Counter()
    for seed in range(100, 400):
        layers, operations, outages = drawn(seed)
        story = by_the_model(layers, operations, outages)
        seen["failures"] += sum(bool(answer.failure) for _, answer in story.told.values())
        for layer, (hits, misses, *queue) in zip(layers, story.counts, strict=True):
            seen["hits"] += hits
            seen["misses"] += misses
            if layer.writes == "behind":
                _, flushed, coalesced, rejected, left = queue
                seen.update(flushed=flushed, coalesced=coalesced, rejected=rejected)
                assert left == 0
    assert min(seen.values()) > 500, seen
