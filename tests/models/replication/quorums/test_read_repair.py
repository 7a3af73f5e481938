"""Replicas that a read finds behind, and reads that take turns between old and new."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import Level, ReadRepair, ReadsFrom, at_level
from tests.models.replication.quorums.building import ROUND, World, found, plain


def partly_written(**changes: Any) -> World:
    """All replicas hold "old"; "new" has reached n0 alone, and its writer was told nothing good."""
    world = World(plain(**changes))
    world.put("old")
    rules = [world.network.partition(world.hosts[0], world.hosts[place]) for place in (1, 2)]
    told = world.call(world.client(0), write("x", "new"), at=world.env.now)
    world.env.run(until=10.0)
    assert told.outcome == "TimedOut"
    for rule in rules:
        world.network.heal(rule)
    assert world.held("x") == ["new", "old", "old"]
    return world


@pytest.mark.parametrize("reads_from", ReadsFrom)
def test_blocking_repair_writes_to_who_is_behind_before_it_answers(reads_from: ReadsFrom) -> None:
    world = partly_written(read_level=Level.ALL, reads_from=reads_from)
    told = world.call(world.client(1), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert told.outcome == found("new")
    assert world.held("x") == ["new"] * 3
    # To the node and back, digests or data, all data once there were digests, and the repair.
    rounds = 4 if reads_from is ReadsFrom.LEVEL else 3
    assert told.at == 10.0 + rounds * ROUND
    statistics = world.store.statistics()
    assert (statistics.mismatch_count, statistics.repair_count) == (1, 2)


def test_without_repair_the_newest_is_answered_and_nobody_is_written_to() -> None:
    world = partly_written(read_level=Level.ALL, read_repair=ReadRepair.NONE)
    told = world.call(world.client(1), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert (told.outcome, told.at) == (found("new"), 10.0 + 3 * ROUND)
    assert world.held("x") == ["new", "old", "old"]


def test_who_was_not_asked_is_not_repaired() -> None:
    world = partly_written()
    told = world.call(world.client(0), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert told.outcome == found("new")
    assert world.held("x").count("new") == 2


def reads_by_turns(repair: ReadRepair) -> list[Any]:
    """What n1 and n0 read together of the partial write, then n1 and n2, and so on."""
    world = partly_written(read_repair=repair, reads_from=ReadsFrom.ALL)
    outcomes = []
    for unheard in (2, 0, 2, 0):
        rule = world.network.partition(world.hosts[unheard], world.hosts[1], one_way=True)
        outcomes.append(world.get(node=1))
        world.network.heal(rule)
    return outcomes


def test_with_blocking_repair_quorum_reads_never_go_back() -> None:
    assert reads_by_turns(ReadRepair.BLOCKING) == [found("new")] * 4


def test_without_repair_quorum_reads_take_turns_between_old_and_new() -> None:
    """So no quorum makes the store linearizable: the write that failed is there, and is not."""
    assert reads_by_turns(ReadRepair.NONE) == [found("new"), found("old")] * 2


@pytest.mark.parametrize(("source", "target", "held"), [(1, 2, "old"), (2, 1, "new")])
def test_a_repair_that_is_cut_or_whose_acknowledgement_is_times_out(
    source: int, target: int, held: str
) -> None:
    world = partly_written(read_level=Level.ALL, read_timeout=5.0)
    told = world.call(world.client(1), read("x"), at=10.0)
    # At the node after half a round, two rounds to ask for digests and data; the repair is sent then.
    world.at(10.0 + 2.25 * ROUND, world.cut, world.hosts[source], world.hosts[target])
    world.env.run(until=30.0)
    assert (told.outcome, told.at) == ("TimedOut", 10.0 + ROUND / 2 + 5.0 + ROUND / 2)
    assert world.held("x") == ["new", "new", held]


def test_digests_that_agree_cost_one_round_and_no_data_but_one() -> None:
    world = World()
    world.put("old")
    before = [node.sent_count for node in world.nodes]
    told = world.call(world.client(0), at_level(read("x"), Level.ALL), at=world.env.now)
    start = world.env.now
    world.env.run(until=20.0)
    assert (told.outcome, told.at) == (found("old"), start + 2 * ROUND)
    assert [node.sent_count - sent for node, sent in zip(world.nodes, before, strict=True)] == [2, 1, 1]
