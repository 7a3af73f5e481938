"""What is different about each placement policy."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import floor, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.infrastructure import DoesNotFit, Host, Rack, Region, Resources, Zone
from models.infrastructure.placement import AntiAffinity, Pack, Spread, place
from simulator import Environment
from tests.models.infrastructure.test_placement_contract import hosts_of


def in_zones(*counts: int, **settings: float) -> list[Host]:
    """Return hosts, so many in each of some zones; each zone in a region of its own."""
    env = Environment()
    return [
        Host(env, f"{zone.name}/{number}", zone=zone, **settings)  # type: ignore[arg-type]
        for zone, count in [
            (Zone(f"zone {each}", Region(f"region {each}")), n) for each, n in enumerate(counts)
        ]
        for number in range(count)
    ]


def per_zone(hosts: list[Host]) -> dict[str, int]:
    return dict(Counter(host.zone.name for host in hosts if host.zone is not None))


# -- spread


@pytest.mark.slow
@pytest.mark.parametrize("level", ["zone", "region"])
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), count=st.integers(1, 20))
@settings(max_examples=30)
def test_spread_leaves_no_two_domains_more_than_one_apart(level: str, sizes: list[int], count: int) -> None:
    counts = per_zone(place(count, in_zones(*sizes), Spread(level)))
    assert max(counts.values()) - min([*counts.values(), 0][: len(sizes) + (len(counts) < len(sizes))]) <= 1
    assert sum(counts.values()) == count


def test_spread_fills_a_zones_hosts_evenly() -> None:
    hosts = in_zones(2, 3)
    placed = Counter(place(10, hosts, Spread("zone")))
    assert [placed[host] for host in hosts] == [3, 2, 2, 2, 1]


def test_a_full_zone_stops_the_others_at_the_skew_that_is_allowed() -> None:
    hosts = in_zones(1, 4, cores=1)
    one = Resources(cores=1.0)
    assert per_zone(place(3, hosts, Spread("zone"), resources=one)) == {"zone 0": 1, "zone 1": 2}
    with pytest.raises(
        DoesNotFit, match=r"number 4: 3 have too few cores .* 2 have room and are forbidden by"
    ):
        place(4, hosts, Spread("zone"), resources=one)
    assert per_zone(place(4, hosts, Spread("zone", 2), resources=one)) == {"zone 0": 1, "zone 1": 3}
    assert per_zone(place(5, hosts, Spread("zone", inf), resources=one)) == {"zone 0": 1, "zone 1": 4}


@pytest.mark.parametrize(("skew_max", "allowed"), [(1, {"zone 2"}), (2, {"zone 0", "zone 1", "zone 2"})])
def test_the_example_of_kubernetes_where_two_two_and_one_run_already(
    skew_max: int, allowed: set[str]
) -> None:
    """Of `maxSkew` in the reference of its `TopologySpreadConstraint`."""
    hosts = in_zones(1, 1, 1)
    beside = [*hosts[:2], *hosts]
    found = set()
    for host in hosts:
        # The other hosts are there, and no choice.
        try:
            found |= set(per_zone(place(1, [host], Spread("zone", skew_max), beside=beside)))
        except DoesNotFit:
            continue
    assert found == allowed


def test_those_that_run_already_count() -> None:
    hosts = in_zones(1, 1, 1)
    assert place(2, hosts, Spread("zone"), beside=[hosts[0], hosts[2]]) == [hosts[1], hosts[0]]
    # Also where they stand outside of what there is to choose from.
    with pytest.raises(DoesNotFit, match="1 have room and are forbidden by the policy"):
        place(1, hosts[:1], Spread("zone"), beside=[hosts[0], hosts[0], hosts[1], hosts[2]])


def test_spread_can_spread_inside_of_what_it_spreads_over() -> None:
    env = Environment()
    zone = Zone("zone")
    racks = [Rack(f"rack {number}", zone) for number in range(2)]
    hosts = [Host(env, f"host {number}", rack=racks[number >= 3]) for number in range(4)]
    placed = place(4, hosts, Spread("zone", within=Spread("rack")))
    assert Counter(host.rack for host in placed) == {racks[0]: 2, racks[1]: 2}
    assert Counter(host.rack for host in place(4, hosts, Spread("zone"))) == {racks[0]: 3, racks[1]: 1}


def test_the_rule_inside_of_a_spread_is_a_rule() -> None:
    env = Environment()
    zone = Zone("zone")
    hosts = [Host(env, f"{cores} cores", rack=Rack(f"rack {cores}", zone), cores=cores) for cores in (1, 4)]
    one = Resources(cores=1.0)
    assert place(3, hosts, Spread("zone", within=Spread("rack")), resources=one) == [hosts[0], *hosts[1:] * 2]
    with pytest.raises(DoesNotFit, match="1 have room and are forbidden by the policy"):
        place(4, hosts, Spread("zone", within=Spread("rack")), resources=one)


def test_hosts_outside_of_racks_stand_together_in_their_zone() -> None:
    env = Environment()
    zones = [Zone("a"), Zone("b")]
    hosts = [Host(env, f"host {number}", zone=zones[number // 2]) for number in range(4)]
    assert place(2, hosts, AntiAffinity("rack")) == [hosts[0], hosts[2]]
    with pytest.raises(DoesNotFit):
        place(3, hosts, AntiAffinity("rack"))


# -- pack


@pytest.mark.slow
@given(
    sizes=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=1, max_size=6),
    count=st.integers(1, 8),
)
def test_no_placement_has_fewer_hosts_than_pack(sizes: list[tuple[int, int]], count: int) -> None:
    hosts = hosts_of(sizes)
    asked = Resources(cores=0.5, memory_gib=1.0)
    capacities = [min(floor(cores / 0.5), memory) for cores, memory in sizes]
    fewest = next(
        (n for n in range(1, len(sizes) + 1) if max(map(sum, combinations(capacities, n))) >= count), None
    )
    if fewest is None:
        with pytest.raises(DoesNotFit):
            place(count, hosts, Pack(), resources=asked)
    else:
        assert len(set(place(count, hosts, Pack(), resources=asked))) == fewest


def test_pack_takes_the_host_with_the_least_to_spare() -> None:
    hosts = hosts_of([(4, 8), (2, 8), (3, 8)])
    assert place(2, hosts, Pack(), resources=Resources(cores=1.0)) == [hosts[1]] * 2
    hosts[2].room.take("another", Resources(cores=1.5))
    assert place(1, hosts, Pack(), resources=Resources(cores=1.0)) == [hosts[2]]


def test_pack_goes_on_where_it_began() -> None:
    hosts = hosts_of([(2, 8), (4, 8)])
    assert place(1, hosts, Pack(), resources=Resources(cores=1.0), beside=[hosts[1]]) == [hosts[1]]


def test_of_two_hosts_with_room_for_as_many_pack_takes_the_fuller_one() -> None:
    hosts = hosts_of([(4, 8)] * 3)
    hosts[1].room.take("another", Resources(cores=0.5))
    assert place(1, hosts, Pack()) == [hosts[1]]


def test_who_asks_for_nothing_fits_all_on_one_host() -> None:
    hosts = hosts_of([(1, 1)] * 3)
    assert place(50, hosts, Pack()) == [hosts[0]] * 50


# -- anti-affinity


def test_one_per_host_refuses_the_one_that_is_too_many() -> None:
    hosts = hosts_of([(1, 1)] * 3)
    assert place(3, hosts, AntiAffinity()) == hosts
    with pytest.raises(DoesNotFit, match="none of 3 hosts can take number 4: 3 have room and are forbidden"):
        place(4, hosts, AntiAffinity())
    with pytest.raises(DoesNotFit):
        place(1, hosts[:1], AntiAffinity(), beside=[hosts[0]])


def test_two_services_can_be_kept_apart() -> None:
    hosts = in_zones(2, 2, 2)
    others = [hosts[0], hosts[3]]
    apart = AntiAffinity(avoiding=others, from_each_other=False)
    assert set(place(8, hosts, apart)) == {hosts[1], hosts[2], hosts[4], hosts[5]}
    in_other_zones = AntiAffinity("zone", avoiding=others, from_each_other=False)
    assert set(place(8, hosts, in_other_zones)) == {hosts[4], hosts[5]}
    with pytest.raises(DoesNotFit):
        place(2, hosts, AntiAffinity("zone", avoiding=others))


def test_a_host_that_is_gone_is_avoided_by_nobody() -> None:
    hosts = in_zones(2, 1)
    apart = AntiAffinity("zone", avoiding=[hosts[0]], from_each_other=False)
    assert place(1, hosts, apart) == [hosts[2]]
    hosts[0].decommission()
    assert place(1, hosts, apart) == [hosts[1]]


def test_what_anti_affinity_leaves_is_decided_by_another_policy() -> None:
    hosts = in_zones(3, 1, 1)
    assert place(3, hosts, AntiAffinity()) == hosts[:3]
    assert place(3, hosts, AntiAffinity(then=Spread("zone"))) == [hosts[0], hosts[3], hosts[4]]
    uneven = in_zones(1, 3)
    assert len(place(3, uneven, AntiAffinity(then=Spread("zone")))) == 3
    with pytest.raises(DoesNotFit, match="forbidden by the policy"):
        place(4, uneven, AntiAffinity(then=Spread("zone")))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Spread("continent"),
            ValueError,
            "level must be one of host, rack, zone, region, got 'contin",
        ),
        (lambda: Spread("zone", 0), ValueError, "skew_max must be a whole number >= 1, or infinite, got 0"),
        (
            lambda: Spread("zone", 1.5),
            ValueError,
            "skew_max must be a whole number >= 1, or infinite, got 1.5",
        ),
        (lambda: Spread(within="rack"), TypeError, "within must be a placement policy, got 'rack'"),
        (
            lambda: AntiAffinity("shelf"),
            ValueError,
            "level must be one of host, rack, zone, region, got 'shelf'",
        ),
        (
            lambda: AntiAffinity(from_each_other=False),
            ValueError,
            "avoiding must name at least one host where",
        ),
    ],
)
def test_policies_that_make_no_sense_are_refused(make: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()  # type: ignore[operator]
