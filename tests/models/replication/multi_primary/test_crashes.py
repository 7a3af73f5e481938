"""What a crash takes: exactly what was not durable; and what a restart and the others give back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import Host, Network
from models.replication import MultiPrimaryStore, read, set_add, write
from models.replication.multi_primary import Crdts, KeepSiblings, LastWriterWins
from models.storage import GroupCommit, PeriodicSync, SyncEachWrite
from simulator import Environment
from tests.models.replication.multi_primary.building import DONE, SYNC, WAY, World, plain

INSTANTS = [SYNC / 2 + number * SYNC for number in range(16)]
"""All through a write at n0, its way to n1, and the acknowledgement: one between any two events.

What happens does so at multiples of `SYNC`.
"""


def crash_at(world: World, at: float, what: Callable[[], object], undo: Callable[[], object]) -> None:
    world.at(at, what)
    world.at(at + 1.0, undo)


@pytest.mark.parametrize("policy", [GroupCommit(), SyncEachWrite()])
@pytest.mark.parametrize("node", [0, 1])
@pytest.mark.parametrize("is_host", [True, False])
def test_a_crash_at_any_instant_takes_what_was_not_durable_and_nothing_else(
    policy: GroupCommit | SyncEachWrite, node: int, is_host: bool
) -> None:
    for instant in INSTANTS:
        world = World(plain(durability=policy))
        told = world.call(0, write("x", 1))
        crashing = world.hosts[node] if is_host else world.nodes[node]
        crash_at(world, instant, crashing.crash, crashing.restart)
        world.run(8.0)
        survives = node == 1 or instant > (WAY + SYNC if is_host else WAY)
        # A call that finds the process down goes to the other node; where the host is down it waits.
        goes_elsewhere = node == 0 and instant < WAY and not is_host
        assert world.held("x") == ([1, 1] if survives or goes_elsewhere else [None, None]), instant
        answered = node == 1 or instant > WAY + SYNC or goes_elsewhere
        assert (told.outcome == DONE) == answered, instant
        statistics = world.store.statistics()
        assert (statistics.gone_count, statistics.overwritten_count) == (0, 0)


def test_a_node_that_starts_again_reads_its_log_and_refuses_meanwhile() -> None:
    world = World(plain(read_time=0.5), count=1)
    for value in range(4):
        world.put(write("x", value))
    world.hosts[0].crash()
    world.hosts[0].restart()
    began = world.env.now
    early, late = world.call(0, read("x"), at=began + 1.0), world.call(0, read("x"), at=began + 2.0)
    world.run()
    assert (early.outcome, late.outcome) == ("Refused", ("ok", 3))
    assert world.store.statistics().recovery_time == 4 * 0.5


@pytest.mark.parametrize(("is_hybrid", "found"), [(False, "old"), (True, "new")])
def test_a_node_alone_that_starts_again_with_a_clock_set_back_overwrites_the_new_with_the_old(
    is_hybrid: bool, found: str
) -> None:
    world = World(plain(resolution=LastWriterWins(is_hybrid=is_hybrid)), count=1)
    world.run(10.0)
    world.put(write("x", "old"))
    world.hosts[0].crash()
    world.hosts[0].skew_clock("test", -5.0)
    world.hosts[0].restart()
    world.put(write("x", "new"))
    assert world.held("x") == [found]
    assert world.store.is_linearizable is is_hybrid


def test_what_was_written_and_not_synced_is_synced_before_anybody_is_told_of_it() -> None:
    world = World(count=1)
    world.call(0, write("x", 1))
    world.run(WAY + SYNC / 2)
    world.nodes[0].crash()
    world.nodes[0].restart()
    world.run(SYNC / 2)
    assert not world.nodes[0].is_awake
    world.run(SYNC)
    assert world.held("x") == [1]
    world.hosts[0].crash()
    assert world.held("x") == [1]


def cut_with_an_update_on_one_side() -> World:
    world = World()
    world.run(2.0)
    rule = world.network.partition(*world.hosts)
    world.put(write("x", 1))
    world.at(10.0, world.network.heal, rule)
    return world


def test_what_was_acknowledged_and_not_shipped_survives_a_crash_and_is_shipped_after_it() -> None:
    world = cut_with_an_update_on_one_side()
    crash_at(world, 4.0, world.hosts[0].crash, world.hosts[0].restart)
    world.run(15.0)
    assert world.held("x") == [1, 1]
    assert world.store.statistics().gone_count == 0


def test_a_node_that_has_started_again_ships_at_once_what_it_had_not_shipped() -> None:
    world = World(plain(exchange_interval=10.0))
    world.run(2.0)
    rule = world.network.partition(*world.hosts)
    world.put(write("x", 1))
    world.hosts[0].crash()
    world.network.heal(rule)
    world.hosts[0].restart()
    world.run(3 * WAY + SYNC + 0.001)  # its word, that of the other, the update, and its commit
    assert world.held("x") == [1, 1]


def test_what_was_acknowledged_and_not_shipped_is_gone_with_its_disk_and_counted() -> None:
    world = cut_with_an_update_on_one_side()
    crash_at(world, 4.0, world.nodes[0].disk.destroy, world.hosts[0].restart)
    world.run(15.0)
    assert world.held("x") == [None, None]
    statistics = world.store.statistics()
    assert (statistics.acknowledged_count, statistics.gone_count, statistics.overwritten_count) == (1, 1, 0)


def test_a_node_whose_disk_was_destroyed_gets_all_that_was_shipped_its_own_updates_too() -> None:
    world = World(plain(resolution=Crdts()))
    for item in range(5):
        world.put(set_add("x", item), node=item % 2)
        world.run(1.0)
    world.nodes[0].disk.destroy()
    world.hosts[0].restart()
    world.run(0.001)
    assert world.held("x") == [None, {0, 1, 2, 3, 4}]
    world.run(4.0)
    assert world.held("x") == [{0, 1, 2, 3, 4}] * 2
    world.put(set_add("x", 5))
    world.run()
    assert world.held("x") == [{0, 1, 2, 3, 4, 5}] * 2


def test_a_node_gets_back_from_others_what_it_had_acknowledged_before_it_was_durable() -> None:
    world = World(plain(durability=PeriodicSync(interval=100.0), resolution=KeepSiblings()))
    world.put(write("x", 1))
    world.run(1.0)
    assert world.held("x") == [1, 1]
    world.hosts[0].crash()
    assert world.held("x") == [None, 1]
    world.hosts[0].restart()
    world.put(write("x", 2))  # under another name: that of the first write is taken
    world.run(4.0)
    assert [set(held) for held in world.held("x")] == [{1, 2}] * 2


def test_what_no_disk_has_is_gone_when_all_hosts_crash_and_counted() -> None:
    world = World(plain(durability=PeriodicSync(interval=100.0)))
    world.put(write("x", 1))
    world.run(1.0)
    for host in world.hosts:
        host.crash()
        host.restart()
    world.run()
    assert world.held("x") == [None, None]
    assert world.store.statistics().gone_count == 1


def test_a_peer_that_has_lost_what_it_acknowledged_is_sent_it_again() -> None:
    world = World(plain(durability=PeriodicSync(interval=100.0)))
    world.put(write("x", 1))
    world.run(3.0)
    world.hosts[1].crash()
    world.hosts[1].restart()
    world.run(0.001)
    assert world.held("x") == [1, None]
    world.run(1.0)
    assert world.held("x") == [1, 1]
    statistics = world.store.statistics()
    assert (statistics.shipped_count, statistics.repeated_count) == (
        2,
        0,
    )  # to this life of it for the first time


def test_a_node_whose_host_is_down_when_the_store_is_made_begins_when_it_is_up_and_once() -> None:
    env = Environment()
    network = Network(env, latencies=WAY)
    hosts = [Host(env, name) for name in "ab"]
    hosts[0].crash()
    store = MultiPrimaryStore(env, network, hosts)
    env.call_later(0.25, hosts[0].restart)
    env.run(until=10.0)
    # A word when it begins, one in answer to the other's first, and one in each interval.
    assert store.nodes[0].sent_count == 1 + 1 + 10
