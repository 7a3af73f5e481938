from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network, Request
from models.consensus import RaftSettings
from models.cqrs import DiskEventLog, RaftEventLog
from models.cqrs.log import (
    Batch,
    Commit,
    Conflict,
    Streams,
    append_commit,
    find_command,
    read_commits,
    read_stream,
)
from models.storage import Disk, GroupCommit, PeriodicSync, SyncEachWrite
from simulator import Environment

from .cqrs_plant import HOP, SYNC, CqrsPlant, on_disk, on_raft

each_log = pytest.mark.parametrize("make_log", [on_disk(), on_raft], ids=["disk", "raft"])


def plant_with_a_client(make_log: Any = None) -> tuple[CqrsPlant, Any]:
    plant = CqrsPlant(make_log)
    client = plant.log_client(plant.web)
    plant.env.run(until=2.0)  # a leader is there
    return plant, client


@each_log
def test_commits_have_one_position_in_the_log_and_a_version_in_their_stream(make_log: Any) -> None:
    plant, client = plant_with_a_client(make_log)
    asked = [("a", ["x"]), ("b", ["y", "z"]), ("a", []), ("a", ["w"])]
    answers = [plant.now(client, append_commit(stream, events)) for stream, events in asked]
    assert [(commit.position, commit.version) for commit in answers] == [(1, 1), (2, 2), (3, 1), (4, 2)]
    assert list(plant.commits()) == answers


@each_log
def test_append_that_expects_another_version_does_nothing(make_log: Any) -> None:
    plant, client = plant_with_a_client(make_log)
    first = plant.now(client, append_commit("a", ["x"], expected=0))
    assert plant.now(client, append_commit("a", ["y"], expected=0)) == Conflict("a", 1)
    again = append_commit("a", ["y"], expected=1, expected_epoch=first.epoch)
    assert plant.now(client, again).version == 2
    assert [commit.events for commit in plant.commits()] == [("x",), ("y",)]


@each_log
def test_command_that_comes_again_gets_the_first_answer_whatever_it_expects(make_log: Any) -> None:
    plant, client = plant_with_a_client(make_log)
    first = plant.now(client, append_commit("a", ["x"], command="c", expected=0))
    assert plant.now(client, append_commit("a", ["x"], command="c", expected=0)) == first
    assert plant.now(client, append_commit("b", ["y"], command="c")) == first
    assert len(plant.commits()) == 1
    assert plant.now(client, find_command("c")) == first
    assert plant.now(client, find_command("d")) is None


@each_log
def test_log_is_read_in_batches_from_a_position_and_a_stream_from_a_version(make_log: Any) -> None:
    plant, client = plant_with_a_client(make_log)
    for number in range(5):
        plant.now(client, append_commit("ab"[number % 2], [number]))
    epoch = plant.commits()[0].epoch
    batch = plant.now(client, read_commits(0, limit=2))
    assert ([commit.position for commit in batch.commits], batch.position) == ([1, 2], 5)
    batch = plant.now(client, read_commits(4, epoch=epoch))
    assert ([commit.events for commit in batch.commits], batch.position) == ([(4,)], 5)
    found = plant.now(client, read_stream("a", after=1, epoch=epoch))
    assert [commit.events for commit in found.commits] == [(2,), (4,)]
    assert (found.after, found.version, found.position) == (1, 3, 5)
    assert plant.now(client, read_stream("c")).commits == ()


