"""Snapshots: what they stand for, who needs one, and what a crash in the middle leaves."""

from __future__ import annotations

import pytest

from models.consensus import RaftSettings
from models.consensus.raft.messages import AppendEntries, InstallSnapshot
from models.replication import append, read, write

from ..world import World

SETTINGS = RaftSettings(snapshot_after=10, entries_kept=3)


def fill(world: World, count: int = 40) -> None:
    """Append so many items, one after the other."""
    client = world.client()
    asked = [world.ask(client, append("list", number), 0.01 * number) for number in range(count)]
    world.run(0.01 * count + 0.2)
    assert all(each.outcome is None for each in asked)


def test_logs_are_cut_and_keep_a_few_entries_before_the_snapshot() -> None:
    world = World(settings=SETTINGS)
    world.elect()
    fill(world)
    for node in world.nodes:
        assert node.saved_count == 4
        assert node.durable.snapshot_index == 40
        assert node.durable.entries.first_position == 38
        assert node.durable.last_index == 41
    assert world.store.statistics().installed_count == 0


def test_slow_follower_that_needs_what_is_gone_is_sent_a_snapshot() -> None:
    world = World(settings=SETTINGS)
    world.elect(world.nodes[0])
    slow = world.nodes[2]
    cut = world.cut(slow)
    fill(world)
    assert slow.durable.last_index == 1
    world.network.heal(cut)
    world.run(1.0)
    assert slow.installed_count == 1
    assert world.store.contents()["raft-3"] == world.store.contents()["raft-1"]
    fill(world, 1)
    assert slow.durable.last_index == 42


def test_follower_that_is_a_little_behind_is_sent_entries() -> None:
    world = World(settings=SETTINGS)
    world.elect(world.nodes[0])
    fill(world, 37)
    cut = world.cut(world.nodes[2])
    fill(world, 3)  # the snapshot is at 40, and 38 is still there
    world.network.heal(cut)
    world.run(1.0)
    assert world.nodes[2].installed_count == 0
    assert world.nodes[2].durable.last_index == 41


@pytest.mark.parametrize("how", ["host", "process"])
def test_node_that_restarts_begins_with_its_snapshot_and_catches_up(how: str) -> None:
    world = World(settings=SETTINGS)
    world.elect(world.nodes[0])
    fill(world)
    node = world.nodes[2]
    before = dict(world.store.contents()["raft-3"])
    if how == "host":
        node.host.crash()
        node.host.restart()
    else:
        node.crash()
        node.restart()
    world.run(0.0005)
    assert node.commit_index == 40
    assert len(world.store.contents()["raft-3"]["list"]) == 39
    world.run(0.5)
    assert world.store.contents()["raft-3"] == before


def test_all_nodes_restart_from_what_is_on_their_disks() -> None:
    world = World(5, settings=SETTINGS)
    world.elect()
    fill(world, 25)
    for host in world.hosts:
        host.crash()
    world.run(1.0)
    for host in world.hosts:
        host.restart()
    client = world.client()
    asked = world.ask(client, read("list"))
    world.run(2.0)
    assert asked.outcome == tuple(range(25))


def test_restart_takes_the_time_to_read_what_is_there() -> None:
    world = World(settings=RaftSettings())
    world.elect()
    fill(world, 40)
    node = world.nodes[2]
    node.durable._disk._read_time = lambda: 0.01  # type: ignore[method-assign]
    node.host.crash()
    node.host.restart()
    world.run(0.40)
    assert not node.is_awake
    world.run(0.05)  # 41 entries and a ballot
    assert node.is_awake


@pytest.mark.parametrize("step", range(12))
def test_crash_at_any_time_while_a_snapshot_is_installed_leaves_a_node_that_recovers(step: int) -> None:
    world = World(settings=SETTINGS, sync_time=0.002)
    world.elect(world.nodes[0])
    slow = world.nodes[2]
    cut = world.cut(slow)
    fill(world)
    world.network.heal(cut)
    world.run_until(lambda: slow.durable.is_saving)
    world.run(0.0002 + 0.0003 * step)
    slow.host.crash()
    world.run(0.01)
    slow.host.restart()
    world.run(1.0)
    assert world.store.contents()["raft-3"] == world.store.contents()["raft-1"]
    fill(world, 1)
    assert slow.durable.last_index == world.nodes[0].durable.last_index


def test_snapshot_that_is_overtaken_by_entries_takes_nothing_back() -> None:
    world = World(settings=RaftSettings(snapshot_after=10, entries_kept=1_000), sync_time=0.002)
    leader = world.elect(world.nodes[0])
    slow = world.nodes[2]
    world.cut(slow)
    fill(world, 25)
    snapshot, entries = leader.durable.snapshot, leader.durable.entries.records(2)
    assert snapshot is not None
    assert snapshot.index == 20
    slow.deliver(InstallSnapshot(leader, 1, snapshot, 0.0))
    slow.deliver(AppendEntries(leader, 1, 1, 1, entries, 26, 0.0, False))
    assert (slow.commit_index, slow.durable.is_saving) == (26, True)
    world.run(0.05)
    assert (slow.commit_index, slow.installed_count) == (26, 0)
    assert world.store.contents()["raft-3"] == world.store.contents()["raft-1"]


def test_snapshot_takes_the_time_that_its_bytes_take() -> None:
    world = World(settings=SETTINGS)
    leader = world.elect(world.nodes[0])
    slow = world.nodes[2]
    cut = world.cut(slow)
    client = world.client()
    for number in range(40):
        world.ask(client, write(number, number, size_bytes=1_000), 0.01 * number)
    world.run(1.0)
    assert leader.durable.snapshot is not None
    assert leader.durable.snapshot.size_bytes == 39_000
    world.network.override(leader.host, slow.host, bandwidth=390_000.0, one_way=True)
    world.network.heal(cut)
    begin = world.env.now
    world.run_until(lambda: slow.installed_count == 1)
    assert 0.1 < world.env.now - begin < 0.2
    world.run(0.5)
    link = world.network.path(leader.host, slow.host).link_statistics()
    assert link is not None
    assert link.sent_bytes == 39_000 + 1_000  # once, and the entry after it
