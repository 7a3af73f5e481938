"""Connection pool: what leaks belongs to nobody, is taken from whom it must be, and comes back on restart."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

import pytest

from models import Endpoint, Host, Network, Rejected, Request, TimedOut
from models.failures import ServerError
from models.resilience import Timeout
from models.resilience.bulkheads import Bulkhead, BulkheadPoolStatistics, ConnectionPool
from models.services import Dependency, Instance
from simulator import Environment, Process
from simulator.randomness import Uniform
from tests.models.resilience.scripted import Scripted, call_at


class Connected:
    """A target of one second behind a pool, and what is left of that."""

    def __init__(
        self, size: int = 3, *, seed: int | None = None, duration: float = 1.0, **settings: Any
    ) -> None:
        self.env = Environment(seed=seed)
        self.target = Scripted(self.env, (duration, None))
        self.pool = ConnectionPool(self.env, size, name="orders", **settings)
        self.orders = Bulkhead(self.env, self.target, self.pool)

    @property
    def left(self) -> tuple[int, int, int]:
        """How many connections are free, held and leaked."""
        seen = self.pool.statistics()
        assert seen.free_count + seen.held_count + seen.leaked_count == seen.size
        assert min(seen.free_count, seen.held_count, seen.leaked_count) >= 0
        return seen.free_count, seen.held_count, seen.leaked_count

    def after(self, time: float) -> tuple[int, int, int]:
        self.env.run(until=time)
        return self.left


def test_by_default_all_wait_and_for_thirty_seconds() -> None:
    world = Connected(1, duration=100.0)
    seen = call_at(world.env, world.orders, *[0.0] * 50)
    world.env.run()
    assert seen == [(100.0, "answer")] + [(30.0, Rejected)] * 49


def test_leak_takes_free_connections_at_once() -> None:
    world = Connected(3)
    world.pool.leak()
    assert world.left == (2, 0, 1)
    world.pool.leak(2)
    assert world.left == (0, 0, 3)
    [seen] = call_at(world.env, world.orders, 0.0)
    world.env.run()
    assert seen == (30.0, Rejected)
    assert world.target.call_count == 0


def test_leak_takes_what_is_in_use_from_the_calls_that_end_next_before_who_waits() -> None:
    world = Connected(2, wait_max=0.875)
    seen = call_at(world.env, world.orders, 0.0, 0.25, 0.5, 0.625)
    world.env.call_later(0.5, world.pool.leak, 1)
    assert world.after(0.75) == (0, 2, 0)
    assert world.after(1.125) == (0, 1, 1)
    world.env.run()
    # The connection of the first has leaked; that of the second goes to the first who waits.
    assert seen == [(1.0, "answer"), (1.25, "answer"), (2.25, "answer"), (1.5, Rejected)]
    assert world.left == (1, 0, 1)


def test_leak_takes_free_connections_first_and_then_those_in_use() -> None:
    world = Connected(3)
    call_at(world.env, world.orders, 0.0, 0.5)
    world.env.run(until=0.75)
    world.pool.leak(2)
    assert world.left == (0, 2, 1)
    assert world.after(1.25) == (0, 1, 2)
    assert world.after(2.0) == (1, 0, 2)


def test_what_has_leaked_cannot_leak_again() -> None:
    world = Connected(2)
    call_at(world.env, world.orders, 0.0)
    world.env.run(until=0.5)
    for _ in range(4):
        world.pool.leak(2)
    assert world.left == (0, 1, 1)
    assert world.after(2.0) == (0, 0, 2)
    world.pool.return_leaked()
    assert world.left == (2, 0, 0)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_leak_is_of_whole_connections(count: Any) -> None:
    with pytest.raises(ValueError, match=r"count must be a whole number >= 1, got"):
        Connected().pool.leak(count)


def test_leak_of_more_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="count must be at most the size of 'orders', 3, got 4"):
        Connected(3).pool.leak(4)


def test_return_gives_to_who_waits_first_and_forgets_what_was_still_to_leak() -> None:
    world = Connected(2)
    seen = call_at(world.env, world.orders, 0.0, 0.0, 0.25, 0.25, 0.25)
    world.env.call_later(0.5, world.pool.leak, 2)
    world.env.call_later(3.0, world.pool.return_leaked)
    assert world.after(2.0) == (0, 0, 2)
    world.env.run()
    assert seen == [(1.0, "answer")] * 2 + [(4.0, "answer")] * 2 + [(5.0, "answer")]
    assert world.left == (2, 0, 0)
    call_at(world.env, world.orders, 6.0)
    world.env.run(until=6.5)
    world.pool.leak(2)
    assert world.left == (0, 1, 1)
    world.pool.return_leaked()
    assert world.left == (1, 1, 0)
    assert world.after(8.0) == (2, 0, 0)


def test_return_forgets_what_was_still_to_leak_also_where_nothing_has() -> None:
    world = Connected(1)
    call_at(world.env, world.orders, 0.0)
    world.env.run(until=0.5)
    world.pool.leak()
    world.pool.return_leaked()
    assert world.after(2.0) == (1, 0, 0)


def test_return_where_nothing_has_leaked_does_nothing() -> None:
    world = Connected(2)
    world.pool.return_leaked()
    assert world.left == (2, 0, 0)


# -- leaking by chance


def test_with_certainty_each_call_leaks_however_it_ends_and_nothing_is_drawn() -> None:
    env = Environment()  # without a seed, so that a draw would be an error
    target = Scripted(env, (0.5, None), (0.5, ServerError), (9.0, None), (9.0, None))
    pool = ConnectionPool(env, 5)
    orders = Bulkhead(env, target, pool)
    pool.leak_probability = 1
    answered, failed, cancelled = call_at(env, orders, 0.0, 0.0, 0.0)
    [timed_out] = call_at(env, Timeout(env, orders, 0.5), 0.0)
    env.call_later(0.25, cancelled.process.cancel)
    env.run()
    assert (answered, failed, timed_out) == ((0.5, "answer"), (0.5, ServerError), (0.5, TimedOut))
    statistics = pool.statistics()
    assert (statistics.free_count, statistics.held_count, statistics.leaked_count) == (1, 0, 4)


def test_draws_come_from_the_pools_own_stream_and_only_while_it_leaks_by_chance() -> None:
    draws = iter(Environment(seed=7).sampler("bulkhead/orders/leak", Uniform(0.0, 1.0)).values)
    expected = [next(draws) < 0.4 for _ in range(20)]
    assert 3 < sum(expected) < 15
    world = Connected(1, seed=7)
    leaks = []
    for number in range(20):
        for step, probability in enumerate((0.4, 0.0, 1.0)):
            world.pool.leak_probability = probability
            time = 10.0 * number + 2.0 * step
            call_at(world.env, world.orders, time)
            leaked = world.after(time + 1.5) == (0, 0, 1)
            world.pool.return_leaked()
            assert world.left == (1, 0, 0)
            if 0.0 < probability < 1.0:
                leaks.append(leaked)
            else:
                assert leaked == (probability == 1.0)
    assert leaks == expected


def test_leak_that_is_due_needs_no_chance() -> None:
    world = Connected(1, seed=1)
    world.pool.leak_probability = 1e-12
    call_at(world.env, world.orders, 0.0)
    world.env.run(until=0.5)
    world.pool.leak()
    assert world.after(2.0) == (0, 0, 1)


def test_call_that_ends_leaks_one_connection_though_there_are_two_reasons() -> None:
    world = Connected(2)
    call_at(world.env, world.orders, 0.0, 0.25)
    world.env.run(until=0.5)
    world.pool.leak()
    world.pool.leak_probability = 1.0
    assert world.after(1.125) == (0, 1, 1)
    world.pool.leak_probability = 0.0
    assert world.after(2.0) == (1, 0, 1)


def test_chance_stays_when_what_has_leaked_is_returned() -> None:
    world = Connected(1)
    world.pool.leak_probability = 1.0
    seen = call_at(world.env, world.orders, 0.0, 5.0)
    world.env.call_later(4.0, world.pool.return_leaked)
    assert world.after(7.0) == (0, 0, 1)
    assert seen == [(1.0, "answer"), (6.0, "answer")]


@pytest.mark.parametrize("probability", [-0.1, 1.1, nan])
def test_leak_probability_is_one(probability: float) -> None:
    with pytest.raises(ValueError, match=r"leak_probability must lie in \[0, 1\], got"):
        Connected(1, seed=1).pool.leak_probability = probability


def test_chance_needs_a_seed_and_says_so_when_it_is_set() -> None:
    pool = Connected(1).pool
    with pytest.raises(ValueError, match="seed"):
        pool.leak_probability = 0.5
    assert pool.leak_probability == 0.0


# -- at the instant of a hand-over


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
@pytest.mark.parametrize("is_leak_due", [False, True])
def test_connection_on_its_way_to_one_who_is_gone_was_never_in_use_and_leaks_only_if_that_is_due(
    end: Callable[[Process], None], is_leak_due: bool
) -> None:
    world = Connected(1)
    world.pool.permits.free -= 1
    [leaver] = call_at(world.env, world.orders, 0.0)

    def pass_on_and_end() -> None:
        world.pool.give_back()
        world.pool.leak_probability = 1.0
        if is_leak_due:
            world.pool.leak()
        end(leaver.process)

    world.env.call_later(1.0, pass_on_and_end)
    world.env.run()
    assert leaver.outcome is None
    assert world.left == ((0, 0, 1) if is_leak_due else (1, 0, 0))


# -- restarts


def one_second(instance: Instance, request: Request) -> Any:
    yield 1.0
    return "done"


def test_crash_of_the_callers_host_returns_what_has_leaked_when_it_is_up_again() -> None:
    env = Environment()
    web, server = Host(env, "web", boot_time=1.0), Host(env, "server")
    pool = ConnectionPool(env, 4)
    connection = Network(env, latencies=0.0).connect(web, Instance(env, server, one_second))
    orders = Bulkhead(env, connection, pool)

    def caller() -> Any:
        yield from orders.call(Request())

    web.start(caller())
    web.start(caller())
    env.run(until=0.5)
    pool.leak(3)
    web.crash()
    env.run(until=1.0)
    assert _parts(pool.statistics()) == (1, 0, 3)
    web.restart()
    env.run(until=1.75)
    assert _parts(pool.statistics()) == (1, 0, 3)
    env.run(until=2.25)
    assert _parts(pool.statistics()) == (4, 0, 0)


@pytest.mark.parametrize("crash", ["process", "host"])
def test_crash_of_the_instance_it_stands_around_returns_what_has_leaked(crash: str) -> None:
    env = Environment()
    server = Host(env, "server")
    room = Instance(env, server, one_second)
    pool = ConnectionPool(env, 2)
    Bulkhead(env, Timeout(env, room, 5.0), pool)
    pool.leak(2)
    where: Any = room if crash == "process" else server
    where.crash()
    env.run(until=1.0)
    assert _parts(pool.statistics()) == (0, 0, 2)
    where.restart()
    env.run(until=2.0)
    assert _parts(pool.statistics()) == (2, 0, 0)


def test_leak_that_was_still_to_come_is_forgotten_with_the_process() -> None:
    env = Environment()
    server = Host(env, "server")
    pool = ConnectionPool(env, 1)
    orders = Bulkhead(env, Instance(env, server, one_second), pool)
    [hanging] = call_at(env, orders, 0.0)
    env.run(until=0.5)
    pool.leak()
    server.crash()
    server.restart()
    env.run(until=0.75)
    assert _parts(pool.statistics()) == (1, 0, 0)
    hanging.process.cancel()
    [again] = call_at(env, orders, 1.0)
    env.run()
    assert again == (2.0, "done")
    assert _parts(pool.statistics()) == (1, 0, 0)


def test_process_that_calls_over_a_connection_returns_it_where_it_is_told_to() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    pool = ConnectionPool(env, 2)
    database = Network(env, latencies=0.0).connect(web, Instance(env, server, one_second))
    shop = Instance(env, web, Dependency(Bulkhead(env, database, pool)), name="shop")
    shop.on_restart(pool.return_leaked)
    pool.leak_probability = 1.0
    seen = call_at(env, shop, 0.0, 0.0)
    env.run(until=2.0)
    assert _parts(pool.statistics()) == (0, 0, 2)
    shop.crash()
    pool.leak_probability = 0.0
    shop.restart()
    assert _parts(pool.statistics()) == (2, 0, 0)
    assert seen == [(1.0, "done")] * 2


def _parts(seen: BulkheadPoolStatistics) -> tuple[int, int, int]:
    return seen.free_count, seen.held_count, seen.leaked_count


def test_pool_that_several_share_leaks_for_all() -> None:
    env = Environment()
    pool = ConnectionPool(env, 1, wait_max=0.5)
    targets: list[Endpoint] = [Bulkhead(env, Scripted(env, (1.0, None)), pool) for _ in range(2)]
    pool.leak_probability = 1.0
    [one] = call_at(env, targets[0], 0.0)
    [two] = call_at(env, targets[1], 2.0)
    env.run()
    assert (one, two) == ((1.0, "answer"), (2.5, Rejected))
