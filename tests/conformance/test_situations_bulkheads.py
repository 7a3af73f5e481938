"""The verdicts about bulkheads, situation by situation: what callers see, and what is left afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import Endpoint
from models.outcome import Outcome
from models.resilience import Timeout
from models.resilience.bulkheads import (
    Bulkhead,
    BulkheadPool,
    ConnectionPool,
    ThreadPoolBulkhead,
    hikari_pool,
)
from models.services import Dependency, Instance, in_parallel
from models.workload import Client

from .bad_targets import BAD_TARGETS
from .invariants import check_always, check_drained
from .world import World

TARGETS = {target.name: target for target in BAD_TARGETS}
SILENT = ("silent", "lossy", "partitioned there", "partitioned back", "partitioned both")


def outcomes(client: Client) -> list[tuple[float, Outcome]]:
    """When each call ended, and how, in that order."""
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-12), Outcome(outcome))
        for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
    ]


def permits(world: World, target: Endpoint) -> Bulkhead:
    return Bulkhead(world.env, target, BulkheadPool(world.env, 1))


def interrupting(world: World, target: Endpoint) -> ThreadPoolBulkhead:
    return ThreadPoolBulkhead(world.env, target, threads=1)


def abandoning(world: World, target: Endpoint) -> ThreadPoolBulkhead:
    return ThreadPoolBulkhead(world.env, target, threads=1, interrupts=False)


KINDS = pytest.mark.parametrize(
    "put_around", [permits, interrupting, abandoning], ids=["permits", "interrupting", "abandoning"]
)
Around = Callable[[World, Endpoint], Bulkhead | ThreadPoolBulkhead]


def in_flight(limit: Bulkhead | ThreadPoolBulkhead) -> int:
    return limit.statistics().in_flight_count


def _end(world: World, end: str) -> None:
    if end == "cancelled":
        world.callers[0].cancel()
    elif end == "killed":
        world.callers[0].kill()
    elif end == "its server crashes":
        world.server.crash_process(world.service)
    elif end == "its host crashes":
        world.web.crash()


@KINDS
@pytest.mark.parametrize(
    "end", ["answered", "timed out", "cancelled", "killed", "its server crashes", "its host crashes"]
)
def test_one_of_ten_simultaneous_calls_passes_and_its_slot_is_free_again(
    put_around: Around, end: str
) -> None:
    """On the caller's side, around a link to a server of one second."""
    world = World()
    limit = put_around(world, world.link())
    world.endpoints.append(limit)
    client = world.client(Timeout(world.env, limit, 0.5) if end == "timed out" else limit)
    world.issue(client, *[0.0] * 10, host=world.web if end == "its host crashes" else None)
    world.at(0.3, lambda: _end(world, end))
    world.env.run(until=2.0)
    first = {
        "answered": (1.02, Outcome.OK),
        "timed out": (0.5, Outcome.TIMED_OUT),
        "cancelled": (0.3, Outcome.CANCELLED),
        "killed": (0.3, Outcome.CANCELLED),
        "its server crashes": (0.31, Outcome.UNKNOWN),
        "its host crashes": (0.3, Outcome.CANCELLED),
    }[end]
    assert outcomes(client) == [(0.0, Outcome.REJECTED)] * 9 + [first]
    assert in_flight(limit) == 0
    if end == "its server crashes":
        world.server.restart_process(world.service)
    elif end == "its host crashes":
        world.web.restart()
    client.target = limit
    world.issue(client, 3.0)
    world.env.run(until=6.0)
    assert outcomes(client)[-1] == (4.02, Outcome.OK)
    check_drained(world)


@KINDS
@pytest.mark.parametrize("crash", ["process", "host"])
def test_in_front_of_an_instance_its_slot_is_free_after_a_crash(put_around: Around, crash: str) -> None:
    """On the server's side, reached over a link."""
    world = World()
    room = Instance(world.env, world.proxy, Dependency(world.link()), name="room")
    limit = put_around(world, room)
    world.endpoints += [room, limit]
    client = world.client(world.link(limit))
    world.issue(client, *[0.0] * 10)
    world.at(0.3, room.crash if crash == "process" else world.proxy.crash)
    world.at(2.0, room.restart if crash == "process" else world.proxy.restart)
    world.issue(client, 3.0)
    world.env.run(until=6.0)
    lost = [(0.31, Outcome.UNKNOWN)] if crash == "process" else []
    assert outcomes(client) == [(0.02, Outcome.REJECTED)] * 9 + lost + [(4.04, Outcome.OK)]
    assert in_flight(limit) == 0
    check_drained(world)


def test_of_a_hundred_simultaneous_calls_never_more_than_ten_have_one_of_ten_connections() -> None:
    world = World()
    pool = hikari_pool(world.env)
    orders = Bulkhead(world.env, world.link(), pool)
    world.endpoints.append(orders)
    client = world.client(orders)
    world.issue(client, *[0.0] * 100)
    held: set[int] = set()
    at_the_server: set[int] = set()
    while world.env.peek() < 20.0:
        world.env.step()
        held.add(pool.statistics().held_count)
        at_the_server.add(len(world.arrivals) - len(world.served))
    assert max(held) == max(at_the_server) == 10
    ends = [round(float(end), 9) for end in client.table.columns()["end"]]
    assert ends == [round(1.02 * batch, 9) for batch in range(1, 11) for _ in range(10)]
    check_drained(world)