def test_append_takes_two_hops_and_a_sync_and_a_reader_sees_it_when_it_is_durable() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    wrote = plant.ask(client, append_commit("a", ["x"], command="c"))
    early = plant.ask(client, read_commits(0), at=0.002)
    late = plant.ask(client, read_commits(0, wait=1.0), at=0.0021)
    stream = plant.ask(client, read_stream("a"), at=0.002)
    conflict = plant.ask(client, append_commit("a", ["y"], expected=0), at=0.0022)
    again = plant.ask(client, append_commit("a", ["x"], command="c"), at=0.0023)
    fates = [plant.ask(client, find_command(command), at=0.0024) for command in ("c", "another")]
    plant.env.run(until=1.0)
    assert wrote.time == pytest.approx(2 * HOP + SYNC)
    assert (again.end, again.time) == (wrote.end, pytest.approx(2 * HOP + SYNC))
    assert (early.end, early.time) == (Batch((), 0), pytest.approx(0.004))
    assert (len(late.end.commits), late.time) == (1, pytest.approx(2 * HOP + SYNC))
    assert (stream.end.version, stream.time) == (1, pytest.approx(2 * HOP + SYNC))
    assert (conflict.end, conflict.time) == (Conflict("a", 1), pytest.approx(2 * HOP + SYNC))
    assert [fate.end for fate in fates] == [wrote.end, None]
    assert [fate.time for fate in fates] == [pytest.approx(2 * HOP + SYNC)] * 2


def test_request_costs_work_on_a_core() -> None:
    plant = CqrsPlant(on_disk(request_work=0.01))
    wrote = plant.told(plant.log.client(plant.web), append_commit("a", ["x"]))
    assert wrote.time == pytest.approx(2 * HOP + SYNC + 0.01)


def test_reader_that_waits_is_told_that_there_is_nothing_when_its_time_is_over() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    told = plant.ask(client, read_commits(0, wait=0.25))
    plant.env.run(until=1.0)
    assert (told.end, told.time) == (Batch((), 0), pytest.approx(0.252))
    plant.hosts["log"].skew_clock("a fault", 0.0, drift=1.0)  # by whose clock he waits
    told = plant.ask(client, read_commits(0, wait=0.25), at=1.0)
    plant.env.run(until=2.0)
    assert told.time == pytest.approx(1.0 + 0.252 - 0.125)


@pytest.mark.parametrize("policy", [SyncEachWrite(), GroupCommit(), PeriodicSync(interval=0.01)])
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_crash_at_any_instant_keeps_what_the_policy_says(policy: Any, crashed: str) -> None:
    is_safe = crashed == "process" or not isinstance(policy, PeriodicSync)
    lost_shown = 0
    for step in range(30):
        at = 0.00025 + 0.0007 * step
        plant = CqrsPlant(on_disk(policy))
        node: Any = plant.log.nodes[0]
        client = plant.log.client(plant.web)
        told = [
            plant.ask(client, append_commit("a", [n], command=n), at=0.002 * n, patience=1.0)
            for n in range(8)
        ]
        victim = node.host if crashed == "host" else node
        plant.at(at, victim.crash)
        plant.at(at + 0.05, victim.restart)
        plant.env.run(until=1.0)
        kept = {commit.command for commit in plant.commits()}
        acknowledged = {commit.end.command for commit in told if isinstance(commit.end, Commit)}
        lost = acknowledged - kept
        assert not (is_safe and lost), (at, lost)
        statistics = plant.log.statistics()  # type: ignore[attr-defined]
        assert statistics.lost_shown_count >= len(lost)
        lost_shown += statistics.lost_shown_count
        assert [commit.position for commit in plant.commits()] == list(range(1, len(kept) + 1))
    assert plant.log.is_durable == (not isinstance(policy, PeriodicSync))
    assert (lost_shown > 0) == (not is_safe)


def test_reader_of_a_log_that_has_lost_its_tail_is_told_so() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=10.0)))
    client = plant.log.client(plant.web)
    first = plant.now(client, append_commit("a", ["lost"], command="c1"))
    host = plant.hosts["log"]
    host.crash()
    host.restart()
    plant.run_on(0.1)
    assert plant.now(client, read_commits(first.position, epoch=first.epoch)).is_diverged
    second = plant.now(client, append_commit("a", ["other"], command="c2"))
    assert (second.position, second.version) == (first.position, first.version)
    assert plant.now(client, read_commits(1, epoch=first.epoch)).is_diverged
    assert not plant.now(client, read_commits(1, epoch=second.epoch)).is_diverged
    old = append_commit("a", ["by an old state"], expected=1, expected_epoch=first.epoch)
    assert plant.now(client, old) == Conflict("a", 1)
    found = plant.now(client, read_stream("a", after=1, epoch=first.epoch))
    assert (found.after, [commit.events for commit in found.commits]) == (0, [("other",)])


