"""The presets have the libraries' defaults, and their parameters act."""

from __future__ import annotations

from math import inf

import pytest

from models import Rejected
from models.resilience import Timeout
from models.resilience.bulkheads import (
    Bulkhead,
    BulkheadPool,
    ConnectionPool,
    ThreadPoolBulkhead,
    hikari_pool,
    hystrix_semaphore,
    hystrix_thread_pool,
    resilience4j_bulkhead,
    resilience4j_thread_pool,
)
from simulator import Environment
from tests.models.resilience.scripted import Scripted, call_at


def sizes(pool: BulkheadPool) -> tuple[int, float, float, str]:
    return pool.size, pool.waiting_max, pool.wait_max, pool.name


def test_pools_have_the_libraries_defaults() -> None:
    env = Environment()
    assert sizes(resilience4j_bulkhead(env)) == (25, 0, inf, "resilience4j")
    assert sizes(hystrix_semaphore(env)) == (10, 0, inf, "hystrix")
    assert sizes(hikari_pool(env)) == (10, inf, 30.0, "hikari")
    assert isinstance(hikari_pool(env), ConnectionPool)


def test_pools_parameters_act() -> None:
    env = Environment()
    assert sizes(resilience4j_bulkhead(env, size=3, wait_max=0.5, name="a")) == (3, inf, 0.5, "a")
    assert sizes(resilience4j_bulkhead(env, wait_max=inf)) == (25, inf, inf, "resilience4j")
    assert sizes(hystrix_semaphore(env, size=3, name="b")) == (3, 0, inf, "b")
    assert sizes(hikari_pool(env, size=3, connection_timeout=0.25, name="c")) == (3, inf, 0.25, "c")
    with pytest.raises(ValueError, match="wait_max must be > 0 s, got -1"):
        resilience4j_bulkhead(env, wait_max=-1.0)
    with pytest.raises(ValueError, match="wait_max must be > 0 s, got 0"):
        hikari_pool(env, connection_timeout=0.0)


def permitted_of(env: Environment, bulkhead: Bulkhead | ThreadPoolBulkhead, calls: int = 200) -> int:
    """How many of so many simultaneous calls are not rejected at once."""
    seen = call_at(env, bulkhead, *[env.now] * calls)
    env.run(until=env.now + 0.5)
    return sum(each.outcome is not Rejected for each in seen)


def test_as_many_calls_pass_as_the_library_lets_pass() -> None:
    env = Environment()
    target = Scripted(env, (100.0, None))
    assert permitted_of(env, Bulkhead(env, target, resilience4j_bulkhead(env))) == 25
    assert permitted_of(env, Bulkhead(env, target, hystrix_semaphore(env))) == 10
    assert permitted_of(env, hystrix_thread_pool(env, target)) == 10
    assert permitted_of(env, hystrix_thread_pool(env, target, threads=3, queue_size_max=5)) == 8
    assert permitted_of(env, resilience4j_thread_pool(env, target, threads=3)) == 103
    assert permitted_of(env, resilience4j_thread_pool(env, target, threads=3, queue_size_max=2)) == 5
    assert permitted_of(env, Bulkhead(env, target, hikari_pool(env))) == 200


def test_hystrix_interrupts_by_default_and_resilience4j_never() -> None:
    env = Environment()
    target = Scripted(env, (100.0, None))
    pools = (
        hystrix_thread_pool(env, target),
        hystrix_thread_pool(env, target, interrupts=False, name="patient"),
        resilience4j_thread_pool(env, target, threads=1, name="r"),
    )
    assert [pool.name for pool in pools] == ["hystrix", "patient", "r"]
    for pool in pools:
        call_at(env, Timeout(env, pool, 0.25), env.now)
    env.run(until=1.0)
    assert [pool.statistics().interrupted_count for pool in pools] == [1, 0, 0]
    assert [pool.statistics().abandoned_count for pool in pools] == [0, 1, 1]
