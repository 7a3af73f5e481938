"""What cannot be meant is refused when the store, or a client, is made: the name, the rule, the value."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network
from models.replication import Store, read, write
from models.replication.quorums import (
    AfterDelay,
    Coordination,
    Level,
    MessageLegs,
    QuorumSettings,
    QuorumStore,
    ReadsFrom,
    Versioning,
    at_level,
    cassandra,
)
from simulator import Environment
from simulator.randomness import Constant, Uniform
from tests.in_one_test import in_one_test
from tests.models.replication.quorums.building import World, plain


@in_one_test(
    ("setting", "error"),
    [
        ({"replicas": 0}, "replicas must be a whole number >= 1, got 0"),
        ({"replicas": {}}, "replicas must name at least one region, got none"),
        ({"replicas": {"eu": 0}}, "replicas in 'eu' must be a whole number >= 1, got 0"),
        ({"read_level": 4}, "read_level must be at most the 3 replicas, got 4"),
        ({"write_level": 4}, "write_level must be at most the 3 replicas, got 4"),
        ({"write_level": Level.THREE, "replicas": 2}, "write_level must be at most the 2 replicas, got 3"),
        ({"read_level": 0}, "read_level must be a whole number >= 1, got 0"),
        ({"read_level": Level.ANY}, "read_level must not be ANY: it is for writes"),
        ({"read_level": Level.EACH_QUORUM}, "read_level must not be EACH_QUORUM: it is for writes"),
        ({"write_timeout": 0.0}, "write_timeout must be > 0 s, got 0.0"),
        ({"read_timeout": -1.0}, "read_timeout must be > 0 s, got -1.0"),
        ({"tombstone_grace": -1.0}, "tombstone_grace must be >= 0 s, got -1.0"),
        ({"work": -1.0}, "work must be finite and >= 0 s, got -1.0"),
        ({"message_work": -1.0}, "message_work must be finite and >= 0 s, got -1.0"),
        ({"start_time": -1.0}, "start_time must be finite and >= 0 s, got -1.0"),
        ({"threads": 0}, "threads must be a whole number >= 1, got 0"),
        ({"virtual_nodes": 0}, "virtual_nodes must be a whole number >= 1, got 0"),
        (
            {"coordination": Coordination.CLIENT, "versioning": Versioning.CLIENT_CLOCK},
            r"hints must be None and sloppy False where clients coordinate, who keep nothing, got Hinted",
        ),
        (
            {"coordination": Coordination.CLIENT, "hints": None},
            "versioning must be CLIENT_CLOCK where clients coordinate, got COORDINATOR_CLOCK",
        ),
        ({"sloppy": True, "detection": None}, "sloppy needs detection and hints"),
        ({"sloppy": True, "hints": None}, "sloppy needs detection and hints"),
        ({"write_level": Level.ANY, "hints": None}, "write_level ANY needs hints, got None"),
        (
            {"reads_from": ReadsFrom.ALL, "speculation": AfterDelay(1.0)},
            r"speculation must be Never\(\) where reads ask all replicas",
        ),
    ],
)
def test_impossible_settings_are_refused(setting: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        QuorumSettings(**setting)


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"versioning": "siblings"}, "versioning must be a Versioning, got 'siblings'"),
        ({"reads_from": "all"}, "reads_from must be a ReadsFrom, got 'all'"),
        ({"speculation": 0.1}, "speculation must be a way to speculate, got 0.1"),
        ({"sloppy": "yes"}, "sloppy must be a bool, got 'yes'"),
        ({"detection": True}, "detection must be a Detection, got True"),
        ({"hints": 3.0}, "hints must be a HintedHandoff, got 3.0"),
        ({"anti_entropy": 60.0}, "anti_entropy must be an AntiEntropy, got 60.0"),
        ({"legs": 0.1}, "legs must be a MessageLegs, got 0.1"),
        ({"durability": "each"}, "durability must be a durability policy, got 'each'"),
        ({"replicas": {1: 2}}, "each of regions of replicas must be a str, got 1"),
    ],
)
def test_settings_of_another_kind_are_refused(setting: dict[str, Any], error: str) -> None:
    with pytest.raises(TypeError, match=error):
        QuorumSettings(**setting)


def test_a_store_needs_hosts_and_enough_of_them() -> None:
    env = Environment(seed=1)
    network = Network(env)
    with pytest.raises(ValueError, match="hosts must be at least one, got none"):
        QuorumStore(env, network, [])
    with pytest.raises(TypeError, match="each of hosts must be a Host, got 1"):
        QuorumStore(env, network, [1])  # type: ignore[list-item] # which is the point
    with pytest.raises(ValueError, match="replicas must be at most the 2 nodes, got 3"):
        QuorumStore(env, network, [Host(env, "a"), Host(env, "b")])


def test_clients_are_made_with_levels_and_contacts_that_can_be() -> None:
    world = World()
    with pytest.raises(ValueError, match="read_level must be at most the 3 replicas, got 4"):
        world.store.client(world.client_host, read_level=4)
    with pytest.raises(ValueError, match="contacts must be at least one node, got none"):
        world.store.client(world.client_host, contacts=[])
    with pytest.raises(TypeError, match="each of contacts must be a QuorumNode, got 'n0'"):
        world.store.client(world.client_host, contacts=["n0"])  # type: ignore[list-item] # which is the point
    with pytest.raises(ValueError, match="contacts must be nodes of 'store', got "):
        world.store.client(world.client_host, contacts=World().nodes)
    with pytest.raises(TypeError, match="host must be a Host, got 'client'"):
        world.store.client("client")  # type: ignore[arg-type] # which is the point
    with pytest.raises(ValueError, match="write_level ANY needs hints, got None"):
        world.store.client(world.client_host, write_level=Level.ANY)
    coordinating = World(plain(coordination=Coordination.CLIENT, versioning=Versioning.CLIENT_CLOCK))
    with pytest.raises(ValueError, match="contacts must be None where clients coordinate"):
        coordinating.store.client(coordinating.client_host, contacts=coordinating.nodes)


def test_a_request_at_an_impossible_level_stops_whoever_makes_it() -> None:
    world = World()
    world.call(world.client(), at_level(write("x", 1), 4))
    with pytest.raises(ValueError, match="level must be at most the 3 replicas, got 4"):
        world.env.run(until=1.0)
    world.call(world.client(), at_level(write("x", 1), Level.ANY))
    with pytest.raises(ValueError, match="level ANY needs hints, got None"):
        world.env.run(until=1.0)
    world.call(world.client(), at_level(read("x"), Level.ANY))
    with pytest.raises(ValueError, match="level must not be ANY: it is for writes"):
        world.env.run(until=1.0)


@pytest.mark.parametrize("level", ["quorum", 0, None, True])
def test_a_level_is_one_of_those_or_a_count(level: Any) -> None:
    with pytest.raises(ValueError, match=f"level must be a whole number >= 1, got {level!r}"):
        at_level(read("x"), level)


def test_legs_are_distributions_that_are_not_negative() -> None:
    one = Constant(1.0)
    with pytest.raises(
        ValueError, match=r"response must be >= 0 s, got Uniform\(minimum=-1.0, maximum=1.0\)"
    ):
        MessageLegs(write_request=one, acknowledgement=one, read_request=one, response=Uniform(-1.0, 1.0))
    with pytest.raises(TypeError, match=r"response must be a Distribution, got 1\.0"):
        MessageLegs(write_request=one, acknowledgement=one, read_request=one, response=1.0)  # type: ignore[arg-type] # which is the point


def test_it_is_a_store_that_does_not_claim_to_be_linearizable() -> None:
    world = World()
    assert isinstance(world.store, Store)
    assert not world.store.is_linearizable
    assert [node.host for node in world.store.nodes] == world.hosts


def test_presets_can_be_changed() -> None:
    settings = cassandra(write_level=Level.ONE)
    assert (settings.write_level, settings.read_level) == (Level.ONE, Level.QUORUM)
