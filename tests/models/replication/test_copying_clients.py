"""Copies are made by clients that see every write that was acknowledged, whatever other clients see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from models import Host, Network
from models.replication import PrimaryReplicaStore, QuorumStore, SingleNodeStore
from models.replication.primary_replica import ReadPolicy, Source
from models.replication.quorums import HintedHandoff, Level, QuorumSettings
from simulator import Environment


@pytest.mark.parametrize(
    ("replicas", "written", "read"),
    [
        (3, 1, 3),
        (3, 2, 2),
        (3, 3, 1),
        (5, 2, 4),
        (3, Level.ONE, 3),
        (3, Level.TWO, 2),
        (4, Level.THREE, 2),
        (3, Level.QUORUM, 2),
        (4, Level.QUORUM, 2),
        (5, Level.QUORUM, 3),
        (5, Level.ALL, 1),
        ({"east": 2, "west": 3}, Level.QUORUM, 3),
        ({"east": 2, "west": 3}, Level.LOCAL_QUORUM, Level.ALL),
        ({"east": 2, "west": 3}, Level.EACH_QUORUM, Level.ALL),
    ],
)
def test_level_meets_every_write_and_is_no_higher(
    replicas: int | Mapping[str, int], written: Level | int, read: Level | int
) -> None:
    settings = QuorumSettings(replicas=replicas, write_level=written)
    assert settings.meeting_level == read
    if isinstance(read, int) and isinstance(written, int):
        assert read + written == settings.replica_count + 1


@pytest.mark.parametrize(
    "settings",
    [
        QuorumSettings(write_level=Level.ANY, hints=HintedHandoff()),
        QuorumSettings(write_level=2, sloppy=True),
    ],
)
def test_where_hints_hold_what_was_written_all_replicas_are_asked(settings: QuorumSettings) -> None:
    assert settings.meeting_level is Level.ALL


def test_client_is_the_stores_own_but_for_what_it_is_shown() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    hosts = [Host(env, name) for name in "abc"]
    reads = ReadPolicy(source=Source.NEAREST)
    replicated: Any = PrimaryReplicaStore(env, network, hosts, reads=reads).copying_client(hosts[2])
    assert replicated._reads == ReadPolicy(source=Source.PRIMARY)
    quorums: Any = QuorumStore(env, network, hosts).copying_client(hosts[2])
    assert quorums._read_level == 2
    single = SingleNodeStore(env, network, hosts[0], name="single")
    assert type(single.copying_client(hosts[2])) is type(single.client(hosts[2]))
