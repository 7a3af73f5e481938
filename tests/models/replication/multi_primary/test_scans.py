"""Scans of a multi-primary store: what the client's own node shows, under each resolution."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import add, delete, scan, set_add, set_remove, write
from models.replication.multi_primary import Crdts, Failover, KeepSiblings, LastWriterWins
from models.replication.scans import AllKeys, KeyRange, Scanned
from models.replication.versions import VersionVector

from .building import DONE, SYNC, WAY, World, plain

EVERYTHING = scan(AllKeys())


def scanned(world: World, node: Any = 0, request: Any = EVERYTHING) -> Any:
    """What a scan tells, by key, or the name of a failure."""
    told = world.call(node, request)
    world.run(3 * WAY)
    if not isinstance(told.outcome, tuple):
        return told.outcome
    assert told.outcome[1].mark is None
    return dict(told.outcome[1].items)


def test_scan_tells_what_the_node_shows_and_the_other_knows_later() -> None:
    world = World(plain(resolution=LastWriterWins()))
    for request in (write("a", 1), write("b", 2), delete("b"), delete("never")):
        world.put(request)
    world.cut(world.hosts[0], world.hosts[1])
    world.put(write("a", 3))
    world.put(write("c", 4))
    assert scanned(world, 0) == {"a": 3, "c": 4}
    assert scanned(world, 0, scan(KeyRange("b"))) == {"c": 4}
    assert scanned(world, 1) == {"a": 1}


def test_scan_tells_nothing_that_waits_for_the_disk() -> None:
    world = World()
    world.call(0, write("a", 1))
    early = world.call(0, EVERYTHING)
    world.run(3 * WAY + SYNC)
    assert early.outcome == ("ok", Scanned(()))
    assert scanned(world) == {"a": 1}


def test_scan_tells_the_vector_of_what_it_shows_as_reads_do() -> None:
    world = World()
    world.put(write("a", 1))
    world.put(write("b", 1))
    versions: list[Any] = []

    def ask() -> Any:
        versions.append((yield from world.client(0).call(EVERYTHING)).version)

    world.env.process(ask())
    world.run(1.0)
    (origin,) = world.nodes[0].holdings.committed
    assert versions == [VersionVector({origin: 2})]


def test_scan_after_anything_is_an_error_and_moves_nobody_to_another_node() -> None:
    world = World(plain(failover=Failover()))
    world.put(write("a", 1))
    client = world.client(0)
    for mark in (0, (0, 1), VersionVector()):
        assert scanned(world, client, scan(AllKeys(), after=mark)) == "ServerError"
    world.cut(world.hosts[0], world.hosts[1])
    told = world.call(client, write("b", 1))
    world.run(1.0)
    assert told.outcome == DONE
    assert world.held("b") == [1, None]


def test_siblings_are_all_told_and_the_next_write_of_who_has_scanned_them_replaces_them() -> None:
    world = World(plain(resolution=KeepSiblings()))
    world.call(0, write("a", 1))
    world.call(1, write("a", 2))
    world.run()
    client = world.client(0)
    told = scanned(world, client)
    assert [(key, set(value)) for key, value in told.items()] == [("a", {1, 2})]
    world.call(client, write("a", 3))
    world.run()
    assert world.held("a") == [3, 3]


@pytest.mark.parametrize("node", [0, 1])
def test_data_types_are_told_as_what_they_are(node: int) -> None:
    world = World(plain(resolution=Crdts()))
    requests = [add("n", 5), set_add("s", "x"), set_add("s", "y"), set_remove("s", "x"), write("r", 1)]
    for request in [*requests, write("gone", 1), delete("gone")]:
        world.put(request)
    world.run()
    assert scanned(world, node) == {"n": 5, "s": frozenset({"y"}), "r": 1}
