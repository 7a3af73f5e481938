"""Coalescing, whatever happens: readers cut short, failures, invalidations, crashes. What still holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Call, Request
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, EarlyExpiry, RefreshAhead
from models.caching.stores import CacheStore
from simulator import Environment

from .origin import FAILED, Origin, Told, ask, client_of_origin

TICK = 0.125
Trouble = tuple[int, str, int]
"""When (in ticks), what, and to which reader, if to one."""


class Watched(Origin):
    """Counts the questions of each key that are under way, and the most there were at a time."""

    def __init__(self, env: Environment, **settings: object) -> None:
        super().__init__(env, **settings)  # type: ignore[arg-type]
        self.under_way: Counter[str] = Counter()
        self.most = 0

    def call(self, request: Request) -> Call:
        self.under_way[request.key] += 1
        self.most = max(self.most, self.under_way[request.key])
        try:
            return (yield from super().call(request))
        finally:
            self.under_way[request.key] -= 1


@dataclass(slots=True)
class Past:
    """When the cache has started anew, and when its host has crashed (s)."""

    starts: list[float] = field(default_factory=lambda: [0.0])
    host_crashes: list[float] = field(default_factory=list)


READS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("ab"), st.booleans()), min_size=1, max_size=25)
CUTS = st.tuples(st.integers(0, 70), st.sampled_from(["cancel", "kill"]), st.integers(0, 24))
FAILURES = st.tuples(st.integers(0, 70), st.just("fail"), st.just(0))
BREAKS = st.tuples(
    st.integers(0, 70), st.sampled_from(["crash", "process crash", "blink", "invalidate"]), st.just(0)
)


def run(
    reads: list[tuple[int, str, bool]], troubles: list[Trouble], renewal: object = None
) -> tuple[Cache, Watched, list[tuple[Told, bool]], Past]:
    """Let readers read, each bound to the cache's host or not; return what they were told."""
    env = Environment(seed=1)
    client = client_of_origin(env)
    origin = Watched(env, host=client.server)
    origin.values["a"] = "old"
    target = client.network.connect(client.web, origin)
    cache = Cache(
        env,
        target,
        CacheStore(env, Lru(10), ttl=2.0),
        on_miss=Coalescing(),
        renewal=renewal,  # type: ignore[arg-type]
    )
    all_told = []
    for number, (tick, key, is_bound) in enumerate(reads):
        told = ask(env, cache, tick * TICK + number / 1024, key=key)
        assert told.process is not None
        if is_bound:
            client.web.bind(told.process)
            told.process.callbacks.append(client.web.release)
        all_told.append((told, is_bound))
    web = client.web
    past = Past()
    web.on_restart(lambda: past.starts.append(env.now), endpoint=cache.home)

    def restart() -> None:
        if not web.is_up:
            web.restart()

    def do(what: str, number: int) -> None:
        process = all_told[number % len(all_told)][0].process
        assert process is not None
        if what in ("cancel", "kill"):
            getattr(process, what)()
        elif what == "fail":
            origin.fails.append(FAILED)
        elif what == "invalidate":
            cache.invalidate("a")
        elif not web.is_up or not cache.is_up:
            return
        elif what == "crash":
            past.host_crashes.append(env.now)
            web.crash()
            env.call_later(0.3, restart)
        else:
            web.crash_process(cache.home)
            env.call_later(0.0 if what == "blink" else 0.3, web.restart_process, cache.home)

    for tick, what, number in troubles:
        env.call_later(tick * TICK + 1 / 2048, do, what, number)
    env.run()
    leftover = [told.process for told, _ in all_told if told.process is not None and told.process.is_alive]
    assert leftover == []
    assert not cache._loads
    assert not web.running
    assert not any(origin.under_way.values())
    return cache, origin, all_told, past


@pytest.mark.slow
@settings(max_examples=150)
@given(
    reads=READS,
    troubles=st.lists(CUTS | FAILURES, max_size=12),
    renewal=st.sampled_from([None, RefreshAhead(0.5), EarlyExpiry(1.0, Coalescing())]),
)
def test_one_question_for_a_key_at_a_time_and_all_who_stay_hear_of_its_end(
    reads: list[tuple[int, str, bool]], troubles: list[Trouble], renewal: object
) -> None:
    cache, origin, all_told, _ = run(reads, troubles, renewal)
    assert origin.most <= 1
    cut = {number % len(reads) for _, what, number in troubles if what in ("cancel", "kill")}
    for number, (told, _) in enumerate(all_told):
        if number not in cut:
            assert told.at is not None
    counts = cache.statistics()
    assert counts.load_count == counts.background_count
    assert counts.kept_count == counts.loaded_count <= counts.load_count
    assert counts.joined_count <= counts.miss_count + counts.hit_count


@pytest.mark.slow
@settings(max_examples=150)
@given(reads=READS, troubles=st.lists(CUTS | FAILURES | BREAKS, max_size=12))
def test_no_reader_waits_for_ever_and_none_is_answered_by_a_cache_that_is_dead(
    reads: list[tuple[int, str, bool]], troubles: list[Trouble]
) -> None:
    _, _, all_told, past = run(reads, troubles)
    cut = {number % len(reads) for _, what, number in troubles if what in ("cancel", "kill")}
    for number, (told, is_bound) in enumerate(all_told):
        asked_at = reads[number][0] * TICK + number / 1024
        if told.at is None:
            assert number in cut or (is_bound and past.host_crashes)
        elif is_bound:  # else it would have died
            assert not [time for time in past.host_crashes if asked_at < time < told.at]
        if told.response is not None and told.response.as_of is not None:
            assert told.response.as_of >= max(time for time in past.starts if time <= asked_at)
