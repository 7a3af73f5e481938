from __future__ import annotations

from math import inf

import pytest

from models.storage import Disk, DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite

from .building import Desk

POLICIES = (
    SyncEachWrite(),
    GroupCommit(),
    GroupCommit(delay=0.002),
    PeriodicSync(interval=0.01),
    PeriodicSync(interval=0.01, is_buffered=True),
)


def times(desk: Desk) -> list[float]:
    return [round(time, 9) for time, _ in desk.writer.acknowledged]


def test_with_a_sync_each_three_writes_take_three_turns() -> None:
    desk = Desk(SyncEachWrite())
    for value in range(3):
        desk.write(value)
    desk.env.run(1)
    assert times(desk) == [0.004, 0.008, 0.012]
    assert desk.disk.statistics().sync_count == 3


def test_with_group_commit_those_that_come_meanwhile_share_the_next_turn() -> None:
    desk = Desk(GroupCommit())
    desk.write("a")
    for value in range(5):
        desk.write(value, at=0.001)
    desk.env.run(1)
    assert times(desk) == [0.004] + [0.008] * 5
    assert desk.disk.statistics().sync_count == 2


def test_a_delay_gathers_those_that_come_within_it() -> None:
    desk = Desk(GroupCommit(delay=0.002))
    desk.write("a")
    desk.write("b", at=0.001)
    desk.env.run(1)
    assert times(desk) == [0.006, 0.006]


def test_those_that_have_gathered_during_a_sync_are_not_delayed_again() -> None:
    desk = Desk(GroupCommit(delay=0.002))
    desk.write("a")
    desk.write("b", at=0.003)
    desk.env.run(1)
    assert times(desk) == [0.006, 0.010]


# When, how many of three writes a crash of the process leaves, and one of the host; a sync takes 4 ms.
LEFT: dict[DurabilityPolicy, list[tuple[float, int, int]]] = {
    SyncEachWrite(): [(0.0039, 3, 0), (0.0041, 3, 1), (0.0079, 3, 1), (0.0081, 3, 3)],
    GroupCommit(): [(0.0039, 3, 0), (0.0041, 3, 1), (0.0079, 3, 1), (0.0081, 3, 3)],
    GroupCommit(delay=0.0015): [(0.0054, 3, 0), (0.0056, 3, 2), (0.0094, 3, 2), (0.0096, 3, 3)],
    PeriodicSync(interval=0.01): [(0.0099, 3, 0), (0.0101, 3, 0), (0.0139, 3, 0), (0.0141, 3, 3)],
    PeriodicSync(interval=0.01, is_buffered=True): [
        (0.0099, 0, 0),
        (0.0101, 3, 0),
        (0.0139, 3, 0),
        (0.0141, 3, 3),
    ],
}


@pytest.mark.parametrize("policy", LEFT, ids=str)
def test_a_record_is_written_and_durable_when_its_policy_says(policy: DurabilityPolicy) -> None:
    for at, written, durable in LEFT[policy]:
        assert (left_after("process", at, policy), left_after("host", at, policy)) == (written, durable), at


def left_after(crashed: str, at: float, policy: DurabilityPolicy) -> int:
    desk = Desk(policy)
    for value in range(3):
        desk.write(value, at=0.001 * value)
    desk.env.call_later(at, desk.host.crash if crashed == "host" else desk.writer.crash)
    desk.env.run(1)
    lost = list(desk.log.recover())
    assert lost == list(range(3))[3 - len(lost) :]
    return 3 - len(lost)


def test_with_periodic_syncs_nobody_waits() -> None:
    desk = Desk(PeriodicSync(interval=0.01))
    desk.write("a")
    desk.env.run(0.0139)
    assert times(desk) == [0.0]
    assert desk.log.durable_position == 0
    desk.env.run(0.015)
    assert desk.log.durable_position == 1


