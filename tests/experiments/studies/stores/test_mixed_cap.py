"""The study of a shop that chooses between consistency and availability for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import isnan

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments.studies.stores.mixed_cap import CHOICES, mixed_cap
from models.stocked_shop import Fate

from ..figure_checks import assert_complete, texts
from ..what_is_said import Measures, kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

CUTS = (5.0, 20.0, 60.0)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def at(choice: str, cut: float = 60.0) -> Measures:
    return means(mixed_cap, choice=choice, cut=cut)


@pytest.mark.parametrize("choice", ["all CP", "mixed"])
@pytest.mark.parametrize("cut", CUTS)
def test_stock_that_is_agreed_on_is_never_sold_twice(choice: str, cut: float) -> None:
    assert [run["apologies_count"] for run in runs_of(mixed_cap, choice=choice, cut=cut)] == [0.0] * 5


@pytest.mark.parametrize("choice", ["all AP", "all AP, overwritten"])
@pytest.mark.parametrize("cut", CUTS)
def test_what_is_available_answers_everybody_everything(choice: str, cut: float) -> None:
    for run in runs_of(mixed_cap, choice=choice, cut=cut):
        assert {run[name] for name in run if name.startswith(("pages", "orders"))} == {1.0}
        assert run["refused_count"] == 0.0


@pytest.mark.parametrize("cut", CUTS[1:])  # in a shorter one everybody's patience may outlast it
def test_mixed_shop_has_the_pages_of_the_one_and_the_orders_of_the_other(cut: float) -> None:
    for mine, available, consistent in zip(
        *(runs_of(mixed_cap, choice=choice, cut=cut) for choice in ("mixed", "all AP", "all CP")), strict=True
    ):
        assert mine["pages_cut_off"] == 1.0 > consistent["pages_cut_off"]
        assert mine["wrong_price"] == available["wrong_price"]
        assert mine["orders_cut_off"] < 1.0
        # One unit more or less, where an order came just as the cut was healed or a leader elected.
        assert mine["shipped_count"] == pytest.approx(consistent["shipped_count"], abs=2.0)


def test_consistent_pages_are_never_wrong() -> None:
    for run in runs_of(mixed_cap, choice="all CP", cut=60.0):
        assert run["wrong_price"] == run["ghost"] == 0.0


def test_longer_cuts_cost_more_apologies_and_overwriting_the_most() -> None:
    added, overwritten = (
        [at(choice, cut)["apologies_count"] for cut in CUTS] for choice in ("all AP", "all AP, overwritten")
    )
    assert added == sorted(added)
    assert overwritten == sorted(overwritten)
    assert all(more > fewer for more, fewer in zip(overwritten, added, strict=True))


@pytest.mark.slow
def test_run_keeps_what_was_shown_and_sold() -> None:
    run = mixed_cap(seed=1, choice="all AP", cut=10.0, order_rate=0.5)
    shop = run.detail.shop
    assert set(run.detail.tables) == {"zone-a", "zone-b", "zone-c"}
    assert run.measures["shipped_count"] == list(shop.warehouse.fates.values()).count(Fate.SHIPPED)
    assert not isnan(run.measures["wrong_price"])


@pytest.mark.slow
def test_share_of_no_orders_at_all_is_no_number() -> None:
    assert isnan(mixed_cap(seed=1, cut=1.0, order_rate=0.01).measures["orders_cut_off"])


@pytest.mark.slow
def test_small_sweep_has_both_figures_and_they_are_complete() -> None:
    points = [{"choice": choice, "cut": cut} for choice in ("mixed", "all AP") for cut in (5.0, 20.0)]
    assert mixed_cap.figures_of_sweep is not None
    figures = dict(mixed_cap.figures_of_sweep(kept_sweep(mixed_cap, points, replications=1)))
    assert list(figures) == ["sides", "costs"]
    assert_complete(figures)
    assert "Cut off for 20 s" in texts(figures["sides"])


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(mixed_cap)
    mixed, cp, ap, overwritten = (at(each) for each in ("mixed", "all CP", "all AP", "all AP, overwritten"))
    assert mixed["pages_cut_off"] == 1.0
    assert (
        f"all pages there, {percent(mixed['wrong_price'])} of them with a wrong price and "
        f"{percent(mixed['ghost'])} with an item that has been withdrawn" in said
    )
    assert f"the all CP shop shows {percent(cp['pages_cut_off'])}" in said
    both = {
        f"take {percent(each['orders_cut_off'])} of the orders there, let {each['refused_count']:.0f} fail "
        f"in all, ship {each['shipped_count']:.0f}, and apologise for none"
        for each in (mixed, cp)
    }
    assert len(both) == 1
    assert both.pop() in said
    sold = ap["shipped_count"] + ap["apologies_count"]
    assert f"apologise for {ap['apologies_count']:.0f} orders of {sold:.0f}" in said
    short = [at(each, 5.0)["apologies_count"] for each in ("all AP, overwritten", "all AP")]
    assert f"that overwrites for {overwritten['apologies_count']:.0f}, and for {short[0]:.1f}" in said
    assert f"adding up makes that {short[1]:.1f}" in said
    rest = [at(choice, cut) for choice in CHOICES for cut in CUTS]
    assert f"{percent(min(each['pages_rest'] for each in rest), 1)} of its pages are answered" in said
    assert {each["orders_rest"] for each in rest} == {1.0}
    assert f"{mixed['earned']:.0f}" == f"{cp['earned']:.0f}"
    assert (
        f"all CP shop earn {cp['earned']:.0f}, all AP {ap['earned']:.0f}, and overwriting "
        f"{overwritten['earned']:.0f}" in said
    )
