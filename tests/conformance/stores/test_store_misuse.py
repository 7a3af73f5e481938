"""Nonsense given to a store's constructor is one clear line, said at once, and not an hour into the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import Host, Network
from models.consensus import RaftStore
from models.replication import MultiPrimaryStore, PrimaryReplicaStore, QuorumStore, SingleNodeStore
from models.replication.primary_replica import FailoverSettings, ReplicationSettings
from models.storage import Disk
from simulator import Environment
from tests.in_one_test import in_one_test

STORES: tuple[Callable[..., Any], ...] = (PrimaryReplicaStore, QuorumStore, RaftStore, MultiPrimaryStore)


class Place:
    """Three hosts and a network."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=0.01)
        self.hosts = [Host(self.env, name) for name in "abc"]

    def told(self, make: Callable[[], Any]) -> str:
        """Return the one line that whoever makes it is told."""
        with pytest.raises((ValueError, TypeError)) as caught:
            make()
        text = str(caught.value)
        assert text.strip()
        assert "\n" not in text
        return text


@in_one_test("store", STORES)
@in_one_test("hosts", ["none", "one twice", "a name", "not even a list", "one that is none"])
def test_hosts_are_one_or_more_each_once(store: Callable[..., Any], hosts: str) -> None:
    place = Place()
    a, b, _ = place.hosts
    given: dict[str, Any] = {
        "none": [],
        "one twice": [a, b, a],
        "a name": ["a"],
        "not even a list": 3,
        "one that is none": [a, None],
    }
    text = place.told(lambda: store(place.env, place.network, given[hosts]))
    assert "hosts" in text


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("settings", ["text", 3, {"replicas": 3}])
def test_settings_are_those_of_the_store(store: Callable[..., Any], settings: Any) -> None:
    place = Place()
    text = place.told(lambda: store(place.env, place.network, place.hosts, settings=settings))
    assert "settings" in text
    assert repr(settings) in text


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("flaws", ["text", 3])
def test_flaws_are_those_of_the_store(store: Callable[..., Any], flaws: Any) -> None:
    place = Place()
    text = place.told(lambda: store(place.env, place.network, place.hosts, flaws=flaws))
    assert "flaws" in text


@pytest.mark.parametrize("store", [*STORES, SingleNodeStore])
@pytest.mark.parametrize("name", ["", 3, None])
def test_name_is_a_text_that_is_not_empty(store: Callable[..., Any], name: Any) -> None:
    place = Place()
    where: Any = place.hosts[0] if store is SingleNodeStore else place.hosts
    assert "name" in place.told(lambda: store(place.env, place.network, where, name=name))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"host": "a"}, "host"),
        ({"disk": "a disk"}, "disk"),
        ({"policy": "always"}, "policy"),
        ({"snapshot_interval": 0}, "snapshot_interval"),
        ({"snapshot_interval": float("nan")}, "snapshot_interval"),
        ({"request_work": -1.0}, "request_work"),
        ({"threads": 0}, "threads"),
    ],
)
def test_single_node_says_what_is_wrong(given: dict[str, Any], says: str) -> None:
    place = Place()
    host = given.pop("host", place.hosts[0]) if "host" in given else place.hosts[0]
    assert says in place.told(lambda: SingleNodeStore(place.env, place.network, host, **given))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reads": "primary"}, "reads"),
        ({"disks": "disks"}, "disks"),
        ({"disks": [1, 2, 3]}, "disks"),
        ({"monitor_host": "monitor"}, "monitor_host"),
        ({"settings": ReplicationSettings(failover=FailoverSettings())}, "monitor_host"),
        ({"discovery_timeout": 0.0}, "discovery_timeout"),
        ({"threads": 0}, "threads"),
    ],
)
def test_primary_and_replicas_say_what_is_wrong(given: dict[str, Any], says: str) -> None:
    place = Place()
    assert says in place.told(lambda: PrimaryReplicaStore(place.env, place.network, place.hosts, **given))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"durability": "always"}, "durability"),
        ({"told": "committed"}, "told"),
        ({"visibility": 1}, "visibility"),
        ({"progress": "flushed"}, "progress"),
        ({"failover": 3.0}, "failover"),
        ({"replay_work": -1.0}, "replay_work"),
        ({"snapshot_interval": 0.5}, "snapshot_interval"),
        ({"retained_count": -1}, "retained_count"),
        ({"ships_unsynced": "no"}, "ships_unsynced"),
    ],
)
def test_rules_of_replication_say_what_is_wrong(given: dict[str, Any], says: str) -> None:
    place = Place()
    assert says in place.told(lambda: ReplicationSettings(**given))


def test_disk_of_another_host_is_refused() -> None:
    place = Place()
    a, b, _ = place.hosts
    assert "disk" in place.told(lambda: SingleNodeStore(place.env, place.network, a, disk=Disk(b)))
    disks = [Disk(b), Disk(a)]
    text = place.told(lambda: PrimaryReplicaStore(place.env, place.network, [a, b], disks=disks))
    assert "disks" in text
