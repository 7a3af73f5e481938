"""What every placement policy must do: place where there is room, the same way each time, all or none."""

from __future__ import annotations

from collections import Counter
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.infrastructure import DoesNotFit, Host, Rack, Region, Resources, Zone
from models.infrastructure.placement import AntiAffinity, Pack, PlacementPolicy, Spread, place
from simulator import Environment

POLICIES: list[PlacementPolicy] = [
    *[Spread(level) for level in ("host", "rack", "zone", "region")],
    Spread("zone", inf, within=Spread("rack", inf)),
    Pack(),
    AntiAffinity(),
    AntiAffinity("rack", then=Spread("zone")),
]

policies = pytest.mark.parametrize("policy", POLICIES, ids=repr)
SIZES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 8)), min_size=1, max_size=6)


def hosts_of(sizes: list[tuple[int, int]]) -> list[Host]:
    """Return hosts of (cores, GiB), the first two in one rack, and so on, two racks in a zone."""
    env = Environment()
    hosts: list[Host] = []
    region = Region("eu")
    zones = [Zone(f"eu-{number}", region) for number in range(2)]
    racks = [Rack(f"rack {number}", zones[number // 2]) for number in range(4)]
    for number, (cores, memory) in enumerate(sizes):
        rack = racks[number // 2 % 4]
        hosts.append(Host(env, f"host {number}", rack=rack, cores=cores, memory_gib=float(memory)))
    return hosts


@pytest.mark.slow
@policies
@given(
    sizes=SIZES,
    count=st.integers(0, 12),
    cores=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    memory=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
)
@settings(max_examples=40)
def test_what_is_placed_fits_and_what_is_refused_takes_nothing(
    policy: PlacementPolicy, sizes: list[tuple[int, int]], count: int, cores: float, memory: float
) -> None:
    hosts = hosts_of(sizes)
    asked = Resources(cores=cores, memory_gib=memory)
    before = [(host.room.cores_free, host.room.memory_gib_free) for host in hosts]
    try:
        placed = place(count, hosts, policy, resources=asked)
    except DoesNotFit as refusal:
        message, placed = str(refusal), []
    else:
        message = ""
        assert len(placed) == count
    if message:
        asked_for = f"{count} instance{'s' * (count > 1)} of {asked} cannot be placed by {policy!r}"
        assert message.startswith(asked_for)
    assert [(host.room.cores_free, host.room.memory_gib_free) for host in hosts] == before
    for number, host in enumerate(placed):
        host.room.take(number, asked)  # raises where it does not fit
    assert set(placed) <= set(hosts)


@policies
def test_the_same_question_has_the_same_answer(policy: PlacementPolicy) -> None:
    sizes = [(2, 4), (1, 4), (2, 2), (4, 8), (2, 4), (1, 1), (1, 1), (2, 2)]
    names = [
        [
            host.name
            for host in place(2, hosts_of(sizes), policy, resources=Resources(cores=0.5, memory_gib=1.0))
        ]
        for _ in range(3)
    ]
    assert names[0] == names[1] == names[2]


@policies
def test_a_tie_goes_to_the_host_that_was_named_first(policy: PlacementPolicy) -> None:
    hosts = hosts_of([(2, 4)] * 4)
    assert place(1, hosts, policy) == [hosts[0]]
    assert place(1, hosts[::-1], policy) == [hosts[-1]]


@policies
def test_nothing_is_placed_nowhere(policy: PlacementPolicy) -> None:
    assert place(0, [], policy) == []
    with pytest.raises(
        DoesNotFit, match=r"1 instance of 0 cores and 0 GiB cannot be placed by .*there is no host"
    ):
        place(1, [], policy)


@policies
def test_what_is_gone_is_no_choice(policy: PlacementPolicy) -> None:
    hosts = hosts_of([(2, 4)] * 3)
    hosts[0].decommission()
    assert place(1, hosts, policy) == [hosts[1]]
    hosts[1].decommission()
    hosts[2].decommission()
    with pytest.raises(DoesNotFit, match="there is no host"):
        place(1, hosts, policy)


@policies
def test_the_refusal_names_what_was_asked_what_exists_and_which_rule_failed(policy: PlacementPolicy) -> None:
    hosts = hosts_of([(1, 8), (4, 1), (1, 1)])
    with pytest.raises(DoesNotFit) as refusal:
        place(2, hosts, policy, resources=Resources(cores=2.0, memory_gib=2.0))
    assert str(refusal.value) == (
        f"2 instances of 2 cores and 2 GiB cannot be placed by {policy!r}: "
        "none of 3 hosts can take number 1: 2 have too few cores (at most 4 free), "
        "1 have too little memory (GiB: at most 8 free)"
    )


@policies
@pytest.mark.parametrize("count", [100, 1_000])
def test_many_hosts_are_filled_one_by_one(policy: PlacementPolicy, count: int) -> None:
    """Each host takes one, so that every policy that allows it comes to the same hosts in the end."""
    env = Environment()
    zones = [Zone(f"zone {number}", Region(f"region {number}")) for number in range(2)]
    racks = [Rack(f"rack {number}", zones[number % 2]) for number in range(count)]
    hosts = [Host(env, f"host {number}", rack=rack) for number, rack in enumerate(racks)]
    placed = place(count, hosts, policy, resources=Resources(cores=1.0))
    assert Counter(placed) == Counter(hosts)


def test_what_fits_is_exact_and_forgives_rounding() -> None:
    (host,) = hosts_of([(1, 1)])
    tenths = Resources(cores=0.1, memory_gib=0.1)
    assert place(10, [host], Pack(), resources=tenths) == [host] * 10
    host.room.take("another", Resources(cores=0.005))
    for refused in (Resources(cores=1.0), Resources(memory_gib=1.005)):
        with pytest.raises(DoesNotFit):
            place(1, [host], Pack(), resources=refused)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"count": -1}, ValueError, "count must be a whole number >= 0, got -1"),
        ({"count": 1.0}, ValueError, "count must be a whole number >= 0, got 1.0"),
        (
            {"policy": "spread"},
            TypeError,
            "policy must be a placement policy, such as Spread.., got 'spread'",
        ),
        ({"resources": 2.0}, TypeError, "resources must be Resources, got 2.0"),
        ({"hosts": ["web-1"]}, TypeError, "each of hosts must be a Host, got 'web-1'"),
    ],
)
def test_what_is_no_question_is_refused(
    arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    asked = {"count": 1, "hosts": hosts_of([(1, 1)]), **arguments}
    with pytest.raises(error, match=message):
        place(**asked)  # type: ignore[arg-type]


def test_hosts_are_given_as_a_list_and_once() -> None:
    (host,) = hosts_of([(1, 1)])
    with pytest.raises(TypeError, match=r"hosts must be a list of hosts, got Host.'host 0'. alone"):
        place(1, host)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hosts must not be given twice, got 2 of which 1 differ"):
        place(1, [host, host])
