"""When one replica more is asked, and that it helps."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import AfterDelay, AfterPercentile, Always, Never
from tests.models.replication.quorums.building import ROUND, WAY, World, found, plain


def read_past_a_silent_replica(speculation: Any) -> tuple[Any, float | None, int]:
    """A quorum read through n0 while the next replica in its order says nothing to it."""
    world = World(plain(speculation=speculation, read_timeout=5.0))
    world.put("here")
    order = [replica for replica in world.store.replicas_of("x") if replica is not world.nodes[0]]
    world.network.partition(order[0].host, world.hosts[0], one_way=True)
    told = world.call(world.client(0), read("x"), at=10.0)
    world.env.run(until=20.0)
    return told.outcome, told.at, world.store.statistics().speculation_count


def test_without_speculation_a_silent_replica_is_waited_for() -> None:
    assert read_past_a_silent_replica(Never()) == ("TimedOut", 10.0 + WAY + 5.0 + WAY, 0)


def test_after_a_delay_another_is_asked_and_its_answer_will_do() -> None:
    assert read_past_a_silent_replica(AfterDelay(1.0)) == (found("here"), 10.0 + 2 * ROUND + 1.0, 1)


def test_where_no_data_has_come_the_further_one_is_asked_for_data() -> None:
    """The coordinator keeps no copy, and of the two that it asks the one that was to send data is silent."""
    world = World(plain(speculation=AfterDelay(1.0)), count=4)
    replicas = world.store.replicas_of("x")
    (coordinator,) = [place for place, node in enumerate(world.nodes) if node not in replicas]
    world.put("here", node=coordinator)
    world.network.partition(replicas[0].host, world.hosts[coordinator], one_way=True)
    told = world.call(world.client(coordinator), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert (told.outcome, told.at) == (found("here"), 10.0 + 2 * ROUND + 1.0)


def test_where_answers_differ_the_further_one_is_asked_for_data_too() -> None:
    world = World(plain(speculation=AfterDelay(1.0)))
    world.put("old")
    order = [replica for replica in world.store.replicas_of("x") if replica is not world.nodes[0]]
    cut = world.network.partition(world.hosts[0], [other.host for other in order], one_way=True)
    world.call(world.client(0, write_level=1), write("x", "new"), at=5.0)
    world.at(9.0, world.network.heal, cut)
    world.env.run(until=9.0)
    world.network.partition(order[0].host, world.hosts[0], one_way=True)
    told = world.call(world.client(0), read("x"), at=10.0)
    world.env.run(until=20.0)
    # After the digest of the further one, its data, and the repair of it.
    assert (told.outcome, told.at) == (found("new"), 10.0 + 4 * ROUND + 1.0)


def test_one_that_is_always_asked_costs_no_time() -> None:
    assert read_past_a_silent_replica(Always()) == (found("here"), 10.0 + 2 * ROUND, 1)


def test_without_samples_a_percentile_waits_for_half_the_timeout() -> None:
    assert read_past_a_silent_replica(AfterPercentile()) == (found("here"), 10.0 + 2 * ROUND + 2.5, 1)


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        (AfterPercentile(99.0), ROUND),
        (AfterPercentile(99.0, at_most=0.01), 0.01),
        (AfterPercentile(99.0, at_least=1.0), 1.0),
    ],
)
def test_a_percentile_follows_what_reads_have_taken_between_its_bounds(
    policy: AfterPercentile, after: float
) -> None:
    world = World(plain(speculation=policy))
    world.put("here")
    client = world.client(0)
    for number in range(64):
        world.call(client, read("x"), at=5.0 + number)
    world.env.run(until=100.0)
    order = [replica for replica in world.store.replicas_of("x") if replica is not world.nodes[0]]
    world.network.partition(order[0].host, world.hosts[0], one_way=True)
    told = world.call(client, read("x"), at=100.0)
    world.env.run(until=110.0)
    assert told.at == pytest.approx(100.0 + 2 * ROUND + after, abs=0.05 * ROUND)


def test_no_more_are_asked_than_there_are() -> None:
    world = World(plain(speculation=Always(), read_level=3))
    world.put("here")
    assert world.get() == found("here")
    assert world.store.statistics().speculation_count == 0


def test_where_all_reads_take_the_same_time_a_percentile_asks_nobody_again() -> None:
    world = World(plain(speculation=AfterPercentile()))
    world.put("here")
    client = world.client(0)
    for number in range(200):
        world.call(client, read("x"), at=5.0 + number)
    world.env.run(until=300.0)
    assert world.store.statistics().speculation_count == 0


def test_an_answer_that_comes_in_time_needs_no_speculation() -> None:
    world = World(plain(speculation=AfterDelay(ROUND + 0.01)))
    world.put("here")
    assert world.get() == found("here")
    assert world.store.statistics().speculation_count == 0


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: AfterDelay(-1.0), "delay must be finite and >= 0 s, got -1.0"),
        (lambda: AfterPercentile(0.0), r"percentile must lie in \(0, 100\], got 0.0"),
        (lambda: AfterPercentile(at_least=2.0, at_most=1.0), "at_least must be <= at_most, got 2.0 and 1.0"),
    ],
)
def test_impossible_ways_to_speculate_are_refused(make: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make()
