"""Hints: for whom they are kept, and for how long, how fast they are replayed, what a crash leaves."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import Detection, HintedHandoff, Never, ReadsFrom, dynamo
from models.replication.quorums.messages import ReadRequest
from models.storage import PeriodicSync
from tests.models.replication.quorums.building import WRITTEN, World, found, plain


def hinting(**changes: Any) -> Any:
    return plain(**{"hints": HintedHandoff(interval=1.0), "write_level": 1, **changes})


def hint_count(world: World, node: int = 0) -> int:
    hints = world.nodes[node].hints
    assert hints is not None
    return len(hints)


def test_who_does_not_acknowledge_in_time_is_kept_a_hint_for() -> None:
    world = World(hinting(hints=HintedHandoff(interval=100.0)))
    world.network.partition(world.hosts[0], world.hosts[2])
    told = world.call(world.client(), write("x", 1))
    world.env.run(until=2.1)
    assert (told.outcome, hint_count(world)) == (WRITTEN, 0)
    world.env.run(until=2.2)  # the time-out is 2 s from the write
    assert hint_count(world) == 1
    assert world.held("x") == [1, 1, None]


def test_a_hint_is_kept_also_where_the_client_was_told_nothing_good() -> None:
    world = World(hinting(write_level=3))
    outage = world.network.partition(world.hosts[0], world.hosts[2])
    told = world.call(world.client(), write("x", 1))
    world.at(5.0, world.network.heal, outage)
    world.env.run(until=10.0)
    assert told.outcome == "TimedOut"
    assert world.held("x") == [1, 1, 1]


def test_for_a_suspected_replica_a_hint_is_kept_at_once_and_replayed_when_it_is_back() -> None:
    world = World(hinting(detection=Detection(), hints=HintedHandoff(interval=1000.0)))
    world.at(10.0, world.hosts[2].crash)
    world.call(world.client(), write("x", 1), at=60.0)
    world.env.run(until=60.5)
    assert hint_count(world) == 1
    world.at(70.0, world.hosts[2].restart)
    world.env.run(until=75.0)
    assert hint_count(world) == 0
    assert world.held("x") == [1, 1, 1]
    assert world.store.statistics().hint_replayed_count == 1


def test_a_version_that_is_held_already_is_acknowledged_and_not_logged_again() -> None:
    world = World(hinting())
    world.network.partition(world.hosts[1], world.hosts[0], one_way=True)
    world.call(world.client(), write("x", 1))
    world.env.run(until=30.0)  # replayed every second, and never acknowledged
    assert hint_count(world) == 1
    assert world.nodes[1].stored.log.appended_count == 1


def test_hints_are_replayed_one_after_the_other_at_their_rate() -> None:
    world = World(hinting(hints=HintedHandoff(interval=1.0, rate=2.0)))
    outage = world.network.partition(world.hosts[0], world.hosts[2])
    for number in range(6):
        world.call(world.client(), write(f"key {number}", 1))
    world.at(2.5, world.network.heal, outage)
    world.env.run(until=4.9)  # begun at 3, one each half second
    assert len(world.nodes[2].contents()) == 4
    world.env.run(until=5.9)
    assert len(world.nodes[2].contents()) == 6
    assert world.nodes[2].received_count == 6  # each once, though the keeper has looked round meanwhile


def test_replaying_stops_when_its_target_is_suspected_again() -> None:
    world = World(hinting(detection=Detection(), hints=HintedHandoff(interval=1000.0, rate=0.1)))
    world.at(1.0, world.hosts[2].crash)
    for number in range(20):
        world.call(world.client(), write(f"key {number}", 1), at=30.0)
    world.at(40.0, world.hosts[2].restart)
    world.at(65.0, world.hosts[2].crash)  # suspected within 20 s
    keeper = world.nodes[0]
    world.env.run(until=85.0)
    handed_over = 20 - hint_count(world)
    assert 2 <= handed_over <= 4
    for _ in range(10):
        world.env.run(until=world.env.now + 5.0)
        assert keeper._awaited == {}
    world.hosts[2].restart()
    world.env.run(until=world.env.now + 300.0)
    assert (hint_count(world), len(world.nodes[2].contents())) == (0, 20)


def test_none_is_kept_for_who_has_been_gone_for_longer_than_the_window() -> None:
    world = World(hinting(detection=Detection(), hints=HintedHandoff(window=100.0, interval=1.0)))
    world.at(10.0, world.hosts[2].crash)
    world.call(world.client(), write("early", 1), at=100.0)
    world.call(world.client(), write("late", 1), at=120.0)
    world.at(130.0, world.hosts[2].restart)
    world.env.run(until=160.0)
    assert world.nodes[2].contents() == {"early": 1}
    assert world.store.statistics().hint_refused_count == 1


def test_one_that_has_become_too_old_is_dropped() -> None:
    world = World(hinting(hints=HintedHandoff(window=50.0, interval=1.0)))
    outage = world.network.partition(world.hosts[0], world.hosts[2])
    world.call(world.client(), write("x", 1))
    world.at(60.0, world.network.heal, outage)
    world.env.run(until=80.0)
    assert (hint_count(world), world.held("x")) == (0, [1, 1, None])
    assert world.store.statistics().hint_dropped_count == 1


def test_one_that_has_become_too_old_is_dropped_though_its_target_stays_away() -> None:
    world = World(hinting(detection=Detection(), hints=HintedHandoff(window=50.0, interval=1.0)))
    world.at(1.0, world.hosts[2].crash)
    world.call(world.client(), write("early", 1), at=30.0)
    world.call(world.client(), write("late", 1), at=50.0)
    for until, count in ((79.0, 2), (82.0, 1), (99.0, 1), (102.0, 0)):
        world.env.run(until=until)
        assert hint_count(world) == count
    statistics = world.store.statistics()
    assert (statistics.hint_dropped_count, statistics.hint_replayed_count) == (2, 0)


@pytest.mark.parametrize(("interval", "survives"), [(0.5, True), (1000.0, False)])
def test_hints_survive_a_crash_of_their_keeper_if_its_log_does(interval: float, survives: bool) -> None:
    world = World(hinting(durability=PeriodicSync(interval=interval), hints=HintedHandoff(interval=5.0)))
    outage = world.network.partition(world.hosts[0], world.hosts[2])
    world.call(world.client(), write("x", 1))
    world.at(3.9, world.hosts[0].crash)
    world.at(4.0, world.hosts[0].restart)
    world.at(4.1, world.network.heal, outage)
    world.env.run(until=20.0)
    assert (world.held("x")[2] == 1) == survives


def test_a_hint_that_was_handed_over_is_not_kept_after_a_restart() -> None:
    world = World(hinting())
    outage = world.network.partition(world.hosts[0], world.hosts[2])
    world.call(world.client(), write("x", 1))
    world.at(3.0, world.network.heal, outage)
    world.at(10.0, world.nodes[0].crash)
    world.at(11.0, world.nodes[0].restart)
    world.env.run(until=11.5)
    assert (hint_count(world), world.held("x")) == (0, [1, 1, 1])
    assert world.store.statistics().hint_replayed_count == 1


def test_a_coordinator_whose_own_disk_is_slow_keeps_no_hint_for_itself() -> None:
    world = World(hinting(sync_time=3.0, hints=HintedHandoff(interval=100.0)))
    told = world.call(world.client(), write("x", 1))
    world.env.run(until=20.0)
    assert told.outcome == "TimedOut"
    assert world.held("x") == [1, 1, 1]
    assert hint_count(world) == 2  # for the others, whose disks are as slow
    assert world.store.statistics().hint_count == 2


def sloppy(**changes: Any) -> World:
    """Five nodes, of which the last replica of "x" is down and suspected."""
    settings = hinting(detection=Detection(), sloppy=True, write_level=3, read_level=1, **changes)
    world = World(settings, count=5)
    world.at(10.0, world.store.replicas_of("x")[2].host.crash)
    world.env.run(until=60.0)
    return world


def coordinator_of(world: World) -> int:
    return world.nodes.index(world.store.replicas_of("x")[0])  # type: ignore[arg-type] # replicas are nodes


def test_in_a_sloppy_quorum_another_node_stands_in_and_hands_over() -> None:
    world = sloppy()
    down = world.store.replicas_of("x")[2]
    world.put(1, node=coordinator_of(world))
    holders = [node for node in world.nodes if node.contents().get("x") == 1]
    (stand_in,) = [node for node in holders if node not in world.store.replicas_of("x")]
    assert stand_in.hints is not None
    assert len(stand_in.hints) == 1
    world.at(70.0, down.host.restart)
    world.env.run(until=80.0)
    assert len(stand_in.hints) == 0
    assert [node.contents().get("x") == 1 for node in world.nodes] == [
        node in world.store.replicas_of("x") for node in world.nodes
    ]


@pytest.mark.parametrize(("window", "outcome"), [(30.0, "Unavailable"), (inf, WRITTEN)])
def test_nobody_stands_in_for_who_has_been_gone_for_longer_than_the_window(
    window: float, outcome: Any
) -> None:
    """Or the stand-in would keep nothing and acknowledge nothing, and each such write would time out."""
    world = sloppy(hints=HintedHandoff(window=window, interval=1000.0))
    asked_at = world.env.now
    told = world.call(world.client(coordinator_of(world)), write("x", 1), at=asked_at)
    world.env.run(until=asked_at + 1.0)
    assert told.outcome == outcome


def test_dynamo_has_no_window() -> None:
    hints = dynamo().hints
    assert hints is not None
    assert hints.window == inf


def test_who_stands_in_and_is_down_still_holds_what_it_keeps() -> None:
    world = sloppy()
    world.put(1, node=coordinator_of(world))
    holders = [node for node in world.nodes if node.contents() == {"x": 1}]
    for node in holders:
        node.host.crash()
    assert len(holders) == 3
    assert [node.contents() for node in holders] == [{"x": 1}] * 3


def test_without_sloppiness_the_same_write_is_unavailable() -> None:
    world = World(hinting(detection=Detection(), write_level=3), count=5)
    world.at(10.0, world.store.replicas_of("x")[2].host.crash)
    told = world.call(world.client(coordinator_of(world)), write("x", 1), at=60.0)
    world.env.run(until=61.0)
    assert told.outcome == "Unavailable"


def test_who_stands_in_answers_reads_with_what_it_keeps() -> None:
    world = sloppy()
    world.put("old", "new", node=coordinator_of(world))
    for replica in world.store.replicas_of("x")[:2]:
        replica.host.crash()
    world.env.run(until=120.0)
    alive = [place for place, node in enumerate(world.nodes) if node.is_awake]
    assert [world.nodes[place].contents().get("x") for place in alive].count("new") == 1
    told = [world.call(world.client(place, read_level=2), read("x"), at=120.0) for place in alive]
    world.env.run(until=130.0)
    assert [each.outcome for each in told] == [found("new")] * 2


def test_as_many_stand_in_for_a_read_as_there_are_replicas_away() -> None:
    world = sloppy(reads_from=ReadsFrom.ALL, speculation=Never())
    asked: list[Any] = []
    for node in world.nodes:
        node.on(ReadRequest, asked.append)
    world.call(world.client(coordinator_of(world)), read("x"), at=60.0)
    world.env.run(until=61.0)
    assert len(asked) == 2  # of the three that it asks it is one itself


def test_read_repair_does_not_make_who_stands_in_a_replica() -> None:
    settings = hinting(detection=Detection(), sloppy=True, read_level=3, write_level=3)
    world = World(settings, count=5)
    world.put(1, node=coordinator_of(world))
    down = world.store.replicas_of("x")[2]
    world.at(10.0, down.host.crash)
    told = world.call(world.client(coordinator_of(world)), read("x"), at=60.0)
    world.env.run(until=70.0)
    assert told.outcome == found(1)
    assert [node.contents().get("x") == 1 for node in world.nodes] == [
        node in world.store.replicas_of("x") for node in world.nodes
    ]


def test_a_sloppy_quorum_of_reads_and_writes_need_not_overlap() -> None:
    """Both sides of a cut have a quorum of three of their own, and neither sees what the other wrote."""
    settings = hinting(detection=Detection(), sloppy=True, write_level=2, read_level=2)
    world = World(settings, count=5)
    replicas = world.store.replicas_of("x")
    here = [replicas[0].host]
    there = [host for host in world.hosts if host not in here]
    here.append(there.pop(there.index(next(h for h in there if all(r.host is not h for r in replicas)))))
    world.at(10.0, world.network.partition, here, there)
    one = world.nodes.index(replicas[0])  # type: ignore[arg-type] # replicas are nodes
    other = world.nodes.index(replicas[1])  # type: ignore[arg-type] # replicas are nodes
    written = world.call(world.client(one), write("x", 1), at=60.0)
    was_read = world.call(world.client(other), read("x"), at=70.0)
    world.env.run(until=80.0)
    assert (written.outcome, was_read.outcome) == (WRITTEN, found(None))


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"window": 0.0}, "window must be > 0 s, got 0.0"),
        ({"rate": 0.0}, "rate must be finite and > 0, got 0.0"),
        ({"interval": -1.0}, "interval must be finite and > 0 s, got -1.0"),
    ],
)
def test_impossible_handoff_is_refused(setting: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        HintedHandoff(**setting)
