"""Scans of a quorum store: who has to answer, what of the answers is told, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network, Region, Zone
from models.replication import delete, read, scan, write
from models.replication.quorums import (
    AntiEntropy,
    Coordination,
    Detection,
    HintedHandoff,
    Level,
    QuorumSettings,
    QuorumStore,
    ReadRepair,
    Versioning,
    at_level,
)
from models.replication.scans import AllKeys, GivenKeys, KeyRange, Scanned
from models.storage import GroupCommit
from simulator import Environment

from .building import ROUND, WAY, WRITTEN, World, found, plain

EVERYTHING = scan(AllKeys())


def fill(world: World, count: int = 12, node: int = 0) -> dict[str, int]:
    """Write keys through one node, each with its number, and return them."""
    client = world.client(node)
    values = {f"k{number}": number for number in range(count)}
    told = [world.call(client, write(key, value), at=world.env.now) for key, value in values.items()]
    world.env.run(until=world.env.now + 16 * WAY)
    assert [each.outcome for each in told] == [WRITTEN] * count
    return values


def scanned(world: World, request: Any = EVERYTHING, *, node: int = 0, **client: Any) -> Any:
    """What a scan through a node tells: its items by key, or the name of a failure."""
    told = world.call(world.client(node, **client), request, at=world.env.now)
    world.env.run(until=world.env.now + 64 * WAY)
    if not isinstance(told.outcome, tuple):
        return told.outcome
    assert isinstance(told.outcome[1], Scanned)
    assert told.outcome[1].mark is None
    return dict(told.outcome[1].items)


# -- who has to answer


def test_scan_takes_one_round_and_asks_each_node_once_the_coordinator_without_a_message() -> None:
    world = World(plain(replicas=2, read_level=1, write_level=2), count=4)
    values = fill(world)
    before = sum(node.sent_count for node in world.nodes)
    start = world.env.now
    told = world.call(world.client(), EVERYTHING, at=start)
    world.env.run(until=start + 8 * WAY)
    assert told.at == start + ROUND + ROUND  # to the coordinator and on to the others
    assert dict(told.outcome[1].items) == values
    assert sum(node.sent_count for node in world.nodes) - before == 3 + 3


@pytest.mark.parametrize(("level", "away", "is_answered"), [
    (1, 1, True), (1, 2, True), (1, 3, False), (2, 1, True), (2, 2, False), (3, 1, False), (3, 0, True),
    (Level.QUORUM, 1, True), (Level.QUORUM, 2, False), (Level.ALL, 1, False), (Level.ONE, 2, True),
])  # fmt: skip
def test_all_nodes_but_n_minus_r_have_to_answer(level: Level | int, away: int, is_answered: bool) -> None:
    world = World(plain(replicas=3, write_level=3, read_timeout=4.0), count=5)
    values = fill(world, 40)
    for host in world.hosts[5 - away :]:
        host.crash()
    told = scanned(world, at_level(EVERYTHING, level))
    assert told == (values if is_answered else "TimedOut")


@pytest.mark.parametrize("away", [1, 2, 3])
def test_scan_is_unavailable_exactly_if_a_read_of_some_key_would_be(away: int) -> None:
    settings = plain(replicas=3, write_level=3, read_level=2, detection=Detection(phi_threshold=2.0))
    world = World(settings, count=6)
    values = fill(world, 40)
    for host in world.hosts[6 - away :]:
        host.crash()
    world.env.run(until=world.env.now + 20.0)
    reads = [world.call(world.client(), read(key), at=world.env.now) for key in values]
    world.env.run(until=world.env.now + 8.0)
    outcomes = [each.outcome for each in reads]
    told = scanned(world)
    assert told == ("Unavailable" if "Unavailable" in outcomes else values)
    assert away != 3 or told == "Unavailable"
    # Of keys that are listed, only their replicas matter.
    for key, outcome in zip(values, outcomes, strict=True):
        expected = outcome if outcome == "Unavailable" else {key: values[key]}
        assert scanned(world, scan(GivenKeys([key]))) == expected


def test_whole_zone_may_be_away_where_replicas_are_spread_over_zones() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=WAY)
    region = Region("region")
    zones = [Zone(name, region) for name in "abc"]
    hosts = [Host(env, f"n{index}", zone=zones[index // 2]) for index in range(6)]
    store = QuorumStore(env, network, hosts, settings=plain(read_level=2, write_level=2, read_timeout=4.0))
    client = store.client(Host(env, "client"), contacts=[store.nodes[0]])
    told: list[Any] = []

    def use() -> Any:
        for number in range(20):
            yield from client.call(write(number, number))
        for host in hosts[4:]:
            host.crash()
        told.append((yield from client.call(EVERYTHING)).value)

    env.process(use())
    env.run(until=60.0)
    assert dict(told[0].items) == {number: number for number in range(20)}


def test_scan_at_a_local_level_asks_the_region_alone() -> None:
    world = World(plain(replicas={"region-0": 3, "region-1": 2}, write_level=Level.ALL), regions=(4, 3))
    values = fill(world)
    for host in world.hosts[4:]:
        world.cut(world.hosts[0], host)
    start = world.env.now
    told = world.call(world.client(), at_level(EVERYTHING, Level.LOCAL_QUORUM), at=start)
    world.env.run(until=start + 8.0)
    assert dict(told.outcome[1].items) == values
    world.hosts[1].crash()
    world.hosts[2].crash()
    assert scanned(world, at_level(EVERYTHING, Level.LOCAL_QUORUM)) == "TimedOut"


def test_clients_that_coordinate_ask_all_nodes_by_themselves() -> None:
    settings = plain(coordination=Coordination.CLIENT, versioning=Versioning.CLIENT_CLOCK, write_level=3)
    world = World(settings)
    client = world.store.client(world.client_host)
    world.call(client, write("a", 1))
    told = world.call(client, EVERYTHING, at=4.0)
    world.env.run(until=8.0)
    assert (told.outcome, told.at) == (found(Scanned((("a", 1),))), 4.0 + ROUND)


# -- what is told


def test_newest_version_is_told_and_nobody_is_repaired() -> None:
    world = World(plain(read_repair=ReadRepair.BLOCKING, write_level=1, read_level=2))
    world.put("old")
    world.put("here", key="y")
    world.cut(world.hosts[0], world.hosts[1])
    world.cut(world.hosts[0], world.hosts[2])
    world.put("new")
    world.put("only at n0", key="z")
    told = world.call(world.client(0), delete("y"), at=world.env.now)
    world.env.run(until=world.env.now + 8 * WAY)
    for rule in list(world.network._rules):
        world.network.heal(rule)
    assert told.outcome == WRITTEN
    assert scanned(world, node=1, read_level=3) == {"x": "new", "z": "only at n0"}
    assert (world.held("x"), world.held("z")) == (["new", "old", "old"], ["only at n0", None, None])
    assert world.store.statistics().repair_count == 0


def test_deleted_key_is_not_told_though_one_that_answers_still_has_it() -> None:
    world = World(plain(write_level=2, read_level=2))
    world.put(1)
    world.cut(world.hosts[0], world.hosts[2])
    world.call(world.client(), delete("x"), at=world.env.now)
    world.env.run(until=world.env.now + 4.0)
    assert world.held("x") == [None, None, 1]
    assert [scanned(world, node=node) for node in range(3)] == [{}, {}, {}]
    assert scanned(world, node=2, read_level=1) == {"x": 1}  # its own answer is enough, and comes first


def test_what_a_node_keeps_for_another_is_told_too() -> None:
    settings = plain(
        replicas=2,
        write_level=1,
        read_level=1,
        hints=HintedHandoff(),
        sloppy=True,
        detection=Detection(phi_threshold=2.0),
    )
    world = World(settings, count=5)
    replicas = world.store.replicas_of("x")
    for replica in replicas:
        replica.host.crash()
    contact = next(index for index, node in enumerate(world.nodes) if node not in replicas)
    world.env.run(until=20.0)
    told = world.call(world.client(contact), write("x", "kept"), at=world.env.now)
    world.env.run(until=world.env.now + 4.0)
    assert told.outcome == WRITTEN
    assert scanned(world, node=contact) == {"x": "kept"}
    assert scanned(world, scan(KeyRange("x", "y")), node=contact) == {"x": "kept"}
    assert scanned(world, scan(KeyRange("y")), node=contact) == {}


def test_what_a_client_scans_it_has_read_and_its_next_write_replaces_it() -> None:
    world = World(plain(versioning=Versioning.SIBLINGS))
    world.call(world.client(), write("x", 1))
    world.call(world.client(), write("x", 2))
    world.env.run(until=4.0)
    client = world.client()
    told = world.call(client, EVERYTHING, at=4.0)
    world.call(client, write("x", 3), at=8.0)
    world.env.run(until=12.0)
    assert [(key, set(value)) for key, value in told.outcome[1].items] == [("x", {1, 2})]
    assert world.get() == found(3)


def test_scan_draws_no_timestamp_and_weighs_what_it_tells() -> None:
    world = World(plain(versioning=Versioning.CLIENT_CLOCK))
    client = world.client()
    world.call(client, write("x", "a", size_bytes=100))
    world.call(client, write("y", "b", size_bytes=1000))
    world.env.run(until=4.0)
    sizes: list[int] = []

    def ask() -> Any:
        sizes.append((yield from client.call(EVERYTHING)).size_bytes)

    world.env.process(ask())
    world.env.run(until=8.0)
    assert sizes == [1100]
    assert client._last_timestamp < 1.0  # type: ignore[attr-defined] # of the last write


def test_scan_gives_up_after_the_time_out_of_reads_and_leaves_nothing_behind() -> None:
    world = World(plain(read_level=3, read_timeout=3.0))
    world.hosts[2].crash()
    told = world.call(world.client(), EVERYTHING)
    world.env.run(until=10.0)
    assert (told.outcome, told.at) == ("TimedOut", 3.0 + ROUND)
    assert world.nodes[0]._awaited == {}
    statistics = world.store.statistics()
    assert (statistics.read_count, statistics.timed_out_count) == (1, 1)


# -- contents


@pytest.mark.parametrize("versioning", [Versioning.COORDINATOR_CLOCK, Versioning.SIBLINGS])
def test_contents_are_at_the_replicas_of_each_key_and_any_write_wins_over_them(
    versioning: Versioning,
) -> None:
    env = Environment(seed=1)
    hosts = [Host(env, f"n{index}") for index in range(4)]
    contents = {f"k{number}": number for number in range(30)}
    settings = QuorumSettings(
        replicas=2, versioning=versioning, durability=GroupCommit(), anti_entropy=AntiEntropy(interval=2.0)
    )
    store = QuorumStore(env, Network(env, latencies=WAY), hosts, settings=settings, contents=contents)
    client = store.client(Host(env, "client"))
    told: list[Any] = []

    def held() -> dict[str, list[str]]:
        return {key: [name for name, values in store.contents().items() if key in values] for key in contents}

    where = {key: [node.name for node in store.nodes if node in store.replicas_of(key)] for key in contents}
    assert held() == where

    def use() -> Any:
        changes = [write("k7", "new"), delete("k8")]
        for request in [read("k7"), read("k8"), *changes, read("k7"), read("k8"), read("k9"), EVERYTHING]:
            told.append((yield from client.call(request)).value)  # noqa: PERF401 - extend cannot wait

    env.process(use())
    env.run(until=20.0)
    *reads, scan_told = told
    assert reads == [7, 8, None, None, "new", None, 9]
    expected = {**contents, "k7": "new"}
    del expected["k8"]
    assert dict(scan_told.items) == expected
    for host in hosts:  # and on the disks
        host.crash()
        host.restart()
    env.run(until=30.0)
    del where["k8"]
    assert {key: names for key, names in held().items() if names} == where
    disk = store.nodes[1].disk
    disk.destroy()
    assert store.contents()[store.nodes[1].name] == {}
    hosts[1].restart()
    env.run(until=90.0)
    assert {key: names for key, names in held().items() if names} == where  # by anti-entropy


def test_replicas_that_begin_with_the_same_do_not_share_what_one_of_them_is_told_or_loses() -> None:
    env = Environment(seed=1)
    hosts = [Host(env, f"n{index}") for index in range(3)]
    contents = {"a": 1, "b": 2}
    settings = QuorumSettings(write_level=1, durability=GroupCommit(), hints=None)
    store = QuorumStore(env, Network(env, latencies=WAY), hosts, settings=settings, contents=contents)
    for host in hosts[1:]:
        host.crash()

    def use() -> Any:
        yield from store.client(hosts[0], contacts=store.nodes[:1]).call(write("a", "new"))

    env.run(until=env.process(use()))
    store.nodes[2].disk.destroy()
    held = [dict(values) for values in store.contents().values()]
    assert held == [{"a": "new", "b": 2}, contents, {}]


def test_contents_that_are_no_mapping_are_refused() -> None:
    env = Environment(seed=1)
    with pytest.raises(TypeError, match="contents must be a Mapping, got"):
        QuorumStore(env, Network(env), [Host(env, "a")], contents=["a"])  # type: ignore[arg-type] # as a user may
