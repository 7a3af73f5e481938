"""Replicas that a read finds behind, and reads that take turns between old and new."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import Always, Level, Never, ReadRepair, ReadsFrom, at_level
from models.replication.quorums.messages import ReadRequest, ReadResponse
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


@pytest.mark.parametrize(("speculation", "digests"), [(Never(), [True, True]), (Always(), [False, True])])
def test_one_is_asked_for_data_and_the_others_for_digests(speculation: Any, digests: list[bool]) -> None:
    """With one more from the beginning, two are asked for data; itself a coordinator asks first."""
    level = 3 if speculation == Never() else 2
    world = World(plain(read_level=level, speculation=speculation))
    asked: list[bool] = []
    for node in world.nodes:
        node.on(ReadRequest, lambda request: asked.append(request.is_digest))
    world.call(world.client(0), read("x"))
    world.env.run(until=2.0)
    assert asked == digests


def late_news(repair: ReadRepair, **changes: Any) -> tuple[Any, World]:
    """A read at n1 and n2, which have "old", whose answers come long before that of n0, which has "new"."""
    world = partly_written(read_level=2, reads_from=ReadsFrom.ALL, read_repair=repair, **changes)
    world.network.override(world.hosts[0], world.hosts[1], latency=2.0)
    told = world.call(world.client(1), read("x"), at=10.0)
    world.env.run(until=30.0)
    assert (told.outcome, told.at) == (found("old"), 10.0 + 2 * ROUND)
    return world.held("x"), world


def test_background_repair_hears_late_answers_and_writes_to_who_was_behind() -> None:
    held, world = late_news(ReadRepair.BACKGROUND)
    assert held == ["new"] * 3
    statistics = world.store.statistics()
    assert (statistics.mismatch_count, statistics.repair_count) == (0, 2)
    assert world.nodes[1]._awaited == {}


@pytest.mark.parametrize("repair", [ReadRepair.BLOCKING, ReadRepair.NONE])
def test_other_repair_does_not_hear_late_answers(repair: ReadRepair) -> None:
    assert late_news(repair)[0] == ["new", "old", "old"]


def test_background_repair_hears_nothing_after_the_timeout() -> None:
    held, world = late_news(ReadRepair.BACKGROUND, read_timeout=3.0)
    assert held == ["new", "old", "old"]
    assert world.nodes[1]._awaited == {}


def test_background_repair_writes_to_who_answers_late_and_is_behind() -> None:
    world = partly_written(read_level=1, reads_from=ReadsFrom.ALL, read_repair=ReadRepair.BACKGROUND)
    told = world.call(world.client(0), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert (told.outcome, told.at) == (found("new"), 10.0 + ROUND)
    assert world.held("x") == ["new"] * 3
    assert world.store.statistics().repair_count == 2


def test_background_repair_is_not_waited_for() -> None:
    world = partly_written(read_level=Level.ALL, read_repair=ReadRepair.BACKGROUND)
    told = world.call(world.client(1), read("x"), at=10.0)
    world.env.run(until=20.0)
    # As without repair: to the node and back, digests, data.
    assert (told.outcome, told.at) == (found("new"), 10.0 + 3 * ROUND)
    assert world.held("x") == ["new"] * 3


def test_background_repair_of_a_key_that_nobody_has_writes_nothing() -> None:
    world = World(plain(read_level=1, reads_from=ReadsFrom.ALL, read_repair=ReadRepair.BACKGROUND))
    assert world.get() == found(None)
    assert world.held("x") == [None] * 3
    assert world.store.statistics().repair_count == 0


def test_a_late_answer_that_comes_twice_is_one_and_a_late_digest_repairs_nobody() -> None:
    """n0 has "new", asks itself, n1 and n2 one after the other; they answer much later than n0 does."""
    world = partly_written(read_level=1, reads_from=ReadsFrom.ALL, read_repair=ReadRepair.BACKGROUND)
    world.network.partition(world.hosts[1:], world.hosts[0], one_way=True)
    told = world.call(world.client(0), read("x"), at=10.0)
    world.env.run(until=11.0)
    assert told.outcome == found("new")
    reader, (number,) = world.nodes[0], world.nodes[0]._awaited
    for _ in range(2):
        reader.deliver(ReadResponse(number, world.nodes[1], None, is_digest=True))
    assert world.store.statistics().repair_count == 0
    for _ in range(2):
        reader.deliver(ReadResponse(number, world.nodes[2], None, is_digest=False))
    assert world.store.statistics().repair_count == 1
    assert number not in reader._awaited


def test_who_only_stands_in_is_not_repaired() -> None:
    world = World(plain(replicas=2, read_level=1, write_level=1, read_repair=ReadRepair.BACKGROUND))
    world.put("new")
    (other,) = [node for node in world.nodes if node not in world.store.replicas_of("x")]
    keeper = next(node for node in world.nodes if node is not other)
    keeper.repair(other, "x", keeper.look_up("x"))
    world.env.run(until=10.0)
    assert other.look_up("x") is None
