"""A leaking pool: what leaks while the fault lasts, and what comes back when it heals."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, Request
from models.faults import PoolLeak
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ConnectionPool
from tests.models.faults.building import World


def ask(world: World, target: Endpoint, times: int) -> list[str]:
    """Call one after the other; return how each call ended."""
    seen: list[str] = []

    def story() -> Generator[Any, Any, None]:
        for _ in range(times):
            try:
                yield from target.call(Request())
            except CallFailed as failure:
                seen.append(str(failure))
            else:
                seen.append("paid")

    world.env.run(until=world.env.process(story()))
    return seen


def orders(world: World, size: int = 4) -> tuple[ConnectionPool, Bulkhead]:
    pool = ConnectionPool(world.env, size, wait_max=1.0, name="orders")
    way = world.network.connect(world.web, world.payment.instances[0])
    return pool, Bulkhead(world.env, way, pool, name="orders")


def leaked(pool: ConnectionPool) -> int:
    return pool.statistics().leaked_count


def test_a_pool_that_leaks_at_each_call_is_empty_after_as_many_calls_as_it_has_connections() -> None:
    world = World()
    pool, target = orders(world)
    leak = PoolLeak(pool, probability=1.0)
    assert ask(world, target, 4) == ["paid"] * 4
    leak.inject()
    assert ask(world, target, 5) == ["paid"] * 4 + ["rejected by orders: waited too long"]
    leak.heal()
    assert leaked(pool) == 0
    assert ask(world, target, 5) == ["paid"] * 5


def test_a_leak_with_a_probability_leaks_some() -> None:
    world = World(seed=1)
    pool, target = orders(world, size=200)
    PoolLeak(pool, probability=0.2).inject()
    ask(world, target, 200)
    # Standard deviation 5.7.
    assert leaked(pool) == pytest.approx(40, abs=5 * 5.7)


def test_several_leaks_of_one_pool_are_independent_and_end_one_by_one() -> None:
    world = World(seed=1)
    pool, _ = orders(world)
    pool.leak_probability = 0.5
    first, second, at_once = (
        PoolLeak(pool, probability=0.2),
        PoolLeak(pool, probability=0.25),
        PoolLeak(pool, count=1),
    )
    first.inject()
    assert pool.leak_probability == pytest.approx(1.0 - 0.5 * 0.8)
    second.inject()
    at_once.inject()
    assert pool.leak_probability == pytest.approx(1.0 - 0.5 * 0.8 * 0.75)
    first.heal()
    assert pool.leak_probability == pytest.approx(1.0 - 0.5 * 0.75)
    second.heal()
    assert (pool.leak_probability, leaked(pool)) == (0.5, 1)
    at_once.heal()
    assert (pool.leak_probability, leaked(pool)) == (0.5, 0)


def test_one_leak_has_exactly_its_probability() -> None:
    world = World(seed=1)
    pool, _ = orders(world)
    PoolLeak(pool, probability=0.1).inject()
    assert pool.leak_probability == 0.1


def test_connections_leak_at_once() -> None:
    world = World()
    pool, target = orders(world)
    leak = PoolLeak(pool, count=4)
    leak.inject()
    assert ask(world, target, 1) == ["rejected by orders: waited too long"]
    leak.heal()
    assert ask(world, target, 1) == ["paid"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "exactly one of probability and count must be given, got None and None"),
        (
            {"probability": 0.1, "count": 1},
            "exactly one of probability and count must be given, got 0.1 and 1",
        ),
        ({"probability": 0.0}, r"probability must lie in \(0, 1\], got 0.0"),
        ({"count": 0}, "count must be a whole number >= 1, got 0"),
        ({"count": 5}, "count must be at most 4, the size of the pool, got 5"),
    ],
)
def test_a_leak_that_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PoolLeak(World().pool, **settings)


def test_only_a_connection_pool_leaks() -> None:
    world = World()
    with pytest.raises(TypeError, match=r"pool must be a ConnectionPool, got BulkheadPool\('pool'\)"):
        PoolLeak(BulkheadPool(world.env, 3), count=1)  # type: ignore[arg-type]
