from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Network, Request
from models.nodes import Node
from models.storage import NO_KEY, Disk, GroupCommit, Record, StoredTable, Table, Version
from simulator import Environment


class Keeper(Node):
    """Owns a stored table, and does nothing else."""

    def answer(self, request: Request) -> Generator[Any, Any, None]:
        yield 0.0


def stored_on(env: Environment, **settings: Any) -> StoredTable:
    host = Host(env, "server")
    keeper = Keeper(env, host, Network(env), name="keeper")
    return StoredTable(keeper, Disk(host, sync_time=0.004, read_time=0.001), GroupCommit(), **settings)


def write(stored: StoredTable, count: int, keys: int = 3) -> None:
    for _ in range(count):
        position = stored.log.last_position + 1
        stored.append(Record(f"key-{position % keys}", position, epoch=1))
        stored.apply_until(position)


def test_table_counts_versions_of_each_key() -> None:
    table = Table()
    for position, (key, value) in enumerate([("a", 1), ("b", 2), ("a", 3)], 1):
        table.apply(position, Record(key, value))
    assert table.version("a") == Version(3, number=2, position=3)
    table.apply(4, Record(NO_KEY, None, epoch=7))
    assert (table.position, table.epoch, len(table)) == (4, 7, 2)
    assert table.values() == {"a": 3, "b": 2}
    assert (table.value("c"), table.version("c")) == (None, None)


def test_records_are_applied_one_after_the_other() -> None:
    with pytest.raises(AssertionError, match="record 2 applied after 0"):
        Table().apply(2, Record("a", 1))


def test_snapshot_does_not_follow_its_table() -> None:
    table = Table()
    table.apply(1, Record("a", 1))
    snapshot = table.snapshot()
    table.apply(2, Record("a", 2))
    copy = Table(snapshot)
    assert (copy.value("a"), copy.position) == (1, 1)


def test_latest_is_ahead_of_what_is_shown() -> None:
    stored = stored_on(Environment(seed=1))
    stored.append(Record("a", 1))
    stored.append(Record("a", 2))
    assert (stored.latest("a"), stored.table.value("a")) == (2, None)
    stored.apply_until(1)
    assert (stored.latest("a"), stored.table.value("a")) == (2, 1)
    stored.truncate(1)
    assert stored.latest("a") == 1


def test_snapshots_bound_what_a_restart_reads() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=10)
    for second in range(10):
        env.call_later(float(second), write, stored, 9)
    env.run(100)
    assert stored.log.last_position == 90
    assert stored.log.dropped_count >= 80
    start = env.now
    env.process(stored.recover())
    env.run(200)
    stored.apply_until(90)
    read = stored.disk.statistics().read_count
    assert read <= 3 + 10  # a value per key, and the records since
    assert stored.table.values() == {"key-0": 90, "key-1": 88, "key-2": 89}
    assert start == 100


def test_without_snapshots_a_restart_reads_all_that_was_ever_written() -> None:
    env = Environment(seed=1)
    stored = stored_on(env)
    write(stored, 90)
    process = env.process(stored.recover())
    env.run(process)
    assert env.now == pytest.approx(0.004 + 90 * 0.001)  # made durable, and read
    assert stored.table.position == 0  # whoever knows what counts applies it
    assert stored.latest("key-0") == 90


def test_records_that_lagging_replicas_may_want_are_retained() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=10, retained_count=5)
    write(stored, 10)
    env.run(1)
    assert stored.log.first_position == 6
    assert stored.epoch_at(10) == 1
    assert (
        stored.epoch_at(5) == 1
    )  # that of the last one dropped is still known, as replicas are asked for it
    assert stored.epoch_at(4) is None
    assert stored.epoch_at(0) == 0


def test_snapshot_never_holds_what_the_log_could_still_lose() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=10)
    write(stored, 10)
    env.run(0.0079)
    assert stored.file.content is None  # two syncs of 4 ms: the log's, then its own
    env.run(1)
    snapshot = stored.file.content
    assert snapshot is not None
    assert (snapshot.position, stored.log.durable_position) == (10, 10)


def test_truncation_stops_a_snapshot_of_what_it_overrules() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=10)
    write(stored, 10)
    env.call_later(0.006, stored.truncate, 8)
    env.run(1)
    assert stored.file.content is None
    assert stored.table.values() == {"key-0": 6, "key-1": 7, "key-2": 8}
    write(stored, 2)  # and the next one is taken when it is due
    env.run(2)
    snapshot = stored.file.content
    assert snapshot is not None
    assert snapshot.position == 10


def test_truncation_behind_a_snapshot_is_refused() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=10)
    write(stored, 10)
    env.run(1)
    with pytest.raises(ValueError, match="position must not be before the snapshot, got 9"):
        stored.truncate(9)


