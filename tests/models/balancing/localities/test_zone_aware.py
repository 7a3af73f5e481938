"""Zone-aware routing: the rule as Envoy has it, its conditions, and shares that keep all targets level."""

from collections import Counter

import pytest

from models.balancing import LeastOutstanding, Targets
from models.balancing.localities import ZoneAware, ZoneSpill, zone_spill
from models.infrastructure import Zone
from simulator import Environment

from ..made_targets import REQUEST, show, target, targets_of

A, B, C, D = Zone("a"), Zone("b"), Zone("c"), Zone("d")


def in_zones(**counts: int) -> Targets:
    zones = {"a": A, "b": B, "c": C, "nowhere": None}
    return targets_of(
        target(f"{name}{number}", zone=zones[name])
        for name, count in counts.items()
        for number in range(count)
    )


def shares(policy: ZoneAware, targets: Targets, draws: int = 20_000) -> dict[str, float]:
    choose = policy.chooser(Environment(seed=1), targets, "b")
    counts = Counter(choose(REQUEST).endpoint.name[0] for _ in range(draws))
    return {name: count / draws for name, count in counts.items()}


def test_with_enough_targets_at_home_everything_stays() -> None:
    spill = zone_spill(A, {A: 1, B: 1, C: 2}, {A: 3, B: 3, C: 3})
    assert spill == ZoneSpill(stays=1.0, residuals=())


def test_envoys_own_example_of_residual_capacity() -> None:
    """Callers 40, 40, 20 percent, targets 25, 50, 25: five eighths stay, the rest goes 10 to 5."""
    spill = zone_spill(A, {A: 4, B: 4, C: 2}, {A: 5, B: 10, C: 5})
    assert spill == ZoneSpill(stays=0.625, residuals=((B, 1000.0), (C, 500.0)))


def test_a_zone_without_room_gets_nothing_from_others() -> None:
    spill = zone_spill(A, {A: 5, B: 4, C: 1}, {A: 2, B: 3, C: 5})
    assert spill == ZoneSpill(stays=0.4, residuals=((C, 4000.0),))


def test_callers_in_two_zones_fill_a_third_that_has_targets_only() -> None:
    """Envoy's issue 38758: two thirds stay, a third goes where nobody calls from."""
    spill = zone_spill(A, {A: 1, B: 1}, {A: 3, B: 3, C: 3})
    assert spill == ZoneSpill(stays=0.6666, residuals=((C, 3333.0),))


def test_rooms_are_in_one_order_however_targets_come() -> None:
    """Or a key would leave its zone when an instance there is replaced."""
    residuals = ((None, 2500.0), (B, 2500.0), (C, 2500.0))
    for available in ({C: 1, None: 1, A: 1, B: 1}, {None: 1, B: 1, A: 1, C: 1}):
        spill = zone_spill(A, {A: 3, D: 1}, available, size_min=1)
        assert spill == ZoneSpill(stays=0.3333, residuals=residuals)


def test_where_nobody_is_well_at_home_all_goes_to_those_who_have_room() -> None:
    """Callers a half each, targets a quarter and three: of three zones one has more than it needs."""
    expected = ZoneSpill(stays=0.0, residuals=((C, 7500.0),))
    assert zone_spill(A, {A: 1, B: 1}, {A: 0, B: 3, C: 9}) == expected
    assert zone_spill(A, {A: 1, B: 1}, {B: 3, C: 9}) == expected


def test_what_is_lost_in_rounding_is_sent_nowhere_else() -> None:
    """Targets a third each, callers a little more than a third at home: nobody else has room to speak of."""
    callers = {A: 3334, B: 3333, C: 3333}
    assert zone_spill(A, callers, {A: 3, B: 3, C: 3}) == ZoneSpill(stays=1.0, residuals=())


def test_one_caller_of_too_many_to_count_in_hundredths_is_a_caller_still() -> None:
    callers = {A: 1, B: 20_000}
    assert zone_spill(A, callers, {A: 3, B: 9}) == ZoneSpill(stays=1.0, residuals=())
    assert zone_spill(A, callers, {A: 0, B: 4, C: 4}) == ZoneSpill(stays=0.0, residuals=((C, 5000.0),))


def test_together_all_callers_load_all_targets_alike() -> None:
    """Whatever the shares, and wherever there are callers only, or targets only."""
    cases: list[tuple[dict[Zone, int], dict[Zone | None, int]]] = [
        ({A: 4, B: 4, C: 2}, {A: 5, B: 10, C: 5}),
        ({A: 1, B: 7, C: 2}, {A: 4, B: 4, C: 2}),
        ({A: 3, B: 3, C: 3}, {A: 1, B: 3, C: 9}),
        ({A: 3, B: 3}, {A: 2, B: 3, C: 4}),
        ({A: 3, B: 2, C: 1}, {A: 5, B: 4}),
        ({A: 3, B: 2, C: 1}, {A: 0, B: 5, C: 4}),
        ({A: 5, B: 1}, {B: 5, C: 4, None: 3}),
    ]
    for callers, available in cases:
        load = dict.fromkeys((A, B, C, None), 0.0)
        for own, count in callers.items():
            spill = zone_spill(own, callers, available)
            assert spill is not None
            load[own] += count * spill.stays
            total = sum(more for _, more in spill.residuals)
            for zone, more in spill.residuals:
                load[zone] += count * (1 - spill.stays) * more / total
        for zone, count in available.items():
            expected = count / sum(available.values()) * sum(callers.values())
            assert load[zone] == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize(
    ("callers", "available", "size_min"),
    [
        ({A: 1, B: 1}, {A: 2, B: 3}, 6),  # a small cluster
        ({A: 1, B: 1}, {A: 9}, 6),  # targets in one zone only
        ({A: 1, B: 1}, {C: 9}, 6),  # and that not at home
        ({A: 2}, {A: 5, B: 5}, 6),  # callers in one zone only
        ({B: 1, C: 1}, {A: 5, B: 5}, 6),  # no callers at home
        ({A: 1, B: 1}, {A: 0, B: 0}, 0),  # nobody at all
    ],
)
def test_where_the_conditions_do_not_hold_no_zone_is_preferred(
    callers: dict[Zone, int], available: dict[Zone | None, int], size_min: int
) -> None:
    assert zone_spill(A, callers, available, size_min=size_min) is None


