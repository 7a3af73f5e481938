"""Locality weights and priorities: Envoy's tables exactly, and requests spread as they say."""

from collections import Counter
from typing import Any

import pytest

from models.balancing import (
    Balancer,
    ConsistentHash,
    JumpHash,
    Maglev,
    Policy,
    ReportedLoad,
    RoundRobin,
    Targets,
)
from models.balancing.localities import (
    LocalityWeighted,
    Priorities,
    ZoneAware,
    locality_shares,
    priority_loads,
)
from models.endpoint import FunctionEndpoint
from models.failures import Refused
from models.infrastructure import Host, Zone
from models.request import Request, Response
from simulator import Environment
from tests.in_one_test import in_one_test
from tests.models.services.building import call

from ..made_targets import REQUEST, at_once, show, target, targets_of

X, Y, Z = Zone("x"), Zone("y"), Zone("z")


def in_zones(x: int, y: int, z: int = 0) -> Targets:
    return targets_of(
        target(f"{zone.name}{number}", zone=zone)
        for zone, count in ((X, x), (Y, y), (Z, z))
        for number in range(count)
    )


def with_ill(targets: Targets, *ill: str, is_panicking: bool = False) -> Targets:
    members = list(targets.members)
    for member in members:
        member.is_healthy = member.endpoint.name not in ill
    return show(targets, members, is_panicking=is_panicking)


def zones(policy: Policy, targets: Targets, draws: int) -> Counter[Any]:
    choose = policy.chooser(Environment(seed=1), targets, "b")
    return Counter(choose(REQUEST).zone for _ in range(draws))


# -- locality weights


@pytest.mark.parametrize(("healthy", "percent"), [(100, 33), (70, 33), (69, 32), (50, 26), (25, 15), (0, 0)])
def test_shares_are_those_of_envoys_table(healthy: int, percent: int) -> None:
    """Weights 1 to 2, of which the first is ill in part."""
    shares = locality_shares({X: 1, Y: 2}, {X: healthy, Y: 100}, {X: 100, Y: 100})
    assert round(100 * shares[X]) == percent
    assert sum(shares.values()) == pytest.approx(1.0)


def test_zones_without_weight_or_targets_have_no_share() -> None:
    assert locality_shares({X: 1, Y: 2}, {X: 5, Z: 5}, {X: 5, Z: 5}) == {X: 1.0}
    assert locality_shares({X: 1}, {X: 0}, {X: 5}) == {}


def test_requests_go_to_zones_in_proportion() -> None:
    assert zones(LocalityWeighted(weights=((X, 1), (Y, 2))), in_zones(3, 3), 3000) == {X: 1000, Y: 2000}


def test_zone_with_fewer_targets_has_its_share_all_the_same() -> None:
    policy = LocalityWeighted(weights=((X, 1), (Y, 1)), policy=RoundRobin())
    targets = in_zones(1, 9)
    choose = policy.chooser(Environment(), targets, "b")
    counts = Counter(choose(REQUEST).endpoint.name for _ in range(180))
    assert counts["x0"] == 90
    assert {count for name, count in counts.items() if name != "x0"} == {10}


def test_an_ill_zone_gets_less_from_then_on() -> None:
    targets = in_zones(10, 10)
    choose = LocalityWeighted(weights=((X, 1), (Y, 1))).chooser(Environment(seed=1), targets, "b")
    with_ill(targets, *(f"x{number}" for number in range(5)))
    counts = Counter(choose(REQUEST).zone for _ in range(1700))
    assert counts[X] == pytest.approx(700, abs=1)
    with_ill(targets)
    assert Counter(choose(REQUEST).zone for _ in range(1000))[X] == pytest.approx(500, abs=2)


def test_zone_without_weight_serves_when_nobody_else_can() -> None:
    targets = in_zones(2, 2, 4)
    policy = LocalityWeighted(weights=((X, 1), (Y, 1)))
    assert set(zones(policy, targets, 100)) == {X, Y}
    assert set(zones(policy, with_ill(targets, "x0", "x1", "y0", "y1"), 100)) == {Z}


