"""Bulkhead: as many calls as there are permits, a fair room for the rest, and no permit is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from models import CallFailed, Endpoint, FunctionEndpoint, Host, Network, Rejected, Request, TimedOut
from models.failures import ConnectionLost, ServerError
from models.resilience import Timeout
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ConnectionPool
from models.services import Dependency, DependencyFailed, Instance
from simulator import Environment, Process
from tests.models.resilience.scripted import Scripted, Seen, call_at


def bulkhead(env: Environment, target: Endpoint, size: int = 1, **settings: Any) -> Bulkhead:
    return Bulkhead(env, target, BulkheadPool(env, size, **settings), name="payment")


def failure_of(env: Environment, endpoint: Endpoint) -> CallFailed:
    """What a call made now fails with."""

    def call() -> Any:
        try:
            yield from endpoint.call(Request())
        except CallFailed as failure:
            return failure

    failure = env.run(until=env.process(call()))
    assert isinstance(failure, CallFailed)
    return failure


def assert_adds_up(*limits: Bulkhead) -> None:
    for limit in limits:
        seen = limit.statistics()
        others = seen.full_count + seen.waited_too_long_count + seen.left_count + seen.waiting_count
        assert seen.call_count == seen.permitted_count + others
        assert 0 <= seen.in_flight_count <= seen.permitted_count
        assert seen.rejected_count == seen.full_count + seen.waited_too_long_count
    pool = limits[0].pool.statistics()
    assert pool.free_count + pool.held_count + pool.leaked_count == pool.size
    assert pool.held_count == sum(limit.statistics().in_flight_count for limit in limits)
    assert pool.waiting_count == sum(limit.statistics().waiting_count for limit in limits)


def test_as_many_calls_as_permits_pass_and_the_others_are_rejected_at_once() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    limit = bulkhead(env, target, 2)
    seen = call_at(env, limit, 0.0, 0.0, 0.0, 0.5, 1.0)
    env.run()
    assert seen == [(1.0, "answer"), (1.0, "answer"), (0.0, Rejected), (0.5, Rejected), (2.0, "answer")]
    assert target.call_times == [0.0, 0.0, 1.0]
    statistics = limit.statistics()
    assert (statistics.call_count, statistics.permitted_count, statistics.full_count) == (5, 3, 2)
    assert limit.pool.statistics().full_count == 2
    assert_adds_up(limit)


def test_rejection_names_the_bulkhead_and_the_rule() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (9.0, None)), waiting_max=1, wait_max=0.5)
    call_at(env, limit, 0.0, 0.0)
    env.run(until=0.1)
    full = failure_of(env, limit)
    assert isinstance(full, Rejected)
    assert (full.by, full.reason, full.part) == ("payment", "bulkhead full", limit)
    env.run(until=0.5)
    late = failure_of(env, limit)
    env.run(until=0.75)
    assert isinstance(late, Rejected)
    assert (late.by, late.reason, late.part) == ("payment", "bulkhead full", limit)
    waited = failure_of(env, limit)
    assert env.now == 1.25
    assert isinstance(waited, Rejected)
    assert (waited.by, waited.reason, waited.part) == ("payment", "waited too long", limit)


def test_who_waits_gets_a_permit_in_the_order_of_coming() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    limit = bulkhead(env, target, waiting_max=2)
    seen = call_at(env, limit, 0.0, 0.25, 0.5, 0.75, 1.0)
    env.run()
    # Who comes as a permit is passed on finds the room with a place again, and waits behind the others.
    assert seen == [(1.0, "answer"), (2.0, "answer"), (3.0, "answer"), (0.75, Rejected), (4.0, "answer")]
    pool = limit.pool.statistics()
    assert (pool.waited_count, pool.waiting_time) == (3, 0.75 + 1.5 + 2.0)
    assert_adds_up(limit)


def test_room_may_be_without_limit() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1.0, None)), waiting_max=inf)
    seen = call_at(env, limit, *[0.0] * 50)
    env.run()
    assert seen == [(float(number), "answer") for number in range(1, 51)]


def test_who_has_waited_too_long_goes_and_leaves_a_place() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (2.0, None)), waiting_max=1, wait_max=0.75)
    seen = call_at(env, limit, 0.0, 0.25, 0.5, 1.125, 1.5)
    env.run()
    assert seen == [(2.0, "answer"), (1.0, Rejected), (0.5, Rejected), (1.875, Rejected), (1.5, Rejected)]
    statistics = limit.statistics()
    assert (statistics.full_count, statistics.waited_too_long_count) == (2, 2)
    assert limit.pool.statistics().waited_too_long_count == 2
    assert limit.pool.statistics().waited_count == 0
    assert_adds_up(limit)


def test_wait_that_was_short_enough_does_not_limit_the_call() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1.0, None)), waiting_max=1, wait_max=0.75)
    seen = call_at(env, limit, 0.0, 0.5)
    env.run()
    assert seen == [(1.0, "answer"), (2.0, "answer")]


def test_failure_of_the_target_passes_and_frees_the_permit() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (0.5, ServerError)))
    seen = call_at(env, limit, 0.0, 0.5)
    env.run()
    assert seen == [(0.5, ServerError), (1.0, ServerError)]


# -- ties


@pytest.mark.parametrize("is_passed_on_first", [True, False])
def test_permit_that_comes_free_as_the_wait_ends_comes_too_late_and_goes_to_the_next(
    is_passed_on_first: bool,
) -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1.0, None)), waiting_max=2, wait_max=1.0)
    pool = limit.pool
    pool.permits.free -= 1  # somebody's, to be given back at the very end of the first one's wait
    if is_passed_on_first:
        env.call_later(1.0, pool.give_back)  # before the wait begins, hence before it ends
    seen = call_at(env, limit, 0.0, 0.5)
    if not is_passed_on_first:
        env.run(until=0.25)
        env.call_later(0.75, pool.give_back)
    env.run()
    assert seen == [(1.0, Rejected), (2.0, "answer")]
    assert pool.statistics().free_count == 1
    assert (limit.statistics().waited_too_long_count, limit.statistics().permitted_count) == (1, 1)


def test_permit_that_comes_free_as_the_only_wait_ends_is_free() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1.0, None)), waiting_max=1, wait_max=1.0)
    seen = call_at(env, limit, 0.0, 0.0, 1.0)
    env.run()
    assert seen == [(1.0, "answer"), (1.0, Rejected), (2.0, "answer")]
    assert_adds_up(limit)


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_permit_passed_to_one_who_is_gone_at_that_instant_goes_to_the_next(
    end: Callable[[Process], None],
) -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1.0, None)), waiting_max=2, wait_max=5.0)
    leaver, other = call_at(env, limit, 0.0, 0.0)
    limit.pool.permits.free -= 1

    def pass_on_and_end() -> None:
        limit.pool.give_back()
        end(leaver.process)

    env.call_later(1.0, pass_on_and_end)
    env.run()
    assert (leaver.outcome, other) == (None, (2.0, "answer"))
    statistics = limit.statistics()
    assert (statistics.left_count, statistics.permitted_count, statistics.in_flight_count) == (1, 1, 0)
    assert limit.pool.statistics().free_count == 1


def test_timeout_that_ends_with_the_wait_is_the_callers() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (9.0, None)), waiting_max=1, wait_max=1.0)
    call_at(env, limit, 0.0)
    [seen] = call_at(env, Timeout(env, limit, 1.0), 0.0)
    env.run()
    assert seen == (1.0, TimedOut)
    assert (limit.statistics().left_count, limit.statistics().waited_too_long_count) == (1, 0)


# -- however a call ends


def cancel(env: Environment, seen: Seen) -> None:
    seen.process.cancel()


def kill(env: Environment, seen: Seen) -> None:
    seen.process.kill()


@pytest.mark.parametrize("end", [cancel, kill])
@pytest.mark.parametrize("when", [0.25, 0.75])
def test_caller_that_is_cut_short_takes_no_permit_along(
    end: Callable[[Environment, Seen], None], when: float
) -> None:
    """In the room, and with a permit."""
    env = Environment()
    target = Scripted(env, (0.5, None))
    limit = bulkhead(env, target, waiting_max=2)
    _, victim, other = call_at(env, limit, 0.0, 0.0, 0.0)
    env.call_later(when, end, env, victim)
    env.run(until=when + 0.125)
    assert victim.outcome is None
    assert target.under_way == 1
    env.run()
    assert other == (1.0 if when == 0.25 else when + 0.5, "answer")
    assert limit.statistics().left_count == (when == 0.25)
    assert_adds_up(limit)
    assert limit.pool.statistics().free_count == 1


def test_timeout_around_frees_the_permit_of_a_silent_target() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (1e9, None)))
    seen = call_at(env, Timeout(env, limit, 0.5), 0.0, 0.25, 0.5)
    env.run()
    assert seen == [(0.5, TimedOut), (0.25, Rejected), (1.0, TimedOut)]


# -- pools that are shared


def test_slow_dependency_starves_those_that_share_its_pool_and_no_others() -> None:
    for is_shared in (True, False):
        env = Environment()
        shared = BulkheadPool(env, 2)
        slow, quick = (
            Bulkhead(env, Scripted(env, (duration, None)), shared if is_shared else BulkheadPool(env, 2))
            for duration in (10.0, 0.25)
        )
        call_at(env, slow, 0.0, 0.0, 0.0)
        seen = call_at(env, quick, 1.0, 2.0, 12.0)
        env.run(until=5.0)
        assert_adds_up(*((slow, quick) if is_shared else (quick,)))
        env.run()
        expected = [(1.0, Rejected), (2.0, Rejected)] if is_shared else [(1.25, "answer"), (2.25, "answer")]
        assert seen == [*expected, (12.25, "answer")]
        assert slow.statistics().full_count == 1
        assert quick.statistics().full_count == 2 * is_shared


def test_permit_passes_from_one_dependency_to_the_other() -> None:
    env = Environment()
    pool = BulkheadPool(env, 1, waiting_max=1)
    one, two = (Bulkhead(env, Scripted(env, (1.0, None)), pool) for _ in range(2))
    call_at(env, one, 0.0)
    [seen] = call_at(env, two, 0.5)
    env.run(until=0.75)
    assert (one.statistics().waiting_count, two.statistics().waiting_count) == (0, 1)
    assert_adds_up(one, two)
    env.run()
    assert seen == (2.0, "answer")


# -- in and around an instance


def one_second(instance: Instance, request: Request) -> Any:
    yield 1.0
    return "done"


def test_rejection_is_not_taken_for_its_own_by_an_instance_of_the_same_name() -> None:
    env = Environment()
    limit = Bulkhead(env, Scripted(env, (9.0, None)), BulkheadPool(env, 1), name="shop")
    shop = Instance(env, Host(env, "web"), lambda instance, request: limit.call(request), name="shop")
    call_at(env, limit, 0.0)
    env.run(until=1.0)
    failure = failure_of(env, shop)
    assert isinstance(failure, DependencyFailed)
    assert isinstance(failure.failure, Rejected)
    assert (shop.statistics().failed_count, shop.statistics().rejected_count) == (1, 0)


@pytest.mark.parametrize("crash", ["process", "host"])
def test_in_the_process_of_an_instance_it_dies_with_it_and_starts_empty(crash: str) -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=0.125)
    room = Instance(env, server, one_second, name="room")
    limit = bulkhead(env, room, waiting_max=1)
    seen = call_at(env, network.connect(web, limit), 0.0, 0.0, 1.5)
    env.run(until=0.5)
    assert (limit.statistics().in_flight_count, limit.statistics().waiting_count) == (1, 1)
    (room if crash == "process" else server).crash()
    assert (limit.statistics().in_flight_count, limit.statistics().waiting_count) == (0, 0)
    assert_adds_up(limit)
    (room if crash == "process" else server).restart()
    env.run(until=5.0)
    lost: Any = (0.625, ConnectionLost) if crash == "process" else (None, None)
    assert seen == [lost, lost, (2.75, "done")]
    assert room.statistics().aborted_count == 1


def test_call_that_hangs_on_a_dead_host_holds_no_permit_after_the_restart() -> None:
    """From a process that no crash can reach, and not over the network."""
    env = Environment()
    server = Host(env, "server")
    limit = bulkhead(env, Instance(env, server, one_second), waiting_max=1)
    hanging, waiting = call_at(env, limit, 0.0, 0.25)
    env.run(until=0.5)
    server.crash()
    server.restart()
    env.run(until=0.75)
    assert (limit.pool.statistics().free_count, limit.pool.statistics().waiting_count) == (1, 0)
    again = call_at(env, limit, 1.0, 1.25, 1.5)
    env.run(until=9.0)
    assert again == [(2.0, "done"), (3.0, "done"), (1.5, Rejected)]
    assert (hanging.at, waiting.at) == (None, None)
    # They are counted until they end. What the first leaves is a permit of before, and the second gets it.
    assert (limit.statistics().in_flight_count, limit.statistics().waiting_count) == (1, 1)
    hanging.process.cancel()
    env.run()
    assert waiting == (10.0, "done")
    assert_adds_up(limit)
    pool = limit.pool.statistics()
    assert (pool.free_count, pool.waited_count, pool.full_count) == (1, 2, 1)


def test_bulkheads_that_share_a_pool_on_one_host_begin_anew_together() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    connection = Network(env, latencies=0.125).connect(web, Instance(env, server, one_second))
    pool = BulkheadPool(env, 1)
    one, two = (Bulkhead(env, connection, pool, name=name) for name in ("one", "two"))
    server.crash()
    call_at(env, one, 0.0)  # never answered: the server is silent
    env.run(until=0.5)
    server.restart()
    web.crash()
    web.restart()
    seen = [*call_at(env, two, 1.0), *call_at(env, one, 1.5)]
    env.run(until=9.0)
    assert seen == [(2.25, "done"), (1.5, Rejected)]


def test_permit_is_held_on_the_way_through_the_network_too() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    connection = Network(env, latencies=0.125).connect(web, Instance(env, server, one_second))
    limit = bulkhead(env, connection)
    assert (limit.host, limit.serving) == (web, connection)
    seen = call_at(env, limit, 0.0, 1.125, 1.375)
    env.run()
    assert seen == [(1.25, "done"), (1.125, Rejected), (2.625, "done")]


# -- misuse


@pytest.mark.parametrize("size", [0, -1, 1.0, True, "2", nan])
def test_size_is_a_whole_number(size: Any) -> None:
    for kind in (BulkheadPool, ConnectionPool):
        with pytest.raises(ValueError, match=r"size must be a whole number >= 1, got"):
            kind(Environment(), size)


@pytest.mark.parametrize("waiting_max", [-1, 1.5, True, nan, -inf, "2"])
def test_room_is_a_whole_number_or_infinite(waiting_max: Any) -> None:
    for kind in (BulkheadPool, ConnectionPool):
        with pytest.raises(ValueError, match=r"waiting_max must be a whole number >= 0 or infinite, got"):
            kind(Environment(), 1, waiting_max=waiting_max)


@pytest.mark.parametrize("wait_max", [0.0, -1.0, nan])
def test_wait_is_a_time(wait_max: float) -> None:
    with pytest.raises(ValueError, match=r"wait_max must be > 0 s, got"):
        BulkheadPool(Environment(), 1, waiting_max=1, wait_max=wait_max)


def test_wait_is_not_limited_where_nobody_may_wait() -> None:
    with pytest.raises(ValueError, match=r"wait_max must be left out where nobody may wait, got 1.0"):
        BulkheadPool(Environment(), 1, wait_max=1.0)


def test_pool_is_a_pool_of_the_same_world() -> None:
    env = Environment()
    target = FunctionEndpoint(lambda request: iter(()))
    with pytest.raises(TypeError, match="pool must be a BulkheadPool, such as"):
        Bulkhead(env, target, 10)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match="target must be an Endpoint, got 3"):
        Bulkhead(env, 3, BulkheadPool(env, 1))  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="pool of 'bulkhead' must belong to the same environment"):
        Bulkhead(env, target, BulkheadPool(Environment(), 1))
    assert repr(BulkheadPool(env, 1, name="orders")) == "BulkheadPool('orders')"


def test_dependency_with_a_fallback_is_degraded_at_once_while_the_bulkhead_is_full() -> None:
    env = Environment()
    limit = bulkhead(env, Scripted(env, (5.0, None)))
    shop = Instance(env, Host(env, "web"), Dependency(limit, required=False, fallback="none"))
    seen = call_at(env, shop, 0.0, 1.0)
    env.run()
    assert seen == [(5.0, "answer"), (1.0, "none")]
