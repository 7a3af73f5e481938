"""Servers: by whose table they act and for how long, what they pass on, and what they may acknowledge.

A way takes 1/64 s. A call from "web" takes two ways to the server and two more from there to the store, and a
question to the directory two; a server renews a second after each answer, and its lease is 4 s.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from models import Host
from models.replication import PrimaryReplicaStore, add, compare_and_set, read, write
from models.replication.primary_replica import FailoverSettings, ReplicationSettings
from models.sharding import StoredKey

from .building import BEFORE_M, SETTINGS, WAY, World, copying, frozen, given_up, handed_over


def test_request_goes_to_the_shard_of_its_key_under_the_epoch_of_its_range() -> None:
    world = World()
    assert world.now(write("a", 1)) is None
    assert world.now(write("z", 2)) is None
    assert world.shards["one"].contents() == {"one": {StoredKey(0, "a"): 1}}
    assert world.shards["two"].contents() == {"two": {StoredKey(0, "z"): 2}}
    assert (world.now(read("a")), world.now(read("z"))) == (1, 2)


def test_call_takes_two_ways_to_the_server_and_two_to_the_store_and_the_first_two_to_the_directory() -> None:
    world = World()
    world.run(1.0)
    first = world.ask(read("a"))
    world.run(2.0)
    second = world.ask(read("a"))
    world.run(3.0)
    assert (first.at - 1.0, second.at - 2.0) == (6 * WAY, 4 * WAY)


def test_server_that_starts_asks_the_directory_and_lets_requests_wait_for_that() -> None:
    world = World()
    told = world.ask(read("a"))  # with the router's own question: it comes to the server two ways later
    world.run(1.0)
    assert told.outcome is None
    world.server.crash()
    world.run(1.5)
    world.server.restart()
    assert world.server.table is None
    told = world.ask(read("a"))
    world.run(2.5)
    assert told.at - 1.5 == 5 * WAY  # one way to it; of the two to the directory and back one is over by then


def test_server_without_the_directory_serves_for_a_lease_and_then_refuses() -> None:
    world = World()
    world.now(write("a", 1))
    renewed_at = world.env.now
    world.cut(world.one)
    world.run(renewed_at + SETTINGS.lease - 1.5)
    assert world.now(read("a")) == 1
    world.run(renewed_at + SETTINGS.lease + 0.1)
    assert world.now(read("a")) == "Unavailable"
    assert world.now(write("a", 2)) == "Unavailable"
    assert world.now(read("z")) is None  # who reaches the directory serves on
    assert world.store.statistics().unleased_count == 2


def test_server_counts_the_lease_by_its_own_clock() -> None:
    world = World()
    world.now(write("a", 1))
    world.one.skew_clock("fast", 0.0, drift=1.0)
    world.run(3.0)
    world.cut(world.one)
    world.run(3.0 + SETTINGS.lease / 2 + 0.1)
    assert world.now(read("a")) == "Unavailable"


def test_lease_is_counted_from_when_the_question_was_sent() -> None:
    """The directory is 1.5 s away: of a lease of 4 s there is 1 s left when it has answered."""
    world = World(settings=replace(SETTINGS, directory_timeout=3.5))
    world.network.override(world.one, world.directory_host, latency=1.5)
    world.run(3.25)
    world.cut(world.one)
    assert world.now(read("a")) is None
    world.run(4.0 - 2 * WAY)
    told = world.ask(read("a"))  # comes to the server in time, and to its end too late
    world.run(20.0)
    assert told.outcome == "Unavailable"


def test_server_is_heard_to_know_a_version_when_it_has_read_it_and_not_before() -> None:
    world = World()
    world.run(0.25)
    world.change(lambda table: copying(table, "a", "two"))
    world.run(0.5)
    assert world.server.table is not None
    assert world.server.table.version == 0
    heard = world.env.process(world.server.hear(1))
    world.run(0.75)
    assert heard.value.version == world.server.table.version == 1


def test_server_that_is_asked_by_a_newer_table_than_its_own_reads_that_first() -> None:
    world = World()
    world.run(0.25)
    world.change(lambda table: copying(table, "a", "two"))
    world.run(0.3)
    told = world.ask(read("a"))  # the router has no table yet, and reads the new one
    world.run(0.8)
    assert told.outcome is None
    assert told.at - 0.3 == pytest.approx(8 * WAY)
    assert world.server.table is not None
    assert world.server.table.version == 1


def test_range_that_is_copied_is_served_and_one_that_is_frozen_is_not() -> None:
    world = World()
    world.now(write("a", 1))
    world.change(lambda table: copying(table, "a", "two"))
    world.run(world.env.now + 2.0)
    assert world.now(write("a", 2)) is None
    world.change(lambda table: frozen(table, "a"))
    world.run(world.env.now + 2.0)
    assert world.now(read("a")) == "Unavailable"
    assert world.now(write("a", 3)) == "Unavailable"
    world.change(lambda table: given_up(table, "a"))
    world.run(world.env.now + 0.5)
    assert world.now(read("a")) == 2
    assert world.now(write("a", 4)) is None


@pytest.mark.parametrize(
    ("request_of", "outcome"),
    [(write("a", 2), "TimedOut"), (add("a", 1), "TimedOut"), (compare_and_set("a", 5, 6), "TimedOut")],
)
def test_write_that_was_done_when_the_range_was_frozen_already_is_unknown(
    request_of: object, outcome: str
) -> None:
    """The store takes 1 s; in the middle of it the range is frozen, and the server hears of it."""
    world = World(request_work=1.0)
    world.change(lambda table: copying(table, "a", "two"))
    world.run(2.5)
    told = world.ask(request_of)  # type: ignore[arg-type] # a request
    world.at(2.75, world.change, lambda table: frozen(table, "a"))
    world.run(2.95)
    world.env.process(world.server.hear(2))
    world.run(4.0)
    assert told.outcome == outcome
    assert world.store.statistics().unknown_count == 1


def test_read_that_was_done_when_the_range_was_frozen_already_is_asked_for_again() -> None:
    world = World(request_work=1.0)
    world.now(write("a", 1))
    world.change(lambda table: copying(table, "a", "two"))
    world.run(4.0)
    told = world.ask(read("a"))
    world.at(4.25, world.change, lambda table: frozen(table, "a"))
    world.run(4.5)
    world.env.process(world.server.hear(2))
    world.run(5.5)
    assert told.outcome == "silence"
    world.change(lambda table: given_up(table, "a"))
    world.run(7.5)
    assert told.outcome == 1
    assert world.store.statistics().unknown_count == 0


def test_what_was_done_without_a_lease_at_the_end_is_acknowledged_only_with_a_new_one() -> None:
    """The store takes 5 s, a lease 4: in the end the server asks the directory, or cannot."""
    for is_cut in (False, True):
        world = World(request_work=5.0)
        world.run(1.0)
        wrote, saw = world.ask(write("a", 1)), world.ask(read("z"))
        if is_cut:
            world.at(1.1, world.cut, world.one, world.two)
        world.run(20.0)
        assert (wrote.outcome, saw.outcome) == (("TimedOut", "Unavailable") if is_cut else (None, None))


def test_abandoned_move_leaves_what_is_under_way_to_be_acknowledged() -> None:
    """The epoch is the old one, and so is the data: a write across the two changes is as good as any."""
    world = World(request_work=1.0)
    world.change(lambda table: copying(table, "a", "two"))
    world.run(2.5)
    told = world.ask(write("a", 1))
    world.at(2.6, world.change, lambda table: frozen(table, "a"))
    world.at(2.9, world.change, lambda table: given_up(table, "a"))
    world.run(5.0)
    assert told.outcome is None


def test_late_write_under_an_old_epoch_is_never_seen() -> None:
    """A write that is done at the old owner after the range has moved: into a namespace that is dead."""
    world = World(request_work=1.0)
    world.run(1.0)
    told = world.ask(write("a", "late"))
    world.run(1.0 + 3 * WAY)
    for change in (
        lambda table: copying(table, "a", "two"),
        lambda t: frozen(t, "a"),
        lambda t: handed_over(t, "a"),
    ):
        world.change(change)
        world.run(world.env.now + 0.125)
    world.env.process(world.server.hear(3))
    world.run(4.0)
    assert told.outcome == "TimedOut"
    assert world.shards["one"].contents()["one"] == {StoredKey(0, "a"): "late"}
    assert world.now(read("a")) is None
    for contents in world.store.contents().values():
        assert "a" not in contents


def test_range_that_comes_back_has_a_new_epoch_and_none_of_what_was_there_before() -> None:
    world = World()
    world.now(write("a", "old"))
    world.moved("a", "two")
    world.now(write("a", "there"))
    world.moved("a", "one")
    assert world.now(read("a")) is None
    world.now(write("a", "new"))
    assert set(world.shards["one"].contents()["one"].values()) == {"old", "new"}
    assert world.store.contents() == {"one": {"a": "new"}, "two": {}}


def test_failures_of_the_store_pass_as_they_are() -> None:
    world = World()
    world.now(write("a", "text"))
    assert world.now(add("a", 1)) == "ServerError"
    world.shards["one"].nodes[0].crash()
    assert world.now(read("a")) == "Refused"
    told = world.ask(write("z", 1))
    world.at(world.env.now + 2 * WAY + 0.0005, world.shards["two"].nodes[0].crash)
    world.run(world.env.now + 2.0)
    assert told.outcome == "ConnectionLost"


def test_server_that_crashes_breaks_connections_and_comes_back_with_nothing_in_its_memory() -> None:
    world = World(request_work=1.0)
    world.run(1.0)
    told = world.ask(write(BEFORE_M, 1))
    world.at(1.5, world.server.crash)
    world.run(3.0)
    assert told.outcome == "ConnectionLost"
    assert world.now(read(BEFORE_M)) == "Refused"
    world.server.restart()
    assert world.server.loads.served_count == 0
    assert world.now(read(BEFORE_M)) == 1  # it was done all the same


def test_directory_that_has_lost_its_disk_makes_nobody_go_back_and_ends_all_leases() -> None:
    world = World()
    world.moved("a", "two")
    assert world.now(read("a")) is None
    world.run(3.0)
    disk = world.directory.nodes[0].stored.disk  # type: ignore[attr-defined]
    world.directory_host.crash()
    disk.destroy()
    world.directory_host.restart()
    world.run(10.0)
    assert world.directory.contents() == {"directory": {}}
    assert world.store.table.version == 3  # for observers: by this one all data stands
    assert world.server.table == world.store.table
    assert world.now(read("a")) == "Unavailable"


def test_stale_reads_of_a_range_that_moves_are_answered_where_that_is_allowed_for_a_lease_at_most() -> None:
    world = World(settings=replace(SETTINGS, stale_reads_while_moving=True))
    world.now(write("a", "old"))
    world.network.partition([world.one], [world.directory_host, world.operator_host])
    world.move("a", "two", frozen_for=100.0)
    world.run(2.0)
    assert world.now(read("a")) == "old"  # it is being moved, and the server has not heard of it
    world = World(settings=replace(SETTINGS, stale_reads_while_moving=True))
    world.now(write("a", "old"))
    moving = world.move("a", "two", frozen_for=2.0)
    world.run(world.env.now + 1.0)
    old_table = world.ask(write("a", "new"), patience=0.2)
    assert world.now(read("a")) == "old"
    assert old_table.outcome == "silence"  # writes wait
    world.cut(world.one)
    while moving.is_alive:
        world.env.step()
    start = world.env.now
    assert world.now(write("a", "new"), client=world.store.client(world.web)) is None
    assert world.now(read("a")) == "old"
    world.run(start + SETTINGS.lease)
    assert world.now(read("a")) == "new"  # the old server refuses, and the router looks for another


def test_server_gives_up_a_store_that_is_silent_and_its_client_finds_the_new_primary() -> None:
    """Nobody else could give up for it: users who do are not heard of by the store's client."""
    world = World()
    hosts = [Host(world.env, f"replica-{number}") for number in range(3)]
    settings = ReplicationSettings(failover=FailoverSettings(ttl=2.0, renewal_interval=0.5, report_wait=0.2))
    monitor = Host(world.env, "monitor")
    three = PrimaryReplicaStore(
        world.env, world.network, hosts, settings=settings, monitor_host=monitor, name="three"
    )
    world.store.add_shard("three", three, [world.two])
    world.run(2.0)
    world.moved("a", "three")
    assert world.now(write("a", 1)) is None
    start = world.env.now
    hosts[0].crash()
    told = [world.ask(write("a", number), at=start + 0.5 * number, patience=1.0) for number in range(20)]
    unknown = world.ask(write("a", "unknown"))
    world.run(start + 30.0)
    assert unknown.outcome == "TimedOut"
    assert SETTINGS.store_timeout <= unknown.at - start <= SETTINGS.store_timeout + 4 * WAY
    answered = [number for number, each in enumerate(told) if each.outcome is None]
    assert answered == list(range(12, 20))  # that of 6 s comes as the first is given up
    (server,) = world.store.servers_of("three")
    assert server.in_service_count == 0
