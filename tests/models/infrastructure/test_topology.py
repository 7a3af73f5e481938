"""Places lose power as one: whatever cuts it says so, and no host runs while anything does."""

from __future__ import annotations

import pytest

from models import Host, Region, Zone
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
