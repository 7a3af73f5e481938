"""The network is the only way: each direction of each link, cut alone, has its effect and no other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from models.replication import add, write
from models.replication.multi_primary import Crdts
from models.replication.multi_primary.messages import Have
from models.replication.multi_primary.shipping import Peer
from tests.models.replication.multi_primary.building import DONE, SYNC, WAY, World, plain

CLIENT = "client"


@pytest.mark.parametrize(
    ("source", "target", "outcome", "held"),
    [
        (CLIENT, 0, None, [None, None]),  # never arrives
        (0, CLIENT, None, [1, 1]),  # done, and never told
        (0, 1, DONE, [1, None]),  # done, and never shipped
        (1, 0, DONE, [1, 1]),  # done and shipped, and never acknowledged
        (CLIENT, 1, DONE, [1, 1]),
        (1, CLIENT, DONE, [1, 1]),
    ],
)
def test_of_two_nodes_each_direction_has_its_effect(
    source: Any, target: Any, outcome: Any, held: list[Any]
) -> None:
    world = World()
    hosts: dict[Any, Any] = {CLIENT: world.client_host, **dict(enumerate(world.hosts))}
    world.cut(hosts[source], hosts[target])
    told = world.call(0, write("x", 1))
    world.run(20.0)
    assert told.outcome == outcome
    assert world.held("x") == held


@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
def test_of_three_nodes_no_single_direction_keeps_an_update_from_any(source: int, target: int) -> None:
    world = World(count=3)
    world.cut(world.hosts[source], world.hosts[target])
    told = world.call(0, write("x", 1))
    world.run(1.0)
    assert told.outcome == DONE
    assert world.held("x") == [1 if (source, target) != (0, node) or node == 0 else None for node in range(3)]
    world.run(5.0)
    assert world.held("x") == [1, 1, 1]  # by the third


def test_without_acknowledgements_nothing_is_sent_again_before_somebody_asks() -> None:
    world = World()
    world.cut(world.hosts[1], world.hosts[0])
    world.call(0, write("x", 1))
    world.run(10.0)
    statistics = world.store.statistics()
    assert (statistics.shipped_count, statistics.duplicate_count) == (1, 0)  # nobody has asked for it
    for rule in list(world.network._rules):
        world.network.heal(rule)
    world.run(10.0)
    assert world.store.statistics().shipped_count == 1


def test_without_acknowledgements_the_sender_stops_at_its_window() -> None:
    world = World(plain(window=3))
    world.cut(world.hosts[1], world.hosts[0])
    for value in range(5):
        world.put(write(value, value))
    world.run(10.0)
    assert sorted(world.nodes[1].contents()) == [0, 1, 2]
    backlog = world.store.backlog(*world.nodes)
    assert backlog.update_count == 2
    assert world.store.backlog(*reversed(world.nodes)).update_count == 0
    for rule in list(world.network._rules):
        world.network.heal(rule)
    world.run(10.0)
    assert sorted(world.nodes[1].contents()) == [0, 1, 2, 3, 4]


def test_a_backlog_larger_than_the_window_goes_on_with_each_acknowledgement() -> None:
    world = World(plain(window=4, batch_max=2, exchange_interval=10.0))
    for node in (0, 1):
        world.put(write(f"before {node}", node), node=node)
    rule = world.network.partition(*world.hosts)
    for value in range(12):
        world.put(write(value, value))
    world.env.run(until=20.0)
    world.network.heal(rule)
    # A word unasked, at this very instant, and three rounds of a window each: there, committed, and back.
    world.run(WAY + 3 * (2 * WAY + SYNC) + 0.001)
    assert len(world.nodes[1].contents()) == 2 + 12
    assert world.store.backlog(*world.nodes).update_count == 0
    world.put(write(12, 12))
    world.run(SYNC)  # nothing waits any more: it goes at once
    assert len(world.nodes[1].contents()) == 2 + 13


def test_a_window_is_for_all_origins_together() -> None:
    world = World(plain(window=2), count=3)
    rule = world.network.partition(world.hosts[1], [world.hosts[0], world.hosts[2]])
    for value in range(2):
        for node in (0, 2):
            world.put(write((node, value), value), node=node)
    world.env.run(until=8.0)
    before = world.store.statistics().shipped_count
    world.network.heal(rule)
    world.network.partition(world.hosts[1], world.hosts[2])
    world.run(2 / 3 + WAY + 0.001)  # the second of three has said what it has
    assert world.store.statistics().shipped_count - before == 2
    world.run(3.0)
    assert len(world.nodes[1].contents()) == 4


def test_what_comes_twice_is_taken_once_and_counted() -> None:
    world = World(plain(transport="datagram", resolution=Crdts()), seed=1)
    world.network.override(*world.hosts, duplicate_probability=1.0)
    for _ in range(3):
        world.put(add("x", 1))
    world.run()
    assert world.held("x") == [3, 3]
    statistics = world.store.statistics()
    assert (statistics.shipped_count, statistics.duplicate_count) == (3, 3)


def test_what_was_sent_less_than_an_interval_ago_is_not_sent_again_to_who_says_that_he_lacks_it() -> None:
    """A sync takes nearly an interval: n1 says what it has when it has got an update and not committed it."""
    world = World(plain(sync_time=0.875))
    world.call(0, write("before", 0))
    world.call(0, write("x", 1), at=4.375)  # it is sent at 5.375; n0 speaks at 5.5, n1 at 6.0; done at 6.375
    world.run(10.0)
    assert world.held("x") == [1, 1]
    statistics = world.store.statistics()
    assert (statistics.shipped_count, statistics.duplicate_count) == (2, 0)


def test_only_a_word_unasked_says_that_what_has_not_come_is_lost() -> None:
    world = World()
    world.run(1.0)
    node, other = world.nodes
    peer = node.shipping._peers[other]
    peer.sent["origin"] = peer.sent_before["origin"] = 5
    sent = []
    for is_periodic in (False, True):
        node.shipping.hear(Have(other, other.incarnation, {"origin": 3}, is_periodic=is_periodic))
        sent.append(peer.sent["origin"])
    assert sent == [5, 3]


def test_nodes_say_what_they_have_one_after_the_other() -> None:
    world = World(count=4)
    counts = [world.store.statistics().message_count]
    for _ in range(8):
        world.run(0.25)
        counts.append(world.store.statistics().message_count)
    words = [after - before for before, after in pairwise(counts)]
    assert words == [12 + 0, 3, 3, 3, 3, 3, 3, 3]  # in the beginning each answers each


def test_what_was_said_in_an_earlier_life_counts_no_more() -> None:
    node = World().nodes[1]
    peer = Peer(node)
    for incarnation, number in [(1, 5), (2, 3), (1, 7), (2, 4)]:
        peer.hear(Have(node, incarnation, {"origin": number}, is_periodic=False))
    assert (peer.incarnation, peer.has) == (2, {"origin": 4})


def test_both_sides_of_a_cut_take_updates_and_have_each_others_when_it_is_healed() -> None:
    world = World()
    rule = world.network.partition(*world.hosts)
    told = [world.call(node, write(node, node), at=1.0) for node in (0, 1)]
    world.env.run(until=10.0)
    assert [each.outcome for each in told] == [DONE, DONE]
    assert [dict(held) for held in world.store.contents().values()] == [{0: 0}, {1: 1}]
    backlog = world.store.backlog(*world.nodes)
    assert backlog.update_count == 1
    assert backlog.age == 10.0 - (1.0 + WAY)
    world.network.heal(rule)
    # A word unasked, the update, and its commit.
    world.run(1.0 + 2 * WAY + SYNC + 0.001)
    assert [dict(held) for held in world.store.contents().values()] == [{0: 0, 1: 1}] * 2
