"""Whom a client asks: its own node, and when it goes to another."""

from __future__ import annotations

from typing import Any

from models import Host, Network, Region, Zone
from models.replication import MultiPrimaryStore, add, read, write
from models.replication.multi_primary import Crdts, Failover, KeepSiblings
from models.replication.sessions import Session
from models.resilience import Timeout
from simulator import Environment
from tests.models.replication.multi_primary.building import DONE, SYNC, WAY, World, plain


def test_a_client_goes_to_the_nearest_node() -> None:
    env = Environment()
    regions = [Region(name) for name in ("east", "west")]
    zones = [Zone(f"{region.name}-{letter}", region) for region in regions for letter in "ab"]
    hosts = [Host(env, f"host in {zone.name}", zone=zone) for zone in zones]
    network = Network(env, latencies=WAY)
    store = MultiPrimaryStore(env, network, hosts)
    for zone in zones:
        client = store.client(Host(env, f"client in {zone.name}", zone=zone))
        env.process(client.call(write(zone.name, 1)), "caller")
    env.run(until=WAY + 0.001 + 0.001)
    written = [list(held) for held in store.contents().values()]
    assert written == [[zone.name] for zone in zones]


def test_a_client_whose_nodes_process_is_down_asks_the_next_in_the_same_call() -> None:
    world = World()
    world.nodes[0].crash()
    client = world.client(0)
    told = [world.call(client, write("x", 1)), world.call(client, write("x", 1), at=5.0)]
    world.run()
    assert (told[0].outcome, told[0].at) == (DONE, 2 * WAY + 2 * WAY + SYNC)
    assert (told[1].outcome, told[1].at) == (DONE, 5.0 + 2 * WAY + SYNC)  # which it asks first from then on


def test_without_failover_it_is_refused() -> None:
    world = World(plain(failover=None))
    world.nodes[0].crash()
    client = world.client(0)
    told = [world.call(client, write("x", 1)), world.call(client, write("x", 1), at=2.0)]
    world.run()
    assert [each.outcome for each in told] == ["Refused"] * 2


def test_when_all_refuse_it_is_refused() -> None:
    world = World()
    for node in world.nodes:
        node.crash()
    told = world.call(0, write("x", 1))
    world.run()
    assert (told.outcome, told.at) == ("Refused", 4 * WAY)


def test_after_a_timeout_the_next_call_goes_to_the_next_node_and_after_a_while_one_goes_back() -> None:
    world = World(plain(failover=Failover(return_after=5.0)))
    world.cut(world.hosts[0], world.hosts[1])
    client = world.client(0)
    patient = Timeout(world.env, client, 1.0)
    world.hosts[0].crash()
    calls = [(0.0, 1), (2.0, 2), (4.0, 3), (7.0, 4)]
    world.at(6.5, world.hosts[0].restart)
    told = [world.call(patient, write(value, value), at=at) for at, value in calls]
    world.env.run(until=9.0)
    assert [each.outcome for each in told] == ["TimedOut", DONE, DONE, DONE]
    assert list(world.nodes[1].contents()) == [2, 3]
    assert 4 in world.nodes[0].contents()


def test_it_goes_back_when_the_time_is_over_and_not_before() -> None:
    world = World(plain(failover=Failover(return_after=2.0)))
    world.cut(*world.hosts)
    client = world.client(0)
    world.nodes[0].crash()
    failed_at = 2 * WAY
    for value, at in [(1, 0.0), (2, failed_at + 2.0 - WAY), (3, failed_at + 2.0)]:
        world.call(client, write(value, value), at=at)
    world.at(1.0, world.nodes[0].restart)
    world.run()
    assert [list(held) for held in world.store.contents().values()] == [[3], [1, 2]]


def test_what_a_client_has_seen_is_what_it_has_read_last_wherever() -> None:
    """It has read a value at each node, while these were cut, and replaces that of the second."""
    world = World(plain(resolution=KeepSiblings()))
    rule = world.network.partition(*world.hosts)
    for node in (0, 1):
        world.put(write("x", f"of n{node}"), node=node)
    client = world.client(0)
    world.call(client, read("x"))
    world.run(1.0)
    world.nodes[0].crash()
    for request in (read("x"), write("x", "new")):
        world.call(client, request)
        world.run(1.0)
    world.nodes[0].restart()
    world.network.heal(rule)
    world.run()
    assert world.held("x") == [("of n0", "new")] * 2


def test_the_late_failure_of_a_node_that_was_left_moves_nobody_back() -> None:
    world = World(count=3)
    world.network.partition(world.hosts, world.hosts)
    client = world.client(0)
    for host in world.hosts[:2]:
        host.crash()
    for patience, at in [(3.0, 0.0), (1.0, 0.0), (0.5, 1.5)]:
        world.call(Timeout(world.env, client, patience), write("x", at), at=at)
    told = world.call(client, write("x", "last"), at=4.0)
    world.run()
    assert told.outcome == DONE
    assert world.held("x") == [None, None, "last"]


def test_a_client_whose_host_starts_again_has_seen_nothing_and_knows_of_no_failure() -> None:
    world = World(plain(resolution=KeepSiblings()))
    client = world.client(0)
    for request in (write("x", 1), read("x")):
        world.call(client, request)
        world.run(1.0)
    world.nodes[0].crash()
    world.call(client, read("y"))
    world.run(1.0)
    world.nodes[0].restart()
    world.client_host.crash()
    world.client_host.restart()
    world.cut(*world.hosts)
    world.call(client, write("x", 2))
    world.run()
    assert world.held("x") == [(1, 2), 1]


def test_a_request_that_cannot_be_done_moves_nobody() -> None:
    world = World()
    client = world.client(0)
    world.cut(*world.hosts)
    world.call(client, write("x", "text"))
    told = world.call(client, add("x", 1), at=1.0)
    world.call(client, write("y", 1), at=2.0)
    world.run(4.0)
    assert told.outcome == "ServerError"
    assert world.held("y") == [1, None]


def found_after_a_move(has_session: bool) -> Any:
    """What a client finds that wrote at n0, whose process has crashed since, while the two nodes were cut."""
    world = World(plain(resolution=Crdts()))
    rule = world.network.partition(*world.hosts)
    ways = [world.client(0), world.client(1)]
    client = Session(world.env, ways, patience=10.0, pause=0.25) if has_session else ways[0]
    world.call(client, add("x", 5))
    world.run(1.0)
    world.nodes[0].crash()
    told = world.call(client, read("x"))
    world.at(3.0, world.nodes[0].restart)
    world.at(3.0, world.network.heal, rule)
    world.run(8.0)
    return told.outcome


def test_a_client_that_is_moved_does_not_find_its_own_write_and_a_session_goes_on_until_it_does() -> None:
    assert found_after_a_move(has_session=False) == ("ok", None)
    assert found_after_a_move(has_session=True) == ("ok", 5)
