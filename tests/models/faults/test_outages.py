"""Outages: without power everything in an area is gone; without network it goes on, unseen."""

from __future__ import annotations

from typing import Any

import pytest

from models.faults import HostCrash, NetworkOutage, PowerOutage
from models.faults.chaos import Chaos
from models.infrastructure import Host, Rack, Region, Zone
from models.services import Instance
from tests.models.faults.building import HEALTHY, PATIENCE, WAY, WORK, World


def test_all_hosts_of_an_area_lose_power_at_one_instant_and_boot_when_it_is_back() -> None:
    world = World()
    other = Host(world.env, "elsewhere", zone=Zone("us-a", Region("us")))
    outage = PowerOutage(world.region)
    world.env.call_later(5.0, outage.inject)
    world.env.call_later(8.0, outage.heal)
    world.env.run(until=20.0)
    assert world.log("host.down", "host.up") == [
        (5.0, "host.down", "pay-1", None),
        (5.0, "host.down", "pay-2", None),
        (8.0, "host.up", "pay-1", None),
        (8.0, "host.up", "pay-2", None),
    ]
    assert other.crash_count == 0


def test_power_comes_back_only_to_hosts_that_nothing_else_keeps_down() -> None:
    world = World()
    zone, region, crash = (
        PowerOutage(world.zones[0]),
        PowerOutage(world.region),
        HostCrash(world.hosts[1]),
    )
    crash.inject()
    zone.inject()
    region.inject()
    zone.heal()
    world.env.run(until=1.0)
    assert [host.is_up for host in world.hosts] == [False, False]
    region.heal()
    world.env.run(until=2.0)
    assert [host.is_up for host in world.hosts] == [True, False]
    crash.heal()
    world.env.run(until=3.0)
    assert [host.is_up for host in world.hosts] == [True, True]
    assert [host.crash_count for host in world.hosts] == [1, 1]


@pytest.mark.parametrize("is_region", [False, True], ids=["zone", "region"])
def test_a_host_that_is_added_where_there_is_no_power_is_down_until_there_is(is_region: bool) -> None:
    world = World()
    outage = PowerOutage(world.region if is_region else world.zones[0])
    outage.inject()
    zone = Zone("eu-c", world.region) if is_region else world.zones[0]
    late = Host(world.env, "late", zone=zone, boot_time=30.0)
    instance = world.payment.add_instance(late)
    assert world.call(world.web, instance) == (None, PATIENCE)
    outage.heal()
    world.env.run(until=world.env.now + 29.0)
    assert [host.is_up for host in (world.hosts[0], late)] == [True, False], "it boots as any other"
    world.env.run(until=world.env.now + 1.5)
    assert world.call(world.web, instance) == HEALTHY


def test_a_host_that_is_added_during_two_outages_waits_for_the_end_of_both() -> None:
    world = World()
    zone, region = PowerOutage(world.zones[0]), PowerOutage(world.region)
    zone.inject()
    region.inject()
    late = Host(world.env, "late", zone=world.zones[0])
    elsewhere = Host(world.env, "elsewhere", zone=Zone("us-a", Region("us")))
    up = []
    for outage in (zone, region):
        up.append((late.is_up, elsewhere.is_up))
        outage.heal()
        world.env.run(until=world.env.now + 1.0)
    assert up == [(False, True), (False, True)]
    assert (late.is_up, late.crash_count) == (True, 1)


def messages(world: World, pairs: list[tuple[Host, Host]]) -> list[int]:
    """Send a message over each pair, and return which arrived."""
    arrived: list[int] = []
    for number, (source, target) in enumerate(pairs):
        world.network.send(source, target, arrived.append, number)
    world.env.run(until=world.env.now + 1.0)
    return sorted(arrived)


def test_without_network_an_area_is_cut_off_and_goes_on_inside() -> None:
    world = World()
    zone = world.zones[0]
    inside, also_inside = world.hosts[0], Host(world.env, "pay-3", zone=zone)
    outside, also_outside = world.web, world.hosts[1]
    outage = NetworkOutage(world.network, zone)
    outage.inject()
    late = Host(world.env, "late", zone=zone)
    pairs = [
        (outside, inside),
        (inside, outside),
        (inside, also_inside),
        (outside, also_outside),
        (inside, inside),
        (outside, late),
        (late, inside),
    ]
    assert messages(world, pairs) == [2, 3, 4, 6]
    outage.heal()
    assert messages(world, pairs) == [0, 1, 2, 3, 4, 5, 6]


