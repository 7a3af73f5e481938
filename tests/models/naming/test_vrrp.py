"""The election: who holds a virtual address, when the other takes it, and what two do who cannot hear."""

from __future__ import annotations

import pytest

from models.naming import VirtualAddress, VrrpSettings
from tests.models.naming.building import WAY, World
from tests.models.services.building import call

SKEW_A, SKEW_B = 56 / 256, 156 / 256  # of priorities 200 and 100


@pytest.mark.parametrize(
    ("priority", "interval", "down"),
    [
        (100, 1.0, 3.0 + 156 / 256),
        (254, 1.0, 3.0 + 2 / 256),
        (255, 1.0, 3.0 + 1 / 256),
        (100, 0.1, 0.3609375),
    ],
)
def test_a_backup_waits_three_intervals_and_its_skew(priority: int, interval: float, down: float) -> None:
    assert VrrpSettings(advertisement_interval=interval).active_down_interval(priority) == pytest.approx(down)


def test_the_best_holds_the_address_from_the_start_and_nothing_changes_while_it_lives() -> None:
    world = World()
    address = world.pair()
    world.env.run(until=60.0)
    assert world.holders() == [(0.0, "taken", "a")]
    assert address.statistics().active_hosts == ("a",)


def test_the_backup_takes_over_one_down_interval_after_the_last_advertisement() -> None:
    world = World()
    world.pair()
    world.env.call_later(10.5, world.a.crash)
    world.env.run(until=20.0)
    assert world.holders()[1:] == [(10.0 + WAY + 3.0 + SKEW_B, "taken", "b")]


def test_the_better_one_takes_the_address_back_one_down_interval_after_its_start() -> None:
    world = World()
    world.pair()
    world.env.call_later(10.5, world.a.crash)
    world.env.call_later(20.0, world.a.restart)
    world.env.run(until=30.0)
    back = 20.0 + 3.0 + SKEW_A
    assert world.holders()[2:] == [(back, "taken", "a"), (back + WAY, "released", "b")]


def test_without_preemption_the_address_stays_where_it_is() -> None:
    world = World()
    address = world.pair(settings=VrrpSettings(preempts=False))
    world.env.call_later(10.5, world.a.crash)
    world.env.call_later(20.0, world.a.restart)
    world.env.run(until=60.0)
    assert len(world.holders()) == 2
    assert address.statistics().active_hosts == ("b",)


def test_the_owner_of_the_address_holds_it_at_once_when_it_is_back() -> None:
    world = World()
    world.pair(priorities=[255, 100])
    world.env.call_later(10.5, world.a.crash)
    world.env.call_later(20.0, world.a.restart)
    world.env.run(until=30.0)
    assert world.holders()[2:] == [(20.0, "taken", "a"), (20.0 + WAY, "released", "b")]


def test_who_resigns_says_so_and_the_other_waits_for_its_skew_alone() -> None:
    world = World()
    address = world.pair()
    world.env.call_later(10.5, address.routers[0].resign)
    world.env.call_later(15.0, address.routers[0].rejoin)
    world.env.run(until=30.0)
    back = 15.0 + 3.0 + SKEW_A
    assert world.holders()[1:] == [
        (10.5, "released", "a"),
        (10.5 + WAY + SKEW_B, "taken", "b"),
        (back, "taken", "a"),
        (back + WAY, "released", "b"),
    ]


def test_whose_host_is_down_cannot_resign() -> None:
    world = World()
    address = world.pair()
    world.env.call_later(10.5, world.a.crash)
    world.env.call_later(11.0, address.routers[0].resign)
    world.env.run(until=20.0)
    # It says nothing: the other one waits as it does for any that is dead.
    assert world.holders()[1:] == [(10.0 + WAY + 3.0 + SKEW_B, "taken", "b")]


def test_an_active_one_that_hears_another_resign_says_who_is_there_and_counts_anew() -> None:
    world = World()
    address = world.pair()
    cut = world.network.partition(world.a, world.b)
    world.env.run(until=20.5)
    world.network.heal(cut)
    heard: list[tuple[float, str]] = []
    for router in address.routers:
        router.let_learn(world.client, lambda router: heard.append((world.env.now, router.host.name)))
    address.routers[1].resign()
    world.env.run(until=23.0)
    # The switches learn from what is last said, and that is where who has left it stands, until the answer.
    at = 20.5 + WAY
    assert heard == [(at, "b"), (at + WAY, "a"), (at + 1.0 + WAY, "a"), (at + 2.0 + WAY, "a")]


def test_who_resigned_and_crashed_is_a_backup_after_its_boot() -> None:
    world = World()
    address = world.pair()
    address.routers[0].resign()
    world.env.call_later(1.0, world.a.crash)
    world.env.call_later(2.0, world.a.restart)
    world.env.run(until=10.0)
    assert address.statistics().active_hosts == ("a",)


def test_of_three_the_second_best_takes_over_and_the_third_hears_of_it() -> None:
    world = World()
    VirtualAddress(world.env, world.network, world.servers, priorities=[200, 101, 100], name="shop")
    world.env.call_later(10.5, world.a.crash)
    world.env.run(until=60.0)
    # The third would have been due 1/256 s later, before it could hear of the second: then it gives way.
    assert world.holders()[1:] == [
        (10.0 + WAY + 3.0 + 155 / 256, "taken", "b"),
        (10.0 + WAY + 3.0 + 156 / 256, "taken", "c"),
        (10.0 + 2 * WAY + 3.0 + 155 / 256, "released", "c"),
    ]