def test_snapshot_from_elsewhere_takes_the_place_of_all() -> None:
    env = Environment(seed=1)
    stored, other = stored_on(env), stored_on(Environment(seed=1))
    write(stored, 7)
    write(other, 4)
    env.run(env.process(stored.install(other.table.snapshot())))
    assert stored.log.last_position == 4
    assert stored.table.values() == other.table.values() == stored.surviving()
    assert stored.append(Record("a", 1)) == 5


def test_snapshot_of_what_is_replaced_does_not_replace_the_one_from_elsewhere() -> None:
    """One becomes due while that from elsewhere waits for its sync, and would have come after it."""
    env = Environment(seed=1)
    stored, other = stored_on(env, snapshot_interval=5), stored_on(Environment(seed=1))
    write(other, 40)
    env.process(stored.install(other.table.snapshot()))
    env.call_later(0.001, write, stored, 5)
    env.run(1)
    snapshot = stored.file.content
    assert snapshot is not None
    assert (snapshot.position, stored.log.last_position, stored.table.position) == (40, 40, 40)


def test_crash_during_a_snapshot_does_not_keep_later_ones_from_being_taken() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=5)
    write(stored, 5)
    env.run(0.006)
    assert stored.disk.is_busy
    stored.disk.host.crash()
    stored.disk.host.restart()
    stored.remember()
    env.run(env.process(stored.recover()))
    stored.apply_until(5)
    env.run(env.now + 1)
    assert stored.file.content is not None
    assert stored.log.dropped_count == 5


def test_destroyed_disk_leaves_an_empty_table() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=5)
    write(stored, 7)
    env.run(1)
    assert stored.surviving() == {"key-0": 6, "key-1": 7, "key-2": 5}
    stored.disk.destroy()
    assert stored.surviving() == {}
    env.run(env.process(stored.recover()))
    assert (len(stored.table), stored.log.last_position) == (0, 0)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"snapshot_interval": 0}, "snapshot_interval must be a whole number >= 1, got 0"),
        ({"retained_count": -1}, "retained_count must be a whole number >= 0, got -1"),
    ],
)
def test_misuse_is_told_at_once(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        stored_on(Environment(seed=1), **settings)


# -- what is there at the beginning


def test_restored_values_have_no_version_until_they_are_changed_and_are_shared_by_all_copies() -> None:
    env = Environment(seed=1)
    stored = stored_on(env, snapshot_interval=5)
    values = {"key-0": "first", "key-9": "first"}
    stored.restore(values)
    assert (len(stored.table), stored.table.position) == (2, 0)
    write(stored, 7)
    assert (stored.table.value("key-0"), stored.table.value("key-9")) == (6, "first")
    assert list(stored.table) == ["key-0", "key-9", "key-1", "key-2"]
    assert ("key-9" in stored.table, "key-2" in stored.table, "key-3" in stored.table) == (True, True, False)
    assert (stored.table.version("key-9"), len(stored.table)) == (None, 4)
    env.run(1)
    snapshot = stored.file.content
    assert snapshot is not None
    assert (snapshot.position, snapshot.key_count) == (5, 4)
    assert snapshot.restored is values
    stored.disk.host.crash()
    stored.disk.host.restart()
    stored.remember()
    assert len(stored.table) == 0
    reading = env.now
    env.run(env.process(stored.recover()))
    assert env.now - reading == pytest.approx(0.001 * (4 + 2))  # four keys, and two records after them
    stored.apply_until(7)
    assert stored.table.values() == stored.surviving()
    assert stored.table.values() == {"key-0": 6, "key-1": 7, "key-2": 5, "key-9": "first"}


def test_restored_values_stand_at_a_position_before_the_log() -> None:
    stored = stored_on(Environment(seed=1))
    stored.restore({"a": 1}, position=1)
    assert (stored.log.first_position, stored.log.last_position) == (2, 1)
    assert (stored.epoch_at(0), stored.epoch_at(1)) == (0, 0)
    assert stored.append(Record("b", 2)) == 2
    stored.apply_until(2)
    assert stored.truncate(1) == [Record("b", 2)]
    assert stored.table.values() == {"a": 1}
    with pytest.raises(ValueError, match="position must not be before the snapshot, got 0"):
        stored.truncate(0)


def test_table_tells_which_keys_were_changed_after_a_position() -> None:
    table = Table()
    for position, key in enumerate("abac", 1):
        table.apply(position, Record(key, position))
    assert [list(table.changed_after(position)) for position in range(5)] == [
        ["a", "b", "c"],
        ["a", "b", "c"],
        ["a", "c"],
        ["c"],
        [],
    ]
