"""The study of staleness: fresh reads by theory, by versions, and with what repairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Points, sweep
from experiments.studies.stores.staleness import (
    FITS,
    FOREVER,
    QUORUMS,
    WRITE_MEANS,
    stale_by_sampling,
    staleness,
)
from experiments.summary import estimate
from simulator.randomness import Constant, Exponential, Mixture
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import (
    kept_runs,
    kept_sweep,
    key_of,
    means,
    percent,
    runs_of,
    what_to_see,
)
from tests.in_one_test import in_one_test

mpl.use("Agg")


@in_one_test("point", staleness.points(), ids=key_of)
def test_theory_comes_out_in_the_default_sweep(point: dict[str, Any]) -> None:
    """Within four standard deviations of as many reads; no point of the sweep is farther off."""
    runs = kept_runs("staleness")[key_of(point)]
    theory = runs[0]["fresh_theory"]
    if point["repair"] != "none":
        assert np.isnan(theory)
        return
    spread = (theory * (1.0 - theory) / (len(runs) * point["keys"])) ** 0.5
    assert abs(estimate([run["fresh"] for run in runs]).mean - theory) <= 4.0 * spread + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "read_level", "after", "fresh"),
    [
        ("LinkedIn SSD", 1, 0.0, 0.974),
        ("LinkedIn disk", 1, 0.0, 0.439),
        ("LinkedIn SSD", 1, 0.00185, 0.999),
        ("LinkedIn disk", 1, 0.0455, 0.999),
        ("Yammer", 1, 1.364, 0.999),
        ("Yammer", 2, 0.202, 0.999),
    ],
)
def test_the_fits_are_those_of_the_paper(law: str, read_level: int, after: float, fresh: float) -> None:
    """Its sections 1 and 5 say how many reads are fresh with W = 1, at once or so many seconds later."""
    write, other = FITS[law]
    found = 1.0 - stale_by_sampling((write, other, other, other), read_level, 1, after)
    # Four standard errors of our samples, and the last digit of theirs.
    assert found == pytest.approx(fresh, abs=4.0 * (found * (1.0 - found) / 100_000) ** 0.5 + 0.0005)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "fresh"), [(3.35, 0.887), (3.5, 0.893)])
def test_what_the_paper_says_of_yammer_has_the_shape_of_its_program_and_not_of_its_table(
    shape: float, fresh: float
) -> None:
    write, other = FITS["Yammer"]
    body, tail = write.components  # type: ignore[attr-defined]
    assert body.shape == 3.35
    write = replace(write, components=(replace(body, shape=shape), tail))  # type: ignore[type-var]
    found = 1.0 - stale_by_sampling((write, other, other, other), 1, 1, 0.0)
    assert found == pytest.approx(fresh, abs=0.003)


@pytest.mark.slow
def test_sampling_gives_the_exact_law_of_exponential_latencies() -> None:
    one, ten = Exponential(1.0), Exponential(10.0)
    assert stale_by_sampling((ten, one, one, one), 1, 1, 0.0) == pytest.approx(1.0 - 0.41956, abs=0.006)
    assert stale_by_sampling((ten, one, one, one), 2, 2, 0.0) == 0.0


@pytest.mark.slow
def test_requests_that_never_arrive_leave_a_share_of_reads_stale_for_ever() -> None:
    one = Constant(0.001)
    lossy = Mixture(weights=(0.8, 0.2), components=(one, Constant(FOREVER)))
    soon, late = (stale_by_sampling((lossy, one, one, one), 1, 1, after) for after in (0.01, 1_000.0))
    # One of three has it and acknowledges; of the other two each has missed it with probability 0.2.
    expected = 0.2 * (1.0 - 0.2**2) / (1.0 - 0.2**3)
    assert soon == late == pytest.approx(expected, abs=0.005)


def test_overlapping_quorums_are_always_fresh() -> None:
    assert {measures["fresh"] for measures in runs_of(staleness, read_level=2, write_level=2)} == {1.0}
    few = staleness(seed=3, read_level=1, write_level=3, keys=20).measures
    assert (few["fresh"], few["fresh_theory"]) == (1.0, 1.0)


@pytest.mark.parametrize("quorum", QUORUMS)
def test_two_behind_is_rarer_than_random_quorums_would_have_it(quorum: tuple[int, int]) -> None:
    found = means(staleness, read_level=quorum[0], write_level=quorum[1])
    one_behind = 1.0 - found["fresh"]
    assert found["behind_3"] <= found["behind_2"] <= one_behind**2
    assert found["behind_3"] <= one_behind**3


def test_only_what_repairs_heals_what_never_arrived() -> None:
    def healed(repair: str) -> float:
        return means(staleness, write_mean=0.001, lost=0.2, repair=repair, after=4.0)["fresh"]

    assert healed("none") == pytest.approx(0.807, abs=0.03)
    assert healed("reads") > 0.99
    assert healed("anti-entropy") > 0.99


def test_a_law_goes_with_its_own_mean() -> None:
    with pytest.raises(Misuse, match=r"write_mean must be none with law Yammer, .* got 0\.01"):
        staleness(law="Yammer", write_mean=0.01)
    with pytest.raises(Misuse, match="write_mean must be a number of seconds with law exponential, got none"):
        staleness(write_mean=None)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(staleness)

    def fresh(**point: Any) -> float:
        return means(staleness, **point)["fresh"]

    slow, fast = max(WRITE_MEANS), min(WRITE_MEANS)
    at_once, later = fresh(write_mean=slow), fresh(write_mean=slow, after=0.02)
    assert f"{percent(at_once)} of the reads at once are fresh, {percent(later)} of those 20 ms later" in said
    assert f"{percent(fresh(write_mean=fast))} at once where write requests take 0.25 ms" in said
    laws = [fresh(law=law, write_mean=None) for law in FITS]
    assert "{}, {} and {}".format(*map(percent, laws)) in said
    yammer = fresh(law="Yammer", write_mean=None, after=0.1)
    assert f"Yammer's are still only {percent(yammer, 1)} fresh 100 ms later" in said
    one, two = (means(staleness, read_level=1, write_level=w) for w in (1, 2))
    assert f"{percent(1.0 - one['fresh'])} miss one version, {percent(one['behind_2'])} two" in said
    assert f"W = 2 makes it {percent(1.0 - two['fresh'])}" in said
    assert f"{1000 * two['write_p50']:.1f} ms in the median and not {1000 * one['write_p50']:.1f} ms" in said
    lost, reads, trees = (
        fresh(write_mean=0.001, lost=0.2, repair=repair, after=2.0)
        for repair in ("none", "reads", "anti-entropy")
    )
    assert f"{percent(lost)} are fresh at any later time" in said
    assert f"{percent(reads, 1)} after 2 s where reads repair" in said
    assert f"{percent(trees, 1)} with anti-entropy every 2 s" in said


@pytest.mark.slow
def test_a_small_sweep_has_all_figures_and_they_are_complete() -> None:
    points: list[dict[str, Any]] = [
        *({"write_mean": mean, "after": after} for mean in WRITE_MEANS for after in (0.0, 0.02)),
        *({"law": law, "write_mean": None, "after": after} for law in FITS for after in (0.0, 0.02)),
        *({"read_level": r, "write_level": w} for r, w in QUORUMS[1:]),
        *(
            {"write_mean": 0.001, "lost": 0.2, "repair": repair, "after": after}
            for repair in ("none", "reads", "anti-entropy")
            for after in (0.01, 2.0)
        ),
    ]
    assert staleness.figures_of_sweep is not None
    figures = dict(staleness.figures_of_sweep(kept_sweep(staleness, points, replications=2)))
    try:
        assert list(figures) == ["exponential", "production", "repair", "versions"]
        assert_complete(figures)
        assert "quorums at random" in "\n".join(texts(figure) for figure in figures.values())
    finally:
        plt.close("all")


@pytest.mark.slow
def test_a_single_point_has_no_figure() -> None:
    result = sweep(staleness, Points([{}]), fixed={"keys": 5}, replications=2, executor=InProcess())
    assert staleness.figures_of_sweep is not None
    assert dict(staleness.figures_of_sweep(result)) == {}
