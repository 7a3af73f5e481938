"""The study of what is lost against what is down: what each policy and each kind of trouble must do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse, Run
from experiments.plots.space_time import Fate, space_time
from experiments.studies.stores.durability import MANY, STORES, TROUBLES, durability
from experiments.studies.stores.durability_setup import (
    LINK_LOAD,
    PATIENCE,
    RATE,
    REPAIR,
    SYNC_INTERVAL,
    SYNC_TIME,
)

from ..figure_checks import assert_complete, texts
from ..what_is_said import Measures, kept_sweep, means, runs_of, what_to_see

mpl.use("Agg")

REPLICATED = tuple(store for store in STORES if store != "single")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return durability(seed=2, **parameters)


def measured(store: str, policy: str, trouble: str) -> Measures:
    return means(durability, store=store, durability=policy, trouble=trouble)


# -- single runs


@pytest.mark.slow
def test_what_is_synced_outlives_a_host_crash_and_what_is_not_is_lost() -> None:
    synced = ran(store="single", durability="group commit", trouble="host crash").measures
    periodic = ran(store="single", durability="periodic", trouble="host crash").measures
    assert synced["lost_count"] == 0.0
    assert 0.0 < periodic["lost"] < SYNC_INTERVAL + SYNC_TIME + 0.2  # a Poisson number, as seconds
    assert synced["down"] == pytest.approx(periodic["down"], abs=0.1)
    assert REPAIR < synced["down"] < REPAIR + 2.0


@pytest.mark.slow
def test_a_process_crash_takes_nothing_that_was_written_and_a_lost_disk_all() -> None:
    crash = ran(store="single", durability="periodic", trouble="process crash").measures
    disk = ran(store="single", durability="group commit", trouble="disk loss").measures
    assert crash["lost_count"] == 0.0
    well_for = ran(store="single", durability="group commit", trouble="disk loss").detail.start - 2.0
    assert disk["lost"] == pytest.approx(well_for, rel=0.2)


@pytest.mark.slow
def test_what_is_lost_is_marked_in_the_moment_of_the_trouble() -> None:
    run = ran(store="single", durability="periodic", trouble="host crash")
    fates = [bar.fate for bar in space_time(run.detail.trace).bars]
    assert Fate.LOST in fates
    assert Fate.UNKNOWN in fates
    figures = dict(durability.figures_of_run(run))  # type: ignore[misc]
    assert_complete(figures)
    assert "acknowledged writes are gone" in texts(figures["space_time"])


def test_raft_keeps_no_promise_in_memory() -> None:
    with pytest.raises(Misuse, match="durability must not be periodic with store raft"):
        durability(seed=0, store="raft", durability="periodic")


@pytest.mark.slow
def test_a_lost_disk_of_a_store_with_copies_is_found_again_on_another_host() -> None:
    run = ran(store="asynchronous", durability="group commit", trouble="disk loss")
    assert run.measures["lost_count"] == 0.0
    assert run.measures["down"] < REPAIR / 2.0


# -- the default sweep


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whoever_syncs_and_waits_for_a_copy_loses_nothing(trouble: str) -> None:
    for store in ("semi-synchronous", "synchronous", "quorums", "raft"):
        assert measured(store, "group commit", trouble)["lost_count"] == 0.0, store


def test_down_is_not_lost() -> None:
    """One process is down for all of the repair, and has lost nothing but what a disk had."""
    for trouble in ("host crash", "disk loss", "zone loss"):
        alone = measured("single", "group commit", trouble)
        assert alone["down"] > REPAIR
        assert (alone["lost_count"] > 0.0) == (trouble == "disk loss")


def test_two_copies_in_the_memory_of_one_zone_are_one() -> None:
    assert measured("semi-synchronous", "periodic", "host crash")["lost_count"] == 0.0
    assert measured("semi-synchronous", "periodic", "zone loss")["lost_count"] > 0.0
    assert measured("semi-synchronous", "group commit", "zone loss")["lost_count"] == 0.0


def test_an_asynchronous_replica_takes_over_with_less() -> None:
    alone, copied = (measured(store, "group commit", "zone loss") for store in ("single", "asynchronous"))
    assert copied["down"] < alone["down"] / 2.0
    assert copied["lost_count"] > alone["lost_count"] == 0.0


def test_all_copies_waited_for_is_the_least_available_and_a_majority_the_most() -> None:
    down = {store: measured(store, "group commit", "host crash")["down"] for store in STORES}
    assert down["synchronous"] == max(down.values())
    assert down["raft"] == min(down.values())
    zone = {store: measured(store, "group commit", "zone loss")["down"] for store in ("quorums", "raft")}
    assert all(seconds > REPAIR for seconds in zone.values())  # two of three stood there


def test_a_sync_for_each_write_bounds_how_many_there_can_be() -> None:
    loaded = {
        policy: means(durability, store="single", durability=policy, trouble="none", rate=MANY)
        for policy in ("each write", "group commit", "periodic")
    }
    assert loaded["each write"]["throughput"] < 1.0 / SYNC_TIME < MANY
    # The queue is a second long after MANY * SYNC_TIME - 1 of them, and then nobody is answered in time.
    for run in runs_of(durability, store="single", durability="each write", trouble="none", rate=MANY):
        in_time = run["throughput"] / MANY
        assert 0.85 / 4.0 < in_time < 1.0 / 3.0  # about a second, of three to four
    for policy in ("group commit", "periodic"):
        assert loaded[policy]["throughput"] == pytest.approx(MANY, rel=0.05)
        assert loaded[policy]["p99"] < PATIENCE


@pytest.mark.slow
def test_figures_of_a_sweep_are_drawn_of_the_points_that_it_has() -> None:
    points = [
        {"store": "single", "durability": policy, "trouble": "host crash"}
        for policy in ("group commit", "periodic")
    ]
    loaded = [
        {"store": "single", "durability": policy, "trouble": "none", "rate": rate}
        for policy in ("each write", "group commit", "periodic")
        for rate in (RATE, MANY)
    ]
    result = kept_sweep(durability, [*points, *loaded], replications=1)
    figures = dict(durability.figures_of_sweep(result))  # type: ignore[misc]
    assert set(figures) == {"loss_and_downtime", "cost"}
    assert_complete(figures)
    assert "none" in texts(figures["loss_and_downtime"])


def test_text_says_what_the_default_sweep_gives() -> None:
    said = what_to_see(durability)
    alone, forgetful = (measured("single", policy, "host crash") for policy in ("group commit", "periodic"))
    assert f"host has crashed is down for {alone['down']:.1f} s" in said
    assert f"once a second, it loses {1e3 * forgetful['lost']:.0f} ms of writes" in said
    assert f"disk it is down for {measured('single', 'group commit', 'disk loss')['down']:.1f} s too" in said
    lagging = measured("asynchronous", "group commit", "zone loss")
    assert f"down for {lagging['down']:.1f} s, and with the zone it loses {lagging['lost_count']:.2f}" in said
    theory = LINK_LOAD + LINK_LOAD**2 / (2.0 * (1.0 - LINK_LOAD))
    assert f"(by theory, M/D/1, {theory:.1f})" in said
    one, many = (
        measured(store, "group commit", "zone loss") for store in ("semi-synchronous", "synchronous")
    )
    assert f"take {1e3 * one['p50']:.1f} ms instead of {1e3 * lagging['p50']:.1f}," in said
    assert f"but is down for {one['down']:.1f} s then" in said
    in_memory = measured("semi-synchronous", "periodic", "zone loss")
    assert f"only in memory lose {in_memory['lost_count']:.1f} writes" in said
    stopped = measured("synchronous", "group commit", "host crash")["down"]
    assert f"all takes {1e3 * many['p50']:.0f} ms, loses nothing, and is down for {stopped:.1f} s" in said
    raft = measured("raft", "group commit", "zone loss")
    assert f"takes {1e3 * raft['p50']:.1f} ms, and a crash" in said
    assert measured("raft", "group commit", "host crash")["down"] == 0.0
    assert f"it is down for {raft['down']:.1f} s" in said
    synced = means(durability, store="single", durability="each write", trouble="none", rate=MANY)
    assert f"of {MANY:.0f} writes a second all are answered in time for about a second" in said
    assert f"this makes {synced['throughput']:.0f} a second" in said
