"""The studies of game days and of chaos: what protection and zones buy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.chaos import chaos
from experiments.studies.game_day import TROUBLES, game_day

from .what_is_said import means, percent, what_to_see

pytestmark = pytest.mark.slow


@lru_cache
def played(trouble: str, preset: str) -> Run:
    return game_day(seed=1, trouble=trouble, preset=preset, rate=40.0, duration=36.0)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_careful_shop_is_never_worse_than_a_bare_one(trouble: str) -> None:
    bare, careful = (played(trouble, preset).measures for preset in ("bare", "careful"))
    assert careful["during"] >= bare["during"] - 0.02
    assert careful["after"] >= 0.999
    assert careful["orders_lost"] == careful["charged_twice"] == 0.0


def test_payment_that_is_silent_is_survived_by_the_careful_shop_only() -> None:
    assert played("payment silent", "careful").measures["holds"] == 1.0
    assert played("payment silent", "bare").measures["holds"] == 0.0


def test_edge_balancer_is_a_single_point_of_failure() -> None:
    assert played("edge zone cut", "careful").measures["during"] == 0.0


@lru_cache
def chaotic(**parameters: Any) -> Run:
    return chaos(seed=1, **{"rate": 10.0, "duration": 60.0, **parameters})


def test_more_zones_buy_availability() -> None:
    one, three = (chaotic(zones=zones, duration=200.0).measures for zones in (1, 3))
    assert three["service_missing"] < 0.1 * one["service_missing"]
    assert three["failed_inside"] < one["failed_inside"]


def test_luck_of_the_edge_is_the_same_with_any_number_of_zones() -> None:
    down = [chaotic(zones=zones, duration=200.0).measures["edge_down"] for zones in (1, 3)]
    assert down[0] == down[1] > 0.0


def test_what_fails_is_what_the_edge_costs_and_what_fails_inside() -> None:
    measures = chaotic(zones=3, duration=200.0).measures
    together = measures["edge_down"] + (1.0 - measures["edge_down"]) * measures["failed_inside"]
    assert measures["failed"] == pytest.approx(together, abs=0.02)


def test_without_failures_all_is_well() -> None:
    measures = chaotic(host_mttf=1e9, zone_mttf=None).measures
    assert measures["edge_down"] == measures["service_missing"] == 0.0
    assert measures["hosts_up"] == pytest.approx(1.0)
    assert measures["failed"] < 0.001
    assert measures["crashes"] == measures["zone_losses"] == 0.0


def test_without_a_host_of_a_service_it_is_missing() -> None:
    # What has failed once stays down, and soon some service has lost its only host.
    measures = chaotic(zones=1, host_mttf=10.0, host_mttr=1e6, zone_mttf=None).measures
    assert measures["service_missing"] > 0.5


def test_share_of_time_up_follows_the_rates() -> None:
    # 19 hosts; 5 of 25 s down.
    measures = chaotic(host_mttf=20.0, host_mttr=5.0, zone_mttf=None, duration=120.0).measures
    assert measures["hosts_up"] == pytest.approx(0.8, abs=0.06)


def test_what_the_game_days_say_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(game_day)
    found = {
        (trouble, preset): means(game_day, trouble=trouble, preset=preset)
        for trouble in TROUBLES
        for preset in ("bare", "careful")
    }
    bare, careful = (found["zone power", preset] for preset in ("bare", "careful"))
    assert f"{percent(bare['during'], 1)} of the requests are answered in the bare" in said
    assert f"shop and {percent(careful['during'], 1)} in the careful one" in said
    assert bare["holds"] == careful["holds"] == 1.0
    assert f"more than {percent(found['edge zone cut', 'careful']['during'], 1)}" in said
    bare, careful = (found["payment silent", preset] for preset in ("bare", "careful"))
    assert careful["during"] == 1.0
    assert f"answers all, {percent(careful['degraded'])} with something missing" in said
    assert f"the bare one {percent(bare['during'])}; afterwards nobody" in said
    assert bare["after"] == 0.0
    bare, careful = (found["recommendations slow", preset] for preset in ("bare", "careful"))
    assert careful["during"] > 0.9995
    assert f"it is all, {percent(careful['degraded'])} degraded, against {percent(bare['during'])}" in said


def test_what_chaos_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(chaos)
    careful = {zones: means(chaos, zones=zones, preset="careful") for zones in (1, 2, 3, 4)}
    bare = {zones: means(chaos, zones=zones, preset="bare") for zones in (1, 2, 4)}
    assert f"no host for {percent(careful[1]['service_missing'], 1)} of the time" in said
    assert f"with two for {percent(careful[2]['service_missing'], 1)}, with three it does not happen" in said
    assert careful[3]["service_missing"] == 0.0
    assert f"{percent(careful[1]['failed_inside'], 1)} of the requests fail with one" in said
    assert "between 1 and 2 % with two and more" in said
    assert all(0.01 < careful[zones]["failed_inside"] < 0.02 for zones in (2, 3, 4))
    assert (
        f"it is {percent(bare[1]['failed_inside'])}, {percent(bare[2]['failed_inside'], 1)} with two" in said
    )
    assert f"and {percent(bare[4]['failed_inside'], 1)} with four" in said
    assert f"The edge is down {percent(careful[1]['edge_down'], 1)} of the time" in said


@pytest.mark.parametrize("option", ["host_mttf", "zone_mttf"])
def test_failures_without_end_are_refused(option: str) -> None:
    with pytest.raises(Misuse, match=f"{option} must be >= 1"):
        chaos(**{option: 1e-6})
