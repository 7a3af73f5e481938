"""Snapshots: what they stand for, who needs one, and what a crash in the middle leaves."""

from __future__ import annotations

from itertools import pairwise

import pytest

from models.consensus import RaftNode, RaftSettings
from models.consensus.raft.messages import AppendEntries, AppendReply, InstallSnapshot
from models.replication import append, read, write

from ..world import ONE_WAY, SYNC_TIME, World

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


def test_snapshot_that_is_late_does_not_take_the_place_of_a_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The entries between the two are gone, and would be after a restart."""
    world = World(settings=SETTINGS)
    leader, follower = world.elect(world.nodes[0]), world.nodes[1]
    fill(world, 25)
    early = leader.durable.snapshot
    assert early is not None
    fill(world, 20)
    sent: list[AppendReply] = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append(message))
    follower.deliver(InstallSnapshot(leader, 1, early, 0.0))
    assert (early.index, follower.durable.snapshot_index, follower.durable.is_saving) == (20, 40, False)
    assert [reply.match_index for reply in sent] == [46]


def test_another_snapshot_waits_until_the_one_under_way_is_on_disk() -> None:
    world = World(settings=RaftSettings(snapshot_after=10, entries_kept=1_000))
    world.elect(world.nodes[0])
    follower = world.nodes[1]
    fill(world, 8)
    follower.durable._disk._sync_time = lambda: 0.25  # type: ignore[method-assign]
    fill(world, 15)
    assert follower.durable.is_saving
    assert follower.durable._snapshots.appended_count == 1
    world.run(2.0)
    assert (follower.saved_count, follower.commit_index) == (1, 24)
    fill(world, 10)
    world.run(2.0)
    assert follower.saved_count == 2


def test_snapshot_that_comes_twice_is_written_once() -> None:
    world = World(settings=SETTINGS)
    leader, slow = world.elect(world.nodes[0]), world.nodes[2]
    world.cut(slow)
    fill(world)
    snapshot = leader.durable.snapshot
    assert snapshot is not None
    for _ in range(2):
        slow.deliver(InstallSnapshot(leader, 1, snapshot, 0.0))
    world.run(0.1)
    assert slow.durable._snapshots.appended_count == 1
    assert (slow.installed_count, slow.commit_index) == (1, 40)


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


def test_process_that_crashes_while_a_snapshot_is_installed_promises_nothing_that_its_host_forgets() -> None:
    world = World(settings=SETTINGS)
    leader = world.elect(world.nodes[0])
    slow = world.nodes[2]
    cut = world.cut(slow)
    fill(world)
    slow.durable._disk._sync_time = lambda: 0.2  # type: ignore[method-assign]
    world.network.heal(cut)
    world.run_until(lambda: slow.durable.is_saving)
    slow.crash()
    slow.restart()
    world.run(0.001)
    assert slow.commit_index == 0
    assert leader.leadership is not None
    progress = leader.leadership._followers[slow]
    world.run_until(lambda: progress.match_index >= 40)
    slow.host.crash()
    slow.host.restart()
    world.run(0.001)
    assert slow.commit_index == 40


def behind_a_slow_link() -> World:
    """Return a world whose third node, until now cut off, needs a snapshot that will take a second."""
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
    world.network.override(leader.host, slow.host, bandwidth=39_000.0, one_way=True)
    world.network.heal(cut)
    return world


def test_snapshot_takes_the_time_that_its_bytes_take_and_is_sent_once_however_long_that_is() -> None:
    world = behind_a_slow_link()
    leader, slow = world.nodes[0], world.nodes[2]
    begin = world.env.now
    world.run_until(lambda: slow.installed_count == 1)
    # The first heartbeat is answered; with the second it is sent, as the one before was lost.
    assert 1.0 < world.env.now - begin < 1.0 + 2 * 0.05 + 3 * ONE_WAY + SYNC_TIME
    world.run(0.5)
    link = world.network.path(leader.host, slow.host).link_statistics()
    assert link is not None
    assert link.sent_bytes == 39_000 + 1_000  # once, and the entry after it


def test_snapshot_that_is_not_answered_is_sent_again_after_the_longest_election_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The follower is heard meanwhile, and its disk is slow."""
    world = World(settings=SETTINGS)
    world.elect(world.nodes[0])
    slow = world.nodes[2]
    cut = world.cut(slow)
    fill(world)
    slow.durable._disk._sync_time = lambda: 0.7  # type: ignore[method-assign]
    sent_at: list[float] = []
    send = RaftNode.send

    def note(node: RaftNode, peer: RaftNode, message: object, *, size_bytes: int = 0) -> None:
        if isinstance(message, InstallSnapshot):
            sent_at.append(world.env.now)
        send(node, peer, message, size_bytes=size_bytes)

    monkeypatch.setattr(RaftNode, "send", note)
    world.network.heal(cut)
    world.run_until(lambda: slow.installed_count == 1)
    world.run(1.0)
    pauses = [later - earlier for earlier, later in pairwise(sent_at)]
    assert len(pauses) == 2
    assert all(0.3 <= pause <= 0.3 + 0.05 for pause in pauses)


def test_entries_that_are_lost_after_a_large_snapshot_are_not_waited_for_as_long_as_that_took() -> None:
    world = behind_a_slow_link()
    leader, slow = world.nodes[0], world.nodes[2]
    world.run(2.0)
    assert slow.durable.last_index == 41
    cut = world.cut(slow)
    fill(world, 1)
    world.network.heal(cut)
    world.run(2 * 0.05 + 2 * ONE_WAY)
    assert slow.durable.last_index == leader.durable.last_index == 42
