"""The study of workers: what timeouts, heartbeats, dead letters and the size of a pool trade."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse, Run
from experiments.studies.worker_run import SURGE_END, SURGE_START
from experiments.studies.workers import workers

from .figure_checks import assert_complete, texts
from .what_is_said import kept_sweep, means, percent, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return workers(seed=1, **parameters)


@pytest.mark.slow
def test_when_all_is_well_no_job_is_lost_or_cut_short_and_next_to_none_is_done_twice() -> None:
    measures = ran(visibility=60.0, heartbeat=False).measures
    assert measures["lost"] == measures["begun_anew"] == measures["crashes"] == 0
    assert measures["done_twice"] < 0.002


@pytest.mark.slow
def test_short_timeout_has_jobs_done_again_and_a_heartbeat_prevents_that() -> None:
    short = ran(visibility=5.0, deaths=4.0, heartbeat=False).measures
    assert short["extra_work"] > 0.3
    assert short["lost"] == 0
    beating = ran(visibility=5.0, deaths=4.0, heartbeat=True).measures
    assert beating["extra_work"] == 0.0
    # What is done over and over stays in the backlog, and grows old there.
    assert short["age_max"] > 5 * beating["age_max"]


@pytest.mark.slow
def test_long_timeout_has_the_jobs_of_the_dead_wait_for_it() -> None:
    for visibility in (120.0, 300.0):
        measures = ran(visibility=visibility, deaths=4.0, heartbeat=False).measures
        assert measures["latency_p99"] == pytest.approx(visibility, abs=15.0)
        assert measures["lost"] == 0


@pytest.mark.slow
def test_job_that_crashes_its_worker_does_so_until_it_is_a_dead_letter() -> None:
    for_ever = ran(poison=0.01, heartbeat=True).measures
    dead = ran(poison=0.01, heartbeat=True, receives_max=3).measures
    assert for_ever["dead"] == 0
    assert dead["crashes"] == 3 * dead["dead"]
    assert for_ever["crashes"] > 5 * dead["crashes"]
    assert dead["lost"] == for_ever["lost"] == 0


@pytest.mark.slow
def test_more_workers_get_over_a_surge_sooner_and_cost_more_unless_they_come_only_then() -> None:
    few, many = (ran(surge=3.0, heartbeat=True, size=size).measures for size in (8, 24))
    scaled = ran(surge=3.0, heartbeat=True, size=8, fleet="scaled").measures
    assert few["latency_p99"] > 2 * scaled["latency_p99"] > 2 * many["latency_p99"]
    assert few["cost"] < scaled["cost"] < many["cost"]


@pytest.mark.slow
def test_by_default_a_surge_shows_the_surge_and_no_job_that_never_leaves() -> None:
    run = ran(surge=3.0)
    assert run.measures["extra_work"] == 0.0
    # The first jobs of the queue that the surge leaves are its oldest; the last of the backlog is soon gone.
    assert run.measures["age_max"] < run.measures["latency_p99"] + 60.0
    assert run.detail.backlog.oldest_age == 0.0


@pytest.mark.slow
def test_spot_hosts_cost_a_third_lose_nothing_and_have_jobs_begun_anew() -> None:
    scaled = ran(surge=3.0, heartbeat=True, size=8, fleet="scaled").measures
    spot = ran(surge=3.0, heartbeat=True, size=8, fleet="spot", notice=0.0, takings=6.0).measures
    assert spot["cost"] == pytest.approx(0.3 * scaled["cost"], rel=0.1)
    assert spot["lost"] == 0
    assert spot["begun_anew"] > 0


def test_notice_goes_with_spot_hosts_only() -> None:
    with pytest.raises(Misuse, match="notice must be none with fleet fixed"):
        workers(notice=120.0)
    with pytest.raises(Misuse, match="notice must be a number of seconds with fleet spot"):
        workers(fleet="spot")


@pytest.mark.slow
def test_run_is_the_same_again() -> None:
    parameters: dict[str, Any] = {
        "fleet": "spot",
        "notice": 20.0,
        "surge": 2.0,
        "deaths": 2.0,
        "heartbeat": False,
        "poison": 0.01,
    }
    assert workers(seed=3, **parameters).measures == workers(seed=3, **parameters).measures


@pytest.mark.slow
def test_run_is_shown_over_time_with_its_surge() -> None:
    figures = dict(workers.figures_of_run(ran(surge=3.0, heartbeat=True, size=8)))  # type: ignore[misc]
    assert_complete(figures)
    assert "load x 3" in texts(figures["over_time"])
    assert SURGE_START < SURGE_END


@pytest.mark.slow
def test_sweep_has_the_figures_that_it_has_points_for() -> None:
    points = [
        *(
            {"deaths": 4.0, "heartbeat": beats, "visibility": s}
            for beats in (False, True)
            for s in (15.0, 60.0)
        ),
        *({"poison": 0.01, "receives_max": limit} for limit in (None, 3)),
        *({"surge": 3.0, "visibility": 120.0, "size": size} for size in (8, 24)),
    ]
    result = kept_sweep(workers, points, replications=2)
    figures = dict(workers.figures_of_sweep(result))  # type: ignore[misc]
    assert list(figures) == ["visibility", "poison", "surge", "cost"]
    assert_complete(figures)
    assert "with heartbeat" in texts(figures["visibility"])
    assert "dead after 3 receives" in texts(figures["poison"])
    alone = result.select(lambda point: point["size"] == 24)
    assert dict(workers.figures_of_sweep(alone)) == {}  # type: ignore[misc]


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(workers)

    def dying(visibility: float, *, heartbeat: bool = False) -> dict[str, float]:
        return means(workers, deaths=4.0, visibility=visibility, heartbeat=heartbeat)

    def surged(**fleet: Any) -> dict[str, float]:
        return means(workers, surge=3.0, visibility=120.0, heartbeat=True, **fleet)

    short, middle, long, beating = dying(5.0), dying(60.0), dying(300.0), dying(15.0, heartbeat=True)
    assert f"of 5 s {1.0 + short['extra_work']:.1f} times the work is done that is needed" in said
    assert f"on {percent(short['done_twice'], 1)} of the jobs" in said
    assert (
        f"the median job takes {short['latency_p50']:.0f} s, where others take {long['latency_p50']:.1f} s"
        in said
    )
    assert f"the oldest message is {short['age_max']:.0f} s old at its worst" in said
    assert f"no message is older than {beating['age_max']:.0f} s" in said
    assert f"With 60 s {percent(middle['extra_work'])} is done again" in said
    assert long["extra_work"] == beating["extra_work"] == 0.0
    assert f"1 % of the jobs take {long['latency_p99']:.0f} s and more" in said
    assert f"of 15 s 99 % are done within {beating['latency_p99']:.0f} s" in said
    troubled = {"visibility": 30.0, "heartbeat": True, "poison": 0.01}
    for_ever, dead = means(workers, **troubled), means(workers, **troubled, receives_max=3)
    assert f"workers crash {for_ever['crashes']:.0f} times; {dead['crashes']:.0f} times if" in said
    few, many = (surged(size=size) for size in (8, 24))
    assert f"8 workers take {few['latency_p99']:.0f} s for the 99th percentile" in said
    assert f"caught up {few['empty_time']:.0f} s after it; 24 take {many['latency_p99']:.0f} s" in said
    assert f"{many['cost']:.1f} hours of hosts instead of {few['cost']:.1f}" in said
    scaled = surged(size=8, fleet="scaled")
    told, untold = (surged(size=8, fleet="spot", notice=notice) for notice in (120.0, 0.0))
    assert f"grows takes {scaled['latency_p99']:.0f} s and {scaled['cost']:.1f} hours" in said
    assert f"taken away {told['latency_p99']:.0f} s, at a price of {told['cost']:.1f}" in said
    assert f"without a notice {untold['latency_p99']:.0f} s, and {untold['begun_anew']:.1f} jobs" in said
    assert told["begun_anew"] < 1.0
    everybody = (short, middle, long, beating, for_ever, dead, few, many, scaled, told, untold)
    assert all(measures["lost"] == 0.0 for measures in everybody)