def test_smallest_cluster_is_a_setting() -> None:
    assert zone_spill(A, {A: 1, B: 1}, {A: 1, B: 1}) is None
    assert zone_spill(A, {A: 1, B: 1}, {A: 1, B: 1}, size_min=2) == ZoneSpill(stays=1.0, residuals=())


def test_requests_are_spread_as_the_rule_says() -> None:
    """20,000 draws: five standard deviations of a share are 0.018 at most."""
    policy = ZoneAware(own=A, callers=(A,) * 4 + (B,) * 4 + (C,) * 2)
    found = shares(policy, in_zones(a=5, b=10, c=5))
    assert found == {
        "a": pytest.approx(0.625, abs=0.018),
        "b": pytest.approx(0.25, abs=0.018),
        "c": pytest.approx(0.125, abs=0.018),
    }


def test_in_the_zone_the_policy_inside_chooses() -> None:
    targets = in_zones(a=3, b=3)
    for each in targets:
        each.outstanding = 5
    targets[2].outstanding = 4
    targets[5].outstanding = 0
    policy = ZoneAware(own=A, callers=(A, B), policy=LeastOutstanding())
    choose = policy.chooser(Environment(seed=1), targets, "b")
    assert {choose(REQUEST).endpoint.name for _ in range(50)} == {"a2"}


def test_when_targets_at_home_fall_ill_requests_spill_over() -> None:
    targets = in_zones(a=4, b=4)
    members = list(targets)
    policy = ZoneAware(own=A, callers=(A, B))
    choose = policy.chooser(Environment(seed=1), targets, "b")
    assert {choose(REQUEST).zone for _ in range(200)} == {A}
    for ill in members[:2]:
        ill.is_ejected = True
    show(targets, members)
    counts = Counter(choose(REQUEST).zone for _ in range(20_000))
    # A third of the targets is at home, and half of the callers: two thirds stay.
    assert counts[A] / 20_000 == pytest.approx(0.6666, abs=0.018)
    for ill in members[:2]:
        ill.is_ejected = False
    show(targets, members)
    assert {choose(REQUEST).zone for _ in range(200)} == {A}


def test_when_the_last_target_at_home_falls_ill_all_others_serve() -> None:
    targets = in_zones(a=2, b=6)
    members = list(targets)
    choose = ZoneAware(own=A, callers=(A, B)).chooser(Environment(seed=1), targets, "b")
    for ill in members[:2]:
        ill.is_healthy = False
    show(targets, members)
    assert {choose(REQUEST).endpoint.name for _ in range(300)} == {f"b{n}" for n in range(6)}


def test_in_panic_everybody_serves_everybody() -> None:
    targets = in_zones(a=4, b=4)
    members = list(targets)
    choose = ZoneAware(own=A, callers=(A, B), size_min=2).chooser(Environment(seed=1), targets, "b")
    for ill in (*members[1:4], *members[5:]):
        ill.is_healthy = False
    show(targets, members)
    assert {choose(REQUEST).endpoint.name for _ in range(100)} == {"a0"}
    show(targets, members, is_panicking=True)
    assert len({choose(REQUEST) for _ in range(500)}) == 8


@pytest.mark.slow
def test_targets_that_stand_nowhere_stand_in_a_zone_without_callers() -> None:
    """Of ten targets two: of the requests from each side two tenths, and all of them from home to there."""
    found = shares(ZoneAware(own=A, callers=(A, B)), in_zones(a=4, b=4, nowhere=2))
    assert found == {"a": pytest.approx(0.8, abs=0.018), "n": pytest.approx(0.2, abs=0.018)}


def test_settings_are_checked() -> None:
    assert ZoneAware(own=A, callers=[A, B]) == ZoneAware(own=A, callers=(A, B))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="callers must include one in the own zone"):
        ZoneAware(own=A, callers=(B,))
    with pytest.raises(TypeError, match="callers must be zones, got 'a'"):
        ZoneAware(own=A, callers=("a",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size_min must be a whole number >= 0, got -1"):
        ZoneAware(own=A, callers=(A,), size_min=-1)
    with pytest.raises(TypeError, match=r"callers must be a collection of zones, got one, Zone\('a'\)"):
        ZoneAware(own=A, callers=A)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="policy must be a Policy"):
        ZoneAware(own=A, callers=(A,), policy="random")  # type: ignore[arg-type]
