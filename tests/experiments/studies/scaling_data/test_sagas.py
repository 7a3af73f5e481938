"""The study of orders over three services: what each way and each trouble must do, and what its text says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Run
from experiments.studies.scaling_data.order_shop import (
    HEURISTIC_AFTER,
    HOP,
    INQUIRY_INTERVAL,
    POOR,
    SYNC_TIME,
)
from experiments.studies.scaling_data.sagas import HOT_SHARES, OUTAGE, TROUBLES, WAYS, sagas

from ..figure_checks import assert_complete, texts
from ..what_is_said import Measures, kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

SAGA, MARKED, TWO_PHASE, ASKED, HEURISTIC = WAYS
DIES, CUT, UNPAID = TROUBLES[1:]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return sagas(seed=0, **parameters)


def measured(way: str, trouble: str = "none", **point: Any) -> Measures:
    return means(sagas, way=way, trouble=trouble, **point)


# -- a run


@pytest.mark.slow
def test_undisturbed_order_takes_what_its_messages_and_syncs_take() -> None:
    round_trip = 2.0 * HOP + SYNC_TIME
    times = {
        SAGA: 2.0 * HOP + 2.0 * SYNC_TIME + 4.0 * round_trip,
        MARKED: 2.0 * HOP + 2.0 * SYNC_TIME + 6.0 * round_trip,
        TWO_PHASE: 4.0 * HOP + 2.0 * SYNC_TIME,
    }
    for way, time in times.items():
        run = ran(way=way, trouble="none", hot_share=0.0, rate=5.0)
        assert run.measures["p50"] == pytest.approx(time, abs=1e-6), way
        assert run.measures["done"] == pytest.approx(1.0 - POOR, abs=0.15)


@pytest.mark.slow
def test_trouble_begins_in_the_middle_of_an_order_and_is_seen_to() -> None:
    for way in (SAGA, TWO_PHASE):
        run = ran(way=way, trouble=DIES)
        assert len(run.detail.struck) >= 1
        assert any(start < run.detail.start < run.detail.end <= end for start, end in run.detail.struck)


@pytest.mark.slow
def test_all_ways_meet_the_same_users() -> None:
    wanted = [
        [(order.number, order.item, order.can_pay, order.sent_at) for order in run.detail.orders]
        for run in (ran(way=way, trouble=DIES) for way in (SAGA, TWO_PHASE))
    ]
    assert wanted[0] == wanted[1]


@pytest.mark.slow
def test_figure_of_a_run_shows_the_orders_at_the_other_servers() -> None:
    assert sagas.figures_of_run is not None
    figures = dict(sagas.figures_of_run(ran(way=TWO_PHASE, trouble=DIES)))
    assert list(figures) == ["orders"]
    assert_complete(figures)
    assert "two-phase commit:" in texts(figures["orders"])


# -- the default sweep


def test_nothing_is_missing_in_the_end_but_by_heuristic_decisions() -> None:
    for point in sagas.points():
        for run in runs_of(sagas, **point):
            wrong = (point["way"], point["trouble"]) == (HEURISTIC, CUT)
            assert run["missing"] == run["damage"] == (1.0 if wrong else 0.0), point


def test_two_phase_commit_and_marks_hold_the_item_until_the_server_is_back_and_a_saga_does_not() -> None:
    for way in (TWO_PHASE, MARKED, ASKED):
        found = measured(way, DIES)
        assert found["hot_held"] >= OUTAGE
        assert found["hot_done"] < 0.25
    free = measured(SAGA, DIES)
    assert (free["hot_held"], free["hot_done"]) == (0.0, 1.0)
    assert free["half_done"] >= OUTAGE  # what nobody waits for is half-done all the while


def test_asking_the_others_helps_where_one_of_them_knows_and_not_where_nobody_does() -> None:
    # The server is asked first, and the others when it has not answered.
    assert measured(ASKED, CUT)["hot_held"] == pytest.approx(2.0 * INQUIRY_INTERVAL, abs=0.05)
    assert measured(TWO_PHASE, CUT)["hot_held"] > 0.9 * OUTAGE
    # Where nobody knows it changes nothing: nor for those who merely wait for a lock.
    assert measured(ASKED, DIES) == measured(TWO_PHASE, DIES)


def test_deciding_alone_frees_the_item_and_may_lose_a_piece() -> None:
    for trouble in (DIES, CUT):
        assert measured(HEURISTIC, trouble)["hot_held"] == pytest.approx(HEURISTIC_AFTER, abs=0.01)
        assert measured(HEURISTIC, trouble)["hot_done"] > 0.75
    assert [measured(HEURISTIC, trouble)["damage"] for trouble in (DIES, CUT)] == [0.0, 1.0]


def test_only_sagas_without_marks_read_what_is_not_decided() -> None:
    for point in sagas.points():
        for run in runs_of(sagas, **point):
            if point["way"] != SAGA:
                assert run["dirty_reads"] == run["false_refusals"] == 0.0, point
    reads = [measured(SAGA, hot_share=share)["dirty_reads"] for share in HOT_SHARES]
    assert reads == sorted(reads)
    assert reads[-1] > 50.0


def test_contention_costs_marks_most() -> None:
    slow = {way: measured(way, hot_share=1.0) for way in (SAGA, MARKED, TWO_PHASE)}
    quick = {way: measured(way, hot_share=0.0) for way in slow}
    assert slow[SAGA]["p99"] == pytest.approx(quick[SAGA]["p99"], rel=0.02)
    assert slow[MARKED]["failed"] > 0.1 > slow[TWO_PHASE]["failed"] == slow[SAGA]["failed"]
    assert slow[TWO_PHASE]["p99"] > 2.0 * quick[TWO_PHASE]["p99"]


def test_service_that_is_down_stops_all_ways_and_sagas_wait_with_pieces_in_their_hands() -> None:
    assert all(measured(way, UNPAID)["hot_done"] < 0.5 for way in (SAGA, MARKED, TWO_PHASE))
    assert measured(SAGA, UNPAID)["half_done"] >= OUTAGE
    assert measured(TWO_PHASE, UNPAID)["half_done"] < 0.01
    orders = {way: measured(way, UNPAID)["half_done_orders"] for way in (SAGA, MARKED, TWO_PHASE)}
    assert orders[TWO_PHASE] == 0.0
    assert min(orders[SAGA], orders[MARKED]) > 100.0
    assert measured(SAGA, UNPAID)["dirty_reads"] > 2.0 * measured(SAGA)["dirty_reads"]


@pytest.mark.slow
def test_figures_of_a_sweep_are_drawn_of_the_points_that_it_has() -> None:
    assert sagas.figures_of_sweep is not None
    figures = dict(sagas.figures_of_sweep(kept_sweep(sagas, replications=2)))
    assert list(figures) == ["blocked", "troubles", "contention"]
    assert_complete(figures)
    few = kept_sweep(sagas, [{"way": SAGA, "trouble": DIES}], replications=1)
    assert list(sagas.figures_of_sweep(few)) == ["blocked"]


def test_text_says_what_the_default_sweep_gives() -> None:
    said = what_to_see(sagas)
    plain = {way: measured(way) for way in (SAGA, MARKED, TWO_PHASE)}
    assert (
        f"an order takes {1e3 * plain[TWO_PHASE]['p50']:.0f} ms by two-phase commit, "
        f"{1e3 * plain[SAGA]['p50']:.0f} by a saga and {1e3 * plain[MARKED]['p50']:.0f} by one with" in said
    )
    dies = {way: measured(way, DIES) for way in WAYS}
    assert f"{percent(dies[TWO_PHASE]['hot_done'])} of the others' orders for the item" in said
    assert f"holds it for {dies[TWO_PHASE]['hot_held']:.1f} s" in said
    assert f"{percent(dies[MARKED]['hot_done'])} with semantic locks" in said
    assert f"saga lets all of them through, and is half-done for {dies[SAGA]['half_done']:.1f} s" in said
    assert f"deciding alone after a second lets {percent(dies[HEURISTIC]['hot_done'])} through" in said
    cut = {way: measured(way, CUT) for way in WAYS}
    assert f"asking the others ends the doubt in {cut[ASKED]['hot_held']:.1f} s instead of" in said
    assert f"instead of {cut[TWO_PHASE]['hot_held']:.1f};" in said
    assert f"loses {cut[HEURISTIC]['missing']:.0f} piece" in said
    unpaid = {way: measured(way, UNPAID) for way in WAYS[:3]}
    assert f"and {unpaid[SAGA]['half_done_orders']:.0f} sagas are half-done for more than a second" in said
    assert f"and up to {unpaid[SAGA]['half_done']:.1f} s" in said
    assert (
        f"{unpaid[SAGA]['dirty_reads']:.0f} dirty reads instead of {plain[SAGA]['dirty_reads']:.0f}" in said
    )
    assert f"and {unpaid[SAGA]['false_refusals']:.1f} false refusals in a run" in said
    crowd = {way: measured(way, hot_share=1.0) for way in WAYS[:3]}
    assert f"fail {percent(crowd[MARKED]['failed'])} of the orders" in said
    waits = {way: f"{1e3 * crowd[way]['p99']:.0f}" for way in (TWO_PHASE, SAGA)}
    assert f"{waits[TWO_PHASE]} ms under two-phase commit, {waits[SAGA]} in a saga" in said
