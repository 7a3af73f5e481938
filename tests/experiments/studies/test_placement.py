"""The study of placement: what each loss takes, and k out of n with common causes."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import pytest

from experiments import Run
from experiments.studies.placement import (
    DOWN,
    INSTANCES,
    LOSSES,
    NEEDS,
    RULES,
    build_hosts,
    placement,
    short_by_theory,
)
from experiments.summary import estimate
from models import System
from models.infrastructure import Host
from models.infrastructure.placement import place
from simulator import Environment

from .what_is_said import kept_runs, key_of, means, percent, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return placement(seed=1, duration=15.0, **parameters)


def placed(rule: str) -> list[Host]:
    return place(INSTANCES, build_hosts(System(Environment())), RULES[rule], resources=NEEDS)


LEFT = {
    "pack": (0, 0, 0, 0),
    "one per host": (3, 2, 0, 0),
    "spread racks": (3, 3, 2, 0),
    "spread zones": (3, 3, 3, 2),
    "spread regions": (3, 2, 2, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["pack", "one per host", "spread racks", "spread zones", "spread regions"])
def test_a_loss_leaves_what_the_rule_says(rule: str) -> None:
    left = tuple(ran(rule=rule, loss=loss).measures["capacity_left"] * INSTANCES for loss in LOSSES)
    assert left == LEFT[rule]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("needed", [1, 2, 4])
def test_theory_is_a_sum_over_everything_that_can_be_down(rule: str, needed: int) -> None:
    """By going through all states of the hosts and areas that instances stand on."""
    hosts = placed(rule)
    things: dict[object, str] = dict.fromkeys(hosts, "host")
    for host in hosts:
        area: Any = host.rack
        for level in ("rack", "zone", "region"):
            things[area] = level
            area = area.within
    expected = 0.0
    for states in product((False, True), repeat=len(things)):
        is_down = dict(zip(things, states, strict=True))
        probability = 1.0
        for thing, level in things.items():
            probability *= DOWN[level] if is_down[thing] else 1.0 - DOWN[level]
        up_count = 0
        for host in hosts:
            place_of: Any = host.rack
            lost = is_down[host]
            while place_of is not None:
                lost |= is_down[place_of]
                place_of = place_of.within
            up_count += not lost
        if up_count < needed:
            expected += probability
    assert short_by_theory(hosts, needed) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_theory_comes_out_in_the_default_sweep(rule: str) -> None:
    """Within twice the half-width of the 95 % interval of five runs, which is one of 99.5 %."""
    point = placement.space.values({"rule": rule, "loss": "host"})
    runs = kept_runs("placement")[key_of(point)]
    found = estimate([run["short"] for run in runs])
    assert abs(found.mean - runs[0]["short_theory"]) < 2.0 * found.half_width


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(placement)
    found = {
        (rule, loss): means(placement, rule=rule, loss=loss)
        for rule, loss in [(rule, "host") for rule in RULES]
        + [
            ("one per host", "rack"),
            ("one per host", "zone"),
            ("spread racks", "zone"),
            ("spread racks", "region"),
        ]
        + [("spread zones", loss) for loss in ("rack", "zone", "region")]
    }
    three, two = (found["spread zones", loss]["answered"] for loss in ("zone", "region"))
    assert f"answer {percent(three)} of the requests at half load, two {percent(two)}" in said
    assert [rule for rule in RULES if found[rule, "host"]["answered"] == 0.0] == ["pack"]
    assert found["one per host", "zone"]["answered"] == found["spread racks", "region"]["answered"] == 0.0
    assert f"leaves {percent(found['one per host', 'rack']['capacity_left'])} of the instances" in said
    assert {found["spread zones", loss]["capacity_left"] for loss in ("host", "rack", "zone")} == {0.75}
    short = {rule: found[rule, "host"] for rule in RULES}
    packed = short["pack"]
    assert f"up for {percent(packed['short'], 2)} of the time where they are packed" in said
    assert f"({percent(packed['short_theory'], 2)} by theory)" in said
    for rule, text in (
        ("one per host", "with one per host"),
        *((f"spread {each}", f"over {each}") for each in ("racks", "regions", "zones")),
    ):
        both = percent(short[rule]["short"], 2), percent(short[rule]["short_theory"], 2)
        assert f"{both[0]} ({both[1]}) {text}" in said
