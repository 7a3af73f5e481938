"""The store as a whole: what observers see, shards that come and go, and nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from models import Host, Network
from models.consensus import RaftStore
from models.replication import (
    MultiPrimaryStore,
    PrimaryReplicaStore,
    QuorumStore,
    SingleNodeStore,
    Store,
    add,
    append,
    compare_and_set,
    read,
    write,
)
from models.replication.quorums import QuorumSettings
from models.sharding import (
    LOWEST,
    RoutingTable,
    ShardedStore,
    ShardingFlaws,
    ShardingSettings,
    even_table,
)
from models.storage import PeriodicSync
from simulator import Environment

from .building import SETTINGS, World, copying, two_ranges


def test_observers_see_what_is_held_of_live_ranges_and_who_has_served_what() -> None:
    world = World()
    for key in ("a", "z"):
        world.now(write(key, key.upper()))
    assert [world.now(read("b")), world.now(read("a"))] == [None, "A"]
    assert world.store.contents() == {"one": {"a": "A"}, "two": {"z": "Z"}}
    statistics = world.store.statistics()
    assert statistics.served_by_shard == {"one": 3, "two": 1}
    assert list(statistics.served_by_range.values()) == [3, 1]
    assert (statistics.server_count, statistics.stale_server_count) == (2, 0)
    assert [node.name for node in world.store.nodes] == ["one", "two"]


def test_what_was_served_is_still_counted_when_the_server_has_crashed_or_gone() -> None:
    world = World()
    for _ in range(3):
        world.now(read("a"))
    world.server.crash()
    world.server.restart()
    world.now(read("a"))
    assert world.store.statistics().served_by_shard == {"one": 4, "two": 0}
    world.moved("a", "two")
    world.store.remove_shard("one")
    assert world.store.statistics().served_by_shard == {"one": 4, "two": 0}


def test_idle_shards_and_ranges_are_counted_too_and_those_that_were() -> None:
    world = World()
    three = Host(world.env, "three")
    world.store.add_shard("three", SingleNodeStore(world.env, world.network, three, name="three"))
    idle = world.store.statistics()
    assert idle.served_by_shard == {"one": 0, "two": 0, "three": 0}
    assert idle.served_by_range == {LOWEST: 0, "m": 0}
    world.store.remove_shard("three")
    assert world.store.statistics().served_by_shard == {"one": 0, "two": 0, "three": 0}


def test_table_for_observers_is_the_present_one_and_staleness_is_counted_against_it() -> None:
    world = World()
    world.now(read("a"))
    assert world.store.table == two_ranges()
    world.change(lambda table: copying(table, "a", "two"))
    world.run(world.env.now + 0.2)
    assert world.store.table.version == 1
    statistics = world.store.statistics()
    assert (statistics.stale_router_count, statistics.stale_server_count) == (1, 2)
    world.run(world.env.now + 2.0)
    assert world.store.statistics().stale_server_count == 0


def test_hottest_keys_are_counted_where_that_is_asked_for() -> None:
    world = World(settings=ShardingSettings(tracked_keys=2))
    for key in ["a", "b", "c", "a", "a", "d", "a"]:
        world.now(read(key))
    hottest = world.server.loads.by_key
    assert len(hottest) == 2
    assert hottest["a"] >= 4
    assert list(world.server.loads.recent) == ["a", "b", "c", "a", "a", "d", "a"]


def test_shard_that_is_added_serves_when_the_table_names_it_and_one_that_has_nothing_can_go() -> None:
    world = World()
    world.now(write("a", 1))
    three = Host(world.env, "three")
    world.store.add_shard("three", SingleNodeStore(world.env, world.network, three, name="three"))
    world.moved("a", "three")
    assert world.now(write("a", 3)) is None
    assert world.store.contents()["three"] == {"a": 3}
    (server,) = world.store.servers_of("one")
    with pytest.raises(ValueError, match="no range"):
        world.store.remove_shard("three")
    world.store.remove_shard("one")
    world.run(world.env.now + 1.0)
    assert server.has_stopped
    assert list(world.store.shards) == ["two", "three"]
    assert world.now(read("a")) == 3
    with pytest.raises(ValueError, match="one"):
        world.store.remove_shard("one")


def test_shard_whose_hosts_have_gone_can_be_removed() -> None:
    world = World()
    world.now(read("a"))
    world.moved("a", "two")
    world.one.decommission()
    world.store.remove_shard("one")
    assert list(world.store.shards) == ["two"]
    assert world.store.statistics().served_by_shard == {"one": 1, "two": 0}
    assert world.now(write("a", 1), client=world.store.client(world.web)) is None


def hosts_of(world: World, name: str) -> list[Host]:
    return [Host(world.env, f"{name}-{number}") for number in range(3)]


SHARDS: dict[str, Callable[[World, str], Store]] = {
    "primary and replicas": lambda world, name: PrimaryReplicaStore(
        world.env, world.network, hosts_of(world, name), name=name
    ),
    "quorums": lambda world, name: QuorumStore(
        world.env,
        world.network,
        hosts_of(world, name),
        settings=QuorumSettings(read_level=2, write_level=2),
        name=name,
    ),
    "multi-primary": lambda world, name: MultiPrimaryStore(
        world.env, world.network, hosts_of(world, name), name=name
    ),
    "raft": lambda world, name: RaftStore(world.env, world.network, hosts_of(world, name), name=name),
}


def test_table_for_observers_is_not_forgotten_while_all_of_the_directory_is_down() -> None:
    """A node of Raft that starts again knows nothing until there is a leader: a shard could be removed."""
    world = World(directory=lambda world: SHARDS["raft"](world, "directory"))
    world.run(5.0)
    world.store.add_shard("three", SHARDS["raft"](world, "three"))
    world.moved("a", "three")
    for node in world.directory.nodes:
        node.crash()
        node.restart()
    assert world.store.table.version == 3
    with pytest.raises(ValueError, match="no range"):
        world.store.remove_shard("three")


@pytest.mark.parametrize("kind", SHARDS)
@pytest.mark.parametrize("has_raft_directory", [False, True])
def test_any_store_is_a_shard_and_raft_a_directory(kind: str, has_raft_directory: bool) -> None:
    directory = (lambda world: SHARDS["raft"](world, "directory")) if has_raft_directory else None
    world = World(directory=directory)
    for name in ("three", "four"):
        world.store.add_shard(name, SHARDS[kind](world, name))
    world.run(5.0)
    world.moved("a", "three")
    world.moved("z", "four")
    assert [world.now(write(key, key.upper())) for key in "az"] == [None, None]
    assert [world.now(read(key)) for key in "az"] == ["A", "Z"]
    assert world.store.table.version == 6
    if kind == "raft":
        told = [world.now(each) for each in (append("l", 1), compare_and_set("l", (1,), 2), add("n", 2))]
        assert told == [None, True, None]


def test_claim_is_that_of_all_parts_together() -> None:
    assert World().store.is_linearizable
    assert not World(flaws=ShardingFlaws(serves_frozen=True)).store.is_linearizable
    assert not World(settings=ShardingSettings(stale_reads_while_moving=True)).store.is_linearizable
    assert not World(policy=PeriodicSync(interval=1.0)).store.is_linearizable
    world = World(
        directory=lambda world: SingleNodeStore(
            world.env, world.network, world.directory_host, policy=PeriodicSync(interval=1.0)
        )
    )
    assert not world.store.is_linearizable
    world = World()
    world.store.add_shard("three", SHARDS["multi-primary"](world, "three"))
    assert not world.store.is_linearizable


def test_store_on_hosts_has_a_shard_on_each_and_ranges_dealt_out_evenly() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.001)
    hosts = [Host(env, name) for name in "abcd"]
    store = ShardedStore.on_hosts(env, network, hosts[:3], hosts[3])
    assert list(store.shards) == ["shard-1", "shard-2", "shard-3"]
    assert len(store.table.starts) == 48
    assert [store.servers_of(shard)[0].host for shard in store.shards] == hosts[:3]
    assert store.directory.nodes[0].host is hosts[3]


def test_store_on_hosts_has_as_many_ranges_and_nodes_as_slow_as_is_said() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.001)
    host, directory_host, web = (Host(env, name) for name in ("a", "directory", "web"))
    store = ShardedStore.on_hosts(
        env, network, [host], directory_host, range_count=5, node={"request_work": 3.0}
    )
    assert len(store.table.starts) == 5
    call = env.process(store.client(web).call(read("k")))
    env.run(until=call)
    assert env.now == pytest.approx(3.0, abs=0.01)
    with pytest.raises(ValueError, match="range_count must be left out where a table is given, got 5"):
        ShardedStore.on_hosts(env, network, [host], web, table=even_table(["shard-1"]), range_count=5)


def test_contents_at_the_beginning_are_where_the_table_has_them() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.001)
    hosts = [Host(env, name) for name in "abcd"]
    contents = {f"key {number}": number for number in range(100)}
    store = ShardedStore.on_hosts(env, network, hosts[:3], hosts[3], contents=contents)
    held = store.contents()
    assert all(len(values) > 10 for values in held.values())
    assert {key: value for values in held.values() for key, value in values.items()} == contents
    told: list[Any] = []

    def ask() -> Any:
        client = store.client(hosts[0])
        for key in contents:
            response = yield from client.call(read(key))
            told.append(response.value)

    env.process(ask())
    env.run(until=10.0)
    assert told == list(contents.values())
    with pytest.raises(TypeError, match="key must be"):
        two_ranges().dealt_out({3: "a number among texts"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shards": ["one", "two"]}, "shards"),
        ({"shards": {"one": "a store", "two": "a store"}}, "store"),
        ({"directory": "a store"}, "directory"),
        ({"table": "a table"}, "table"),
        ({"table": even_table(["one", "three"])}, "three"),
        ({"servers": {"three": []}}, "three"),
        ({"servers": {"one": []}}, "servers of 'one'"),
        ({"servers": {"one": ["a host"]}}, "hosts"),
        ({"servers": ["one"]}, "servers"),
        ({"settings": 3}, "settings"),
        ({"transfers": 3}, "transfers"),
        ({"flaws": "none"}, "flaws"),
        ({"name": ""}, "name"),
    ],
)
def test_nonsense_is_one_clear_line(given: dict[str, Any], says: str) -> None:
    world = World()
    whole = {"shards": world.shards, "directory": world.directory, "table": two_ranges()}
    with pytest.raises((ValueError, TypeError), match=says) as caught:
        ShardedStore(world.env, world.network, **{**whole, **given})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hosts": []}, "hosts must be at least one, got none"),
        ({"contents": ["key"]}, "contents must be a Mapping, got"),
        ({"node": 0.02}, "node must be a Mapping, got 0.02"),
        ({"range_count": 4, "table": two_ranges()}, "range_count must be left out"),
    ],
)
def test_nonsense_on_hosts_is_one_clear_line(given: dict[str, Any], says: str) -> None:
    world = World()
    whole = {"hosts": [world.one], "directory_host": world.one}
    with pytest.raises((ValueError, TypeError), match=says):
        ShardedStore.on_hosts(world.env, world.network, **{**whole, **given})


def test_shard_to_be_removed_is_named() -> None:
    with pytest.raises(TypeError, match=r"shard must be a name, got \['one'\]"):
        World().store.remove_shard(["one"])  # type: ignore[arg-type] # that is what is asked


@pytest.mark.parametrize("flaw", [each.name for each in fields(ShardingFlaws)])
def test_flaw_is_there_or_not(flaw: str) -> None:
    with pytest.raises(TypeError, match=f"{flaw} must be a bool, got 'no'"):
        ShardingFlaws(**{flaw: "no"})  # type: ignore[arg-type] # that is what is asked


def test_host_that_is_named_twice_and_nodes_of_one_name_are_refused() -> None:
    world = World()
    store = SingleNodeStore(world.env, world.network, world.one, name="one")
    with pytest.raises(ValueError, match="names of nodes"):
        world.store.add_shard("three", store)
    with pytest.raises(ValueError, match="names of shards"):
        world.store.add_shard("one", store)
    another = SingleNodeStore(world.env, world.network, world.one, name="three")
    with pytest.raises(ValueError, match="each once"):
        world.store.add_shard("three", another, [world.one, world.one])
    assert list(world.store.shards) == ["one", "two"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ttl": 0.0}, "ttl"),
        ({"ttl": 1.0, "renewal_interval": 1.0}, "renewal_interval"),
        ({"renewal_interval": -1.0}, "renewal_interval"),
        ({"clock_drift_bound": 0.9}, "clock_drift_bound"),
        ({"directory_timeout": 0.0}, "directory_timeout"),
        ({"store_timeout": 0.0}, "store_timeout"),
        ({"request_work": -1.0}, "request_work"),
        ({"threads": 0}, "threads"),
        ({"tracked_keys": -1}, "tracked_keys"),
        ({"patience": 0.0}, "patience"),
        ({"pause": 0.0}, "pause"),
        ({"start_time": -1.0}, "start_time"),
        ({"stale_reads_while_moving": "yes"}, "stale_reads_while_moving"),
    ],
)
def test_settings_say_what_is_wrong(given: dict[str, Any], says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        ShardingSettings(**given)


def test_lease_is_the_time_to_wait_over_the_drift_bound() -> None:
    assert ShardingSettings(ttl=10.0, clock_drift_bound=1.25).lease == 8.0
    assert SETTINGS.lease == SETTINGS.ttl


def test_table_of_the_set_up_stands_until_somebody_has_replaced_it() -> None:
    world = World()
    seen: list[RoutingTable] = []

    def operate() -> Any:
        first = yield from world.operator.read()
        one = first.changed(0, first.assignments[0].copying_to("two", 1), nonce="one")
        other = first.changed(1, first.assignments[1].copying_to("one", 1), nonce="other")
        assert (yield from world.operator.replace(first, one))
        assert not (yield from world.operator.replace(first, other))
        assert not (yield from world.operator.replace(other, other.changed(0, first.assignments[0])))
        seen.append((yield from world.operator.read()))
        with pytest.raises(ValueError, match="version"):
            yield from world.operator.replace(one, first)

    world.env.process(operate())
    world.run(5.0)
    assert seen[0].nonce == "one"
