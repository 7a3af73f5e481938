"""The study of resharding: what moves, what that costs users, and that nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Points, sweep
from experiments.studies.scaling_data.databases import HOSTS
from experiments.studies.scaling_data.resharding import (
    FEW,
    FEWER,
    HOT,
    MANY,
    PAUSES,
    WAYS,
    moved_by_theory,
    resharding,
)
from experiments.studies.scaling_data.resharding_run import LASTS, START, TTL
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.stores.numbers_in_words import listed
from tests.experiments.studies.what_is_said import kept_sweep, key_of, means, runs_of, what_to_see

mpl.use("Agg")

SOUND = [point for point in resharding.points() if point["flaw"] == "none"]
FLAWED: tuple[dict[str, Any], ...] = (
    {"ranges": FEW, "flaw": "no last copy", "rounds": 0},
    {"ranges": HOT["ranges"], "flaw": "waits for nobody", "trouble": "cut"},
)
HURRY: dict[str, Any] = {"pause": 0.0, "batch": 100, "parallel": 4}


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


# -- safety


@pytest.mark.parametrize("point", SOUND, ids=key_of)
def test_no_acknowledged_write_is_lost_and_histories_are_linearizable(point: dict[str, Any]) -> None:
    for measures in runs_of(resharding, **point):
        assert measures["lost_count"] == 0.0
        assert measures["duration"] > 0.0  # and not nan: it came to its end
        if not point["stale_reads"]:
            assert measures["stale_count"] == 0.0
            assert measures["linearizable"] == 1.0


@pytest.mark.parametrize("point", FLAWED, ids=key_of)
def test_a_mover_with_a_flaw_loses_writes_and_the_history_shows_it(point: dict[str, Any]) -> None:
    runs = runs_of(resharding, **point)
    assert sum(measures["lost_count"] for measures in runs) > 0.0
    assert any(measures["linearizable"] == 0.0 for measures in runs)


# -- what moves


@pytest.mark.parametrize("way", WAYS)
def test_share_of_keys_that_moves_is_as_by_theory(way: str) -> None:
    """Of 240 ranges, each of which moves or does not, and of 1200 keys in them."""
    keys = 1200
    for measures in runs_of(resharding, placement=way, ranges=MANY):
        share = moved_by_theory(way)  # type: ignore[arg-type]
        deviation = sqrt(
            share * (1.0 - share) * (1.0 / keys + (1.0 / MANY if way in ("ring", "jump") else 0.0))
        )
        assert measures["moved_theory"] == share
        assert abs(measures["moved"] - share) < 3.0 * deviation


def test_modulo_takes_as_much_longer_as_it_moves_more() -> None:
    fewest, modulo = (means(resharding, placement=way, ranges=MANY) for way in ("fewest moves", "modulo"))
    ratio = modulo["moved"] / fewest["moved"]
    assert modulo["duration"] == pytest.approx(ratio * fewest["duration"], rel=0.25)
    assert 1.0 <= fewest["copied"] < 1.1


# -- what it costs


def test_a_throttle_trades_time_for_latency() -> None:
    throttled = [means(resharding, pause=pause) for pause in PAUSES]
    durations = [means(resharding, **HURRY)["duration"], *(each["duration"] for each in throttled)]
    assert durations == sorted(durations)
    assert durations[-1] > 2.5 * durations[1]
    hurry = means(resharding, **HURRY)
    assert hurry["p99_during"] > 3.0 * throttled[0]["p99_during"]
    assert throttled[0]["p99_during"] > 1.2 * throttled[-1]["p99_during"]
    assert hurry["freeze_max"] > 3.0 * throttled[0]["freeze_max"]


def test_rounds_before_the_freeze_make_it_short() -> None:
    with_rounds, without = (means(resharding, ranges=FEW, rounds=rounds) for rounds in (3, 0))
    assert with_rounds["freeze_mean"] < 0.3 * without["freeze_mean"]


def test_a_range_whose_mover_dies_stays_frozen_and_may_be_read_if_stale_reads_are_allowed() -> None:
    for stale_reads in (False, True):
        for measures in runs_of(resharding, **HOT, trouble="mover, frozen", stale_reads=stale_reads):
            assert measures["given_up"] == 1.0
            assert measures["unanswered"] > 0.0
            assert (measures["unanswered_reads"] == 0.0) is stale_reads
            assert measures["linearizable"] == 1.0  # it was not handed over meanwhile


@pytest.mark.parametrize("stale_reads", [False, True])
def test_reads_are_stale_where_the_source_does_not_hear_of_the_hand_over_and_they_may_be(
    stale_reads: bool,
) -> None:
    """In each run; for no longer than the source was cut off, and thus within its lease."""
    for measures in runs_of(resharding, **HOT, trouble="cut, frozen", stale_reads=stale_reads):
        assert (measures["stale_count"] > 0.0) is stale_reads
        assert (measures["linearizable"] == 1.0) is not stale_reads
        assert measures["stale_max"] <= LASTS + 0.5 < TTL


def test_stores_that_tell_what_has_changed_are_frozen_for_less_than_those_that_cannot() -> None:
    point = {"ranges": FEW, "keys": FEWER}
    frozen = {kind: means(resharding, shard=kind, **point)["freeze_mean"] for kind in HOSTS}
    for cannot in ("quorums", "primary and replica"):
        assert frozen[cannot] > 3.0 * max(frozen["one process"], frozen["raft"])


def test_a_host_that_dies_is_a_failover_where_shards_have_copies_and_ends_no_attempt() -> None:
    point = {"ranges": FEW, "keys": FEWER, "trouble": "source"}
    alone = runs_of(resharding, **point)
    for kind in list(HOSTS)[1:]:
        for one, several in zip(alone, runs_of(resharding, shard=kind, **point), strict=True):
            assert several["unanswered"] < 0.85 * one["unanswered"]
            assert (one["given_up"], several["given_up"]) == (1.0, 0.0)


@pytest.mark.slow
def test_trouble_that_comes_too_late_is_refused_and_not_waited_for() -> None:
    with pytest.raises(Misuse, match=r"must let moves take longer than 1.5 s .* got moves of 10 keys"):
        resharding(seed=0, ranges=10, keys=10, pause=0.0, trouble="cut, frozen", rate=5.0)


def test_a_host_that_dies_ends_its_move_and_the_next_attempt_succeeds() -> None:
    for trouble in ("source", "target"):
        for measures in runs_of(resharding, ranges=FEW, trouble=trouble):
            assert measures["given_up"] >= 1.0
            assert measures["moved"] == means(resharding, ranges=FEW)["moved"]
    unanswered = {
        trouble: means(resharding, ranges=FEW, trouble=trouble)["unanswered"]
        for trouble in ("source", "target")
    }
    assert unanswered["target"] < 10.0 < 50.0 < unanswered["source"]  # the source has keys, the target none


def said_of(measure: str, form: str, points: Sequence[dict[str, Any]], scale: float = 1.0) -> str:
    """Return the means of a measure at some points as they are listed in a text."""
    return listed([scale * means(resharding, **point)[measure] for point in points], form)


def sentences() -> Iterator[str]:
    """Yield what the text must say, as the sweep's numbers make it."""
    placed = [{"placement": way, "ranges": MANY} for way in WAYS]
    yield "to add a fifth shard to four, with the fewest moves, a ring, jump hash and modulo,"
    yield f"{said_of('moved', '.0f', placed, 1e2)} % of the keys move (theory:"
    yield f"{said_of('moved_theory', '.0f', placed, 1e2)} %), in {said_of('duration', '.0f', placed)} s."
    yield f"Meanwhile the p99 of users is {said_of('p99_during', '.0f', placed, 1e3)} ms,"
    yield f"before it is {means(resharding, **placed[0])['p99_before'] * 1e3:.0f}."
    removed = means(resharding, ranges=MANY, change="remove")["duration"]
    yield f"To remove it takes {removed:.0f} s with the fewest moves."
    hurry = means(resharding, **HURRY)
    yield f"In a hurry, four ranges at a time, it is done in {hurry['duration']:.0f} s, with a p99 of"
    yield f"{1e3 * hurry['p99_during']:.0f} ms; one at a time,"
    yield f"with pauses of {listed(PAUSES, 'g')} s after five items, in"
    pauses = [{"pause": pause} for pause in PAUSES]
    yield f"{said_of('duration', '.0f', pauses)} s, with {said_of('p99_during', '.0f', pauses, 1e3)} ms."
    rounds = [{"ranges": FEW, "rounds": count} for count in (3, 0)]
    yield "A range is frozen for {} ms on average, without rounds before for {}.".format(
        *said_of("freeze_mean", ".0f", rounds, 1e3).split(" and ")
    )
    frozen = [{**HOT, "trouble": "mover, frozen", "stale_reads": stale} for stale in (False, True)]
    yield "Where the mover dies meanwhile, {} requests are not answered in the 4 s until it is back,".format(
        f"{means(resharding, **frozen[0])['unanswered']:.0f}"
    )
    yield "{} of them reads; where reads may be stale these are answered.".format(
        f"{means(resharding, **frozen[0])['unanswered_reads']:.0f}"
    )
    cut_off = means(resharding, **HOT, trouble="cut, frozen", stale_reads=True)
    yield "If instead the source does not hear of the hand-over, for 4 s without directory,"
    yield f"{cut_off['stale_count']:.0f} reads are stale, by up to {cut_off['stale_max']:.1f} s."
    source, target, cut = (
        means(resharding, ranges=FEW, trouble=trouble) for trouble in ("source", "target", "cut")
    )
    yield f"The source's host that dies costs {source['unanswered']:.0f} requests,"
    yield f"the target's {target['unanswered']:.0f}, and both one attempt;"
    yield f"a source that is to freeze without directory makes a freeze of {cut['freeze_max']:.1f} s."
    copied = [{"ranges": FEW, "keys": FEWER, "shard": kind} for kind in HOSTS]
    yield "In shards of one process, of a primary and its replica, of Raft and of quorums a range is frozen"
    yield f"for {said_of('freeze_mean', '.0f', copied, 1e3)} ms, and a host of the source that dies costs"
    died = [{**point, "trouble": "source"} for point in copied]
    yield f"{said_of('unanswered', '.0f', died)} requests."
    yield "In none of these runs an acknowledged write is lost, and all histories are linearizable,"
    yield "but for those with stale reads."
    no_copy, no_wait = (means(resharding, **point)["lost_count"] for point in FLAWED)
    yield f"A mover that leaves out the last copy loses {no_copy:.0f},"
    yield f"one that waits for nobody {no_wait:.0f}."


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    assert what_to_see(resharding) == " ".join(sentences())


