"""The study of degradation: what a design makes of the loss of a feature."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Run
from experiments.studies.degradation import degradation

from .what_is_said import means, percent, what_to_see

pytestmark = pytest.mark.slow


@lru_cache
def ran(feature: str, design: str, **parameters: Any) -> Run:
    return degradation(seed=1, duration=21.0, rate=40.0, feature=feature, design=design, **parameters)


def test_bare_shop_fails_for_a_feature_that_nobody_needs() -> None:
    measures = ran("recommendations", "bare").measures
    assert measures["page_answered"] < 0.1
    assert measures["degraded"] == 0.0


@pytest.mark.parametrize("design", ["optional", "switched", "careful"])
def test_page_that_can_do_without_is_degraded_and_not_lost(design: str) -> None:
    measures = ran("recommendations", design).measures
    assert measures["page_answered"] > 0.98
    assert measures["degraded"] > 0.6


def test_switch_spares_the_users_the_wait() -> None:
    assert ran("recommendations", "switched").measures["wait"] < 0.3
    assert ran("recommendations", "optional").measures["wait"] > 0.9


def test_catalogue_is_what_no_page_can_do_without() -> None:
    assert ran("catalogue", "careful").measures["page_answered"] < 0.3
    # Turned off, the page says so.
    assert ran("catalogue", "switched").measures["page_answered"] > 0.4


def test_orders_are_taken_while_payment_is_out_and_charged_once_afterwards() -> None:
    careful, timeouts = ran("payment", "careful").measures, ran("payment", "timeouts").measures
    assert careful["orders_taken"] > 0.95
    assert timeouts["orders_taken"] < 0.1
    assert careful["orders_lost"] == careful["charged_twice"] == 0.0


@pytest.mark.parametrize("feature", ["cart", "checkout"])
@pytest.mark.parametrize("design", ["bare", "careful"])
def test_shares_add_up(feature: str, design: str) -> None:
    measures = ran(feature, design).measures
    assert measures["full"] + measures["degraded"] + measures["failed"] == pytest.approx(1.0)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(degradation)
    recommendations = {
        design: means(degradation, feature="recommendations", design=design)
        for design in ("bare", "timeouts", "optional")
    }
    assert f"out {percent(recommendations['bare']['failed'])} of all requests fail" in said
    assert f"{percent(recommendations['timeouts']['failed'])} with timeouts, which are the pages" in said
    assert recommendations["optional"]["failed"] == 0.0
    careful, switched = (
        means(degradation, feature="cart", design=design) for design in ("careful", "switched")
    )
    assert f"the cart out {percent(careful['failed'])} fail" in said
    assert f"all but {percent(switched['failed'])} of the requests" in said
    careful, switched = (
        means(degradation, feature="payment", design=design) for design in ("careful", "switched")
    )
    assert careful["orders_taken"] == 1.0
    assert careful["orders_lost"] == careful["charged_twice"] == 0.0
    assert f"takes {percent(switched['orders_taken'])}, of which it never charges" in said
    assert f"never charges {switched['orders_lost']:.0f}." in said
    careful, switched = (
        means(degradation, feature="catalogue", design=design) for design in ("careful", "switched")
    )
    assert (
        f"gone {percent(careful['failed'])} fail, but for the switch: {percent(switched['failed'])}" in said
    )


def test_payment_that_is_switched_off_where_nobody_can_pay_later_gives_the_goods_away() -> None:
    assert ran("payment", "switched").measures["orders_lost"] > 0.0
    assert ran("checkout", "switched").measures["orders_lost"] == 0.0