def test_of_two_with_equal_priorities_the_first_stays() -> None:
    world = World()
    address = world.pair(priorities=[100, 100])
    cut = world.network.partition(world.a, world.b)
    world.env.call_later(20.5, world.network.heal, cut)
    world.env.run(until=10.0)
    assert address.statistics().active_hosts == ("a", "b")
    world.env.run(until=30.0)
    # The second advertises first after the heal; the first answers at once, and the second gives way.
    assert address.statistics().active_hosts == ("a",)
    assert [who for _, what, who in world.holders() if what == "released"] == ["b"]


def test_a_partition_of_the_pair_makes_both_hold_it_and_the_heal_leaves_the_better_one() -> None:
    world = World()
    address = world.pair()
    world.env.run(until=10.5)
    cut = world.network.partition(world.a, world.b)
    world.env.run(until=20.5)
    assert address.statistics().active_hosts == ("a", "b")
    world.network.heal(cut)
    world.env.run(until=30.0)
    # Both advertise once a second. The better one's next arrives first, here.
    assert world.holders()[1:] == [
        (10.0 + WAY + 3.0 + SKEW_B, "taken", "b"),
        (pytest.approx(20.0 + 3.0 + SKEW_B + WAY - 3.0 + 2 * WAY), "released", "b"),
    ]


@pytest.mark.parametrize(("cut", "actives"), [("a to b", ("a", "b")), ("b to a", ("a",))])
def test_a_one_way_partition_makes_two_of_who_cannot_hear_the_better_one(
    cut: str, actives: tuple[str, ...]
) -> None:
    world = World()
    address = world.pair()
    world.env.run(until=10.5)
    source, target = (world.a, world.b) if cut == "a to b" else (world.b, world.a)
    world.network.partition(source, target, one_way=True)
    world.env.run(until=30.0)
    assert address.statistics().active_hosts == actives


@pytest.mark.parametrize(("lost_count", "taken_counts"), [(2, (1, 0)), (3, (1, 1))])
def test_the_address_moves_when_three_advertisements_in_a_row_are_lost(
    lost_count: int, taken_counts: tuple[int, int]
) -> None:
    world = World()
    address = world.pair()
    world.env.run(until=10.5)
    cut = world.network.partition(world.a, world.b)
    world.env.run(until=10.5 + lost_count)
    world.network.heal(cut)
    world.env.run(until=30.0)
    assert address.statistics().taken_counts == taken_counts


def test_the_protocol_watches_hosts_and_a_dead_process_keeps_the_address() -> None:
    world = World()
    address = world.pair()
    way = address.connect(world.client)
    world.env.call_later(10.5, world.a.crash_process, world.servers[0])
    world.env.run(until=60.0)
    refused = call(world.env, way)
    world.env.run(until=61.0)
    assert address.statistics().active_hosts == ("a",)
    assert type(refused.outcome).__name__ == "Refused"


def test_tracking_gives_the_address_up_while_the_process_is_dead() -> None:
    world = World()
    world.pair(settings=VrrpSettings(tracking_interval=0.5))
    world.env.call_later(10.25, world.a.crash_process, world.servers[0])
    world.env.call_later(20.25, world.a.restart_process, world.servers[0])
    world.env.run(until=30.0)
    back = 20.5 + 3.0 + SKEW_A
    assert world.holders()[1:] == [
        (10.5, "released", "a"),
        (10.5 + WAY + SKEW_B, "taken", "b"),
        (back, "taken", "a"),
        (back + WAY, "released", "b"),
    ]


def test_tracking_does_not_take_back_what_was_resigned_by_hand() -> None:
    world = World()
    address = world.pair(settings=VrrpSettings(tracking_interval=0.5))
    world.env.call_later(10.25, address.routers[0].resign)
    world.env.run(until=30.0)
    assert address.statistics().active_hosts == ("b",)


def test_tracking_does_not_take_back_what_was_resigned_by_hand_when_the_process_is_back_either() -> None:
    world = World()
    address = world.pair(settings=VrrpSettings(tracking_interval=0.5))
    world.env.call_later(10.25, address.routers[0].resign)
    world.env.call_later(12.25, world.a.crash_process, world.servers[0])
    world.env.call_later(14.25, world.a.restart_process, world.servers[0])
    world.env.run(until=30.0)
    assert address.statistics().active_hosts == ("b",)


def test_one_that_is_down_when_the_pair_is_made_joins_when_it_is_up() -> None:
    world = World()
    world.a.crash()
    address = world.pair()
    world.env.call_later(10.0, world.a.restart)
    world.env.run(until=9.0)
    assert world.holders() == [(3.0 + SKEW_B, "taken", "b")]
    world.env.run(until=20.0)
    assert address.statistics().active_hosts == ("a",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"advertisement_interval": 0.0}, "advertisement_interval must be finite and > 0 s, got 0.0"),
        ({"tracking_interval": -1.0}, "tracking_interval must be finite and > 0 s, got -1.0"),
    ],
)
def test_times_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VrrpSettings(**settings)  # type: ignore[arg-type]