def test_rejection_changes_nothing_that_anybody_expects_not_even_in_a_new_epoch() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    first = plant.now(client, append_commit("a", ["x"]))
    node = plant.log.nodes[0]
    node.crash()
    node.restart()
    plant.run_on(0.1)
    declined = plant.now(client, append_commit("a", [], rejection="no"))
    assert (declined.position, declined.version) == (2, 1)
    assert declined.epoch != first.epoch
    by_the_first = append_commit("a", ["y"], expected=1, expected_epoch=first.epoch)
    assert plant.now(client, by_the_first).version == 2


def test_what_was_read_after_one_crash_is_there_after_the_next() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=10.0)))
    client = plant.log.client(plant.web)
    plant.now(client, append_commit("a", ["x"]))
    node, host = plant.log.nodes[0], plant.hosts["log"]
    node.crash()  # of which the operating system knows, and not the disk
    node.restart()
    plant.run_on(0.1)
    assert len(plant.now(client, read_commits(0)).commits) == 1
    host.crash()
    host.restart()
    plant.run_on(0.1)
    assert len(plant.commits()) == 1


def test_what_a_second_crash_takes_before_the_log_is_awake_was_told_before_the_first() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=10.0)))
    client = plant.log.client(plant.web)
    for number in range(3):
        plant.now(client, append_commit("a", [number]))
    node, host = plant.log.nodes[0], plant.hosts["log"]
    node.crash()
    node.restart()
    plant.run_on(SYNC / 2.0)  # what the operating system has kept is being synced
    host.crash()
    host.restart()
    plant.run_on(0.1)
    assert list(plant.commits()) == []
    statistics = plant.log.statistics()  # type: ignore[attr-defined]
    assert (statistics.lost_count, statistics.lost_shown_count) == (3, 3)
    host.crash()
    host.restart()
    plant.run_on(0.1)
    assert plant.log.statistics().lost_shown_count == 3  # type: ignore[attr-defined]


def test_destroyed_disk_takes_the_log() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    plant.now(client, append_commit("a", ["x"]))
    node: Any = plant.log.nodes[0]
    node._disk.destroy()
    assert list(plant.commits()) == []
    plant.hosts["log"].restart()
    plant.run_on(0.1)
    assert list(plant.commits()) == []
    assert plant.now(client, append_commit("a", ["y"])).position == 1


def test_log_on_raft_goes_on_without_one_host_and_loses_nothing() -> None:
    plant, _ = plant_with_a_client(on_raft)
    client = plant.log.client(plant.web)
    first = plant.now(client, append_commit("a", ["x"], command="c1"))
    cluster = plant.log.cluster  # type: ignore[attr-defined]
    cluster.leader.host.crash()
    assert plant.now(client, append_commit("a", ["y"], command="c2", expected=1)).position == 2
    assert plant.now(client, append_commit("a", ["x"], command="c1", expected=0)) == first


def test_node_of_raft_that_was_away_is_brought_up_by_a_snapshot_of_the_log() -> None:
    def make_log(plant: CqrsPlant) -> RaftEventLog:
        hosts = [plant.new_host(name) for name in "abc"]
        settings = RaftSettings(snapshot_after=5, entries_kept=0)
        return RaftEventLog(plant.env, plant.network, hosts, settings=settings)

    plant, _ = plant_with_a_client(make_log)
    client, cluster = plant.log.client(plant.web), plant.log.cluster  # type: ignore[attr-defined]
    away = next(node for node in cluster.nodes if node is not cluster.leader)
    away.host.crash()
    for number in range(12):
        plant.now(client, append_commit("a", [number], command=number))
    away.host.restart()
    plant.run_on(2.0)
    assert away.durable.snapshot_index > 5
    assert list(away.replica.machine.streams.commits) == list(plant.commits())
    assert [commit.events for commit in plant.commits()] == [(number,) for number in range(12)]
    away.host.crash()
    assert len(plant.commits()) == 12  # of those who have applied most


