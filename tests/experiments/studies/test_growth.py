"""The study of growth: a run says what saturates first, and each step of the ladder takes that away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, get_args

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Run, SweepResult, sweep
from experiments.studies.growth import KINDS, RATE, Design, growth
from experiments.studies.growth_designs import DESIGNS, GrowingShop
from models.observers.saturation import ResourceUse
from simulator import Environment

from .figure_checks import assert_complete, texts
from .what_is_said import means, percent, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(design: str, load: float) -> Run:
    return growth(seed=1, design=design, load=load)


def first(design: str, load: float) -> ResourceUse:
    found = ran(design, load).detail.report.first
    assert isinstance(found, ResourceUse)
    return found


LADDER = {
    "one host": "catalogue+orders+web cores",
    "bigger host": "catalogue+orders+web to bank pool",
    "larger pool": "edge to users link",
    "wider link": "web threads",
    "pay later": "catalogue+orders+web cores",
    "own hosts": "catalogue cores",
    "more hosts": "catalogue cores",
}
"""What each design says will be full first."""


def test_the_designs_are_those_that_can_be_asked_for() -> None:
    assert tuple(DESIGNS) == tuple(LADDER) == get_args(Design)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "name"), LADDER.items())
def test_light_load_says_what_is_next(design: str, name: str) -> None:
    assert first(design, 3.0).name == name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "load"),
    [
        ("one host", 10.0),
        ("bigger host", 10.0),
        ("larger pool", 30.0),
        ("wider link", 30.0),
        ("pay later", 30.0),
    ],
)
def test_overload_runs_into_it(design: str, load: float) -> None:
    report = ran(design, load).detail.report
    assert LADDER[design] in [use.name for use in report.bottlenecks]
    assert report.first.name == LADDER[design]
    assert ran(design, load).measures["answered"] < 0.8


@pytest.mark.slow
def test_a_step_lies_beyond_the_one_before() -> None:
    reached = [ran(design, 3.0).measures["saturates_at"] for design in DESIGNS]
    assert reached == sorted(reached)
    assert reached[0] < 10.0 < reached[2]
    assert reached[-1] > 100.0


@pytest.mark.slow
def test_threads_are_full_because_of_what_is_behind_them() -> None:
    for design in ("one host", "bigger host"):
        use = ran(design, 10.0).detail.report.use("web threads")
        assert use.is_symptom
        assert use.because_of == (LADDER[design],)


@pytest.mark.slow
def test_orders_that_are_paid_later_hold_no_thread() -> None:
    now, later = (
        ran(design, 3.0).detail.report.use("orders threads") for design in ("wider link", "pay later")
    )
    assert later.per_request < 0.2 * now.per_request
    assert ran("pay later", 3.0).measures["p99"] < 0.5 * ran("wider link", 3.0).measures["p99"]
    assert ran("pay later", 3.0).measures["unpaid"] == 0.0


@pytest.mark.slow
def test_measures_are_the_most_used_of_each_kind() -> None:
    run = ran("own hosts", 3.0)
    report = run.detail.report
    for kind, measure in KINDS.items():
        uses = [use.utilisation for use in report.uses if use.kind == kind]
        assert run.measures[measure] == max(uses)
    assert run.measures["saturates_at"] == pytest.approx(report.first.saturates_at / RATE)
    assert (run.measures["host_hours"], run.measures["core_hours"]) == (3.0, pytest.approx(220.0, rel=0.1))


def test_a_shop_has_the_hosts_of_its_design() -> None:
    shop = GrowingShop(Environment(seed=1), DESIGNS["more hosts"])
    own = [host for host in shop.system.hosts.values() if host.name not in ("bank", "edge", "users")]
    assert len(own) == shop.design.host_count == 9
    assert sum(host.cores for host in own) == shop.design.core_count == 72


# -- figures


@lru_cache
def swept() -> SweepResult:
    grid = {"design": ["one host", "bigger host"], "load": [1.0, 10.0]}
    return sweep(growth, grid, replications=2, executor=InProcess())


@pytest.mark.slow
def test_figures_name_the_bottleneck_of_each_design() -> None:
    make = growth.figures_of_sweep
    assert make is not None
    figures = dict(make(swept()))
    assert list(figures) == ["utilisation", "goodput"]
    assert_complete(figures)
    assert "one host\ncores first, at x" in texts(figures["utilisation"])
    assert "bigger host\nbank pool first, at x" in texts(figures["utilisation"])
    assert "asked for" in texts(figures["goodput"])


@pytest.mark.slow
def test_a_sweep_without_load_has_no_figures() -> None:
    make = growth.figures_of_sweep
    assert make is not None
    assert dict(make(swept().select(lambda point: point["load"] == 1.0))) == {}


@pytest.mark.slow
def test_the_figure_of_a_run_says_what_is_saturated() -> None:
    make = growth.figures_of_run
    assert make is not None
    figures = dict(make(ran("one host", 10.0)))
    assert_complete(figures)
    assert "requests/s answered: cores are saturated" in texts(figures["resources"])


# -- what it says


def at(design: str, load: float) -> dict[str, Any]:
    return means(growth, design=design, load=load)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(growth)
    full_at = {design: at(design, 1.0)["saturates_at"] for design in DESIGNS}
    one, bigger, pool = (at(design, 10.0) for design in ("one host", "bigger host", "larger pool"))
    assert f"full at {full_at['one host']:.1f} times the load" in said
    assert (
        f"it answers {percent(one['answered'])}, and {one['goodput']:.0f} requests per second of 100" in said
    )
    assert f"make that {bigger['goodput']:.0f}" in said
    assert f"full at {full_at['bigger host']:.1f} times" in said
    assert f"99th percentile of {1000 * pool['p99']:.0f} ms" in said
    assert f"next, at {full_at['larger pool']:.0f} times" in said
    narrow, wide = (at(design, 30.0) for design in ("larger pool", "wider link"))
    assert f"lets {narrow['goodput']:.0f} per second through in time" in said
    assert narrow["goodput"] < at("one host", 30.0)["goodput"]
    assert f"gives {wide['goodput']:.0f} and finds the threads, at {full_at['wider link']:.0f} times" in said
    before, after = (1000 * at(design, 10.0)["p99"] for design in ("wider link", "pay later"))
    assert f"take {before:.0f} ms down to {after:.0f} ms" in said
    assert f"cores, at {full_at['pay later']:.0f} times" in said
    assert at("own hosts", 30.0)["answered"] > 0.999
    most = at("more hosts", 100.0)
    assert most["answered"] > 0.999
    assert f"a hundred times, at {1000 * most['p99']:.0f} ms" in said
    costs = [at(design, 10.0)["core_hours"] for design in ("more hosts", "larger pool")]
    assert f"costs {costs[0]:.0f} core-hours" in said
    assert f"larger pool costs {costs[1]:.0f}." in said
