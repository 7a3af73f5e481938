"""A cache with its rules answers what an independent model of it answers, and asks the origin as often."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed, Request
from models.caching.eviction import Lru
from models.caching.patterns import (
    Cache,
    Coalescing,
    HiddenOrigin,
    LoadOnMiss,
    MissRule,
    RefreshAhead,
    StaleWhileRevalidate,
    WriteAround,
    WriteThrough,
)
from models.caching.stores import CacheStore
from simulator import Environment

from .event_list import GRID, OFFSET, READ, WRITE, Answer, EventList, Operation, Rules
from .origin import Origin


def run(rules: Rules, operations: list[Operation]) -> tuple[dict[int, Answer], list[tuple[float, str]]]:
    """Return what the readers of a real cache were told, and when its origin was read."""
    env = Environment()
    origin = Origin(env)
    origin.read_time, origin.write_time = READ, WRITE
    origin.values.update({"a": "a", "b": "b"})
    on_miss: dict[str, MissRule] = {
        "load": LoadOnMiss(),
        "share": Coalescing(),
        "hide": HiddenOrigin(concurrency=rules.concurrency, queue=rules.queue),
    }
    if rules.stale_time:
        on_miss["stale"] = StaleWhileRevalidate()
    cache = Cache(
        env,
        origin,
        CacheStore(env, Lru(10), ttl=rules.ttl, stale_time=rules.stale_time),
        on_miss=on_miss[rules.on_miss],
        renewal=None if rules.refresh_factor is None else RefreshAhead(rules.refresh_factor),
        writes=WriteThrough() if rules.writes_through else WriteAround(),
    )
    answers: dict[int, Answer] = {}

    def call(number: int, operation: str, key: str) -> Generator[Any, Any, None]:
        request = Request("get", key) if operation == "read" else Request("put", key, f"write {number}")
        try:
            response = yield from cache.call(request)
        except CallFailed:
            answers[number] = (env.now, "rejected", False)
        else:
            if operation == "read":
                answers[number] = (env.now, response.value, bool(response.degraded))

    for number, (time, what, key) in enumerate(operations):
        if what in ("read", "write"):
            env.launch(call(number, what, key), delay=time)
        elif what == "invalidate":
            env.call_later(time, cache.invalidate, key)
        else:
            env.call_later(time, origin.values.update, {key: f"change {number}"})
    env.run()
    assert not cache._loads
    return answers, [(time, key) for time, operation, key in origin.asked if operation == "get"]


WHATS = st.sampled_from(["read", "read", "read", "read", "write", "invalidate", "change"])
OPERATIONS = st.lists(
    st.tuples(st.integers(0, 60), WHATS, st.sampled_from("aab")), min_size=1, max_size=40
).map(
    lambda drawn: [
        (tick * GRID + number * OFFSET, what, key)
        for number, (tick, what, key) in enumerate(sorted(drawn, key=lambda each: each[0]))
    ]
)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    operations=OPERATIONS,
    on_miss=st.sampled_from(["load", "share", "stale", "hide"]),
    ttl=st.sampled_from([0.5, 1.5, 3.0]),
    stale_time=st.sampled_from([0.5, 2.0]),
    factor=st.sampled_from([None, 0.25, 0.75]),
    writes_through=st.booleans(),
    concurrency=st.integers(1, 2),
    queue=st.integers(0, 2),
)
def test_a_cache_is_what_an_event_list_says(
    operations: list[Operation],
    on_miss: str,
    ttl: float,
    stale_time: float,
    factor: float | None,
    writes_through: bool,
    concurrency: int,
    queue: int,
) -> None:
    rules = Rules(
        on_miss=on_miss,
        ttl=ttl,
        stale_time=stale_time,
        refresh_factor=factor,
        writes_through=writes_through,
        concurrency=concurrency,
        queue=queue,
    )
    expected = EventList(rules, operations)
    answers, read_times = run(rules, operations)
    assert answers == expected.answers
    assert read_times == expected.read_times


def test_a_write_that_was_invalidated_while_it_was_under_way_is_kept_by_neither() -> None:
    operations = [(0.0, "write", "a"), (OFFSET, "invalidate", "a"), (0.25 + 2 * OFFSET, "read", "a")]
    rules = Rules(on_miss="load", ttl=0.5, writes_through=True)
    answers, read_times = run(rules, operations)
    expected = EventList(rules, operations)
    assert answers == expected.answers == {2: (1.25 + 2 * OFFSET, "write 0", False)}
    assert read_times == expected.read_times == [(0.25 + 2 * OFFSET, "a")]


def test_the_event_list_can_tell_rules_apart() -> None:
    """Else it could agree with whatever: here the numbers are worked out by hand.

    Reads are an eighth of a second apart, 24 of them. Eight come before the first answer, at 1 s; the last of
    these loads renews the entry at 1.875 s, until 2.375 s, and five come after that.
    """
    operations = [(tick * GRID + tick * OFFSET, "read", "a") for tick in range(24)]
    questions = {
        on_miss: len(EventList(Rules(on_miss=on_miss, ttl=0.5, stale_time=2.0), operations).read_times)
        for on_miss in ("load", "share", "stale", "hide")
    }
    assert questions == {"load": 8 + 5, "share": 2, "stale": 8 + 1, "hide": 2}
