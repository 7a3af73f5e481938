"""Scans of many shards: whom they ask, what they wait for, and what they may leave out."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Request, Response
from models.hashing import ModuloBuckets
from models.replication import add, read, scan, write
from models.replication.scans import AllKeys, GivenKeys, KeyRange, Scanned
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ScatterGather,
    StoredKey,
    hash_table,
)

from .building import WAY, Told, World, as_old_as, copying, frozen, given_up

ALL = scan(AllKeys())


def filled(**world: Any) -> World:
    """Return a world with a key for each letter, its value a number."""
    built = World(**world)
    for number, letter in enumerate("abyz"):
        built.now(write(letter, number))
    return built


def items(told: Told) -> dict[str, int]:
    """Return what a scan was told, each key once."""
    pairs = told.outcome.items
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def asked(world: World) -> list[int]:
    """Return how many requests the servers of each shard have had."""
    return [world.store.servers_of(shard)[0].statistics().call_count for shard in ("one", "two")]


def test_scan_is_as_old_as_the_oldest_part() -> None:
    world = filled()
    told = []
    for shard, as_of in (("two", 1.0), ("one", 0.5)):
        told.append(world.ask(ALL))
        world.run(world.env.now + 1.0)
        as_old_as(world, shard, as_of)
    told.append(world.ask(ALL))
    world.run(world.env.now + 1.0)
    assert [each.as_of for each in told] == [None, 1.0, 0.5]


def test_scan_tells_all_keys_of_all_shards_and_takes_as_long_as_one() -> None:
    world = filled()
    start = world.env.now
    told = world.ask(ALL)
    world.run(start + 1.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}
    assert told.at - start == 4 * WAY


@pytest.mark.parametrize(
    ("keys", "counts", "told"),
    [
        (AllKeys(), [1, 1], "abyz"),
        (KeyRange("a", "c"), [1, 0], "ab"),
        (KeyRange("b", "z"), [1, 1], "by"),
        (KeyRange("n", None), [0, 1], "yz"),
        (KeyRange(None, "m"), [1, 0], "ab"),
        (KeyRange("q", "b"), [0, 0], ""),
        (GivenKeys(["a", "b", "c"]), [1, 0], "ab"),
        (GivenKeys(["z", "a"]), [1, 1], "az"),
        (GivenKeys([]), [0, 0], ""),
    ],
)
def test_only_shards_that_may_have_some_of_the_keys_are_asked(
    keys: Any, counts: list[int], told: str
) -> None:
    world = filled()
    before = asked(world)
    answer = world.ask(scan(keys))
    world.run(world.env.now + 1.0)
    assert "".join(sorted(items(answer))) == told
    assert [now - then for now, then in zip(asked(world), before, strict=True)] == counts


def test_range_of_keys_is_everywhere_under_hashes() -> None:
    world = filled(table=hash_table(ModuloBuckets(["one", "two"]), range_count=64))
    before = asked(world)
    told = world.ask(scan(KeyRange("a", "c")))
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 1}
    assert [now - then for now, then in zip(asked(world), before, strict=True)] == [1, 1]


def test_shard_with_several_ranges_is_asked_once_for_all_of_them() -> None:
    table = RoutingTable(
        RangePartitioner(),
        (LOWEST, "b", "m", "z"),
        (Assignment("one"), Assignment("two", 0), Assignment("one"), Assignment("one")),
    )
    world = filled(table=table)
    before = asked(world)
    told = world.ask(ALL)
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}
    assert [now - then for now, then in zip(asked(world), before, strict=True)] == [1, 1]


def test_range_that_has_moved_is_told_by_its_new_owner_and_once() -> None:
    world = filled()
    world.moved("a", "two")
    world.now(write("a", 10), client=world.store.client(world.web))
    told = world.ask(ALL)  # by a router with the old table
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 10, "y": 2, "z": 3}
    assert world.client.statistics().moved_count == 1


def test_range_of_which_a_part_has_moved_is_told_by_both_owners_and_each_key_once() -> None:
    """The router has the table in which it was one: the old owner has only the first part of it any more."""
    world = filled()
    world.change(lambda table: table.split(0, "b"))
    world.run(world.env.now + 1.0)
    world.moved("b", "two")
    world.now(write("b", 10), client=world.store.client(world.web))
    told = world.ask(ALL)
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 10, "y": 2, "z": 3}


def test_store_is_not_asked_for_what_the_server_may_not_tell() -> None:
    world = filled()
    world.moved("a", "two")
    node = world.shards["one"].nodes[0]
    before = node.statistics().call_count
    world.ask(scan(KeyRange("a", "b")))  # with the old table
    world.run(world.env.now + 1.0)
    assert world.client.statistics().moved_count == 1
    assert node.statistics().call_count == before


def test_scan_does_not_tell_what_was_held_under_an_earlier_epoch() -> None:
    world = filled()
    world.moved("a", "two")
    world.moved("a", "one")
    world.now(write("b", 10))
    told = [world.ask(ALL), world.ask(scan(GivenKeys(["a", "b"])))]
    world.run(world.env.now + 1.0)
    assert list(map(items, told)) == [{"b": 10, "y": 2, "z": 3}, {"b": 10}]


def test_scan_waits_for_a_frozen_range_as_long_as_a_read_does() -> None:
    world = filled()
    world.change(lambda table: copying(table, "a", "two"))
    world.run(2.0)
    world.change(lambda table: frozen(table, "a"))
    world.run(4.0)
    told, given_up_on = world.ask(ALL), world.ask(ALL, patience=1.0)
    world.run(6.0)
    assert (told.outcome, given_up_on.outcome) == ("silence", "silence")
    world.change(lambda table: given_up(table, "a"))
    world.run(8.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}
    world.change(lambda table: copying(table, "a", "two"))
    world.run(10.0)
    world.change(lambda table: frozen(table, "a"))
    world.run(12.0)
    assert world.now(ALL) == "Unavailable"


def test_what_was_read_when_the_range_was_frozen_already_is_not_told() -> None:
    """The store takes a second for a request; meanwhile the range is frozen, and the server hears of it."""
    world = World(request_work=1.0)
    world.now(write("a", 1))
    world.change(lambda table: copying(table, "a", "two"))
    world.run(4.0)
    told = world.ask(ALL)
    world.at(4.25, world.change, lambda table: frozen(table, "a"))
    world.run(4.5)
    world.env.process(world.server.hear(2))
    world.run(6.0)
    assert told.outcome == "silence"
    assert world.client.statistics().frozen_count > 0


def test_scan_of_a_shard_that_is_silent_ends_at_the_deadline_without_it_or_not_at_all() -> None:
    world = filled()
    world.two.crash()
    start = world.env.now
    patient = ScatterGather(world.env, world.client, deadline=0.5)
    partial = ScatterGather(world.env, world.client, deadline=0.5, is_partial=True)
    told = [world.ask(ALL, client=client) for client in (world.client, patient, partial)]
    world.run(start + 2.0)
    assert (told[0].outcome, told[1].outcome) == ("silence", "TimedOut")
    assert items(told[2]) == {"a": 0, "b": 1}
    assert told[2].degraded == ("two",)
    assert told[1].at == told[2].at == start + 0.5
    assert (patient.statistics().failed_count, partial.statistics().partial_count) == (1, 1)


def test_shard_that_says_that_it_does_nothing_is_missed_at_once() -> None:
    world = filled()
    world.store.servers_of("two")[0].crash()
    start = world.env.now
    whole = ScatterGather(world.env, world.client, deadline=5.0)
    partial = ScatterGather(world.env, world.client, deadline=5.0, is_partial=True)
    told = [world.ask(ALL, client=client) for client in (whole, partial)]
    world.run(start + 2.0)
    assert told[0].outcome == "Refused"
    assert told[0].at == start + 4 * WAY  # there, and to the directory: perhaps somebody else has it
    assert items(told[1]) == {"a": 0, "b": 1}
    assert told[1].at == start + 4 * WAY  # when the others have answered


def test_scan_that_has_failed_does_not_wait_for_the_others() -> None:
    world = filled()
    world.one.crash()  # silent
    world.store.servers_of("two")[0].crash()
    start = world.env.now
    told = world.ask(ALL, client=ScatterGather(world.env, world.client, deadline=5.0))
    world.run(start + 1.0)
    assert (told.outcome, told.at) == ("Refused", start + 4 * WAY)


def test_scan_after_a_silent_one_does_not_wait_for_a_directory_that_is_cut_off() -> None:
    world = filled()
    partial = ScatterGather(world.env, world.client, deadline=0.25, is_partial=True)
    rule = world.network.partition([world.two, world.directory_host], [world.web])
    for _ in range(2):  # the second one knows that "two" was silent
        start = world.env.now
        told = world.ask(ALL, client=partial)
        world.run(start + 1.0)
        assert (items(told), told.degraded, told.at - start) == ({"a": 0, "b": 1}, ("two",), 0.25)
    world.network.heal(rule)
    assert world.now(ALL, client=partial) is not None


def test_partial_scan_of_which_nobody_has_answered_has_failed() -> None:
    world = filled()
    partial = ScatterGather(world.env, world.client, deadline=0.5, is_partial=True)
    world.one.crash()
    world.two.crash()
    assert world.now(ALL, client=partial) == "TimedOut"
    fresh = ScatterGather(world.env, world.store.client(world.web), deadline=0.5, is_partial=True)
    world.cut(world.web)
    assert world.now(ALL, client=fresh) == "TimedOut"  # it has not even a table


def test_partial_scan_that_has_all_is_whole() -> None:
    world = filled()
    partial = ScatterGather(world.env, world.client, deadline=0.5, is_partial=True)
    told = world.ask(ALL, client=partial)
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}
    assert told.degraded == ()
    assert world.now(read("a"), client=partial) == 0
    assert partial.statistics().scan_count == 1


def test_scans_that_are_given_up_or_killed_leave_nothing_behind() -> None:
    world = filled()
    before = sorted(process.name for process in world.env.processes)
    for patience in (0.5 * WAY, 1.5 * WAY, 2.5 * WAY, 3.5 * WAY):
        for client in (world.client, ScatterGather(world.env, world.client, deadline=2.2 * WAY)):
            world.ask(ALL, client=client, patience=patience)
    calls = [world.env.process(_quiet(world)) for _ in range(5)]
    world.run(world.env.now + 1.7 * WAY)
    for call in calls:
        call.kill()
    world.run(world.env.now + 0.5)
    assert sorted(process.name for process in world.env.processes) == before
    assert world.web.running == {}


def _quiet(world: World) -> Any:
    yield from world.client.call(ALL)


def test_scan_that_is_killed_as_it_begins_leaves_nothing_on_its_host() -> None:
    """Those who were to ask the shards have not begun to run, and so undo nothing."""
    world = filled()
    before = asked(world)
    call = world.web.start(_quiet(world))
    while len(world.web.running) < 3:
        world.env.step()  # until it has begun, and nobody else
    call.kill()
    assert world.web.running == {}
    world.run(world.env.now + 1.0)
    assert asked(world) == before


@pytest.mark.parametrize("deadline", [inf, 0.5])
def test_scan_of_a_caller_who_outlives_his_host_is_whole(deadline: float) -> None:
    """A workload is no process of the host: its call goes on when the host crashes, as any call does."""
    world = filled()
    client = ScatterGather(world.env, world.client, deadline=deadline, is_partial=True)
    told = world.ask(ALL, client=client)
    world.at(world.env.now + WAY, world.web.crash)
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}
    assert told.degraded == ()


def test_scan_of_a_caller_who_outlives_his_host_finds_what_has_moved() -> None:
    """The router has lost its table with its host, in the middle of the scan."""
    world = filled()
    world.moved("a", "two")
    told = world.ask(ALL)  # with the old table
    world.at(world.env.now + WAY, world.web.crash)
    world.at(world.env.now + 1.5 * WAY, world.web.restart)
    world.run(world.env.now + 1.0)
    assert items(told) == {"y": 2, "z": 3}  # nothing was copied
    world = filled()
    world.server.crash()
    told = world.ask(ALL)
    world.at(world.env.now + WAY, world.web.crash)
    world.at(world.env.now + 1.5 * WAY, world.web.restart)
    world.at(world.env.now + 1.75 * WAY, world.server.restart)
    world.run(world.env.now + 1.0)
    assert items(told) == {"a": 0, "b": 1, "y": 2, "z": 3}


def test_callers_scan_dies_with_his_host() -> None:
    world = filled()
    world.web.start(_quiet(world))
    world.run(world.env.now + WAY)
    world.web.crash()
    assert world.web.running == {}
    assert not [process.name for process in world.env.processes if "gathers" in process.name]


def test_what_a_shard_says_is_missing_and_what_answers_weigh_is_told_of_the_whole() -> None:
    world = filled()

    def answer(request: Request) -> Any:
        yield 0.1
        return Response(Scanned(((StoredKey(0, "a"), 7),)), ("a part of one",), 100)

    world.server.store_client = FunctionEndpoint(answer)
    patient = ScatterGather(world.env, world.client, deadline=1.0)
    for client in (world.client, patient):
        told = world.ask(ALL, client=client)
        world.run(world.env.now + 1.0)
        assert items(told) == {"a": 7, "y": 2, "z": 3}
        assert (told.degraded, told.size_bytes) == (("a part of one",), 100)
    assert patient.statistics().partial_count == 1


@pytest.mark.parametrize(
    "request_of",
    [scan(AllKeys(), after=3), scan(GivenKeys(["a", 3])), Request("scan of something", "a"), add("a", 1)],
)
def test_what_cannot_be_done_is_one_error_and_hurts_nobody(request_of: Request) -> None:
    world = filled()
    world.now(write("a", "text"))
    search = ScatterGather(world.env, world.client)
    assert world.now(request_of) == world.now(request_of, client=search) == "ServerError"
    assert world.now(read("z")) == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [({"deadline": 0.0}, "deadline"), ({"is_partial": 1}, "is_partial"), ({"router": "a router"}, "router")],
)
def test_nonsense_is_one_clear_line(given: dict[str, Any], says: str) -> None:
    world = World()
    with pytest.raises((ValueError, TypeError), match=says):
        ScatterGather(**{"env": world.env, "router": world.client, **given})