# -- runs and figures


@pytest.mark.slow
def test_a_run_tells_what_shards_have_served_and_has_its_time_line() -> None:
    run = resharding(seed=1, ranges=10, rate=10.0, pause=0.0)
    served = run.detail.served
    (newest,) = (name for name in served[-1] if name.startswith("shard-5 "))
    assert newest not in served[int(START)]
    assert served[-1][newest] > 0
    assert sum(served[-1].values()) <= len(run.detail.requests)
    assert all(before[name] <= after[name] for before, after in pairwise(served) for name in before)
    figures = dict(resharding.figures_of_run(run))
    assert list(figures) == ["time_line"]
    assert_complete(figures)


@pytest.mark.slow
def test_the_default_sweep_has_its_figures_and_they_are_complete() -> None:
    figures = dict(resharding.figures_of_sweep(kept_sweep(resharding)))
    assert list(figures) == ["placements", "time_line", "throttle", "copies", "troubles"]
    assert_complete(figures)
    assert "0 acknowledged writes are lost" in texts(figures["troubles"])


@pytest.mark.slow
def test_a_single_point_has_no_figure_of_the_whole() -> None:
    result = sweep(
        resharding, Points([{}]), fixed={"rate": 3.0, "ranges": 10}, replications=1, executor=InProcess()
    )
    assert dict(resharding.figures_of_sweep(result)) == {}