def test_pool_of_connections_is_too_small_for_patience_of_thirty_seconds() -> None:
    world = World()
    pool = hikari_pool(world.env, size=1)
    orders = Bulkhead(world.env, world.link(), pool)
    world.endpoints.append(orders)
    client = world.client(orders)
    world.issue(client, *[0.0] * 100)
    world.env.run(until=40.0)
    # Thirty begin within thirty seconds; the rest goes all at once.
    assert client.table.counts()["ok"] == 30
    assert outcomes(client)[29:99] == [(30.0, Outcome.REJECTED)] * 70
    check_drained(world)


@KINDS
@pytest.mark.parametrize("name", SILENT)
def test_silence_holds_the_slot_for_ever_unless_there_is_a_timeout_inside(
    put_around: Around, name: str
) -> None:
    for is_limited in (False, True):
        world = World()
        link = TARGETS[name].build(world)
        limit = put_around(world, Timeout(world.env, link, 0.5) if is_limited else link)
        world.endpoints.append(limit)
        client = world.client(limit)
        world.issue(client, 0.0, 1e5)
        world.env.run(until=2e5)
        seen = [(1e5, Outcome.REJECTED)]
        if is_limited:
            seen = [(0.5, Outcome.TIMED_OUT), (1e5 + 0.5, Outcome.TIMED_OUT)]
        assert outcomes(client) == seen
        assert in_flight(limit) == (not is_limited)
        check_always(world)
        check_drained(world)


def test_timeout_outside_frees_the_slot_of_a_silent_dependency_unless_its_thread_is_abandoned() -> None:
    for put_around, second in (
        (permits, Outcome.TIMED_OUT),
        (interrupting, Outcome.TIMED_OUT),
        (abandoning, Outcome.REJECTED),
    ):
        world = World()
        limit = put_around(world, TARGETS["silent"].build(world))
        world.endpoints.append(limit)
        client = world.client(Timeout(world.env, limit, 0.5))
        world.issue(client, 0.0, 1.0)
        world.env.run(until=2.0)
        assert outcomes(client)[1][1] is second
        check_drained(world)


@pytest.mark.parametrize("is_shared", [True, False])
def test_silent_dependency_takes_the_others_along_only_through_a_shared_pool(is_shared: bool) -> None:
    """A shop needs two services, of which one goes silent; its optional answers go on or not."""
    world = World()
    env = world.env
    silent = world.link(world.serve(1e6))
    quick = world.link(world.serve(0.1))
    shared = BulkheadPool(env, 5)
    limits = [
        Bulkhead(env, link, shared if is_shared else BulkheadPool(env, 5), name=name)
        for link, name in ((silent, "silent"), (quick, "quick"))
    ]
    world.endpoints += limits
    step = in_parallel(*(Dependency(limit, required=False) for limit in limits))
    shop = Instance(env, world.proxy, step, name="shop")
    world.endpoints.append(shop)
    client = world.client(Timeout(env, shop, 2.0))
    # By then all the permits of the silent one are taken, and it answers at once that there is none.
    world.issue(client, *(0.5 * number for number in range(20)))
    world.env.run(until=20.0)
    quick_ones = limits[1].statistics()
    if is_shared:
        assert quick_ones.full_count > 5
    else:
        assert (quick_ones.full_count, quick_ones.permitted_count) == (0, 20)
    check_drained(world)


def test_leaked_connections_stop_a_healthy_system_until_its_process_starts_anew() -> None:
    world = World()
    pool = ConnectionPool(world.env, 3, wait_max=0.25, name="orders")
    orders = Bulkhead(world.env, world.link(world.serve(0.1)), pool)
    shop = Instance(world.env, world.proxy, Dependency(orders, name="orders"), name="shop")
    shop.on_restart(pool.return_leaked)
    world.endpoints += [orders, shop]
    client = world.client(shop)
    pool.leak_probability = 1.0
    world.issue(client, *(float(second) for second in range(6)))
    world.at(7.0, shop.crash)
    world.at(7.0, lambda: setattr(pool, "leak_probability", 0.0))
    world.at(8.0, shop.restart)
    world.issue(client, 9.0, 10.0, 11.0, 12.0)
    world.env.run(until=20.0)
    assert outcomes(client) == [
        *((second + 0.12, Outcome.OK) for second in (0, 1, 2)),
        *((second + 0.25, Outcome.SERVER_ERROR) for second in (3, 4, 5)),
        *((second + 0.12, Outcome.OK) for second in (9, 10, 11, 12)),
    ]
    assert pool.statistics().free_count == 3
    check_drained(world)


class _Bug(Exception):
    """An error in the model's code, which is no outcome."""


@KINDS
@pytest.mark.parametrize("is_caller_gone", [False, True])
def test_bug_behind_a_link_stops_the_run_where_it_is(put_around: Around, is_caller_gone: bool) -> None:
    world = World()

    def handle(request: Any) -> Any:
        yield 1.0
        raise _Bug("in the model")

    world.service.function = handle
    limit = put_around(world, world.link())
    client = world.client(Timeout(world.env, limit, 0.5) if is_caller_gone else limit)
    world.issue(client, 0.0)
    with pytest.raises(_Bug, match="in the model"):
        world.env.run()
    assert world.env.now == pytest.approx(1.01)
