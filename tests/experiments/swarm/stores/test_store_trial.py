"""A trial: what passes, what fails and how it is told; the same every time."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.stores import (
    DESIGNS,
    LiveStore,
    StorePlan,
    build_store,
    draw_store,
    promises_of,
    run_store_trial,
)
from experiments.swarm.stores import trial as trial_module
from models.consensus import RaftFlaws
from models.replication import SingleNodeStore
from models.replication.single import SingleNode

from .plans import fault, plan


@pytest.mark.slow
@pytest.mark.parametrize("store", DESIGNS)
def test_every_design_passes_where_nothing_happens(store: str) -> None:
    nodes = 1 if store == "single" else 3
    quiet = plan(store, nodes=nodes)
    assert run_store_trial(quiet, thorough=True) == Passed(2 * 40 + 2 * 2)
    live = build_store(quiet)
    assert {"works_again", "converges", *DESIGNS[store].at_its_best} <= live.laws


def test_a_claim_is_the_store_s_own() -> None:
    assert "is_linearizable" in promises_of(plan("primary_replica"))
    assert "is_linearizable" not in promises_of(
        plan("primary_replica", parameters={"rule": "asynchronous", "failover": "lease"})
    )
    assert "is_linearizable" not in promises_of(
        plan("single", nodes=1, parameters={"durability": "periodic"})
    )
    assert "is_linearizable" not in promises_of(plan("quorums"))


def test_a_flaw_does_not_change_what_is_promised() -> None:
    flawed = plan("primary_replica", parameters={"failover": "lease"}, flaw="no_fencing")
    live = build_store(flawed)
    assert not live.store.is_linearizable
    assert "is_linearizable" in live.laws


@pytest.mark.parametrize(
    ("drift", "is_promised"), [(0.02, True), (-0.02, True), (0.03, False)], ids=["gains", "loses", "too much"]
)
def test_leases_promise_as_much_as_clocks_allow(drift: float, is_promised: bool) -> None:
    for store, parameters in (("raft", {"reads": "lease"}), ("primary_replica", {"failover": "lease"})):
        base = plan(store, parameters=parameters)
        wrong = base.hosts[0].model_copy(update={"drift": drift})
        drifting = base.model_copy(update={"hosts": (wrong, *base.hosts[1:])})
        assert ("is_linearizable" in promises_of(drifting)) == is_promised


def test_where_a_message_takes_longer_than_a_timeout_allows_nothing_need_go_on() -> None:
    slow = {"mean": 0.2}
    base = plan("raft")
    plan_of_snails = StorePlan.model_validate_json(
        base.model_copy(update={"latency": base.latency.model_copy(update=slow)}).to_json()
    )
    assert promises_of(plan_of_snails) == promises_of(base) - {
        "works_again",
        "converges",
        "keeps_what_it_acknowledges",
        "keeps_what_it_shows",
    }


@pytest.mark.slow
def test_an_invariant_that_a_store_asserts_is_a_law_with_a_name() -> None:
    """Without a quorum the leader that is cut off goes on, and the next one does not have its entries."""
    cut = fault("cut", 0.8, 2.5, inside=("leader", "client-1"))
    verdict = run_store_trial(plan("raft", cut, flaw="acknowledges_alone"))
    assert isinstance(verdict, Failed)
    assert verdict.kind == "raft: leader completeness"
    assert isinstance(run_store_trial(plan("raft", cut)), Passed)
    assert RaftFlaws(acknowledges_alone=True) == DESIGNS["raft"].flaws["acknowledges_alone"].flaws


def test_who_stays_away_does_not_work_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(node: Any, request: Any) -> Any:
        yield node.env.event()

    monkeypatch.setattr(SingleNode, "answer", refuse)
    verdict = run_store_trial(plan("single", nodes=1, clients=1))
    assert isinstance(verdict, Failed)
    assert verdict.kind == "single: works_again"
    assert verdict.what.endswith("not for client-1, whose calls all fail")


def test_what_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    build = trial_module.build_store

    def with_somebody_asleep(*arguments: Any, **named: Any) -> LiveStore:
        live = build(*arguments, **named)
        live.env.process(sleeper(live), "sleeper")
        return live

    def sleeper(live: LiveStore) -> Any:
        yield live.env.event()

    monkeypatch.setattr(trial_module, "build_store", with_somebody_asleep)
    verdict = run_store_trial(plan("single", nodes=1, clients=1))
    assert isinstance(verdict, Failed)
    assert verdict.kind == "single: everything ends"
    assert verdict.what.endswith(": sleeper")


def test_nodes_that_never_agree_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"one": {"a": 1}, "two": {"a": 2}}
    monkeypatch.setattr(SingleNodeStore, "contents", lambda store: held)
    verdict = run_store_trial(plan("single", nodes=1, clients=1))
    assert isinstance(verdict, Failed)
    assert verdict.kind == "single: converges"


def test_a_run_that_depends_on_the_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    history = LiveStore.history

    def with_a_count(live: LiveStore) -> Any:
        runs.append(1)
        return (*history(live), len(runs))[: -1 if len(runs) < 3 else None]

    quiet = plan("single", nodes=1, clients=1)
    live = build_store(quiet)
    again = build_store(quiet, trace=True)
    for each in (live, again):
        each.env.run(until=5.0)
    assert trial_module._seen(live) == trial_module._seen(again)
    monkeypatch.setattr(LiveStore, "history", with_a_count)
    assert trial_module._seen(live) == trial_module._seen(again) != trial_module._seen(again)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [8, 16])
def test_drawn_stores_run_the_same_every_time(seed: int) -> None:
    assert isinstance(run_store_trial(draw_store(seed), thorough=True), Passed)
