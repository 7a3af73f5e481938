"""Routers: whom they ask, what they do when they are turned away, and when they give up."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Request, TimedOut, Unavailable
from models.consensus import RaftStore
from models.replication import SingleNodeStore, read, scan, write
from models.replication.scans import KeyRange
from models.resilience import ConstantBackoff, Retry

from .building import SETTINGS, WAY, World, copying, frozen, given_up


def test_router_that_has_an_old_table_is_told_so_and_finds_the_new_owner() -> None:
    world = World()
    world.now(write("a", 1))
    world.moved("a", "two")
    assert world.store.statistics().stale_router_count == 1
    start = world.env.now
    told = world.ask(write("a", 2))
    world.run(start + 1.0)
    assert told.outcome is None
    assert told.at - start == pytest.approx(8 * WAY + 0.001)  # the old owner, the directory, the new one
    assert world.shards["one"].contents()["one"] != {}
    assert set(world.shards["two"].contents()["two"].values()) == {2}
    statistics = world.client.statistics()
    assert (statistics.moved_count, statistics.frozen_count, statistics.read_count) == (1, 0, 2)
    assert world.store.statistics().stale_router_count == 0


def test_many_requests_that_are_turned_away_at_once_are_one_question_to_the_directory() -> None:
    world = World()
    world.now(read("a"))
    world.moved("a", "two")
    before = world.client.statistics().read_count
    told = [world.ask(read("a")) for _ in range(100)]
    world.run(world.env.now + 1.0)
    assert {each.outcome for each in told} == {None}
    statistics = world.client.statistics()
    assert statistics.moved_count == 100
    assert statistics.read_count - before == 1


def test_router_waits_for_a_frozen_range_with_pauses_until_somebody_has_it() -> None:
    world = World()
    world.now(write("a", 1))
    world.change(lambda table: copying(table, "a", "two"))
    world.run(1.0)
    world.change(lambda table: frozen(table, "a"))
    world.run(3.0)
    told = world.ask(write("a", 2))
    world.run(5.0)
    assert told.outcome == "silence"
    world.change(lambda table: given_up(table, "a"))
    world.run(6.0)
    assert told.outcome is None
    statistics = world.client.statistics()
    # A round is a pause, two ways to the directory and two to the server: from 3 s to 5.03 s, and no more.
    assert statistics.frozen_count == pytest.approx(2.0 / (SETTINGS.pause + 4 * WAY), abs=2)


def test_router_gives_up_after_its_patience_and_nothing_was_done() -> None:
    world = World()
    world.now(write("a", 1))
    world.change(lambda table: copying(table, "a", "two"))
    world.run(1.0)
    world.change(lambda table: frozen(table, "a"))
    world.run(3.0)
    told = world.ask(write("a", 2))
    world.run(20.0)
    assert told.outcome == "Unavailable"
    assert SETTINGS.patience <= told.at - 3.0 <= SETTINGS.patience + 0.2
    assert world.client.statistics().unavailable_count == 1
    world.change(lambda table: given_up(table, "a"))
    world.run(22.0)
    assert world.now(read("a")) == 1


def test_router_without_a_table_asks_for_it_until_its_patience_ends() -> None:
    world = World()
    rule = world.cut(world.web)
    told, later = world.ask(read("a")), world.ask(read("a"), at=4.0)
    world.at(6.0, world.network.heal, rule)
    world.run(20.0)
    assert told.outcome == "Unavailable"
    assert SETTINGS.patience <= told.at <= SETTINGS.patience + SETTINGS.directory_timeout + SETTINGS.pause
    assert later.outcome is None


def test_router_whose_host_restarts_begins_without_a_table() -> None:
    world = World()
    world.now(read("a"))
    assert world.client.table is not None
    world.web.crash()
    world.web.restart()
    world.run(world.env.now + 1.0)
    assert world.client.table is None
    assert world.now(read("a")) is None


def test_key_that_cannot_be_compared_is_one_clear_failure_and_the_run_goes_on() -> None:
    world = World()
    assert world.now(write("a", 1)) is None
    for key in (3, None, ("a", 1), 2.5):
        assert world.now(read(key)) == "ServerError"
        assert world.now(write(key, 1)) == "ServerError"
    assert world.now(read("a")) == 1


def test_other_servers_of_the_shard_are_asked_when_one_says_that_nothing_was_done() -> None:
    world = World(server_hosts=2)
    world.now(write("a", 1))
    servers = world.store.servers_of("one")
    for server in servers[:2]:
        server.crash()
    assert world.now(read("a")) == 1
    start = world.env.now
    told = world.ask(read("a"))
    world.run(start + 1.0)
    assert told.at - start == 4 * WAY  # the one that answered last is asked first
    servers[2].crash()
    assert world.now(read("a")) == "Refused"


def test_server_that_is_silent_is_left_by_the_next_call_and_not_by_this_one() -> None:
    world = World(server_hosts=1)
    world.now(write("a", 1))
    world.one.crash()
    store_host = world.more[0]
    first = world.ask(read("a"), patience=1.0)
    world.run(world.env.now + 2.0)
    assert first.outcome == "silence"
    # The second server is there, and the store of the shard is not: it is silent, and this is what is seen.
    assert world.store.servers_of("one")[1].statistics().call_count == 0
    second = world.ask(read("a"), patience=1.0)
    world.run(world.env.now + 2.0)
    assert second.outcome == "silence"
    assert world.store.servers_of("one")[1].host is store_host
    assert world.store.servers_of("one")[1].statistics().call_count == 1


def test_server_that_turns_a_request_away_after_it_was_silent_is_there() -> None:
    world = World()
    world.now(write("a", 1))
    rule = world.network.partition([world.one], [world.web])
    world.ask(read("a"), patience=0.25)
    world.run(world.env.now + 0.5)
    ways = world.client.ways_to("one")
    assert ways.is_suspect
    world.network.heal(rule)
    for step in (lambda table: copying(table, "a", "two"), lambda table: frozen(table, "a")):
        world.change(step)
        world.run(world.env.now + 2.0)
    world.ask(read("a"), patience=0.25)
    world.run(world.env.now + 0.5)
    assert world.client.statistics().frozen_count > 0
    assert not ways.is_suspect


def test_server_to_which_its_store_is_silent_is_left_by_the_next_call() -> None:
    """It answers, and so is not silent; but of three servers two reach a majority, and it is not one."""
    world = World()
    hosts = [Host(world.env, f"raft-{number}") for number in range(3)]
    world.store.add_shard("three", RaftStore(world.env, world.network, hosts, name="three"))
    world.run(3.0)
    world.moved("a", "three")
    assert world.now(write("a", 1)) is None
    servers = world.store.servers_of("three")
    (first,) = [server.host for server in servers if server.loads.served_count]
    world.network.partition([first], [host for host in hosts if host is not first])
    world.run(world.env.now + 3.0)
    reads = world.client.statistics().read_count
    assert [world.now(write("a", number)) for number in (2, 3, 4)] == ["TimedOut", None, None]
    assert world.client.statistics().read_count == reads  # nobody has gone: the directory is not asked
    assert world.now(read("a")) == 4


def test_write_whose_store_is_in_doubt_goes_to_no_other_server() -> None:
    """A store whose client asks again: the first attempt may be done, the last was refused."""
    world = World(server_hosts=1)
    world.now(write("a", 1))
    first, second = world.store.servers_of("one")
    asked: list[float] = []

    def attempt(request: Request) -> Generator[Any, Any, None]:
        asked.append(world.env.now)
        yield 0.01
        raise Unavailable("no quorum") if len(asked) > 1 else TimedOut("silent")

    attempting = FunctionEndpoint(attempt)
    first.store_client = Retry(world.env, attempting, 2, backoff=ConstantBackoff(delay=0.01))
    world.change(lambda table: copying(table, "z", "one"))  # by the newer table it would be asked again
    assert world.now(write("a", 2)) == "Unavailable"
    assert (len(asked), second.statistics().call_count) == (2, 0)
    assert not world.client.ways_to("one").is_suspect  # it has answered: the directory need not be asked
    assert world.now(write("a", 3)) is None  # the next call begins with the next server
    assert (len(asked), second.statistics().call_count) == (2, 1)


def test_clients_begin_with_the_nearest_server_and_spread_over_equals() -> None:
    world = World(server_hosts=2)
    for number in range(6):
        world.now(read("a"), client=world.store.client(Host(world.env, f"web-{number}")))
    assert [server.loads.served_count for server in world.store.servers_of("one")] == [2, 2, 2]
    near = world.store.client(world.more[1])
    for _ in range(3):
        world.now(read("a"), client=near)
    assert world.store.servers_of("one")[2].loads.served_count == 5


def test_shard_that_the_address_book_does_not_have_is_unavailable() -> None:
    world = World()
    world.now(read("a"))
    world.moved("a", "three")
    assert world.now(write("a", 1)) == "Unavailable"
    assert world.now(read("z")) is None
    hosts = [Host(world.env, "three")]
    world.store.add_shard("three", SingleNodeStore(world.env, world.network, hosts[0], name="three"))
    assert world.now(write("a", 1)) is None


@pytest.mark.parametrize("end", ["is removed", "crashes", "is gone for good", "has no servers that run"])
@pytest.mark.parametrize("asked", ["a read", "a scan"])
def test_router_with_an_old_table_does_not_ask_for_ever_who_is_not_there_any_more(
    end: str, asked: str
) -> None:
    """The range has moved while the router slept, and then the old owner has gone."""
    world = World()
    assert world.now(read("a")) is None
    world.moved("a", "two")
    world.now(write("a", 2), client=world.store.client(world.web))
    if end == "is removed":
        world.store.remove_shard("one")
    elif end == "crashes":
        world.one.crash()
    elif end == "is gone for good":
        world.one.decommission()
    else:
        world.server.crash()
    world.run(world.env.now + 1.0)
    request = read("a") if asked == "a read" else scan(KeyRange("a", "b"))
    first = world.ask(request, patience=0.5)
    world.run(world.env.now + 1.0)
    is_silent = end in ("crashes", "is gone for good")
    assert (first.outcome == "silence") == is_silent
    second = world.ask(request, patience=0.5)
    world.run(world.env.now + 1.0)
    found = second.outcome if asked == "a read" else dict(second.outcome.items)["a"]
    assert found == 2


def test_shard_that_is_down_makes_routers_ask_the_directory_now_and_then_and_no_more() -> None:
    world = World()
    world.now(read("a"))
    world.server.crash()
    before = world.client.statistics().read_count
    start = world.env.now
    for number in range(100):
        world.ask(read("a"), at=start + 0.1 * number)
    world.run(start + 20.0)
    assert world.client.statistics().read_count - before == pytest.approx(
        10.0 / SETTINGS.renewal_interval, abs=1
    )
