"""The studies of game days and of chaos: what protection and zones buy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Run
from experiments.studies.chaos import chaos
from experiments.studies.game_day import TROUBLES, game_day

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
    one, three = (chaotic(zones=zones).measures for zones in (1, 3))
    assert three["services_up"] > one["services_up"]
    assert three["answered"] > one["answered"]


def test_without_failures_all_is_well() -> None:
    measures = chaotic(host_mttf=1e9, zone_mttf=None).measures
    assert measures["services_up"] == measures["hosts_up"] == pytest.approx(1.0)
    assert measures["answered"] > 0.999
    assert measures["crashes"] == measures["zone_losses"] == 0.0


def test_share_of_time_up_follows_the_rates() -> None:
    # 19 hosts; 5 of 25 s down.
    measures = chaotic(host_mttf=20.0, host_mttr=5.0, zone_mttf=None, duration=120.0).measures
    assert measures["hosts_up"] == pytest.approx(0.8, abs=0.06)
