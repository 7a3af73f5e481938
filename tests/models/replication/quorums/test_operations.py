"""Reads, writes and deletes: what they take, what they tell, and when they are refused or given up."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Zone
from models.replication import add, delete, read, write
from models.replication.quorums import (
    Coordination,
    Detection,
    HintedHandoff,
    Level,
    ReadRepair,
    ReadsFrom,
    Versioning,
    at_level,
)
from models.replication.quorums.messages import ReadResponse, WriteAcknowledgement
from simulator.randomness import Constant
from tests.models.replication.quorums.building import ROUND, WAY, WRITTEN, World, found, plain


def distant(settings: Any = None, **changes: Any) -> World:
    """A coordinating client, at round trips of 10, 20 and 30 ms from the replicas."""
    world = World(
        plain(
            coordination=Coordination.CLIENT,
            versioning=Versioning.CLIENT_CLOCK,
            read_repair=ReadRepair.NONE,
            **changes,
        )
    )
    for place, host in enumerate(world.hosts, 1):
        world.network.override(world.client_host, host, latency=Constant(0.005 * place))
    return world


@pytest.mark.parametrize(("level", "at"), [(1, 0.01), (2, 0.02), (3, 0.03)])
def test_a_write_is_acknowledged_when_the_slowest_of_its_quorum_is(level: int, at: float) -> None:
    world = distant(write_level=level)
    told = world.call(world.store.client(world.client_host), write("x", 1))
    world.env.run(until=1.0)
    assert (told.outcome, told.at) == (WRITTEN, pytest.approx(at, abs=1e-12))


@pytest.mark.parametrize(("level", "at"), [(1, 0.01), (2, 0.02), (3, 0.03)])
@pytest.mark.parametrize("reads_from", ReadsFrom)
def test_a_read_takes_as_long_as_the_slowest_of_its_quorum(
    level: int, at: float, reads_from: ReadsFrom
) -> None:
    world = distant(read_level=level, reads_from=reads_from)
    told = world.call(world.store.client(world.client_host), read("x"))
    world.env.run(until=1.0)
    asked = {ReadsFrom.ALL: 3, ReadsFrom.LEVEL: level}[reads_from]
    assert sum(node.received_count for node in world.nodes) == asked
    if reads_from is ReadsFrom.ALL:
        assert (told.outcome, told.at) == (found(None), pytest.approx(at, abs=1e-12))
    else:  # equally near by the map, and so asked in the order of the ring
        assert told.outcome == found(None)


def test_a_coordinator_that_keeps_the_key_is_one_of_its_quorum() -> None:
    world = World()
    told = world.call(world.client(), write("x", 1))
    alone = world.call(world.client(write_level=1), write("y", 1))
    world.env.run(until=3.0)
    assert (told.outcome, told.at) == (WRITTEN, 2 * ROUND)
    assert (alone.outcome, alone.at) == (WRITTEN, ROUND)


def test_a_key_that_was_never_written_has_no_value() -> None:
    assert World().get() == found(None)


def test_what_was_written_last_is_read() -> None:
    world = World()
    world.put(1, 2, 3)
    assert [world.get(node=place) for place in range(3)] == [found(3)] * 3


def test_what_was_deleted_has_no_value_until_it_is_written_again() -> None:
    world = World()
    world.put(1)
    world.call(world.client(), delete("x"), at=world.env.now)
    world.env.run(until=world.env.now + 1.0)
    assert world.get() == found(None)
    assert world.held("x") == [None] * 3
    world.put(2)
    assert world.get() == found(2)


def test_an_operation_that_it_does_not_know_is_an_error_of_the_server() -> None:
    world = World()
    told = world.call(world.client(), add("x", 1))
    world.env.run(until=3.0)
    assert told.outcome == "ServerError"


def test_two_writes_at_one_time_end_with_the_same_value_everywhere() -> None:
    world = World()
    world.call(world.client(0), write("x", "small"))
    world.call(world.client(1), write("x", "tall"))
    world.env.run(until=3.0)
    assert world.held("x") == ["tall"] * 3  # of two at one time the larger value


def test_a_write_that_all_have_acknowledged_leaves_nothing_behind() -> None:
    world = World(plain(write_timeout=100.0))
    told = world.call(world.client(), write("x", 1))
    world.env.run()
    assert (told.outcome, world.env.now) == (WRITTEN, 2 * ROUND)
    assert world.nodes[0]._awaited == {}


def test_a_write_with_too_few_answers_times_out_and_may_apply_all_the_same() -> None:
    world = World(plain(write_level=Level.ALL, write_timeout=2.0))
    world.network.partition(world.hosts[2], world.hosts[0])
    told = world.call(world.client(), write("x", 1))
    world.env.run(until=10.0)
    assert (told.outcome, told.at) == ("TimedOut", ROUND + 2.0)
    assert world.held("x") == [1, 1, None]


def test_a_read_with_too_few_answers_times_out_and_changes_nothing() -> None:
    world = World(plain(read_level=Level.ALL, read_timeout=5.0))
    world.put(1)
    world.network.partition(world.hosts[2], world.hosts[0])
    told = world.call(world.client(), read("x"), at=10.0)
    world.env.run(until=20.0)
    assert (told.outcome, told.at) == ("TimedOut", 10.0 + ROUND + 5.0)
    assert world.store.statistics().timed_out_count == 1


def test_an_answer_that_comes_twice_counts_once() -> None:
    world = World(plain(write_level=3, read_level=3))
    world.network.partition(world.hosts[2], world.hosts[0])
    written = world.call(world.client(), write("x", 1))
    was_read = world.call(world.client(), read("x"), at=5.0)
    coordinator, other = world.nodes[:2]
    for number in range(1, 4):  # of the write, and of what is asked for the read: nothing else is numbered
        world.at(1.0, coordinator.deliver, WriteAcknowledgement(number, other))
        world.at(6.0, coordinator.deliver, ReadResponse(number, other, None, is_digest=False))
    world.env.run(until=20.0)
    assert (written.outcome, was_read.outcome) == ("TimedOut", "TimedOut")


def test_time_outs_are_of_the_coordinators_clock() -> None:
    world = World(plain(write_level=3, read_level=3, write_timeout=2.0, read_timeout=5.0))
    world.hosts[0].skew_clock("test", 1000.0, drift=1.0)
    world.network.partition(world.hosts[2], world.hosts[0])
    told = [world.call(world.client(), request) for request in (write("x", 1), read("x"))]
    world.env.run(until=10.0)
    assert [each.at for each in told] == [ROUND + 2.0 / 2, ROUND + 5.0 / 2]


@pytest.mark.parametrize("request_of", [read("x"), write("x", 1)])
def test_with_too_few_alive_it_is_unavailable_at_once_and_nothing_is_done(request_of: Any) -> None:
    world = World(plain(detection=Detection()))
    world.at(10.0, world.hosts[1].crash)
    world.at(10.0, world.hosts[2].crash)
    told = world.call(world.client(), request_of, at=60.0)
    world.env.run(until=70.0)
    assert (told.outcome, told.at) == ("Unavailable", 60.0 + ROUND)
    assert world.held("x") == [None] * 3
    assert world.store.statistics().unavailable_count == 1


def test_any_is_content_with_a_hint_and_one_is_not() -> None:
    settings = plain(detection=Detection(), hints=HintedHandoff(), replicas=1, read_level=1, write_level=1)
    world = World(settings)
    (keeper,) = world.store.replicas_of("x")
    other = next(place for place, node in enumerate(world.nodes) if node is not keeper)
    world.at(1.0, keeper.host.crash)
    one = world.call(world.client(other), at_level(write("x", 1), Level.ONE), at=60.0)
    any_one = world.call(world.client(other), at_level(write("x", 2), Level.ANY), at=61.0)
    unread = world.call(world.client(other), read("x"), at=62.0)
    world.env.run(until=70.0)
    assert [one.outcome, any_one.outcome, unread.outcome] == ["Unavailable", WRITTEN, "Unavailable"]
    world.at(71.0, keeper.host.restart)
    late = world.call(world.client(other), read("x"), at=90.0)
    world.env.run(until=95.0)
    assert late.outcome == found(2)


def test_a_client_passes_over_a_contact_that_refuses() -> None:
    world = World()
    client = world.store.client(world.client_host)
    world.nodes[1].crash()
    told = [world.call(client, write(f"key {number}", 1)) for number in range(3)]
    world.env.run(until=5.0)
    assert [each.outcome for each in told] == [WRITTEN] * 3


def test_a_client_that_nobody_listens_to_is_refused() -> None:
    world = World()
    for node in world.nodes:
        node.crash()
    told = world.call(world.store.client(world.client_host), write("x", 1))
    world.env.run(until=5.0)
    assert told.outcome == "Refused"


def test_a_client_calls_the_nearest_nodes_in_turn() -> None:
    world = World(plain(replicas=5), regions=(3, 2))
    in_the_zone = Host(world.env, "near", zone=world.hosts[3].zone)
    in_the_region = Host(world.env, "nearer", zone=Zone("zone", world.hosts[4].zone.region))  # type: ignore[union-attr] # it stands in one
    for host in (in_the_zone, in_the_region):
        client = world.store.client(host)
        for _ in range(4):
            world.call(client, read("x"))
    world.env.run(until=5.0)
    assert [node.statistics().call_count for node in world.nodes] == [0, 0, 0, 4 + 2, 2]


def test_a_read_asks_the_nearest_replicas() -> None:
    world = World(plain(replicas=5, read_level=2), regions=(2, 3))
    for number in range(10):
        world.call(world.client(1), read(number))
    world.env.run(until=5.0)
    assert [node.received_count for node in world.nodes] == [10, 10, 0, 0, 0]  # questions, and answers


def test_timestamps_of_one_coordinator_grow_even_where_its_clock_is_set_back() -> None:
    world = World()
    world.put(1)
    world.hosts[0].skew_clock("test", -100.0)
    world.put(2)
    assert world.get() == found(2)


def test_timestamps_grow_as_long_as_a_process_lives_and_no_longer() -> None:
    """What a restart knows of earlier timestamps is its clock; where that is set back, a write is lost."""
    world = World()
    world.put(1)
    world.hosts[0].skew_clock("test", -100.0)
    world.nodes[0].crash()
    world.nodes[0].restart()
    world.put(2)
    assert world.get() == found(1)


def test_a_write_through_a_coordinator_whose_clock_is_behind_is_lost_and_nobody_is_told() -> None:
    world = World()
    world.hosts[1].skew_clock("test", -100.0)
    world.put("first", node=0)
    world.put("second", node=1)
    assert world.get() == found("first")


def test_with_the_clients_clock_the_coordinators_does_not_matter() -> None:
    world = World(plain(versioning=Versioning.CLIENT_CLOCK))
    world.hosts[1].skew_clock("test", -100.0)
    world.put("first", node=0)
    world.put("second", node=1)
    assert world.get() == found("second")
    world.client_host.skew_clock("test", -100.0)
    world.put("third", node=0)
    assert world.get() == found("second")


def test_a_clients_timestamps_are_of_its_clock_and_grow_where_that_is_set_back() -> None:
    world = World(plain(versioning=Versioning.CLIENT_CLOCK))
    first, second = world.client(), world.client()
    told = [
        world.call(client, write("x", value), at=1.0 + value)
        for value, client in enumerate([first, second, first])
    ]
    world.env.run(until=5.0)
    assert [each.outcome for each in told] == [WRITTEN] * 3
    assert world.held("x") == [2] * 3
    world.client_host.skew_clock("test", -100.0)
    world.call(first, write("x", 3), at=5.0)
    world.env.run(until=8.0)
    assert world.held("x") == [3] * 3
    world.client_host.crash()
    world.client_host.restart()  # and knows nothing of what it has given
    world.call(first, write("x", 4), at=8.0)
    world.env.run(until=11.0)
    assert world.held("x") == [3] * 3


def test_work_on_cores_makes_requests_wait_for_each_other() -> None:
    world = World(plain(work=0.5, write_level=1))
    told = [world.call(world.client(), write(f"key {number}", 1)) for number in range(2)]
    world.env.run(until=5.0)
    assert [each.at for each in told] == [ROUND + 0.5, ROUND + 1.0]


def test_messages_that_cost_work_make_a_quorum_slower() -> None:
    world = World(plain(message_work=0.5))
    told = world.call(world.client(), write("x", 1))
    world.env.run(until=5.0)
    # The first of two acknowledgements is worked on for as long as the replica has worked on the write.
    assert told.at == WAY + (WAY + 0.5) + (WAY + 0.5) + WAY
