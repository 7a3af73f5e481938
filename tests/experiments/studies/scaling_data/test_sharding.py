"""The study of sharding: what n databases take, who is the fullest, what fails with a host, and leases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Points, sweep
from experiments.studies.scaling_data.databases import HOSTS, WORK
from experiments.studies.scaling_data.outages import outages_by_shard, time_covered
from experiments.studies.scaling_data.placements import first_table, shares_of_ranges, spread_by_theory
from experiments.studies.scaling_data.sharding import (
    DOWN,
    LASTS,
    at_least,
    directory_hit_by_theory,
    down_times,
    sharding,
)
from models.consistency import Ending, Operation
from models.sharding import Assignment, RangePartitioner, range_table
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.stores.numbers_in_words import listed
from tests.experiments.studies.what_is_said import kept_sweep, key_of, means, runs_of, what_to_see

mpl.use("Agg")

COUNTS = (1, 2, 4, 8)
WELL = [point for point in sharding.points() if point["trouble"] == "none"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


# -- what it is made of


def asked(key: int, at: float, *, answered: bool) -> Operation:
    return Operation(
        process=0,
        kind="write",
        key=key,
        value=at,
        result=None,
        invoked_at=at,
        ended_at=at,
        ending=Ending.OK if answered else Ending.UNKNOWN,
    )


def test_outage_lasts_from_the_first_who_was_not_answered_to_the_next_who_was() -> None:
    table = range_table(RangePartitioner(int), [10], ["low", "high"])
    history = [
        asked(1, 1.0, answered=True),
        asked(2, 2.0, answered=False),
        asked(11, 3.0, answered=True),
        asked(3, 4.0, answered=False),
        asked(4, 6.0, answered=True),
        asked(12, 8.0, answered=False),
    ]
    found = outages_by_shard(history, table, 0.0, 10.0)
    assert found == {"low": ((2.0, 6.0),), "high": ((8.0, 10.0),)}
    assert outages_by_shard(history, table, 3.0, 8.0) == {"low": ((4.0, 6.0),), "high": ()}


def test_time_that_is_covered_twice_counts_once() -> None:
    assert time_covered([(5.0, 7.0), (0.0, 2.0), (1.0, 3.0), (5.5, 6.0)]) == 5.0
    assert time_covered([]) == 0.0


def test_probability_of_at_least_so_many() -> None:
    assert at_least(1, [0.9]) == pytest.approx(0.9)
    assert at_least(2, [0.9, 0.9, 0.9]) == pytest.approx(0.972)
    assert at_least(1, [0.5, 0.2]) == pytest.approx(0.6)


def test_theory_of_leases_is_what_is_left_of_the_outage_after_the_last_renewal() -> None:
    lasts = LASTS["directory"]
    assert directory_hit_by_theory(100.0) == 0.0
    assert directory_hit_by_theory(0.3) == pytest.approx(1.0, abs=0.02)
    # 9.9 s, less up to 3.3 that had gone by
    assert directory_hit_by_theory(10.0) == pytest.approx((lasts - 10.0 / 1.01 + 10.0 / 6.0) / lasts)
    between = directory_hit_by_theory(25.0)  # only if the last renewal was early enough
    assert 0.0 < between < (lasts - 25.0 / 1.01 + 25.0 / 3.0) / lasts


def test_first_tables_share_as_they_should() -> None:
    names = ["a", "b", "c", "d"]
    for placing in ("modulo", "key ranges"):
        table = first_table(placing, names, 1, 1000)  # type: ignore[arg-type]
        assert shares_of_ranges(table, names).tolist() == [0.25] * 4
    assert first_table("key ranges", names, 1, 1000).find(250)[1] == Assignment("b")
    assert spread_by_theory("ring", 8, 100) == pytest.approx((7 / 801) ** 0.5)


# -- what the sweep shows


@pytest.mark.parametrize("point", WELL, ids=key_of)
def test_while_all_is_well_goodput_keeps_to_its_bound_and_nothing_is_lost(point: dict[str, Any]) -> None:
    for measures in runs_of(sharding, **point):
        # A queue of half a second more at one end than at the other, of four that were watched.
        assert measures["goodput"] <= 1.12 * measures["bound"]
        assert measures["lost_count"] == 0.0
        assert measures["hosts"] == point["shards"] * HOSTS[point["shard"]]


def test_twice_as_many_shards_write_twice_as_much_until_users_ask_for_no_more() -> None:
    written = [means(sharding, shards=shards)["goodput"] for shards in COUNTS]
    assert written[0] == pytest.approx(1.0 / WORK, rel=0.03)
    assert written[1] == pytest.approx(2.0 / WORK, rel=0.03)
    assert written[2] == pytest.approx(4.0 / WORK, rel=0.1)
    assert 5.5 < written[3] / written[0] < 8.0


@pytest.mark.parametrize("shards", COUNTS)
def test_copies_add_no_writes(shards: int) -> None:
    alone = means(sharding, shards=shards)["goodput"]
    for kind in HOSTS:
        assert means(sharding, shards=shards, shard=kind)["goodput"] <= 1.02 * alone


@pytest.mark.parametrize("points", [1, 10, 100])
def test_spread_of_a_ring_is_as_by_theory(points: int) -> None:
    """Four rings of eight shares: the spread of a few is known to about a third."""
    measures = means(sharding, shards=8, placement="ring", virtual_nodes=points)
    assert measures["spread"] == pytest.approx(measures["spread_theory"], rel=0.35)


def test_a_few_points_on_a_ring_cost_half_the_throughput_and_keys_that_grow_all_but_one_shard() -> None:
    one, many = (
        means(sharding, shards=8, placement="ring", virtual_nodes=points)["goodput"] for points in (1, 100)
    )
    assert one < 0.65 * many
    hot = means(sharding, shards=8, placement="key ranges", keys="growing")
    assert hot["busiest"] == 8.0
    assert hot["goodput"] == pytest.approx(1.0 / WORK, rel=0.03)
    assert means(sharding, shards=8, keys="growing")["busiest"] < 1.3


@pytest.mark.parametrize("shards", COUNTS)
def test_a_host_takes_its_part_of_the_keys_with_it_for_all_the_time(shards: int) -> None:
    for measures in runs_of(sharding, trouble="host", shards=shards):
        assert measures["hit"] == pytest.approx(1.0 / shards, abs=0.08)  # of 300 writes
        # Seen from the first who asked to the next after it: each shard is asked for 10/n times a second.
        assert abs(measures["outage"] - LASTS["host"]) < 4.0 * shards / 10.0


@pytest.mark.parametrize("shards", COUNTS)
def test_where_each_host_crashes_what_is_hit_does_not_depend_on_how_many_but_what_is_whole_does(
    shards: int,
) -> None:
    """Which of 5000 writes are for whom is chance, and so is which hosts are down together."""
    for measures in runs_of(sharding, trouble="crashes", shards=shards):
        assert measures["hit_theory"] == pytest.approx(DOWN / LASTS["crashes"])
        assert measures["hit"] == pytest.approx(measures["hit_theory"], abs=0.01)
        assert measures["whole_theory"] == pytest.approx((1.0 - measures["hit_theory"]) ** shards)
        assert measures["whole"] == pytest.approx(measures["whole_theory"], abs=0.06)


@pytest.mark.parametrize("kind", list(HOSTS)[1:])
def test_copies_make_shards_more_resilient_and_splitting_alone_does_not(kind: str) -> None:
    """In each run, and not only on average; what is beyond theory is the time to notice."""
    alone, copied = (runs_of(sharding, trouble="crashes", shard=each) for each in ("one process", kind))
    for one, several in zip(alone, copied, strict=True):
        assert several["hit"] < 0.5 * one["hit"]
        assert several["whole"] > one["whole"] + 0.1
    assert means(sharding, trouble="crashes", shard=kind)["hit"] > copied[0]["hit_theory"]


@pytest.mark.parametrize(("begin", "expected"), [(2.0, [(2.0, 5.0)]), (9.0, [(9.0, 10.0), (0.0, 2.0)])])
def test_what_is_down_at_the_end_of_the_time_is_so_at_its_beginning(
    begin: float, expected: list[tuple[float, float]]
) -> None:
    assert down_times(begin, 3.0, 10.0) == expected


def test_copies_leave_of_an_outage_the_time_to_notice() -> None:
    alone = means(sharding, trouble="host")
    for kind in list(HOSTS)[1:]:
        measures = means(sharding, trouble="host", shard=kind)
        assert measures["outage"] < 0.15 * alone["outage"]
        assert measures["hit"] < 0.2 * alone["hit"]
    for kind in ("raft", "quorums"):
        crashed = [runs_of(sharding, trouble=trouble, shard=kind) for trouble in ("host", "crashes")]
        assert [each["lost_count"] for runs in crashed for each in runs] == [0.0] * 8
    lost = [each["lost_count"] for each in runs_of(sharding, trouble="crashes", shard="primary and replica")]
    assert sum(lost) > 0.0


@pytest.mark.parametrize("lease", [3.0, 10.0, 30.0])
def test_a_directory_that_is_down_is_felt_when_leases_are_over(lease: float) -> None:
    """In each run: the last renewal was between 0 and a third of the lease before."""
    for measures in runs_of(sharding, trouble="directory", lease=lease):
        by_chance = lease / 6.0 / LASTS["directory"]
        assert abs(measures["hit"] - measures["hit_theory"]) < by_chance + 0.06


def said_of(measure: str, form: str, points: Sequence[dict[str, Any]], scale: float = 1.0) -> str:
    """Return the means of a measure at some points as they are listed in a text."""
    return listed([scale * means(sharding, **point)[measure] for point in points], form)


def sentences() -> Iterator[str]:
    """Yield what the text must say, as the sweep's numbers make it."""
    alone = [{"shards": shards} for shards in COUNTS]
    copied = [{"shards": 8, "shard": kind} for kind in list(HOSTS)[1:]]
    yield f"1, 2, 4 and 8 shards of one process write {said_of('goodput', '.0f', alone)} times a second"
    yield f"(at most {said_of('bound', '.0f', alone)})"
    yield f"with a p99 of {said_of('p99', '.0f', alone, 1e3)} ms."
    yield "Eight shards of a primary and its replica, of Raft and of quorums,"
    yield f"on {said_of('hosts', '.0f', copied)} hosts, write {said_of('goodput', '.0f', copied)} times."
    rings = [{"shards": 8, "placement": "ring", "virtual_nodes": points} for points in (1, 10, 100)]
    yield f"With 1, 10 and 100 points a shard on the ring the spread is {said_of('spread', '.2f', rings)}"
    yield f"(theory: {said_of('spread_theory', '.2f', rings)}),"
    yield f"the busiest has {said_of('busiest', '.1f', rings)} times the mean,"
    yield f"and all write {said_of('goodput', '.0f', rings)}."
    growing = [{"shards": 8, "placement": each, "keys": "growing"} for each in ("key ranges", "modulo")]
    yield "Of keys that grow ranges write {}, modulo {}.".format(
        *said_of("goodput", ".0f", growing).split(" and ")
    )
    died = [{"trouble": "host", "shards": shards} for shards in COUNTS]
    yield f"With one host down {said_of('hit', '.0f', died, 1e2)} % of the writes are not acknowledged."
    crashed = [{"trouble": "crashes", "shards": shards} for shards in COUNTS]
    yield f"Where each host is down for {DOWN / LASTS['crashes']:.0%} of the time, by chance,".replace(
        "%", " %"
    )
    yield f"it is {said_of('hit', '.1f', crashed, 1e2)} %"
    yield f"(theory: {100.0 * DOWN / LASTS['crashes']:.1f} %), and all of it works for"
    yield f"{said_of('whole', '.0f', crashed, 1e2)} % of the time (theory:"
    yield f"{said_of('whole_theory', '.0f', crashed, 1e2)} %): splitting alone makes nothing more resilient."
    crashed = [{"trouble": "crashes", "shard": kind} for kind in HOSTS]
    yield "Copies do: of four shards, in the order of above,"
    yield f"{said_of('hit', '.1f', crashed, 1e2)} % of the writes are hit, which would be"
    yield f"{said_of('hit_theory', '.1f', crashed, 1e2)} % if it took no time to notice,"
    yield f"and all of it works for {said_of('whole', '.0f', crashed, 1e2)} % of the time."
    lost = means(sharding, trouble="crashes", shard="primary and replica")["lost_count"]
    yield f"The asynchronous pairs lose {lost:.0f} acknowledged writes, the others none."
    died = [{"trouble": "host", "shard": kind} for kind in HOSTS]
    yield f"When one host dies, a shard is out for {said_of('outage', '.1f', died)} s,"
    yield f"and {said_of('hit', '.1f', died, 1e2)} % of all writes are hit."
    leases = [{"trouble": "directory", "lease": lease} for lease in (3.0, 10.0, 30.0)]
    yield f"With leases of 3, 10 and 30 s, {said_of('hit', '.0f', leases, 1e2)} % of the writes"
    yield f"are hit by 20 s without the directory (theory: {said_of('hit_theory', '.0f', leases, 1e2)} %)."


