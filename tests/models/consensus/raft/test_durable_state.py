"""What is on a node's disk, and what is left of it after a crash."""

from __future__ import annotations

import pytest

from models.consensus.raft.durable_state import DurableState
from models.consensus.raft.entries import Entry, Snapshot
from models.storage import Disk, GroupCommit

from ..world import World


def make(sync_time: float = 0.01) -> tuple[World, DurableState]:
    """Return the durable state of somebody whose host can crash, and the world."""
    world = World(1)
    world.run(0.001)
    disk = Disk(world.hosts[0], sync_time=sync_time, name="test")
    return world, DurableState(world.nodes[0], disk, GroupCommit())


def restart(world: World, durable: DurableState) -> None:
    """Crash the host, and read what is left."""
    world.hosts[0].crash()
    world.hosts[0].restart()
    world.run(0.001)
    durable.recover()


def snapshot(index: int, term: int) -> Snapshot:
    """Return a snapshot of nothing."""
    return Snapshot(index, term, None, {}, 0)


def test_ballot_entries_and_snapshot_are_found_again() -> None:
    world, durable = make()
    durable.cast(3, "raft-2")
    for term in (1, 1, 2, 3):
        durable.append(Entry(term, None, 0))
    durable.save(snapshot(2, 1), lambda _: durable.compact(1))
    durable.when_durable(4, lambda: None)
    world.run(0.1)
    restart(world, durable)
    assert (durable.term, durable.vote) == (3, "raft-2")
    assert (durable.last_index, durable.last_term) == (4, 3)
    assert [durable.term_at(index) for index in range(5)] == [0, None, 1, 2, 3]
    assert durable.snapshot_index == 2


def test_ballot_that_was_not_synced_is_the_one_before() -> None:
    world, durable = make()
    durable.cast(1, "raft-1")
    durable.when_cast(lambda: None)
    world.run(0.1)
    for term in (2, 3, 4):
        durable.cast(term, None)
    restart(world, durable)
    assert (durable.term, durable.vote) == (1, "raft-1")


@pytest.mark.parametrize("position", [1, 3])
def test_entries_are_durable_together_with_the_ballot_of_their_term(position: int) -> None:
    world, durable = make()
    called = []
    for term in (1, 1, 1):
        durable.append(Entry(term, None, 0))
    durable.when_durable(3, called.append, "entries")
    world.run(0.0101)
    assert called == ["entries"]
    durable.cast(2, None)
    durable.when_durable(position, called.append, "in the new term")
    world.run(0.005)
    assert called == ["entries"]
    world.run(0.01)
    assert called == ["entries", "in the new term"]


def test_snapshot_that_is_ahead_of_what_is_left_of_the_log_is_where_it_begins() -> None:
    """A follower may apply what a majority has before its own disk does, and save a snapshot first."""
    world, durable = make()
    for term in (1, 1, 1, 2, 2, 2):
        durable.append(Entry(term, None, 0))
    durable.save(snapshot(6, 2), lambda _: None)
    world.run(0.1)
    restart(world, durable)
    assert durable.entries.lost_count == 6
    assert (durable.last_index, durable.last_term) == (6, 2)
    assert durable.append(Entry(3, None, 0)) == 7


def test_snapshots_and_ballots_that_others_have_followed_are_not_kept() -> None:
    world, durable = make()
    for index in (1, 2, 3):
        durable.cast(index, None)
        durable.when_cast(lambda: None)
        durable.append(Entry(1, None, 0))
        durable.save(snapshot(index, 1), lambda _: None)
        world.run(0.1)
    restart(world, durable)
    world.run(0.1)
    assert (durable.term, durable.snapshot_index) == (3, 3)
    assert len(durable._snapshots.records(1)) == 1
    assert len(durable._ballots.records(1)) <= 2


def test_snapshot_on_its_way_to_the_disk_does_not_count_after_a_crash_of_the_process() -> None:
    """The cache still has it. If entries were dropped for it, a crash of the host would take both."""
    _, durable = make()
    for term in (1, 1, 1):
        durable.append(Entry(term, None, 0))
    durable.save(snapshot(9, 2), lambda _: None)
    durable.recover()  # of a process that has crashed
    assert (durable.snapshot, durable.is_saving) == (None, False)
    assert (durable.last_index, durable.last_term) == (3, 1)


@pytest.mark.parametrize(("term", "left"), [(1, 5), (2, 3)])
def test_snapshot_keeps_the_entries_after_it_where_they_go_on_from_it(term: int, left: int) -> None:
    world, durable = make()
    for _ in range(5):
        durable.append(Entry(1, None, 0))
    durable.save(snapshot(3, term), lambda _: durable.put_snapshot_first())
    world.run(0.1)
    assert durable.last_index == left
    assert durable.last_term == term
    assert durable.entries.first_position == 4
