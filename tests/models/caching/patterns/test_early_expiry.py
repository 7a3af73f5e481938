"""Early expiry: whoever is chosen loads the entry before it has expired, and waits for it."""

from __future__ import annotations

from math import exp, log

import pytest

from models import Request, Response, ServerError
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, EarlyExpiry, WriteRule, WriteThrough
from models.caching.patterns.write_behind import WriteBehind
from models.caching.stores import CacheStore
from simulator import Environment
from simulator.randomness import Exponential
from tests.models.caching.patterns.origin import FAILED, Origin, ask, cached_origin


def draws(seed: int, count: int) -> list[float]:
    """What the rule draws in that order: -ln(U)."""
    sampler = Environment(seed=seed).sampler("cache/cache/early expiry", Exponential(mean=1.0))
    return [sampler() for _ in range(count)]


def test_a_read_is_chosen_as_the_paper_s_formula_says() -> None:
    env = Environment(seed=7)
    cache, origin = cached_origin(env, ttl=10.0, renewal=EarlyExpiry(beta=2.0))  # kept at 1, until 11
    times = [10.0, 10.25, 10.5, 10.625, 10.75, 10.875]
    told = [ask(env, cache, 0.0), *(ask(env, cache, time) for time in times)]
    env.run()
    chosen = [time + 1.0 * 2.0 * draw >= 11.0 for time, draw in zip(times, draws(7, 6), strict=True)]
    assert {True, False} <= set(chosen)
    early = [time for time, is_chosen in zip(times, chosen, strict=True) if is_chosen]
    assert told[1:] == [(time + (1.0 if time in early else 0.0), "old") for time in times]
    assert origin.read_times[1:] == early


def test_the_share_that_is_chosen_is_that_of_the_exponential_distribution() -> None:
    env = Environment(seed=3)
    origin = Origin(env)
    store = CacheStore(env, Lru(1), ttl=10.0)
    rule = EarlyExpiry(beta=1.5).bind(Cache(env, origin, store))
    entry = store.set("a", Response("old"), load_time=2.0)
    assert entry is not None
    env.run(until=7.0)
    count = 20_000
    chosen = 0
    for _ in range(count):
        renewed = rule(Request("get", "a"), entry)
        if renewed is not None:
            renewed.close()
            chosen += 1
    expected = exp(-(10.0 - 7.0) / (2.0 * 1.5))
    assert chosen / count == pytest.approx(expected, abs=4 * (expected * (1 - expected) / count) ** 0.5)
    assert log(1.0 / expected) == 1.0


def test_an_entry_that_cost_nothing_or_never_expires_is_never_early() -> None:
    for read_time, ttl in ((0.0, 10.0), (1.0, float("inf"))):
        env = Environment(seed=1)
        cache, origin = cached_origin(env, ttl=ttl, renewal=EarlyExpiry(1e6))
        origin.read_time = read_time
        told = [ask(env, cache, time) for time in (0.0, 9.99)]
        env.run()
        assert told[1] == (9.99, "old")
        assert len(origin.asked) == 1


@pytest.mark.parametrize(
    ("rule", "is_early"), [(WriteThrough(), True), (WriteBehind(flush_interval=1.0), False)]
)
def test_what_was_written_is_early_by_how_long_the_write_took(rule: WriteRule, is_early: bool) -> None:
    env = Environment(seed=1)
    cache, origin = cached_origin(env, renewal=EarlyExpiry(1e9), writes=rule)
    ask(env, cache, 0.0, "write", value="new")
    told = ask(env, cache, 4.0)
    env.run()
    assert told == (5.0 if is_early else 4.0, "new")
    assert origin.read_times == ([4.0] if is_early else [])


def test_readers_do_not_know_of_each_other_unless_loads_are_shared() -> None:
    for loading, questions in (({}, [0.0, 2.0, 2.5]), ({"loading": Coalescing()}, [0.0, 2.0])):
        env = Environment(seed=1)
        cache, origin = cached_origin(env, renewal=EarlyExpiry(1e9, **loading))
        told = [ask(env, cache, time) for time in (0.0, 2.0, 2.5)]
        env.run()
        assert told == [(1.0, "old"), (3.0, "old"), (3.5 if not loading else 3.0, "old")]
        assert origin.read_times == questions


def test_a_load_too_early_that_fails_leaves_what_is_fresh() -> None:
    env = Environment(seed=1)
    cache, origin = cached_origin(env, ttl=4.0, stale_time=60.0, renewal=EarlyExpiry(1e9))  # until 5
    told = [ask(env, cache, time) for time in (0.0, 2.0, 4.5)]
    env.run(until=1.5)
    origin.fails.extend([FAILED, FAILED])
    env.run()
    assert told == [(1.0, "old"), (3.0, "old"), (5.5, ServerError)]


def test_a_load_too_early_that_fails_does_not_bring_back_what_was_invalidated() -> None:
    env = Environment(seed=1)
    cache, origin = cached_origin(env, renewal=EarlyExpiry(1e9))
    told = [ask(env, cache, time) for time in (0.0, 2.0)]
    env.run(until=2.5)
    origin.fails.append(FAILED)
    cache.invalidate("a")
    env.run()
    assert told[1] == (3.0, ServerError)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"beta": 0.0}, ValueError, "beta must be finite and > 0, got 0"),
        ({"loading": EarlyExpiry()}, TypeError, "loading must be a MissRule"),
    ],
)
def test_nonsense_is_one_clear_line(
    settings: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        EarlyExpiry(**settings)  # type: ignore[arg-type]
