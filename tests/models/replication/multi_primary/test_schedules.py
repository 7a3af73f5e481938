"""The laws of convergence, whatever fails: all nodes agree when all is healed, nothing durable is gone."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from models.consistency import Verdict
from models.replication.multi_primary import (
    Crdts,
    KeepSiblings,
    LastWriterWins,
    MultiPrimaryFlaws,
    Resolution,
)
from models.storage import GroupCommit, PeriodicSync, SyncEachWrite
from tests.models.replication.multi_primary.building import plain
from tests.models.replication.multi_primary.schedules import Schedule

RESOLUTIONS: dict[str, Resolution] = {
    "last writer wins": LastWriterWins(),
    "siblings": KeepSiblings(),
    "data types": Crdts(),
}
OTHER_SETTINGS: dict[str, dict[str, Any]] = {
    "tcp": {},
    "datagrams": {"transport": "datagram"},
    "small windows": {"window": 10, "batch_max": 2, "transport": "datagram"},
    "a sync for each": {"durability": SyncEachWrite()},
}


@pytest.mark.slow
@pytest.mark.parametrize("how", OTHER_SETTINGS)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_all_nodes_agree_in_the_end_and_nothing_that_was_acknowledged_is_gone(
    resolution: str, how: str, seed: int
) -> None:
    settings = plain(
        resolution=RESOLUTIONS[resolution], sync_time=0.005, read_time=0.0005, **OTHER_SETTINGS[how]
    )
    run = Schedule(settings, seed)
    held = run.agreed()
    assert run.asked > 100
    assert held
    statistics = run.world.store.statistics()
    assert statistics.gone_count == 0
    assert statistics.conflict_count > 0
    told = sum(is_told for _, is_told in run.outcomes)
    assert statistics.acknowledged_count >= told > 50
    if resolution == "data types":
        assert run.missing() == []
    if resolution == "last writer wins":
        # An append has all in its list that it was made on. Of what was acknowledged each is in the list that
        # won, or is counted; in the list may be besides what was durable, and never acknowledged.
        kept_count = statistics.acknowledged_count - statistics.overwritten_count
        unacknowledged_count = statistics.taken_count - statistics.acknowledged_count
        assert kept_count <= len(run.lineages()) <= kept_count + unacknowledged_count
        assert statistics.overwritten_count > 10


@pytest.mark.slow
def test_all_nodes_agree_whatever_the_order() -> None:
    """One of the above, among the fast tests."""
    run = Schedule(plain(resolution=Crdts(), sync_time=0.005, transport="datagram"), 5)
    assert run.missing() == []
    assert run.world.store.statistics().gone_count == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_with_disks_destroyed_all_nodes_agree_and_what_is_missing_is_counted(seed: int) -> None:
    run = Schedule(plain(resolution=Crdts(), sync_time=0.005), seed, destroys=True)
    run.agreed()
    statistics = run.world.store.statistics()
    assert bool(run.missing()) <= bool(statistics.gone_count)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_is_acknowledged_before_it_is_durable_converges_too(seed: int) -> None:
    run = Schedule(plain(resolution=Crdts(), durability=PeriodicSync(interval=0.5)), seed)
    run.agreed()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_two_nodes_agree_as_three_and_five_do(seed: int) -> None:
    for count in (2, 5):
        assert Schedule(plain(resolution=Crdts(), sync_time=0.005), seed, count=count).missing() == []


@pytest.mark.slow
@pytest.mark.parametrize("resolution", [Crdts(), LastWriterWins(is_hybrid=True)])
@pytest.mark.parametrize("seed", range(5))
def test_one_node_alone_is_linearizable_whatever_fails(resolution: Resolution, seed: int) -> None:
    run = Schedule(plain(resolution=resolution, sync_time=0.02), seed, count=1, clients=4)
    assert run.world.store.is_linearizable
    assert run.verdicts() == {Verdict.LINEARIZABLE}


@pytest.mark.slow
def test_two_nodes_are_not_linearizable() -> None:
    settings = plain(resolution=LastWriterWins(is_hybrid=True), sync_time=0.02)
    assert Verdict.NOT_LINEARIZABLE in Schedule(settings, 0, count=2).verdicts()


@pytest.mark.slow
def test_a_run_is_the_same_every_time() -> None:
    first, second = (Schedule(plain(sync_time=0.005, durability=GroupCommit()), 7) for _ in range(2))
    assert first.world.store.statistics() == second.world.store.statistics()
    assert first.world.store.contents() == second.world.store.contents()


@pytest.mark.slow
@pytest.mark.parametrize("flaw", [each.name for each in fields(MultiPrimaryFlaws)])
def test_each_flaw_is_caught_by_one_of_the_laws(flaw: str) -> None:
    flaws = MultiPrimaryFlaws(**{flaw: True})
    settings = plain(resolution=Crdts(), sync_time=0.02, transport="datagram")
    assert any(_breaks_a_law(Schedule(settings, seed, flaws=flaws)) for seed in range(4))


def _breaks_a_law(run: Schedule) -> bool:
    try:
        return bool(run.missing()) or run.world.store.statistics().gone_count > 0
    except AssertionError:
        return True
