"""A Raft node that forgets, or takes back, what it has said is told at once, whatever comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.stores import run_store_trial
from models.consensus.raft.durable_state import DurableState

from .plans import fault, plan

# Whoever is away for an election hears of the term from the entries of the next leader, and then crashes.
HEARS_LATE = plan(
    "raft",
    fault("cut", 0.6, 1.2, inside=("node-1",)),
    fault("host_crash", 0.9, 1.3, host="leader"),
    fault("power_outage", 2.0, 2.2),
)


def test_whoever_keeps_its_word_passes() -> None:
    assert isinstance(run_store_trial(HEARS_LATE, thorough=False), Passed)


def test_a_term_that_was_not_on_disk_when_its_entries_were_acknowledged_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def when_durable(state: DurableState, index: int, function: Any, *arguments: Any) -> None:
        state.entries.when_committed(index, function, *arguments)

    monkeypatch.setattr(DurableState, "when_durable", when_durable)
    verdict = run_store_trial(HEARS_LATE, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "raft: the word of a node", verdict.what


def test_entries_that_go_though_no_later_leader_overrules_them_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def when_durable(state: DurableState, index: int, function: Any, *arguments: Any) -> None:
        function(*arguments)
        state.entries.when_committed(index, int)

    monkeypatch.setattr(DurableState, "when_durable", when_durable)
    crash = fault("crash_at_sync", 1.0, 2.0, host="node-2", down=0.01)
    verdict = run_store_trial(plan("raft", crash, parameters={"sync_time": 0.03}), thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "raft: the word of a node", verdict.what
