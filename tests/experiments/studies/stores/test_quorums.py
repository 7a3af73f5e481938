"""The study of quorums: what R + W > N buys, what levels cost, and what brings a replica back."""

from __future__ import annotations

from math import log
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Points, sweep
from experiments.studies.stores.quorums import DOWN, END, LEVELS, PER_ZONE, START, ZONES, quorums
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep, key_of, means, percent, runs_of, what_to_see
from tests.in_one_test import in_one_test

mpl.use("Agg")

NODES = ZONES * PER_ZONE
STRICT = [point for point in quorums.points() if not point["sloppy"]]


@in_one_test("point", STRICT, ids=key_of)
def test_strict_quorums_are_never_stale_if_they_overlap_and_in_a_cut_if_not(point: dict[str, Any]) -> None:
    overlaps = point["read_level"] + point["write_level"] > point["replicas"]
    for measures in runs_of(quorums, **point):
        if overlaps:
            assert measures["stale"] == 0.0
        elif point["trouble"] == "zone":
            assert measures["stale_during"] > 0.1


def test_each_answer_more_that_is_waited_for_takes_longer() -> None:
    for kind, levels in (("write_p50", ((1, 1), (1, 2), (1, 3))), ("read_p50", ((1, 1), (2, 1), (3, 1)))):
        found = [means(quorums, read_level=r, write_level=w, trouble="none")[kind] for r, w in levels]
        assert found == sorted(found)
        assert found[1] > 1.3 * found[0]


def test_a_write_at_all_is_lost_with_any_zone_and_one_at_one_with_none() -> None:
    for measures in runs_of(quorums, read_level=1, write_level=3, trouble="zone"):
        assert measures["writes_answered"] == 0.0
    for measures in runs_of(quorums, read_level=1, write_level=1, trouble="zone"):
        assert measures["writes_answered"] == measures["reads_answered"] == 1.0


def test_in_the_zone_that_is_cut_off_strict_quorums_answer_nothing_and_sloppy_ones_write() -> None:
    strict, sloppy = (means(quorums, trouble="zone", sloppy=sloppy) for sloppy in (False, True))
    assert strict["writes_answered_cut"] == strict["reads_answered_cut"] == 0.0
    assert sloppy["writes_answered_cut"] > 0.8
    assert sloppy["stale_during"] > 0.2
    assert sloppy["stale_after"] < 0.05


def answered_by_counting(level: int) -> float:
    """The share of reads or writes that none of so many of the three copies fails, if nobody is suspected."""
    down = DOWN * NODES / (END - START)
    return 1.0 - down * (3 / NODES) * level / 3


def test_while_nodes_crash_answers_are_what_counting_gives() -> None:
    """Phi 4 over heartbeats each half a second takes longer than a node is down."""
    assert 4.0 * log(10.0) * 0.5 > DOWN
    for level in (1, 2, 3):
        found = means(quorums, read_level=level, write_level=1, trouble="crashes")["reads_answered"]
        assert found == pytest.approx(answered_by_counting(level), abs=0.03)
    found = means(quorums, read_level=1, write_level=3, trouble="crashes")["writes_answered"]
    assert found == pytest.approx(answered_by_counting(3), abs=0.03)


def test_what_brings_a_replica_back_makes_fewer_reads_stale() -> None:
    there = {"read_level": 1, "write_level": 1, "trouble": "crashes"}
    nothing, repair = (
        means(quorums, **there, hints=False, repair=name)["stale"] for name in ("none", "background")
    )
    hints = means(quorums, **there)["stale"]
    assert hints < repair < nothing


def test_one_replica_more_hides_a_slow_one_and_one_that_has_crashed() -> None:
    slow = [means(quorums, trouble="slow", speculation=name) for name in ("never", "p95", "always")]
    never, p95, always = (each["read_p99_during"] for each in slow)
    assert always < p95 < 0.4 * never
    assert means(quorums, trouble="crashes", speculation="p95")["reads_answered"] > 0.99
    assert means(quorums, trouble="crashes")["reads_answered"] < 0.85


