"""Each flaw that can be planted is caught by a law that holds without it."""

from __future__ import annotations

from collections.abc import Generator
from itertools import permutations
from typing import Any

from models.replication import delete, read, write
from models.replication.quorums import Detection, HintedHandoff, QuorumFlaws, ReadsFrom
from models.storage import SyncEachWrite
from tests.models.replication.quorums.building import WAY, WRITTEN, World, found, plain


def stale_reads(flaws: QuorumFlaws, **changes: Any) -> list[tuple[int, Any]]:
    """What was written, and what a read found that began when that was acknowledged, where these differ.

    All pairs of coordinators take turns, the third node is far away, and nothing fails: with R + W > N there
    must be none.
    """
    world = World(plain(write_timeout=60.0, read_timeout=60.0, **changes), flaws=flaws)
    world.network.override(world.hosts[0], world.hosts[1], latency=0.5)
    world.network.override(world.hosts[:2], world.hosts[2], latency=2.0)
    stale: list[tuple[int, Any]] = []

    def run() -> Generator[Any, Any, None]:
        for number, (writer, reader) in enumerate(3 * list(permutations(range(3), 2))):
            key = f"key {number}"
            yield from world.client(writer).call(write(key, number))
            response = yield from world.client(reader).call(read(key))
            if response.value != number:
                stale.append((number, response.value))

    world.env.process(run())
    world.env.run(until=600.0)
    assert world.store.statistics().read_count == 18
    return stale


def test_without_flaws_overlapping_quorums_are_never_stale() -> None:
    for reads_from in ReadsFrom:
        for levels in ((2, 2), (1, 3), (3, 1)):
            settings = {"reads_from": reads_from, "read_level": levels[0], "write_level": levels[1]}
            assert stale_reads(QuorumFlaws(), **settings) == []


def test_quorums_that_do_not_overlap_are_stale_without_any_flaw() -> None:
    assert stale_reads(QuorumFlaws(), read_level=1, write_level=2) != []


def test_an_acknowledgement_before_the_quorum_is_caught_by_stale_reads() -> None:
    assert stale_reads(QuorumFlaws(acknowledges_before_quorum=True)) != []


def test_an_answer_that_is_the_first_and_not_the_newest_is_caught_by_stale_reads() -> None:
    assert stale_reads(QuorumFlaws(answers_first=True)) != []


def written_and_left(flaws: QuorumFlaws) -> tuple[Any, list[Any]]:
    """A write at all replicas, whose hosts crash when it is acknowledged, and what there is afterwards."""
    world = World(plain(write_level=3, durability=SyncEachWrite(), sync_time=1.0), flaws=flaws)
    told = world.call(world.client(), write("x", 1))

    def crash_all() -> None:
        for host in world.hosts:
            host.crash()
        for host in world.hosts:
            host.restart()

    # By then the flawed one has acknowledged, 4 ways after the call; the other one not before its 2 syncs.
    world.at(4 * WAY + 0.01, crash_all)
    world.env.run(until=20.0)
    return told.outcome, world.held("x")


def test_an_acknowledgement_before_it_is_durable_is_caught_by_a_loss() -> None:
    assert written_and_left(QuorumFlaws()) == (None, [None] * 3)
    assert written_and_left(QuorumFlaws(acknowledges_before_durable=True)) == (WRITTEN, [None] * 3)


def beside_a_suspected_replica(flaws: QuorumFlaws) -> tuple[Any, Any]:
    """A write at all replicas of which one is suspected, and a read at that one."""
    settings = plain(detection=Detection(), hints=HintedHandoff(interval=1000.0), write_level=3, read_level=1)
    world = World(settings, flaws=flaws)
    world.at(10.0, world.network.partition, world.hosts[0], world.hosts[1])
    written = world.call(world.client(0), write("x", 1), at=60.0)
    was_read = world.call(world.client(1), read("x"), at=65.0)
    world.env.run(until=70.0)
    return written.outcome, was_read.outcome


def test_hints_that_count_are_caught_by_stale_reads() -> None:
    assert beside_a_suspected_replica(QuorumFlaws()) == ("Unavailable", found(None))
    assert beside_a_suspected_replica(QuorumFlaws(counts_hints=True)) == (WRITTEN, found(None))


def risen(flaws: QuorumFlaws) -> Any:
    """A delete that one replica misses; a later read of it and another repairs both."""
    world = World(plain(), flaws=flaws)
    world.put(1)
    cut = world.network.partition(world.hosts[2], world.hosts[:2])
    world.call(world.client(0), delete("x"), at=5.0)
    world.at(10.0, world.network.heal, cut)
    world.call(world.client(2), read("x"), at=11.0)
    world.env.run(until=15.0)
    return world.get(node=2)


def test_tombstones_that_are_forgotten_are_caught_by_the_dead_that_rise() -> None:
    assert risen(QuorumFlaws()) == found(None)
    assert risen(QuorumFlaws(forgets_tombstones=True)) == found(1)
