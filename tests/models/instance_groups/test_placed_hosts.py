"""Instances of a group where placement puts them, and where there is room."""

from __future__ import annotations

import pytest

from models import Host, Zone
from models.infrastructure import NoCapacity, Resources
from models.infrastructure.placement import AntiAffinity, Spread
from models.instance_groups import InstanceGroup, PlacedHosts
from models.services import Pause, Service
from simulator import Environment
from simulator.randomness import Constant

NEEDS = Resources(memory_gib=4.0)


def hosts_in_two_zones(env: Environment) -> list[Host]:
    zones = [Zone("a"), Zone("b")]
    places = [zones[0], zones[0], zones[1]]
    return [Host(env, f"host-{number}", zone=zone, memory_gib=8.0) for number, zone in enumerate(places)]


def test_spreads_over_zones_and_takes_no_more_than_there_is() -> None:
    env = Environment(seed=1)
    hosts = hosts_in_two_zones(env)
    service = Service(env, "shop", [], lambda host: Pause(Constant(1.0)), resources=NEEDS)
    group = InstanceGroup(env, service, PlacedHosts(hosts, Spread("zone"), resources=NEEDS), 4)
    zones = [instance.host.zone.name for instance in group.instances if instance.host.zone]
    assert sorted(zones) == ["a", "a", "b", "b"]
    group.scale_to(8)
    assert len(group.instances) == 5  # zone b is full, and a may have one more
    assert group.pending_count == 3
    assert "cannot be placed" in str(env.event_log.of_kind("scaling.pending")[0].detail["reason"])
    group.scale_to(0)
    env.run(until=1.0)
    assert [host.room.memory_gib_free for host in hosts] == [8.0] * 3


def test_one_each_and_none_where_it_is_dark() -> None:
    env = Environment(seed=1)
    hosts = hosts_in_two_zones(env)
    source = PlacedHosts(hosts, AntiAffinity())
    hosts[1].crash()
    assert [source.provision(), source.provision()] == [hosts[0], hosts[2]]
    with pytest.raises(NoCapacity, match="cannot be placed by AntiAffinity"):
        source.provision()
    source.release(hosts[0])
    assert source.provision() is hosts[0]
    with pytest.raises(ValueError, match="host must have an instance of this source's"):
        source.release(hosts[1])


def test_misuse() -> None:
    env = Environment(seed=1)
    with pytest.raises(ValueError, match="hosts must be one or more, got none"):
        PlacedHosts([])
    with pytest.raises(TypeError, match="each of hosts must be a Host, got 'a'"):
        PlacedHosts(["a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="policy must be a PlacementPolicy, such as Spread"):
        PlacedHosts(hosts_in_two_zones(env), "spread")  # type: ignore[arg-type]
