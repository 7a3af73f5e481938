"""The study of a network that is cut in two: what Gilbert and Lynch, and PACELC, say must be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from math import isnan
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Run, SweepResult, sweep
from experiments.studies.figures.stores.cap_witness import witness_to_show
from experiments.studies.stores.cap import cap, require_kept_promise, run_cut, share_of
from experiments.studies.stores.cap_run import CapRun, copies, watch_it_settle
from experiments.studies.stores.designs import STORES, StoreName, build_store
from experiments.studies.stores.places import SIDES, Places, Side
from models import Host, Network
from models.consensus import RaftFlaws, RaftStore
from models.consistency import Ending, Operation, Verdict
from models.observers.messages import MessageWatch
from models.replication import QuorumStore, SingleNodeStore
from models.replication.multi_primary import MultiPrimaryStore
from simulator import Environment

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

SIDES_AND_KINDS = ("majority_reads", "majority_writes", "minority_reads", "minority_writes")
CONSISTENT = ("single process", "synchronous", "raft", "strict quorums")
AVAILABLE = ("partial quorums", "multi-primary")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return cap(**{"seed": 1, "partition": 6.0, **parameters})


def answered(measures: Any) -> tuple[float, ...]:
    return tuple(measures[name] for name in SIDES_AND_KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("store", CONSISTENT)
def test_a_consistent_store_serves_one_side_and_refuses_the_other_everything(store: str) -> None:
    measures = ran(store=store).measures
    assert answered(measures) == (1.0, 1.0, 0.0, 0.0)
    assert measures["majority_stale"] == 0.0
    assert isnan(measures["minority_stale"])
    assert measures["linearizable"] == 1.0
    assert measures["lost_orders"] == measures["lost_changes"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("store", AVAILABLE)
def test_an_available_store_answers_everybody_and_is_not_linearizable(store: str) -> None:
    measures = ran(store=store).measures
    assert answered(measures) == (1.0, 1.0, 1.0, 1.0)
    assert measures["linearizable"] == 0.0
    assert min(measures["majority_stale"], measures["minority_stale"]) > 0.1
    # What nobody else changes is kept; of what both sides have changed one side's is gone.
    assert measures["lost_orders"] == 0.0
    assert measures["lost_changes"] > 0.0


@pytest.mark.slow
def test_no_store_answers_everybody_and_is_linearizable() -> None:
    for store in STORES:
        measures = ran(store=store).measures
        assert min(answered(measures)) < 1.0 or measures["linearizable"] == 0.0, store


def test_who_has_the_single_process_on_the_other_side_has_nothing() -> None:
    assert answered(ran(store="single process", cut_off=True).measures) == (0.0, 0.0, 1.0, 1.0)


@pytest.mark.slow
def test_asynchronous_replicas_go_on_answering_reads_and_are_as_stale_as_the_cut_is_long() -> None:
    measures = ran(store="asynchronous").measures
    assert answered(measures) == (1.0, 1.0, 1.0, 0.0)
    assert 3.0 <= measures["minority_staleness"] <= 6.0
    assert measures["linearizable"] == 0.0


@pytest.mark.slow
def test_failover_without_a_lease_makes_two_primaries_and_loses_what_the_old_one_took() -> None:
    run = ran(store="asynchronous, failover", cut_off=True)
    measures = run.measures
    assert (measures["minority_writes"], measures["linearizable"]) == (1.0, 0.0)
    assert 0.0 < measures["majority_writes"] < 1.0
    # All orders of the minority's side, since the old primary's tail is discarded.
    detail = run.detail
    orders = detail.answered("minority", ("order",), detail.start, detail.end)
    assert measures["lost_orders"] == len(orders) > 5
    # The store's own books say the same: but for what was on its way when the cut came.
    books = run.detail.store.statistics()
    assert books.split_brain_count > 0
    assert 0 <= books.lost_count - measures["lost_orders"] - measures["lost_changes"] <= 2


@pytest.mark.slow
def test_a_lease_bounds_what_an_asynchronous_failover_loses() -> None:
    short, long = (
        ran(store="asynchronous, fenced", cut_off=True, partition=length).measures for length in (6.0, 14.0)
    )
    unfenced = ran(store="asynchronous, failover", cut_off=True, partition=14.0).measures
    assert 0.0 < short["lost_orders"] == long["lost_orders"] < unfenced["lost_orders"]
    assert long["minority_writes"] < short["minority_writes"]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["synchronous", "raft"])
def test_a_majority_replaces_a_leader_that_is_cut_off_and_loses_nothing(store: str) -> None:
    measures = ran(store=store, cut_off=True, partition=14.0).measures
    assert measures["minority_writes"] == 0.0
    assert 0.6 < measures["majority_writes"] < 1.0
    assert measures["linearizable"] == 1.0
    assert measures["lost_orders"] == measures["lost_changes"] == 0.0


@pytest.mark.slow
def test_a_lease_lets_a_primary_that_is_cut_off_answer_reads_for_no_longer_than_it_lasts() -> None:
    measures = ran(store="synchronous", cut_off=True, partition=14.0).measures
    # The lease is of 3 s, renewed each second: 2 to 3 s are left of 13.
    assert 0.5 * 2.0 / 13.0 < measures["minority_reads"] < 1.5 * 3.0 / 13.0
    assert measures["minority_staleness"] == 0.0


@pytest.mark.slow
def test_a_sloppy_quorum_is_available_once_it_knows_who_is_gone() -> None:
    short, long = (ran(store="sloppy quorums", partition=length).measures for length in (3.0, 14.0))
    assert short["minority_writes"] == 0.0
    assert 0.6 < long["minority_writes"] < 0.9
    assert long["linearizable"] == 0.0


@pytest.mark.slow
def test_a_node_that_is_heard_and_not_reached_is_not_stood_in_for() -> None:
    """What is cut is the way to the majority alone: its signs of life still come."""
    measures = ran(store="sloppy quorums", cut="to the majority", partition=14.0).measures
    assert measures["minority_writes"] == 0.0
    assert isnan(measures["lost_changes"])


@pytest.mark.slow
def test_a_primary_that_is_heard_and_hears_nobody_is_not_replaced_unless_it_stops_by_itself() -> None:
    unfenced, fenced = (
        ran(store=store, cut_off=True, cut="to the minority", partition=14.0).measures
        for store in ("asynchronous, failover", "asynchronous, fenced")
    )
    assert unfenced["majority_writes"] == 0.0
    assert fenced["majority_writes"] > 0.5


@pytest.mark.slow
def test_quorums_that_overlap_are_only_as_good_as_their_clocks() -> None:
    assert ran(store="strict quorums", partition=2.0).measures["linearizable"] == 1.0
    assert ran(store="strict quorums", partition=2.0, skew=-0.5).measures["linearizable"] == 0.0
    assert ran(store="raft", partition=2.0, skew=-0.5).measures["linearizable"] == 1.0


@pytest.mark.slow
def test_consistency_costs_latency_where_nothing_is_cut() -> None:
    """PACELC: else latency or consistency."""
    for store in CONSISTENT:
        assert ran(store=store).measures["minority_write_p50"] > 0.06, store
    for store in AVAILABLE:
        assert ran(store=store).measures["minority_write_p50"] < 0.003, store
        assert ran(store=store).measures["linearizable"] == 0.0


def test_what_is_lost_of_a_multi_primary_store_is_what_its_own_books_say() -> None:
    run = ran(store="multi-primary")
    store = run.detail.store
    assert isinstance(store, MultiPrimaryStore)
    # Its books are of the whole run: two may also change the same at once where nothing is cut.
    assert 0 < run.measures["lost_changes"] <= store.statistics().overwritten_count


@pytest.mark.slow
def test_copies_are_equal_after_the_heal_and_not_before() -> None:
    for store in ("asynchronous", "raft", "sloppy quorums", "partial quorums", "multi-primary"):
        run = ran(store=store)
        assert 0.0 < run.measures["converged_time"] < 5.0, store
    store = ran(store="sloppy quorums").detail.store
    assert isinstance(store, QuorumStore)
    first, second, third = copies(store).values()
    assert first == second == third
    assert len(first) > 20


@pytest.mark.slow
def test_a_watched_run_is_the_same_run() -> None:
    run = ran(store="raft")
    watched = run_cut(seed=1, watch=lambda places: MessageWatch(places.network), **dict(run.parameters))
    assert watched.history == run.detail.history


# -- what is measured, on a history made by hand


def _write(site: str, key: str, value: int, at: float, ending: Ending = Ending.OK) -> Operation:
    return Operation(
        process=value,
        kind="write",
        key=key,
        value=value,
        result=None,
        invoked_at=at,
        ended_at=at + 0.1,
        ending=ending,
        site=site,
    )


def _run_of(*history: Operation, held: dict[str, int]) -> CapRun:
    run: CapRun = ran(store="raft").detail
    return replace(run, history=history, held={"a": held, "b": {}}, start=10.0, end=20.0)


@pytest.mark.slow
def test_a_write_is_lost_if_nothing_its_side_wrote_meanwhile_is_there() -> None:
    west = _write("minority", "x", 1, 12.0)
    east = _write("majority", "x", 2, 13.0)
    assert _run_of(west, east, held={"x": 2}).lost() == (west,)
    assert _run_of(west, east, held={"x": 1}).lost() == (east,)
    assert _run_of(west, east, held={}).lost() == (west, east)


def test_a_write_is_not_lost_if_its_own_side_has_replaced_it_known_or_not() -> None:
    first = _write("minority", "x", 1, 12.0)
    second = _write("minority", "x", 2, 13.0, Ending.UNKNOWN)
    assert _run_of(first, second, held={"x": 2}).lost() == ()


def test_a_write_is_not_lost_to_one_of_which_nobody_knows() -> None:
    east = _write("majority", "x", 1, 12.0)
    west = _write("minority", "x", 2, 11.0, Ending.UNKNOWN)
    assert _run_of(east, west, held={"x": 2}).lost() == ()


def test_what_was_not_acknowledged_or_not_sent_while_cut_is_not_lost() -> None:
    unknown = _write("minority", "x", 1, 12.0, Ending.UNKNOWN)
    before = _write("minority", "y", 2, 9.0)
    run = _run_of(unknown, before, held={})
    assert run.lost() == ()
    assert run.unknown_count() == 1


class Wavering(SingleNodeStore):
    """A store of two copies that are equal for a moment before they stay so."""

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        since_heal = self.node.env.now - 10.0
        return {"a": {"x": 1}, "b": {"x": 1 if 0.25 < since_heal < 0.45 or since_heal > 0.75 else 2}}


def test_copies_that_are_equal_for_a_moment_have_not_converged() -> None:
    env = Environment(seed=1)
    store = Wavering(env, Network(env), Host(env, "host"))
    env.run(until=10.0)
    assert watch_it_settle(env, store, 10.0) == pytest.approx(0.8)
    assert env.now == pytest.approx(11.8)


@pytest.mark.slow
def test_a_broken_promise_names_the_seed_and_the_witness() -> None:
    run: CapRun = ran(store="multi-primary").detail
    require_kept_promise(run, 1)
    store = ran(store="multi-primary", seed=2).detail.store
    store.is_linearizable = True
    try:
        with pytest.raises(AssertionError, match=r"multi-primary claims .* seed 7: not linearizable: .*\n"):
            require_kept_promise(replace(run, store=store), 7)
    finally:
        store.is_linearizable = False


@pytest.mark.slow
def test_a_leader_that_answers_reads_unchecked_breaks_its_promise_when_it_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(name: StoreName, env: Environment, places: Places, *, special: Side) -> RaftStore:
        store = build_store(name, env, places, special=special)
        assert isinstance(store, RaftStore)
        for node in store.nodes:
            node.flaws = RaftFlaws(reads_unchecked=True)
        return store

    run = ran(store="raft", cut_off=True, seed=0, rate=30.0)
    assert run.measures["linearizable"] == 1.0
    monkeypatch.setattr("experiments.studies.stores.cap.build_store", build)
    with pytest.raises(AssertionError, match="raft claims to be linearizable; seed 0"):
        cap(**{**run.parameters, "seed": 0})


def test_a_verdict_that_is_unknown_counts_neither_way() -> None:
    verdicts = (Verdict.LINEARIZABLE, Verdict.NOT_LINEARIZABLE, Verdict.UNKNOWN)
    assert [str(share_of(verdict)) for verdict in verdicts] == ["1.0", "0.0", "nan"]


def test_what_does_not_act_is_refused() -> None:
    with pytest.raises(Misuse, match="cut_off must be false with store multi-primary, which has no primary"):
        cap(store="multi-primary", cut_off=True)


# -- figures and text


@pytest.mark.slow
def test_a_sweep_has_its_figures() -> None:
    points = [
        {**row, "partition": length}
        for row in ({"store": "raft"}, {"store": "partial quorums"}, {"store": "raft", "cut_off": True})
        for length in (2.0, 5.0)
    ]
    assert cap.figures_of_sweep is not None
    figures = dict(cap.figures_of_sweep(kept_sweep(cap, points, replications=2)))
    assert list(figures) == ["summary", "availability", "harm"]
    assert_complete(figures)
    said = texts(figures["summary"])
    assert "2 of 2: promised" in said
    assert "0 of 2: not promised" in said
    assert "raft (cut off)" in texts(figures["availability"])
    assert "raft" not in texts(figures["harm"])


@pytest.mark.slow
def test_figures_are_drawn_where_nothing_is_stale_nothing_was_read_or_messages_pass_one_way() -> None:
    def found(**fixed: Any) -> SweepResult:
        return sweep(cap, {"partition": [2.0, 4.0]}, fixed=fixed, replications=2, executor=InProcess())

    fresh = kept_sweep(cap, [{"partition": length} for length in (2.0, 5.0)], replications=2)
    for result, names in (
        (fresh, ["summary", "availability"]),
        (found(store="raft", rate=0.01), ["summary", "availability"]),
        (found(store="asynchronous", cut="to the minority"), ["summary", "availability", "harm"]),
    ):
        assert cap.figures_of_sweep is not None
        figures = dict(cap.figures_of_sweep(result))
        assert list(figures) == names
        assert_complete(figures)


@pytest.mark.slow
def test_a_run_that_is_not_linearizable_shows_its_witness() -> None:
    assert cap.figures_of_run is not None
    figures = dict(cap.figures_of_run(ran(store="partial quorums")))
    assert list(figures) == ["over_time", "witness"]
    assert_complete(figures)
    assert "is not linearizable" in texts(figures["witness"])
    assert list(cap.figures_of_run(ran(store="raft"))) == ["over_time"]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["asynchronous", "partial quorums"])
def test_the_witness_shown_is_of_the_cut_though_replicas_are_late_before_it(store: str) -> None:
    detail: CapRun = ran(store=store).detail
    before = [each for each in detail.verdict.witnesses if each.breaking.invoked_at < detail.start]
    assert before
    witness = witness_to_show(detail)
    assert witness is not None
    assert detail.start <= witness.breaking.invoked_at < detail.end
    # None of those who are late without a cut: five times the way over the ocean.
    newest = max(each.ended_at for each in witness.operations if each is not witness.breaking)
    assert witness.breaking.invoked_at - newest >= 0.2


@pytest.mark.slow
def test_where_the_cut_broke_nothing_any_witness_is_shown_and_none_where_there_is_none() -> None:
    skewed: CapRun = ran(store="strict quorums", partition=2.0, skew=-0.5).detail
    assert witness_to_show(skewed) in skewed.verdict.witnesses
    assert witness_to_show(ran(store="raft").detail) is None


def at_30(store: str, **point: Any) -> dict[str, float]:
    return means(cap, store=store, partition=30.0, **point)


def test_what_it_says_is_served_while_cut_is_what_the_sweep_shows() -> None:
    said = what_to_see(cap)
    for store in CONSISTENT:
        assert answered(at_30(store)) == (1.0, 1.0, 0.0, 0.0)
    for store in AVAILABLE:
        assert answered(at_30(store)) == (1.0, 1.0, 1.0, 1.0)
    assert f"answer {percent(at_30('sloppy quorums')['minority_reads'])} of its reads" in said
    fenced, unfenced, synchronous, raft = (
        at_30(store, cut_off=True)
        for store in ("asynchronous, fenced", "asynchronous, failover", "synchronous", "raft")
    )
    assert percent(fenced["majority_writes"]) == percent(unfenced["majority_writes"])
    assert f"failover serves {percent(fenced['majority_writes'])} of the majority's writes" in said
    first, second = (100.0 * each["majority_writes"] for each in (synchronous, raft))
    assert f"serve {first:.0f} and {second:.0f} % of the majority's writes" in said
    assert synchronous["minority_writes"] == raft["minority_writes"] == 0.0


def test_what_it_says_is_stale_and_lost_is_what_the_sweep_shows() -> None:
    said = what_to_see(cap)
    partial, multi = map(at_30, AVAILABLE)
    for each in (partial, multi):
        assert f"{percent(each['minority_stale'])} of what the minority reads is stale" in said
        assert f"and {each['lost_changes']:.0f} changes are overruled unseen" in said
        assert each["lost_orders"] == 0.0
        stalest = max(each[f"{side}_staleness"] for side in SIDES)
        assert f"Their stalest read is {stalest:.1f} s behind" in said
    assert f"behind by up to {at_30('asynchronous')['minority_staleness']:.1f} s" in said
    unfenced = at_30("asynchronous, failover", cut_off=True)
    assert f"and {unfenced['lost_orders']:.0f} orders and {unfenced['lost_changes']:.0f} changes" in said
    fenced = at_30("asynchronous, fenced", cut_off=True)
    assert f"with one of 3 s, {fenced['lost_orders']:.0f} and {fenced['lost_changes']:.0f}." in said
    for store in ("synchronous", "raft"):
        assert at_30(store, cut_off=True)["lost_orders"] == at_30(store, cut_off=True)["lost_changes"] == 0.0


def test_what_it_says_of_latency_is_what_the_sweep_shows() -> None:
    said = what_to_see(cap)
    for store in AVAILABLE:
        local = 1_000.0 * at_30(store)["minority_write_p50"]
        assert f"takes {local:.1f} ms with partial quorums or multi-primary" in said
    took = {store: f"{1_000.0 * at_30(store)['minority_write_p50']:.0f}" for store in CONSISTENT}
    assert (
        f"{took['single process']} ms with the single process, {took['strict quorums']} with strict" in said
    )
    assert f"{took['synchronous']} with the synchronous primary and {took['raft']} with Raft" in said
    wrong = at_30("raft", cut_off=True)["majority_write_p50"]
    assert f"one of the majority takes {wrong:.2f} s" in said


@pytest.mark.slow
def test_each_store_kept_what_it_promised_in_every_run_of_the_sweep() -> None:
    for point in cap.points():
        for measures in runs_of(cap, **point):
            if measures["promised"]:
                assert measures["linearizable"] == 1.0, point
    for point in cap.points():
        verdicts = [measures["linearizable"] for measures in runs_of(cap, **point)]
        if point["skew"] or point["store"] in ("asynchronous", *AVAILABLE):
            assert verdicts == [0.0] * cap.replications, point
        elif point["store"] == "strict quorums":
            assert verdicts == [1.0] * cap.replications, point
