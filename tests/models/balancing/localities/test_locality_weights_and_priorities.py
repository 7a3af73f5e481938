"""Locality weights and priorities: Envoy's tables exactly, and requests spread as they say."""

from collections import Counter
from typing import Any

import pytest

from models.balancing import Policy, RoundRobin, Targets
from models.balancing.localities import LocalityWeighted, Priorities, locality_shares, priority_loads
from models.infrastructure import Zone
from simulator import Environment

from ..made_targets import REQUEST, show, target, targets_of

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


# -- priorities


@pytest.mark.parametrize(
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


def test_a_target_of_no_level_serves_when_nobody_else_can() -> None:
    targets = in_zones(2, 2, 9)
    policy = Priorities(levels=((X,), (Y,)))
    assert set(zones(policy, targets, 100)) == {X}
    assert set(zones(policy, with_ill(targets, "x0", "x1", "y0", "y1"), 100)) == {Z}


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
    with pytest.raises(ValueError, match=r"panic_threshold must be in \[0, 1\], got 2"):
        Priorities(levels=((X,),), panic_threshold=2)
    with pytest.raises(TypeError, match="levels must be of zones, got 'x'"):
        Priorities(levels=(("x",),))  # type: ignore[arg-type]
