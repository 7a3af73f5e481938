"""A virtual address: where calls go, what is lost when it moves, and what a split brain looks like."""

from __future__ import annotations

from typing import Any

import pytest

from models import FunctionEndpoint
from models.failures import ServerError
from models.naming import VirtualAddress
from tests.models.naming.building import WAY, World
from tests.models.services.building import Seen, call

TAKEN = 10.0 + WAY + 3.0 + 156 / 256
"""When the backup takes over after a crash at 10.5 s."""


def calls_at(world: World, way: Any, *times: float, timeout: float | None = 1.0) -> list[Seen]:
    seen: list[Seen] = []
    for time in times:
        world.env.call_later(time, lambda: seen.append(call(world.env, way, timeout=timeout)))
    return seen


def outcomes(seen: list[Seen]) -> list[str]:
    return [getattr(one.outcome, "value", type(one.outcome).__name__) for one in seen]


def test_calls_go_to_who_holds_the_address_and_after_its_death_to_the_other() -> None:
    world = World()
    way = world.pair().connect(world.client)
    world.env.call_later(10.5, world.a.crash)
    seen = calls_at(world, way, 5.0, 10.5, 12.0, TAKEN + WAY - 0.01, TAKEN + WAY + 0.01, 20.0)
    world.env.run(until=30.0)
    assert outcomes(seen) == ["a", "TimedOut", "TimedOut", "TimedOut", "b", "b"]
    assert seen[0].at == 5.0 + 2 * WAY


def test_it_serves_from_the_first_instant() -> None:
    world = World()
    seen = calls_at(world, world.pair().connect(world.client), 0.0)
    world.env.run(until=1.0)
    assert outcomes(seen) == ["a"]


def test_failures_pass_through() -> None:
    world = World()

    def fail(request: Any) -> Any:
        yield 0.5
        raise ServerError("no")

    failing = FunctionEndpoint(fail, host=world.a, name="failing")
    address = VirtualAddress(world.env, world.network, [failing, world.servers[1]], name="shop")
    seen = calls_at(world, address.connect(world.client), 0.0)
    world.env.run(until=2.0)
    assert outcomes(seen) == ["ServerError"]


def test_what_is_under_way_is_never_answered_by_who_gives_the_address_up() -> None:
    world = World(service_time=1.0)
    address = world.pair()
    way = address.connect(world.client)
    seen = calls_at(world, way, 10.0, timeout=None)
    world.env.call_later(10.5, address.routers[0].resign)
    world.env.run(until=60.0)
    assert seen[0].outcome is None
    assert address.statistics().unanswered_count == 1


def test_a_call_that_reaches_a_router_without_the_address_is_not_answered() -> None:
    world = World()
    address = world.pair()
    way = address.connect(world.client)
    # On its way when the address is given up.
    seen = calls_at(world, way, 10.5 - WAY / 2)
    world.env.call_later(10.5, address.routers[0].resign)
    world.env.run(until=20.0)
    assert outcomes(seen) == ["TimedOut"]
    assert address.statistics().unanswered_count == 1


def test_in_a_split_brain_clients_go_where_they_last_heard_from_and_are_served_by_both() -> None:
    world = World()
    way = world.pair().connect(world.client)
    world.network.partition(world.a, world.b)
    # Advertisements of the first arrive 1/8 s after each whole second, those of the second 55/64 s after it.
    seen = calls_at(world, way, *(20.0 + 0.25 * step for step in range(8)))
    world.env.run(until=30.0)
    assert outcomes(seen) == ["b", "a", "a", "a", "b", "a", "a", "a"]


def test_a_client_that_is_cut_off_with_one_of_them_is_served_by_that_one() -> None:
    world = World()
    address = world.pair()
    here, there = address.connect(world.client), address.connect(world.c)
    world.network.partition([world.a, world.client], [world.b, world.c])
    seen_here, seen_there = calls_at(world, here, 20.0), calls_at(world, there, 20.0)
    world.env.run(until=30.0)
    assert (outcomes(seen_here), outcomes(seen_there)) == (["a"], ["b"])


def test_a_clients_restart_does_not_empty_what_the_switches_have_learned() -> None:
    world = World()
    way = world.pair().connect(world.client)
    world.env.call_later(10.5, world.a.crash)
    world.env.call_later(20.0, world.client.crash)
    world.env.call_later(20.125, world.client.restart)
    seen = calls_at(world, way, 20.25)
    world.env.run(until=30.0)
    assert outcomes(seen) == ["b"]


def test_without_any_router_alive_calls_meet_silence() -> None:
    world = World()
    way = world.pair().connect(world.client)
    world.a.crash()
    world.b.crash()
    seen = calls_at(world, way, 10.0)
    world.env.run(until=20.0)
    assert outcomes(seen) == ["TimedOut"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"priorities": [1]}, r"priorities must be as many as targets \(2\), got 1"),
        ({"priorities": [0, 100]}, "priority must be a whole number from 1 to 255, got 0"),
        ({"priorities": [256, 100]}, "priority must be a whole number from 1 to 255, got 256"),
    ],
)
def test_priorities_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        World().pair(**change)


def test_targets_stand_on_hosts_of_their_own() -> None:
    world = World()
    with pytest.raises(ValueError, match="targets must be at least one"):
        VirtualAddress(world.env, world.network, [])
    with pytest.raises(ValueError, match="targets must stand on hosts of their own, got two on 'a'"):
        VirtualAddress(world.env, world.network, [world.servers[0], world.servers[0]])
    nowhere = FunctionEndpoint(lambda request: iter(()), name="nowhere")  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="target must stand on a host to share an address, got 'nowhere'"):
        VirtualAddress(world.env, world.network, [nowhere])


def test_who_connects_when_the_address_has_moved_begins_where_it_is() -> None:
    world = World()
    address = world.pair()
    world.a.crash()
    # The other one has it at 3.6 s, and says so again a second later.
    world.env.run(until=4.0)
    seen = call(world.env, address.connect(world.client), timeout=1.0)
    world.env.run(until=4.5)
    assert (seen.at, seen.value) == (4.0 + 2 * WAY, "b")