def test_in_panic_everybody_serves() -> None:
    targets = with_ill(in_zones(3, 3), "x0", "x1", "y0", "y1", is_panicking=True)
    policy = LocalityWeighted(weights=((X, 1), (Y, 100)))
    choose = policy.chooser(Environment(seed=1), targets, "b")
    assert len({choose(REQUEST) for _ in range(300)}) == 6


@pytest.mark.parametrize("inside", [ConsistentHash(), JumpHash(), Maglev(table_size=251)], ids=repr)
def test_a_key_keeps_its_zone_and_its_target(inside: Policy) -> None:
    policies: list[Policy] = [
        LocalityWeighted(weights=((X, 1), (Y, 2), (Z, 1)), policy=inside),
        Priorities(levels=((X,), (Y,), (Z,)), policy=inside),
        ZoneAware(own=X, callers=(X, X, Y), policy=inside),
        ReportedLoad(LocalityWeighted(weights=((X, 1), (Y, 2)), policy=ReportedLoad(inside))),
    ]
    for policy in policies:
        targets = with_ill(in_zones(8, 8, 8), "x0", "x1", "x2", "x3", "x4")
        choose = policy.chooser(Environment(seed=1), targets, "b")
        other = policy.chooser(Environment(seed=2), targets, "another balancer")
        met = {key: choose(Request(key=key)) for key in range(100)}
        assert {key: choose(Request(key=key)) for key in range(100)} == met
        assert {key: other(Request(key=key)) for key in range(100)} == met
        assert len({target.zone for target in met.values()}) >= 2


@pytest.mark.slow
def test_zones_get_keys_in_proportion_and_lose_only_those_that_they_must() -> None:
    """4,000 keys: a share of a half has a standard deviation of 0.008."""
    targets = in_zones(10, 10, 10)
    policy = LocalityWeighted(weights=((X, 1), (Y, 2), (Z, 1)), policy=JumpHash())
    choose = policy.chooser(Environment(), targets, "b")
    keys = range(4000)
    before = {key: choose(Request(key=key)) for key in keys}
    shares = Counter(target.zone for target in before.values())
    assert [shares[zone] / 4000 for zone in (X, Y, Z)] == pytest.approx([0.25, 0.5, 0.25], abs=0.04)
    with_ill(targets, *(f"y{number}" for number in range(5)))
    after = {key: choose(Request(key=key)) for key in keys}
    left = {before[key].zone for key in keys if before[key].zone is not after[key].zone}
    assert left == {Y}


def test_keys_of_a_zone_that_is_ill_as_a_whole_go_elsewhere_and_come_back() -> None:
    targets = in_zones(3, 3)
    policy = LocalityWeighted(weights=((X, 1), (Y, 1)), policy=ConsistentHash())
    choose = policy.chooser(Environment(), targets, "b")
    before = {key: choose(Request(key=key)).zone for key in range(50)}
    with_ill(targets, "x0", "x1", "x2")
    assert {choose(Request(key=key)).zone for key in range(50)} == {Y}
    with_ill(targets)
    assert {key: choose(Request(key=key)).zone for key in range(50)} == before


@pytest.mark.slow
def test_keys_of_a_zone_spread_over_all_its_targets() -> None:
    """A zone's keys are a fair sample: 2,000 of 6,000 on ten targets, each 200 give or take 14."""
    targets = in_zones(10, 10)
    policy = LocalityWeighted(weights=((X, 1), (Y, 2)), policy=JumpHash())
    choose = policy.chooser(Environment(), targets, "b")
    counts = Counter(choose(Request(key=key)).endpoint.name for key in range(6000))
    assert all(130 < counts[f"x{number}"] < 270 for number in range(10))
    assert all(300 < counts[f"y{number}"] < 500 for number in range(10))


