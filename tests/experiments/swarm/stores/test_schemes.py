"""Schedules find what faults by chance do not: bugs that show where two things happen in a certain order."""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.stores import StorePlan, draw_store, run_store_trial
from experiments.swarm.stores.schemes import passed_over, torn_snapshots, usurped
from models.consensus.raft.durable_state import DurableState
from models.consensus.raft.failures import NotLeader
from models.consensus.raft.leadership import Leadership
from models.replication.primary_replica import AnyOf
from models.replication.primary_replica.member import Member
from models.replication.primary_replica.monitor import Monitor
from simulator import TimedOut

from .plans import fault, plan

TORN = 8  # as all of these a seed that shows it, found by trying them in order
FORGOTTEN = 13
UNHEARD = 6
RESIGNED = 39


def scheduled(scheme: Callable[[Random, StorePlan], StorePlan], seed: int, design: str) -> StorePlan:
    return scheme(Random(seed), draw_store(seed, design=design))


@pytest.mark.slow
def test_some_plans_are_made_after_a_schedule_and_most_are_not() -> None:
    plans = [draw_store(seed, design="raft") for seed in range(1, 61)]
    torn = sum(any(each.kind == "process_crash_at_sync" for each in drawn.faults) for drawn in plans)
    hunted = sum(not drawn.clients for drawn in plans)
    assert 1 <= torn <= 15
    assert 1 <= hunted <= 15


@pytest.mark.slow
def test_a_snapshot_that_counts_though_a_crash_may_take_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    torn = scheduled(torn_snapshots, TORN, "raft")
    assert isinstance(run_store_trial(torn, thorough=False), Passed)

    def recover_what_was_written(state: DurableState) -> Generator[Any, Any, None]:
        for log in (state._ballots, state.entries, state._snapshots):
            log.recover()
        state._load()
        return state._disk.read(1)

    monkeypatch.setattr(DurableState, "recover", recover_what_was_written)
    assert isinstance(run_store_trial(torn, thorough=False), Failed)


@pytest.mark.slow
def test_a_promise_to_the_next_primary_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = scheduled(passed_over, FORGOTTEN, "primary_replica")
    assert isinstance(run_store_trial(drawn, thorough=False), Passed)

    def promise_in_memory(member: Member, epoch: int) -> Generator[Any, Any, None]:
        yield from ()
        member._promised = epoch
        member._report()

    monkeypatch.setattr(Member, "_promise", promise_in_memory)
    verdict = run_store_trial(drawn, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "primary_replica: keeps_what_it_acknowledges", verdict.what


@pytest.mark.slow
def test_a_choice_by_too_few_reports_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = scheduled(passed_over, UNHEARD, "primary_replica")
    assert isinstance(run_store_trial(drawn, thorough=False), Passed)
    monkeypatch.setattr(AnyOf, "members_needed", lambda rule, member_count: 1)
    assert isinstance(run_store_trial(drawn, thorough=False), Failed)


@pytest.mark.slow
def test_a_monitor_that_takes_anybody_s_resignation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = scheduled(usurped, RESIGNED, "primary_replica")
    assert isinstance(run_store_trial(drawn, thorough=False), Passed)

    def hear(monitor: Monitor, message: Any) -> None:
        if message.epoch >= monitor.book.epoch and monitor.book.holder is not None:
            monitor._choose()

    monkeypatch.setattr(Monitor, "_hear_resignation", hear)
    verdict = run_store_trial(drawn, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "primary_replica: is_linearizable", verdict.what


def test_a_client_that_takes_an_open_write_for_one_that_was_not_done_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever leads hears nobody, and is heard; when it steps down nobody can be elected for a while."""
    deaf = [
        fault("cut_link", 1.0 + number / 1000, 2.9, source=f"node-{number}", target="leader", one_way=True)
        for number in (1, 2, 3)
    ]
    alone = [
        fault("cut_link", 1.2 + (one + other) / 1000, 2.9, source=f"node-{one}", target=f"node-{other}")
        for one, other in ((1, 2), (1, 3), (2, 3))
    ]
    drawn = plan("raft", *deaf, *alone, parameters={"attempt_timeout": 0.5, "attempts_max": 3})
    clients = tuple(client.model_copy(update={"patience": 3.0}) for client in drawn.clients)
    patient = drawn.model_copy(update={"clients": clients})
    assert isinstance(run_store_trial(patient, thorough=False), Passed)
    commit = Leadership.commit

    def commit_or_refuse(leadership: Leadership, command: Any) -> Generator[Any, Any, Any]:
        try:
            return (yield from commit(leadership, command))
        except TimedOut:
            raise NotLeader(leadership._node.name) from None

    monkeypatch.setattr(Leadership, "commit", commit_or_refuse)
    verdict = run_store_trial(patient, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "raft: fails_without_effect", verdict.what
