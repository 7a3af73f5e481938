"""What docs/cap.md and the README say of the default sweeps is what these show."""

from __future__ import annotations

import math

import pytest

from experiments import find_study
from experiments.studies.figures.stores.real_world import best_buffers
from experiments.studies.stores.places import SIDES
from tests.architecture_rules.source import CHECKOUT
from tests.experiments.studies.what_is_said import kept_sweep, means, percent

PAGE = " ".join((CHECKOUT / "docs" / "cap.md").read_text(encoding="utf-8").split())
CAP, MIXED, WORLD = (find_study(name) for name in ("cap", "mixed_cap", "real_world"))
LONGEST = max(point["partition"] for point in CAP.points())


def test_the_page_says_how_stale_reads_are() -> None:
    replicas, primaries = (
        max(means(CAP, store=store, partition=LONGEST)[f"{side}_staleness"] for side in SIDES)
        for store in ("asynchronous", "multi-primary")
    )
    assert f"cut for {LONGEST:g} s, the stalest read of asynchronous replicas is {replicas:.1f} s" in PAGE
    assert f"that of a multi-primary store {primaries:.1f} s" in PAGE


def test_the_page_says_what_each_choice_costs_a_shop() -> None:
    mixed, consistent, available, overwritten = (
        means(MIXED, choice=choice, cut=60.0)
        for choice in ("mixed", "all CP", "all AP", "all AP, overwritten")
    )
    assert f"shows all pages there, {percent(mixed['wrong_price'])} with a wrong price" in PAGE
    assert mixed["pages_cut_off"] == available["orders_cut_off"] == 1.0
    assert mixed["earned"] == consistent["earned"]
    confirmed = available["shipped_count"] + available["apologies_count"]
    assert f"apologises for {available['apologies_count']:.0f} of {confirmed:.0f}" in PAGE
    assert f"the same availability costs {overwritten['apologies_count']:.0f}." in PAGE


def test_the_page_says_what_the_agreement_is_worth() -> None:
    for breakage, where in ((0.0, "where nothing breaks"), (2.0, "where units would break twice in a sale")):
        agreed, split = (
            means(WORLD, count=count, breakage=breakage)["apologies_count"]
            for count in ("agreed", "each side")
        )
        assert f"{split - agreed:.0f} {'apologies ' if not breakage else ''}of {split:.0f} {where}" in PAGE
    grid = kept_sweep(WORLD).select(lambda point: point["units"] == 8 and point["cut"] > 0.0)
    agreed_best, split_best = (best_buffers(grid, count) for count in ("agreed", "each side"))
    worth = [agreed_best[each][1] - split_best[each][1] for each in agreed_best]
    assert "is worth {:.0f}, {:.0f}, {:.0f} and at last nothing ({:.0f}) as breakage".format(*worth) in PAGE


@pytest.mark.parametrize("point", [each for each in CAP.points() if each["partition"] == LONGEST], ids=str)
def test_the_readme_says_which_histories_are_linearizable(point: dict[str, object]) -> None:
    found = means(CAP, **point)
    answered = [found[f"{side}_{kind}"] for side in SIDES for kind in ("reads", "writes")]
    if min(answered) == 1.0:  # everybody
        assert found["linearizable"] == 0.0
    if max(answered[2:]) == 0.0:  # the minority is refused everything
        assert found["linearizable"] == (0.0 if point["skew"] else 1.0)
    if point["store"] == "asynchronous":
        assert found["linearizable"] == 0.0 == found["minority_writes"]
    assert not math.isnan(found["linearizable"])