def test_who_asks_for_durable_waits_for_the_periodic_sync() -> None:
    desk = Desk(PeriodicSync(interval=0.01))
    told: list[float] = []
    position = desk.log.append("a")
    desk.log.when_committed(position, lambda: told.append(desk.env.now))
    desk.log.when_durable(position, lambda: told.append(desk.env.now))
    desk.env.run(1)
    assert told == [0.0, pytest.approx(0.014)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_crash_at_any_instant_of_a_write_loses_exactly_what_was_not_durable(
    policy: DurabilityPolicy, crashed: str
) -> None:
    """Three writes, 1 ms apart, and a crash each half millisecond, between the events: all that can be."""
    for step in range(28):
        crash_once(policy, crashed, 0.00025 + step * 0.0005)


def crash_once(policy: DurabilityPolicy, crashed: str, at: float) -> None:
    desk = Desk(policy)
    for value in range(3):
        desk.write(value, at=0.001 * value)
    desk.env.call_later(at, desk.host.crash if crashed == "host" else desk.writer.crash)
    desk.env.run(at)
    log = desk.log
    before = {"host": log.durable_position, "process": log.written_position}[crashed]
    desk.env.run(1)
    assert log.surviving_position == before
    appended = sum(at > 0.001 * value for value in range(3))
    lost = log.recover()
    assert list(lost) == list(range(before, appended))
    assert list(log.records(1)) == list(range(before))
    acknowledged = {value for _, value in desk.writer.acknowledged}
    if not isinstance(policy, PeriodicSync):
        assert acknowledged.isdisjoint(lost)
    elif crashed == "process" and not policy.is_buffered:
        assert not lost
    else:
        assert set(lost) <= acknowledged  # it acknowledges at once, and that is what it costs


def test_sync_that_is_under_way_when_the_process_crashes_has_not_happened() -> None:
    desk = Desk(GroupCommit())
    desk.write("a")
    desk.env.call_later(0.003, desk.writer.crash)
    desk.env.run(1)
    assert desk.log.durable_position == 0
    assert desk.log.surviving_position == 1  # written: the operating system has it


def test_what_a_process_crash_has_left_can_still_be_lost_with_the_host() -> None:
    desk = Desk(GroupCommit())
    desk.write("a")
    desk.env.call_later(0.003, desk.writer.crash)
    desk.env.call_later(0.010, desk.writer.restart)
    desk.env.call_later(0.020, desk.host.crash)
    desk.env.run(0.019)
    assert list(desk.log.recover()) == []
    desk.env.run(1)
    assert list(desk.log.recover()) == ["a"]


@pytest.mark.parametrize("lost", ["host", "disk"])
def test_what_was_lost_once_says_nothing_of_a_later_crash_of_the_process(lost: str) -> None:
    desk = Desk(GroupCommit())
    desk.write("a")
    desk.env.call_later(0.1, desk.host.crash if lost == "host" else desk.disk.destroy)
    desk.env.call_later(0.2, desk.host.restart)
    desk.env.run(0.3)
    desk.log.recover()
    kept = ["a"] if lost == "host" else []
    desk.log.append("b")  # written, and synced by nobody
    desk.writer.crash()
    assert list(desk.log.recover()) == []
    assert list(desk.log.records(1)) == [*kept, "b"]


def test_who_waited_before_a_crash_is_not_told_of_another_record_after_it() -> None:
    desk = Desk(GroupCommit())
    told: list[str] = []
    desk.log.when_committed(desk.log.append("lost"), told.append, "lost")
    desk.env.call_later(0.001, desk.host.crash)
    desk.env.call_later(0.1, desk.host.restart)
    desk.env.run(0.2)
    desk.log.recover()
    desk.log.when_committed(desk.log.append("next"), told.append, "next")
    desk.env.run(1)
    assert told == ["next"]


def test_what_is_left_after_a_crash_of_the_process_is_synced_with_the_next_period() -> None:
    desk = Desk(PeriodicSync(interval=0.01))
    desk.write("a")
    desk.env.call_later(0.005, desk.writer.crash)
    desk.env.call_later(0.1, desk.writer.restart)
    desk.env.call_later(0.1, desk.log.recover)
    for until, durable in ((0.1139, 0), (0.1141, 1)):
        desk.env.run(until)
        assert desk.log.durable_position == durable


def test_a_destroyed_disk_has_nothing_left_and_a_host_that_is_down_has() -> None:
    down, destroyed = Desk(GroupCommit()), Desk(GroupCommit())
    for desk in (down, destroyed):
        desk.write("a")
    down.env.call_later(0.1, down.host.crash)
    destroyed.env.call_later(0.1, destroyed.disk.destroy)
    for desk in (down, destroyed):
        desk.env.run(1)
        assert not desk.host.is_up
    assert down.log.surviving_position == 1
    assert destroyed.log.surviving_position == 0
    assert list(destroyed.log.recover()) == ["a"]
    assert destroyed.log.append("b") == 1


def test_host_that_is_down_already_can_lose_its_disk() -> None:
    desk = Desk(GroupCommit())
    desk.write("a")
    desk.env.call_later(0.1, desk.host.crash)
    desk.env.call_later(0.2, desk.disk.destroy)
    desk.env.run(1)
    assert desk.log.surviving_position == 0


@pytest.mark.parametrize("policy", [SyncEachWrite(), GroupCommit()])
def test_nobody_is_told_of_a_record_that_was_overruled_while_it_waited(policy: DurabilityPolicy) -> None:
    """Nor when another record has come to stand at its position: it is not the one that was waited for."""
    desk = Desk(policy)
    desk.write("overruled")

    def overrule() -> None:
        desk.log.truncate(0)
        desk.log.append("other")

    desk.env.call_later(0.002, overrule)
    desk.write("after", at=0.003)
    desk.env.run(0.005)
    assert desk.log.durable_position == 0  # the sync that has ended began with what was overruled
    desk.env.run(0.5)
    assert [value for _, value in desk.writer.acknowledged] == ["after"]
    assert desk.log.durable_position == 2


def test_one_that_is_told_may_truncate_the_log() -> None:
    desk = Desk(GroupCommit())
    first, second = desk.log.append("a"), desk.log.append("b")
    told: list[str] = []
    desk.log.when_committed(first, lambda: (told.append("a"), desk.log.truncate(0)))
    desk.log.when_committed(second, told.append, "b")
    desk.env.run(1)
    assert told == ["a"]


def test_head_that_a_snapshot_holds_can_be_dropped() -> None:
    desk = Desk(GroupCommit())
    for value in "abcd":
        desk.log.append(value)
    desk.log.drop_until(2)
    assert (desk.log.first_position, desk.log.last_position) == (3, 4)
    assert desk.log[3] == "c"
    with pytest.raises(IndexError, match=r"no record at position 2: 3\.\.4"):
        desk.log[2]
    assert list(desk.log.records(1, 3)) == ["c"]
    desk.log.restart_after(7)
    assert (desk.log.first_position, desk.log.last_position, desk.log.append("x")) == (8, 7, 8)


def test_caller_that_gives_up_leaves_the_queue_and_its_record_stays() -> None:
    desk = Desk(GroupCommit())

    def impatient() -> object:
        position = desk.log.append("a")
        with desk.env.move_on_after(0.001):
            yield from desk.log.commit(position)

    desk.env.process(impatient())
    desk.env.run(1)
    assert desk.log.durable_position == 1


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda desk: PeriodicSync(interval=0.0), ValueError, "interval must be finite and > 0 s, got 0.0"),
        (lambda desk: PeriodicSync(is_buffered="no"), TypeError, "is_buffered must be a bool, got 'no'"),  # type: ignore[arg-type]
        (lambda desk: GroupCommit(delay=-1.0), ValueError, "delay must be finite and >= 0 s, got -1.0"),
        (lambda desk: Disk(desk.host, sync_time=inf), ValueError, "sync_time must be finite and >= 0 s"),
        (lambda desk: Desk("often"), TypeError, "policy must be a durability policy, got 'often'"),  # type: ignore[arg-type]
    ],
)
def test_misuse_is_told_at_once(make: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make(Desk(GroupCommit()))  # type: ignore[operator]
