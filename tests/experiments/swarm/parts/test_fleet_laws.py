"""Each law of zones, placement and pools can fail: with a bug, in a system made for it; without it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from experiments.swarm import Passed, SystemPlan, build, run_trial
from experiments.swarm.parts import PARTS
from experiments.swarm.parts.localities import Localities
from experiments.swarm.parts.placed_group import PlacedGroup

from .. import fleet_parts_mutants as mutants
from .broken_laws import assert_a_law_is_broken_by
from .building import fault

ZONES = ["a", "b", "c"]
RACKS = [{"name": f"{zone}{number}", "zone": zone} for zone in ZONES for number in (1, 2)]
SERVERS = [f"s{number}" for number in range(1, 9)]  # three in a, three in b, two in c
OWN = ["p1", "p2", "p3", "p4", "p5"]
# Two of three in the first zone.
ILL = [fault("process_crash", 1.0 + 0.01 * n, 4.5, instance=f"shop-{n}") for n in (1, 4)]
# Of five balancers three stand in the first zone: more than its share of the targets.
CROWDED = ["a", "a", "a", "b", "c"]
SPREAD = ["a", "b", "c", "a", "b"]


def host(name: str, zone: str, number: int, **given: Any) -> dict[str, Any]:
    return {"name": name, "zone": zone, "rack": f"{zone}{1 + number % 2}", **given}


def fleet_with(
    kind: str, *faults: dict[str, Any], places: list[str] = SPREAD, memory: float = 4.0, **parameters: Any
) -> SystemPlan:
    """Eight servers in three zones, a part called "part" on five hosts, and 150 requests a second to it."""
    given = dict(parameters)
    if "hosts" in PARTS[kind].parameters:
        given.setdefault("hosts", OWN[: PARTS[kind].parameters["hosts"].most])  # type: ignore[attr-defined]
    if "service" in PARTS[kind].parameters:
        given["service"] = "shop"
    own = [
        host(name, place, number, memory_gib=memory)
        for number, (name, place) in enumerate(zip(OWN, places, strict=True))
    ]
    tree = {
        "load_end": 5.0,
        "zones": ZONES,
        "racks": RACKS,
        "hosts": [
            *(host(name, ZONES[number % 3], number // 3) for number, name in enumerate(SERVERS)),
            *own,
            {"name": "caller"},
        ],
        "services": [{"name": "shop", "hosts": SERVERS, "demand": {"mean": 0.01}}],
        "parts": [{"kind": kind, "name": "part", "parameters": given}],
        "clients": [
            {
                "name": "client",
                "host": "caller",
                "way": {"service": "part", "wrappers": [{"kind": "timeout", "name": "limit"}]},
                "load": {"kind": "open", "rate": 150.0, "until": 5.0, "keys": "few"},
            }
        ],
        "faults": list(faults),
    }
    return SystemPlan.model_validate_json(json.dumps(tree))


def zoned(*faults: dict[str, Any], **parameters: Any) -> SystemPlan:
    parameters.setdefault("hosts", OWN[:4])
    return fleet_with("localities", *faults, probes=True, **parameters)


def placed(*faults: dict[str, Any], **parameters: Any) -> SystemPlan:
    return fleet_with("placed_group", *faults, rule="schedule", **{"count_max": 7, **parameters})


def hired(*faults: dict[str, Any], **parameters: Any) -> SystemPlan:
    return fleet_with("hired_group", *faults, rule="schedule", **{"count_max": 7, **parameters})


NO_SHARE = "nothing goes to a zone that has no share"
SUM = "shares sum to one"
PLACED = "each is placed as the policy promises"
REFUSED = "what is refused is impossible, and said why"
STANDS = "a host stands where the provider has the fewest, or in the first area"
NO_POWER = fault("power_outage", 0.5, 2.5, area="a")

CASES: list[tuple[Any, SystemPlan, str]] = [
    (mutants.own_zone_is_left_although_it_has_room, zoned(hosts=OWN[:3]), NO_SHARE),
    (
        mutants.what_spills_over_goes_everywhere,
        zoned(places=["a", "a", "b", "b", "c"]),  # only c has room to spare
        NO_SHARE,
    ),
    (
        mutants.twice_as_much_spills_over,
        zoned(places=CROWDED),
        "each has its share, as far as chance goes",
    ),
    (mutants.all_callers_are_taken_to_be_at_home, zoned(places=CROWDED), SUM),
    (mutants.ill_targets_of_a_zone_are_asked, zoned(*ILL), "nobody who is ill is asked, except in panic"),
    (
        mutants.balancer_does_not_refuse_in_panic,
        zoned(*ILL, panic_threshold=0.8, fails_in_panic=True),
        "nobody is asked in panic",
    ),
    (
        mutants.nobody_panics,
        zoned(*ILL, panic_threshold=0.8, fails_in_panic=True),
        "nobody is asked in panic",
    ),
    (mutants.zones_have_the_same_weight, zoned(policy="weighted"), "zones that take turns have their shares"),
    (
        mutants.zones_are_as_heavy_when_they_are_ill,
        zoned(*ILL, policy="weighted", hosts=OWN[:2]),
        "zones that take turns have their shares",
    ),
    (
        mutants.key_wanders_from_zone_to_zone,
        zoned(places=CROWDED, inside="consistent_hash"),
        "a key stays where it is while shares do",
    ),
    (
        mutants.key_is_hashed_modulo_the_targets,
        zoned(*ILL, policy="weighted", inside="consistent_hash"),
        "a key",
    ),
    (mutants.lower_level_helps_too_soon, zoned(policy="priorities"), NO_SHARE),
    (mutants.loads_do_not_sum_to_all, zoned(policy="priorities"), SUM),
    (mutants.level_does_not_panic, zoned(policy="priorities"), NO_SHARE),
    (
        mutants.reports_are_not_read,
        zoned(inside="reported_load"),
        "the least load that was reported is chosen in a zone",
    ),
    (mutants.two_of_ours_stand_together, placed(policy="one_per_rack"), PLACED),
    (mutants.who_is_to_be_avoided_is_not, placed(policy="away_from_a_rack"), PLACED),
    (mutants.skew_knows_no_bound, placed(policy="spread_over_zones", places=CROWDED), PLACED),
    (mutants.fullest_domain_is_preferred, placed(policy="spread_over_racks"), PLACED),
    (mutants.host_is_opened_although_there_is_room, placed(policy="pack"), PLACED),
    (mutants.packing_takes_the_smallest_first, placed(policy="pack", memory_gib=1.0, cores=0.5), PLACED),
    (
        mutants.host_that_is_down_is_chosen,
        placed(fault("host_crash", 0.1, 4.0, host="p2"), policy="spread_over_hosts"),
        PLACED,
    ),
    (mutants.memory_is_no_limit, placed(policy="pack", memory_gib=3.0), PLACED),
    (mutants.last_core_is_never_given, placed(policy="rather_spread", cores=1.0), REFUSED),
    (mutants.refusal_does_not_say_why, placed(policy="one_per_host"), REFUSED),
    (mutants.refusal_forgets_a_host, placed(policy="one_per_zone", hosts=["p1", "p2", "p3"]), REFUSED),
    (
        mutants.place_that_is_left_is_not_free_again,
        placed(
            fault("host_crash", 0.2, 1.5, host="p1"),
            policy="one_per_host",
            hosts=OWN[:3],
            count_max=3,
            heals=True,
        ),
        REFUSED,
    ),
    (mutants.pool_fills_its_first_area, hired(), STANDS),
    (mutants.area_without_power_is_as_good_as_any, hired(NO_POWER), STANDS),
    (mutants.bill_forgets_who_was_given_back, hired(), "billed is the time for which hosts were out"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mutant", "plan", "rule"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_law_that_is_broken_is_found(
    mutant: Any, plan: SystemPlan, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_a_law_is_broken_by(mutant, plan, rule, monkeypatch)


@pytest.mark.slow
def test_choices_of_all_balancers_are_judged() -> None:
    live = build(zoned(places=CROWDED))
    live.env.run(until=6.0)
    (part,) = live.others
    assert isinstance(part, Localities)
    assert sum(notes.choices_count for _, notes in part.notes) == live.clients[0].client.issued
    assert next(iter(part.notes[0][1].chances.values())).variance > 50.0


@pytest.mark.slow
def test_where_there_is_no_zone_nothing_is_preferred() -> None:
    plan = zoned()
    bare = [host.model_copy(update={"zone": None, "rack": None}) for host in plan.hosts]
    nowhere = plan.model_copy(update={"hosts": tuple(bare), "zones": (), "racks": ()})
    assert isinstance(run_trial(nowhere, thorough=False), Passed)


def test_what_fits_nowhere_is_refused_and_the_group_lives_with_it() -> None:
    plan = placed(policy="one_per_zone", memory=1.0, memory_gib=3.0)
    live = build(plan)
    live.env.run(until=4.0)
    (part,) = live.others
    assert isinstance(part, PlacedGroup)
    assert not part.group.members
    assert part.group.statistics().no_room_count
    assert isinstance(run_trial(plan, thorough=False), Passed)
