"""Places lose power as one: whatever cuts it says so, and no host runs while anything does."""

from __future__ import annotations

from typing import Any

import pytest

from models.infrastructure import Host, Rack, Region, Zone
from simulator import Environment


def test_hosts_are_down_while_anything_cuts_the_power_of_their_zone_or_region() -> None:
    env = Environment()
    region = Region("eu")
    zone, other = Zone("eu-a", region), Zone("eu-b", region)
    hosts = [Host(env, "a", zone=zone), Host(env, "b", zone=other)]
    zone.cut_power("flood")
    region.cut_power("storm")
    zone.cut_power("fire")
    late = Host(env, "late", zone=zone)
    for place, holder, up in (
        (zone, "flood", [False, False, False]),
        (region, "storm", [False, True, False]),
        (zone, "fire", [True, True, True]),
    ):
        place.restore_power(holder)
        env.run(until=env.now + 1.0)
        assert [host.is_up for host in (*hosts, late)] == up


def test_cutting_and_restoring_power_go_in_pairs() -> None:
    zone = Zone("eu-a")
    with pytest.raises(ValueError, match="power of 'eu-a' is cut by others only, not by flood"):
        zone.restore_power("flood")
    zone.cut_power("flood")
    with pytest.raises(ValueError, match="power of 'eu-a' is cut by flood already"):
        zone.cut_power("flood")
    zone.restore_power("flood")
    zone.cut_power("flood")


def test_one_cause_may_cut_the_power_of_a_zone_and_of_its_region() -> None:
    env = Environment()
    region = Region("eu")
    zone = Zone("eu-a", region)
    host = Host(env, "host", zone=zone)
    zone.cut_power("storm")
    region.cut_power("storm")
    late = Host(env, "late", zone=zone)
    with pytest.raises(RuntimeError, match=r"held down by storm in Zone\('eu-a'\)"):
        host.restart()
    region.restore_power("storm")
    env.run(until=1.0)
    assert not host.is_up
    zone.restore_power("storm")
    env.run(until=2.0)
    assert (host.is_up, late.is_up) == (True, True)


# -- racks


def in_racks() -> tuple[Environment, Zone, list[Rack], list[Host]]:
    """Return a zone with two racks of two hosts, and one host outside of any."""
    env = Environment()
    zone = Zone("eu-a", Region("eu"))
    racks = [Rack("rack 1", zone), Rack("rack 2", zone)]
    hosts = [Host(env, f"host {number}", rack=racks[number // 2]) for number in range(4)]
    return env, zone, racks, [*hosts, Host(env, "alone", zone=zone)]


def test_a_rack_stands_in_its_zone_with_all_its_hosts() -> None:
    _, zone, racks, hosts = in_racks()
    assert zone.racks == racks
    assert zone.hosts == hosts
    assert [rack.hosts for rack in racks] == [hosts[:2], hosts[2:4]]
    assert [host.zone for host in hosts] == [zone] * 5
    assert [host.rack for host in hosts] == [racks[0], racks[0], racks[1], racks[1], None]
    assert zone.region is not None
    assert zone.region.hosts == hosts


def test_a_rack_loses_power_alone_and_with_its_zone() -> None:
    env, zone, racks, hosts = in_racks()
    racks[0].cut_power("fuse")
    assert [host.is_up for host in hosts] == [False, False, True, True, True]
    assert [racks[0].has_power, racks[1].has_power, zone.has_power] == [False, True, True]
    zone.cut_power("flood")
    late = Host(env, "late", rack=racks[1])
    assert not any(host.is_up for host in (*hosts, late))
    assert not racks[1].has_power
    racks[0].restore_power("fuse")
    env.run(until=1.0)
    assert not any(host.is_up for host in hosts)
    zone.restore_power("flood")
    env.run(until=2.0)
    assert all(host.is_up for host in (*hosts, late))


def test_a_host_that_comes_to_a_rack_without_power_is_down_for_each_reason() -> None:
    env, zone, racks, _ = in_racks()
    racks[0].cut_power("fuse")
    zone.cut_power("flood")
    late = Host(env, "late", rack=racks[0])
    zone.restore_power("flood")
    env.run(until=1.0)
    assert not late.is_up
    racks[0].restore_power("fuse")
    env.run(until=2.0)
    assert late.is_up


def test_a_host_that_is_gone_stands_nowhere() -> None:
    _, zone, racks, hosts = in_racks()
    hosts[0].decommission()
    hosts[4].decommission()
    assert racks[0].hosts == hosts[1:2]
    assert zone.hosts == hosts[1:4]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Rack("rack", "eu-a"), TypeError, "zone of rack 'rack' must be a Zone, got 'eu-a'"),
        (
            lambda: Host(Environment(), "host", zone=Zone("b"), rack=Rack("rack", Zone("a"))),
            ValueError,
            r"zone must be that of Rack\('rack'\), Zone\('a'\), got Zone\('b'\)",
        ),
        (lambda: Host(Environment(), "host", rack=Zone("a")), TypeError, "rack must be a Rack, got Zone"),
    ],
)
def test_racks_that_stand_nowhere_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