def test_messages_are_those_of_a_write_to_three_and_a_read_of_so_many() -> None:
    """Beside heartbeats: each node tells five others twice a second, at 18 operations a second."""
    heartbeats = 6 * 5 * 2 / 18
    one, two = (means(quorums, read_level=r, write_level=1, trouble="none")["messages"] for r in (1, 2))
    # A write: six where the coordinator keeps no copy, else four; it does so one time in two.
    assert one == pytest.approx(heartbeats + 0.5 * 5.0 + 0.5 * 1.0, abs=0.4)
    assert two - one == pytest.approx(0.5 * 2.0, abs=0.1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(Misuse, match="read_level must be at most the 3 replicas, got 4"):
        quorums(read_level=4)
    with pytest.raises(Misuse, match="hints must be true with sloppy, where others keep them, got false"):
        quorums(sloppy=True, hints=False)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(quorums)

    def at(read_level: int = 2, write_level: int = 2, **point: Any) -> dict[str, float]:
        return means(quorums, read_level=read_level, write_level=write_level, **point)

    def milliseconds(measures: dict[str, float], name: str) -> str:
        return f"{1000 * measures[name]:.1f}"

    writes = [milliseconds(at(1, w, trouble="none"), "write_p50") for w in (1, 2, 3)]
    reads = [milliseconds(at(r, 1, trouble="none"), "read_p50") for r in (1, 2, 3)]
    assert "a write takes {}, {} and {} ms in the median".format(*writes) in said
    assert "a read {}, {} and {} ms".format(*reads) in said
    crashes = {level: at(*level, trouble="crashes") for level in LEVELS}
    assert {crashes[r, w]["writes_answered"] for r, w in LEVELS if w < 3} == {1.0}
    answered = percent(crashes[1, 3]["writes_answered"])
    assert f"{answered} of the writes at W = 3 are answered" in said
    everything = [crashes[r, 1]["reads_answered"] for r in (1, 2, 3)]
    assert "of the reads {}, {} and {}".format(*map(percent, everything)) in said
    calculated = [100.0 * answered_by_counting(levels) for levels in (1, 2, 3)]
    assert "(calculated: {:.0f}, {:.0f} and {:.0f} %)".format(*calculated) in said
    spared = at(trouble="crashes", speculation="p95")
    assert (
        f"with R = 2 {percent(spared['reads_answered'], 1)} where one more is asked when an answer is" in said
    )
    stale = [at(*level, trouble="zone")["stale_during"] for level in ((1, 1), (2, 1), (1, 2))]
    assert "{}, {} and {} of the reads are stale".format(*map(percent, stale)) in said
    sloppy = at(trouble="zone", sloppy=True)
    assert f"a sloppy quorum answers {percent(sloppy['writes_answered_cut'])} of the writes there" in said
    assert f"{percent(sloppy['stale_during'])} of all reads are stale" in said
    there: dict[str, Any] = {"read_level": 1, "write_level": 1, "trouble": "crashes"}
    left = [
        at(**there, hints=False, repair="none")["stale_during"],
        at(**there, hints=False, repair="background")["stale_during"],
        at(**there)["stale_during"],
    ]
    assert (
        "{} of the reads if nothing does, {} with read repair, {} with hints".format(
            *(percent(share, 1) for share in left)
        )
        in said
    )
    slow = [at(trouble="slow", speculation=name) for name in ("never", "p95", "always")]
    p99 = [f"{1000 * each['read_p99_during']:.0f}" for each in slow]
    assert "the p99 of reads is {} ms; {} where one more is asked when an".format(*p99) in said
    assert f"answer is late, {p99[2]} where at once" in said
    more = slow[2]["messages"] / slow[0]["messages"] - 1.0
    assert f"for {percent(more)} more messages" in said


@pytest.mark.slow
def test_the_default_sweep_has_its_figures_and_they_are_complete() -> None:
    assert quorums.figures_of_sweep is not None
    figures = dict(quorums.figures_of_sweep(kept_sweep(quorums)))
    try:
        assert list(figures) == ["levels", "crashes", "cut", "back", "speculation"]
        assert_complete(figures)
        assert "sloppy" in "\n".join(texts(figure) for figure in figures.values())
        assert "none is answered" in texts(figures["levels"])  # R = 3 with a zone away: not "none is stale"
    finally:
        plt.close("all")


@pytest.mark.slow
def test_a_single_point_has_no_figure() -> None:
    result = sweep(quorums, Points([{}]), fixed={"rate": 1.0}, replications=2, executor=InProcess())
    assert quorums.figures_of_sweep is not None
    assert dict(quorums.figures_of_sweep(result)) == {}