def test_work_and_memory_survive_a_network_outage_and_not_a_power_outage() -> None:
    for network_only in (True, False):
        world = World()
        instance = world.payment.instances[0]
        instance.state["visits"] = 7
        zone = world.zones[0]
        outage: Any = NetworkOutage(world.network, zone) if network_only else PowerOutage(zone)
        world.env.call_later(0.25, outage.inject)
        assert world.pay() == (None, PATIENCE)
        assert world.worked == ([("payment-1", WAY + WORK)] if network_only else [])
        outage.heal()
        assert world.pay() == HEALTHY
        assert instance.state == ({"visits": 7} if network_only else {})


def test_network_outages_of_two_zones_cut_them_off_from_each_other_too() -> None:
    world = World()
    outages = [NetworkOutage(world.network, zone) for zone in world.zones]
    for outage in outages:
        outage.inject()
    pair = (world.hosts[0], world.hosts[1])
    assert messages(world, [pair]) == []
    outages[0].heal()
    assert messages(world, [pair]) == []
    outages[1].heal()
    assert messages(world, [pair]) == [0]
    region = NetworkOutage(world.network, world.region)
    region.inject()
    assert messages(world, [pair, (world.web, world.hosts[0])]) == [0]


def test_an_outage_is_that_of_a_zone_or_region_with_hosts() -> None:
    world = World()
    for make in (PowerOutage, lambda area: NetworkOutage(world.network, area)):
        with pytest.raises(TypeError, match=r"area must be a Rack, Zone or Region, got Host\('web-1'\)"):
            make(world.web)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"area must hold at least one host, got Zone\('empty'\)"):
            make(Zone("empty"))
    with pytest.raises(TypeError, match="network must be a Network, got None"):
        NetworkOutage(None, world.zones[0])  # type: ignore[arg-type]


# -- racks


def in_racks(world: World) -> tuple[list[Rack], list[Instance]]:
    """Put two racks with an instance each into the first zone."""
    racks = [Rack(f"rack {number}", world.zones[0]) for number in (1, 2)]
    hosts = [Host(world.env, f"racked-{number}", rack=rack) for number, rack in enumerate(racks, 1)]
    instances = [world.payment.add_instance(host) for host in hosts]
    return racks, instances


@pytest.mark.parametrize("network_only", [False, True], ids=["power", "network"])
def test_the_outage_of_a_rack_leaves_the_other_racks_of_its_zone_alone(network_only: bool) -> None:
    world = World()
    racks, instances = in_racks(world)
    outage: Any = NetworkOutage(world.network, racks[0]) if network_only else PowerOutage(racks[0])
    outage.inject()
    assert str(outage) == f"{'network' if network_only else 'power'} outage of rack 1"
    assert world.call(world.web, instances[0]) == (None, PATIENCE)
    assert world.call(world.web, instances[1]) == HEALTHY
    outage.heal()
    world.env.run(until=world.env.now + 1.0)
    assert world.call(world.web, instances[0]) == HEALTHY


def test_a_rack_has_power_when_neither_it_nor_its_zone_is_without() -> None:
    world = World()
    racks, instances = in_racks(world)
    rack, zone = PowerOutage(racks[0]), PowerOutage(world.zones[0])
    rack.inject()
    zone.inject()
    rack.heal()
    world.env.run(until=1.0)
    assert not instances[0].host.is_up
    zone.heal()
    world.env.run(until=2.0)
    assert [instance.host.is_up for instance in instances] == [True, True]


def test_racks_fail_at_random_as_everything_does() -> None:
    world = World(seed=1)
    racks, instances = in_racks(world)
    chaos = Chaos(world.env, [PowerOutage(rack) for rack in racks], between=10.0, repair=2.0, until=25.0)
    world.env.run(until=100.0)
    assert chaos.statistics().failed_count == 4
    assert [instance.host.crash_count for instance in instances] == [2, 2]
    assert all(host.crash_count == 0 for host in world.hosts)
