"""What a replica has on its disk: snapshots that keep the log short, and what each crash leaves of both."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import delete, write
from models.replication.quorums import Detection, HintedHandoff, QuorumNode, QuorumSettings, Versioning
from models.storage import GroupCommit, PeriodicSync, SyncEachWrite
from tests.models.replication.quorums.building import WAY, World, plain

SYNC = WAY / 2


def slow_disk(**changes: Any) -> QuorumSettings:
    return plain(**{"durability": SyncEachWrite(), "sync_time": SYNC, **changes})


def records_in_log(node: QuorumNode) -> int:
    return len(node.stored.log.records(1))


def restart_all(world: World) -> None:
    """Crash all hosts, boot them again, and run until they have recovered."""
    for host in world.hosts:
        host.crash()
    for host in world.hosts:
        host.restart()
    world.env.run(until=world.env.now + 10.0)


def test_a_log_is_no_longer_than_the_interval_however_much_is_written() -> None:
    world = World(plain(snapshot_interval=10))
    for number in range(95):
        world.put(number, key=f"key {number % 3}")
    assert [records_in_log(node) for node in world.nodes] == [5] * 3
    assert [node.stored.log.appended_count for node in world.nodes] == [95] * 3
    restart_all(world)
    assert [world.held(f"key {number}") for number in (0, 1, 2)] == [[93] * 3, [94] * 3, [92] * 3]


def test_without_an_interval_the_log_grows_with_all_that_is_written() -> None:
    world = World(plain())
    world.put(*range(30))
    assert [records_in_log(node) for node in world.nodes] == [30] * 3


@pytest.mark.parametrize(("interval", "read_count"), [(4, 3), (1000, 21)])
def test_a_restart_reads_keys_and_the_records_since_the_snapshot(interval: int, read_count: int) -> None:
    """Twenty-one writes of two keys: with a snapshot after the twentieth, two keys and one record."""
    world = World(plain(snapshot_interval=interval, read_time=0.25))
    for number in range(21):
        world.put(number, key=f"key {number % 2}")
    start = world.env.now
    node = world.nodes[0]
    node.crash()
    node.restart()
    ends = start + 0.25 * read_count
    awake = []
    for late in (-0.01, 0.01):
        world.env.run(until=ends + late)
        awake.append(node.is_awake)
    assert awake == [False, True]
    assert (node.table["key 0"].value, node.table["key 1"].value) == (20, 19)


@pytest.mark.parametrize("of_host", [True, False])
@pytest.mark.parametrize("late", [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25])
def test_a_crash_at_any_moment_of_a_snapshot_loses_nothing_acknowledged(late: float, of_host: bool) -> None:
    """The third write is synced when it arrives; then a sync is waited for, and the snapshot has one."""
    world = World(slow_disk(snapshot_interval=3, write_level=3))
    world.put(1, key="a")
    world.put(2, key="b")
    told = world.call(world.client(), write("a", 3), at=world.env.now)
    node = world.nodes[1]
    # It has the third write two ways after the call.
    world.env.run(until=world.env.now + 2 * WAY + late * SYNC)
    (world.hosts[1] if of_host else node).crash()
    held = world.held("a")[1], world.held("b")[1]
    (world.hosts[1] if of_host else node).restart()
    world.env.run(until=world.env.now + 10.0)
    assert (world.held("a")[1], world.held("b")[1]) == held
    assert held[1] == 2
    if late > 1.0:  # acknowledged
        assert told.outcome == ("ok", None)
        assert held[0] == 3


@pytest.mark.parametrize("of_host", [True, False])
def test_with_a_periodic_sync_a_snapshot_makes_durable_what_it_holds(of_host: bool) -> None:
    world = World(slow_disk(durability=PeriodicSync(interval=1000.0), snapshot_interval=3))
    world.put(1, 2, 3, 4)
    node = world.nodes[1]
    assert node.disk.statistics().sync_count == 1
    (world.hosts[1] if of_host else node).crash()
    assert world.held("x")[1] == (3 if of_host else 4)


def test_a_crash_during_a_snapshot_does_not_keep_later_ones_from_being_taken() -> None:
    world = World(slow_disk(snapshot_interval=3))
    world.put(1, 2)
    world.call(world.client(), write("x", 3), at=world.env.now)
    world.env.run(until=world.env.now + 2 * WAY + 1.5 * SYNC)
    node = world.nodes[1]
    assert node.disk.is_busy
    node.crash()
    node.restart()
    world.env.run(until=world.env.now + 1.0)
    world.put(4, 5, 6)
    assert records_in_log(node) < 3


def test_a_disk_that_is_destroyed_takes_the_snapshot_too() -> None:
    world = World(plain(snapshot_interval=2))
    world.put(1, 2, 3)
    world.nodes[1].stored.disk.destroy()
    assert world.held("x") == [3, None, 3]
    world.hosts[1].restart()
    world.env.run(until=world.env.now + 1.0)
    assert world.held("x") == [3, None, 3]
    world.put(4)
    assert world.held("x") == [4] * 3
    restart_all(world)
    assert world.held("x") == [4] * 3


def test_a_snapshot_has_a_tombstone_while_its_grace_lasts_and_no_longer() -> None:
    world = World(plain(snapshot_interval=2, tombstone_grace=50.0))
    world.put(1)
    world.call(world.client(), delete("x"), at=world.env.now)
    world.env.run(until=20.0)
    restart_all(world)
    assert [node.table.get("x").is_deleted for node in world.nodes] == [True] * 3
    world.env.run(until=100.0)
    world.put(1, 2, key="y")
    assert [set(node.stored.surviving().versions) for node in world.nodes] == [{"y"}] * 3
    assert world.held("x") == [None] * 3


def with_a_hint() -> World:
    """n0 has taken a write while it suspected n1, and keeps a hint; then three more."""
    hints = HintedHandoff(interval=5.0)
    world = World(
        plain(
            snapshot_interval=4, detection=Detection(), hints=hints, durability=GroupCommit(), sync_time=SYNC
        )
    )
    world.hosts[1].crash()
    world.env.run(until=60.0)
    world.put("hinted", key="h")
    world.put(1, 2, 3)
    return world


def test_hints_are_in_the_snapshot_until_they_are_handed_over() -> None:
    world = with_a_hint()
    assert len(world.nodes[0].stored.surviving().hints) == 4
    assert records_in_log(world.nodes[0]) < 4
    world.hosts[0].crash()
    world.hosts[0].restart()
    world.env.run(until=world.env.now + 5.0)
    assert world.nodes[0].disk.statistics().read_count == 2 + 4  # keys and hints
    world.hosts[1].restart()
    world.env.run(until=world.env.now + 60.0)
    assert (world.held("h"), world.held("x")) == (["hinted"] * 3, [3] * 3)
    assert len(world.nodes[0].stored.surviving().hints) == 0


@pytest.mark.parametrize("policy", [GroupCommit(), PeriodicSync(interval=1000.0)])
def test_what_a_restart_shows_is_durable_and_no_later_crash_takes_it_back(policy: Any) -> None:
    """Written and not synced, it survives its process; whoever reads it then must be able to rely on it."""
    world = World(plain(durability=policy, sync_time=1.0, write_level=1, read_level=1))
    world.call(world.client(), write("x", 1))
    node = world.nodes[0]
    world.env.run(until=2.5 * WAY)
    node.crash()
    node.restart()
    world.env.run(until=5.0)
    assert world.held("x")[0] == 1
    world.hosts[0].crash()
    assert world.held("x")[0] == 1


def test_dots_that_were_issued_are_forgotten_once_the_table_knows_them() -> None:
    world = World(slow_disk(versioning=Versioning.SIBLINGS, snapshot_interval=5))
    for number in range(12):
        world.put(number, key=f"key {number % 4}", node=number % 3)
    assert [node._issued for node in world.nodes] == [{}] * 3
    restart_all(world)
    for number in range(4):
        held = world.held(f"key {number}")
        assert held == held[:1] * 3
        assert sorted(held[0]) == list(range(number, 12, 4))


@pytest.mark.parametrize(
    ("interval", "error"),
    [
        (0, r"snapshot_interval must be a whole number >= 1, got 0"),
        (2.5, r"snapshot_interval must be a whole number >= 1, got 2.5"),
    ],
)
def test_an_interval_is_a_number_of_records(interval: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        QuorumSettings(snapshot_interval=interval)