@pytest.mark.slow
def test_a_key_decides_anew_at_each_of_two_policies_by_zone() -> None:
    """Of the keys on the first level two thirds stay at home: 2,800 of 4,000, five standard deviations."""
    targets = with_ill(in_zones(8, 8, 8), *(f"{zone}{number}" for zone in "xy" for number in range(4)))
    inside = ZoneAware(own=X, callers=(X, X, X, Y), size_min=1, policy=JumpHash())
    policy = Priorities(levels=((X, Y), (Z,)), policy=inside)
    choose = policy.chooser(Environment(seed=1), targets, "b")
    counts = Counter(choose(Request(key=key)).zone for key in range(4000))
    assert counts[Z] / 4000 == pytest.approx(0.3, abs=0.037)
    assert counts[X] / (counts[X] + counts[Y]) == pytest.approx(0.6666, abs=0.045)


# -- priorities


@in_one_test(
    ("healthy", "loads"),
    [
        ((100, 100), (100, 0)),
        ((72, 100), (100, 0)),
        ((71, 100), (99, 1)),
        ((50, 100), (70, 30)),
        ((25, 100), (35, 65)),
        ((0, 100), (0, 100)),
        ((72, 72), (100, 0)),
        ((71, 71), (99, 1)),
        ((50, 50), (70, 30)),
        ((25, 25), (50, 50)),
        ((100, 100, 100), (100, 0, 0)),
        ((72, 72, 100), (100, 0, 0)),
        ((71, 71, 100), (99, 1, 0)),
        ((50, 50, 100), (70, 30, 0)),
        ((25, 100, 100), (35, 65, 0)),
        ((25, 25, 100), (35, 35, 30)),
        ((25, 25, 20), (36, 36, 28)),
        ((24, 24, 24), (34, 33, 33)),  # what rounding leaves over goes to the first
        ((0, 24, 24, 24), (0, 34, 33, 33)),
        ((0, 0), (0, 0)),
    ],
)
def test_loads_are_those_of_envoys_tables(healthy: tuple[int, ...], loads: tuple[int, ...]) -> None:
    assert priority_loads(healthy, (100,) * len(healthy)) == loads


def test_level_without_targets_takes_nothing() -> None:
    assert priority_loads((0, 5), (0, 5)) == (0, 100)


@pytest.mark.parametrize("total", [3, 7, 20, 30])
def test_loads_add_up_to_all(total: int) -> None:
    for first in range(total + 1):
        for second in range(total + 1):
            loads = priority_loads((first, second), (total, total))
            assert sum(loads) == (100 if first + second else 0)
            assert min(loads) >= 0


def test_lower_level_serves_only_what_the_upper_one_cannot() -> None:
    policy = Priorities(levels=((X,), (Y, Z)))
    targets = in_zones(10, 5, 5)
    assert set(zones(policy, targets, 300)) == {X}
    found = zones(policy, with_ill(targets, *(f"x{n}" for n in range(5))), 20_000)
    assert found[X] / 20_000 == pytest.approx(0.7, abs=0.018)
    assert found[Y] > 0
    assert found[Z] > 0
    everybody = [f"x{n}" for n in range(10)]
    assert set(zones(policy, with_ill(targets, *everybody), 300)) == {Y, Z}


def test_a_level_panics_only_when_all_together_cannot_take_everything() -> None:
    ill = [f"x{n}" for n in range(9)]
    targets = with_ill(in_zones(10, 10), *ill)
    choose = Priorities(levels=((X,), (Y,))).chooser(Environment(seed=1), targets, "b")
    assert not {choose(REQUEST).endpoint.name for _ in range(2000)} & set(ill)
    with_ill(targets, *ill, *(f"y{n}" for n in range(6)))
    # Healths 14 and 56: both levels panic, as less than half of each is well.
    assert {choose(REQUEST).endpoint.name for _ in range(3000)} == {
        f"{zone}{n}" for zone in "xy" for n in range(10)
    }


@pytest.mark.slow
def test_where_all_levels_panic_each_gets_as_much_as_it_has_targets() -> None:
    """Of 5 and of 20 targets two fifths and a tenth are well: healths 56 and 14. Five standard deviations."""
    targets = with_ill(in_zones(5, 20), "x0", "x1", "x2", *(f"y{n}" for n in range(18)))
    found = zones(Priorities(levels=((X,), (Y,))), targets, 20_000)
    assert found[X] / 20_000 == pytest.approx(0.2, abs=0.018)
    # One level that does not panic is enough for healths to count: 84 and 7, of 91.
    with_ill(targets, "x0", "x1", *(f"y{n}" for n in range(19)))
    found = zones(Priorities(levels=((X,), (Y,))), targets, 20_000)
    assert found[X] / 20_000 == pytest.approx(0.92, abs=0.018)