def test_machine_that_is_restored_has_the_same_streams() -> None:
    streams = Streams()
    for number in range(4):
        request = append_commit("ab"[number % 2], [number], command=number)
        streams.append(request.key, request.value)
    restored = Streams(tuple(streams.commits))
    assert restored.commits == streams.commits
    assert restored.slice("a", 0, 0) == streams.slice("a", 0, 0)
    assert restored.find(3) == streams.find(3)


def test_unknown_operation_is_a_server_error() -> None:
    plant = CqrsPlant()
    assert plant.now(plant.log.client(plant.web), append_commit("a", [])).position == 1
    assert plant.now(plant.log.client(plant.web), Request("get")) == "ServerError"


def test_callers_who_give_up_leave_nothing_behind_and_what_they_wrote_is_shown() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    plant.run_on(0.1)
    before = plant.life()
    for number in range(40):
        plant.ask(client, append_commit("a", [number]), at=0.1 + 0.001 * number, patience=0.0035)
        plant.ask(client, read_commits(number, wait=0.5), at=0.1 + 0.001 * number, patience=0.0035)
    plant.run_on(2.0)
    assert plant.life() == before
    assert len(plant.commits()) == 40


@pytest.mark.parametrize("early", [1e-6, 0.0, -1e-6])
@pytest.mark.parametrize("policy", [GroupCommit(), SyncEachWrite()])
def test_caller_who_gives_up_at_the_very_instant_of_the_sync_disturbs_nobody(
    policy: Any, early: float
) -> None:
    plant = CqrsPlant(on_disk(policy))
    node = plant.log.nodes[0]
    giving_up = plant.network.connect(plant.web, node, propagate_cancellation=True)
    patience = SYNC - early  # the word that he has gone takes one hop, as the append did
    plant.ask(giving_up, append_commit("a", ["x"]), patience=patience)
    plant.ask(giving_up, read_commits(0, wait=1.0), patience=patience)
    other = plant.ask(plant.way(node), append_commit("b", ["y"]))
    reader = plant.ask(plant.way(node), read_commits(0, wait=SYNC))
    plant.env.run(until=1.0)
    assert other.end.position == 2
    assert len(plant.commits()) == 2
    assert isinstance(reader.end, Batch)
    statistics = node.statistics()
    assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda env, net, host: DiskEventLog(env, net, host, name=""), "name must not be empty, got ''"),
        (lambda env, net, host: DiskEventLog(env, net, "log"), "host must be a Host, got 'log'"),
        (
            lambda env, net, host: DiskEventLog(env, net, host, disk=Disk(Host(env, "other"))),
            "disk must be one of host 'h', got that of 'other'",
        ),
        (
            lambda env, net, host: DiskEventLog(env, net, host, policy="sync"),
            "policy must be a durability policy, got 'sync'",
        ),
        (
            lambda env, net, host: DiskEventLog(env, net, host, request_work=-1.0),
            "request_work must be finite and >= 0 s, got -1.0",
        ),
        (lambda env, net, host: RaftEventLog(env, net, []), "hosts must be at least one"),
        (lambda *_: read_commits(-1), "after must be a whole number >= 0, got -1"),
        (lambda *_: read_commits(0, limit=0), "limit must be a whole number >= 1, got 0"),
        (lambda *_: append_commit("a", "sold"), "events must be a list, got 'sold'"),
        (lambda *_: append_commit("a", None), "events must be a list, got None"),  # type: ignore[arg-type]
        (lambda *_: append_commit("a", [], expected=-1), "expected must be a whole number >= 0, got -1"),
        (
            lambda *_: append_commit("a", ["x"], rejection="no"),
            r"events of what is rejected must be none, got \('x',\)",
        ),
    ],
)
def test_misuse_is_one_clear_line(make: Any, message: str) -> None:
    env = Environment(seed=1)
    with pytest.raises((ValueError, TypeError), match=message):
        make(env, Network(env), Host(env, "h"))
