"""Servers: by whose table they act and for how long, what they pass on, and what they may acknowledge.

A way takes 1/64 s. A call from "web" takes two ways to the server and two more from there to the store, and a
question to the directory two; a server renews a second after each answer, and its lease is 4 s.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import pytest

from models import Host, Request
from models.replication import PrimaryReplicaStore, QuorumStore, add, compare_and_set, read, scan, write
from models.replication.primary_replica import FailoverSettings, ReplicationSettings
from models.replication.quorums import Level, at_level
from models.replication.scans import AllKeys
from models.sharding import StoredKey
from models.sharding.directory import TABLE_KEY
from models.sharding.requests import SERVE, Addressed
from models.storage import Record
from simulator import PARKED

from .building import (
    BEFORE_M,
    SETTINGS,
    WAY,
    World,
    as_old_as,
    copying,
    frozen,
    given_up,
    handed_over,
    two_ranges,
)


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


def test_answer_is_as_old_as_it_was_at_the_store() -> None:
    world = World()
    as_old_as(world, "one", 0.5)
    world.moved("z", "one")
    world.run(4.0)
    told = [world.ask(read(key)) for key in "az"]  # at the second the range has an epoch
    world.run(5.0)
    assert [each.as_of for each in told] == [0.5, 0.5]


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


@pytest.mark.parametrize(("slow", "fast"), [(-0.2, 0.0), (0.0, 0.25)])
def test_lease_lasts_until_whoever_waits_for_ttl_has_waited_and_no_longer(slow: float, fast: float) -> None:
    """The clock of the server is slow, that of whoever waits is fast: by as much as they may differ."""
    world = World(settings=replace(SETTINGS, ttl=5.0, clock_drift_bound=1.25))
    world.one.skew_clock("slow", 0.0, slow)
    world.operator_host.skew_clock("fast", 0.0, fast)
    asked: list[float] = []
    while len(asked) < 3:
        world.env.step()
        if world.server.cache.asked_at not in asked:
            asked.append(world.server.cache.asked_at)
    world.cut(world.one)
    asked_at = world.env.now - 2 * WAY  # the answer has just come
    ttl = 5.0 / world.operator_host.clock_rate
    client = world.network.connect(world.operator_host, world.server)
    request = Request(SERVE, "a", Addressed(read("a"), "a", 0, 0))
    served = world.ask(request, at=asked_at + ttl - 4 * WAY, client=client)
    refused = world.ask(request, at=asked_at + ttl - WAY + 1e-6, client=client)
    world.run(asked_at + ttl + 5.0)
    assert (served.outcome, refused.outcome) == (None, "Unavailable")


def test_lease_is_counted_by_a_clock_that_nobody_sets() -> None:
    """The host's clock is set an hour ahead, and back by two; the lease is over when it would have been."""
    world = World()
    world.one.skew_clock("ahead", 3600.0)
    world.run(3.5)
    world.one.skew_clock("back", -7200.0)
    world.cut(world.one)
    world.run(3.5 + SETTINGS.lease - 1.5)  # it has asked within the last second or so
    assert world.now(read("a")) is None
    world.run(3.5 + SETTINGS.lease)
    assert world.now(read("a")) == "Unavailable"


def test_server_without_a_lease_asks_once_more_and_serves() -> None:
    """Of its questions one was lost, and the next is seconds away; in between a request comes."""
    world = World(settings=replace(SETTINGS, renewal_interval=3.5))
    world.run(3.0)
    asked_at = world.server.cache.asked_at
    rule = world.cut(world.one)
    world.run(asked_at + SETTINGS.lease + 0.25)
    world.network.heal(rule)
    read_count = world.server.read_count
    told = world.ask(read("a"))
    world.run(world.env.now + 0.5)
    assert told.outcome is None
    assert world.server.read_count == read_count + 1
    assert world.store.statistics().unleased_count == 0


def test_what_a_server_waits_for_it_waits_for_by_its_own_clock() -> None:
    """One that runs twice as fast asks the directory twice as often, and waits half as long for its store."""
    world = World()
    world.one.skew_clock("fast", 0.0, drift=1.0)
    world.shards["one"].nodes[0].interpose("silence", lambda handle: _silent)
    told = world.ask(read("a"), at=2.0)
    world.run(10.0)
    assert told.outcome == "TimedOut"
    assert told.at - 2.0 == pytest.approx(SETTINGS.store_timeout / 2.0, abs=6 * WAY)
    of_one, of_two = (world.store.servers_of(shard)[0].read_count for shard in ("one", "two"))
    assert of_one / of_two == pytest.approx(2.0, rel=0.1)


def _silent(instance: object, request: Request) -> Generator[object, None, None]:
    yield PARKED


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


def test_answer_that_was_on_its_way_when_the_table_changed_is_not_enough_for_who_waits() -> None:
    world = World()
    while world.server.read_count < 2:
        world.env.step()
    world.env.process(world.server.cache.refresh())
    world.run(world.env.now + WAY + 0.001)  # the directory has answered it
    world.directory.nodes[0].stored.append(Record(TABLE_KEY, copying(two_ranges(), "a", "two")))  # type: ignore[attr-defined]
    world.directory.nodes[0].stored.apply_until(1)  # type: ignore[attr-defined]
    heard = world.env.process(world.server.hear(1))
    world.run(world.env.now + 0.25)
    assert heard.value.version == 1


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


@pytest.mark.parametrize("asked", [read("a"), write("a", 2), scan(AllKeys())], ids=["read", "write", "scan"])
def test_what_a_client_says_with_its_request_reaches_the_shards_store(asked: Request) -> None:
    """Of three replicas one is down: a quorum answers, and all do not, where a request asks for all."""
    world = World()
    hosts = [Host(world.env, f"replica-{number}") for number in range(3)]
    quorums = QuorumStore(world.env, world.network, hosts, name="three")
    world.store.add_shard("three", quorums, [world.two])
    world.moved("a", "three")
    assert world.now(write("a", 1)) is None
    quorums.nodes[2].crash()
    assert world.now(asked) not in ("Unavailable", "TimedOut")
    assert world.now(at_level(asked, Level.ALL)) in ("Unavailable", "TimedOut")


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


def test_directory_that_begins_anew_confirms_nobody_by_another_table_of_the_same_version() -> None:
    """Its disk was lost, and somebody has begun again: there are two tables of version 1."""
    world = World()
    world.change(lambda table: copying(table, "a", "two"))
    world.run(1.5)
    assert world.server.table is not None
    assert world.server.table.version == 1
    world.directory_host.crash()
    world.directory.nodes[0].stored.disk.destroy()  # type: ignore[attr-defined]
    world.directory_host.restart()
    world.run(2.0)
    place, assignment = two_ranges().find("z")
    others = two_ranges().changed(place, assignment.copying_to("one", 1), nonce="another")
    world.change(lambda table: others)
    world.run(2.5)
    asked_at = world.server.cache.asked_at
    world.run(asked_at + 3.0)
    assert world.server.cache.asked_at == asked_at
    assert world.server.table != others
    world.run(asked_at + SETTINGS.lease + 0.5)
    assert world.now(read("a")) == "Unavailable"