def test_a_level_without_targets_does_not_keep_the_others_from_panic() -> None:
    targets = with_ill(in_zones(10, 0), *(f"x{n}" for n in range(6)))
    assert Priorities(levels=((X,), (Y,))).is_panic(targets.members, 0.5)
    choose = Priorities(levels=((X,), (Y,))).chooser(Environment(seed=1), targets, "b")
    assert len({choose(REQUEST) for _ in range(500)}) == 10


def balancer_of(system: Environment, targets: Targets, **settings: Any) -> Balancer:
    endpoints = []
    for each in targets.members:
        host = Host(system, f"host of {each.endpoint.name}", zone=each.zone)
        endpoints.append(FunctionEndpoint(at_once, host=host, name=each.endpoint.name))
    return Balancer(system, endpoints, **settings)


def test_a_balancer_panics_with_all_levels_and_not_before() -> None:
    """Ten of fifteen targets are ill, and the five of the second level can take everything."""
    env = Environment(seed=1)
    policy = Priorities(levels=((X,), (Y,)))
    balancer = balancer_of(env, in_zones(10, 5), policy=policy, fails_in_panic=True)
    for endpoint in balancer.targets[:10]:
        balancer.set_healthy(endpoint, False)
    assert not balancer.statistics().is_panicking
    seen = [call(env, balancer) for _ in range(20)]
    env.run()
    assert all(isinstance(one.outcome, Response) for one in seen)
    for endpoint in balancer.targets[10:13]:
        balancer.eject(endpoint)
    assert balancer.is_panicking
    refused = call(env, balancer)
    env.run()
    assert isinstance(refused.outcome, Refused)


def test_a_target_of_no_level_serves_when_nobody_else_can() -> None:
    targets = in_zones(2, 2, 9)
    policy = Priorities(levels=((X,), (Y,)))
    assert set(zones(policy, targets, 100)) == {X}
    assert set(zones(policy, with_ill(targets, "x0", "x1", "y0", "y1"), 100)) == {Z}
    assert not policy.is_panic(targets.members, 0.5)
    with_ill(targets, *(target.endpoint.name for target in targets.members[:9]))
    assert policy.is_panic(targets.members, 0.5)


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="weights must be of different zones, at least one, got"):
        LocalityWeighted(weights=((X, 1), (X, 2)))
    with pytest.raises(ValueError, match=r"weight of Zone\('x'\) must be finite and > 0, got 0"):
        LocalityWeighted(weights=((X, 0),))
    with pytest.raises(ValueError, match=r"overprovisioning must be finite and >= 1, got 0\.9"):
        LocalityWeighted(weights=((X, 1),), overprovisioning=0.9)
    with pytest.raises(ValueError, match="levels must be of different zones, at least one each, got"):
        Priorities(levels=((X,), ()))
    with pytest.raises(ValueError, match="levels must be of different zones, at least one each, got"):
        Priorities(levels=((X,), (X,)))
    with pytest.raises(ValueError, match=r"panic_threshold must lie in \[0, 1\], got 2"):
        Priorities(levels=((X,),), panic_threshold=2)
    with pytest.raises(TypeError, match="levels must be zones, got 'x'"):
        Priorities(levels=(("x",),))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"levels must be a collection of zones, got one, Zone\('x'\)"):
        Priorities(levels=(X,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="panic_threshold must be a number, got 'half'"):
        Priorities(levels=((X,),), panic_threshold="half")  # type: ignore[arg-type]
    for pairs in ({X: 1.0}, ((X,),), (X,)):
        with pytest.raises(TypeError, match="weights must be pairs of a zone and a number, got"):
            LocalityWeighted(weights=pairs)  # type: ignore[arg-type]