@pytest.mark.slow
def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    assert what_to_see(sharding) == " ".join(sentences())


# -- figures


@pytest.mark.slow
def test_the_default_sweep_has_its_figures_and_they_are_complete() -> None:
    figures = dict(sharding.figures_of_sweep(kept_sweep(sharding)))
    assert list(figures) == ["throughput", "placement", "hosts_that_die", "outages", "copies", "directory"]
    assert_complete(figures)
    alone, best = (
        means(sharding, trouble="crashes", shard=kind)["hit"] for kind in ("one process", "quorums")
    )
    assert f"Of the writes {alone:.1%} (one process) are hit" in texts(figures["copies"])
    assert f"and {best:.1%} (quorums) where others take over" in texts(figures["copies"])
    assert "4 shards of Raft: any of them" in texts(figures["outages"])


@pytest.mark.slow
def test_a_run_has_a_figure_of_its_outages_and_a_single_point_none() -> None:
    run = sharding(seed=1, shards=2, trouble="host", rate=3.0)
    figures = dict(sharding.figures_of_run(run))
    assert list(figures) == ["outages"]
    assert_complete(figures)
    result = sweep(sharding, Points([{}]), fixed={"users": 3}, replications=1, executor=InProcess())
    assert dict(sharding.figures_of_sweep(result)) == {}
