"""Crashes of a coordinator and of replicas at every step of a write, and what restarts bring back."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import read, write
from models.replication.quorums import AntiEntropy, Level, at_level
from models.storage import GroupCommit, PeriodicSync, SyncEachWrite
from tests.models.replication.quorums.building import WAY, WRITTEN, World, found, plain

SYNC = WAY / 2
"""A sync takes half as long as a message."""

# A write through n0 at 0: there at 1 (in units of WAY), synced at n0 at 1.5, there at the replicas at 2,
# synced at 2.5, acknowledged to n0 at 3.5, to the client at 4.5; before and after each.
STEPS = [0.5, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.75]


def durable(**changes: Any) -> Any:
    return plain(**{"durability": SyncEachWrite(), "sync_time": SYNC, **changes})


def crash_during_a_write(step: float, node: int, *, of_host: bool, **changes: Any) -> tuple[Any, World]:
    """Crash a node or its host at a step of a write of 2 over 1, restart it at 10, and run on to 40."""
    world = World(durable(anti_entropy=AntiEntropy(interval=1.0), **changes))
    world.put(1)
    start = world.env.now
    told = world.call(world.client(0), write("x", 2), at=start)
    what = world.hosts[node] if of_host else world.nodes[node]
    world.at(start + step * WAY, what.crash)
    world.at(start + 10.0, what.restart)
    world.env.run(until=start + 40.0)
    return told.outcome, world


@pytest.mark.parametrize("of_host", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_of_the_coordinator_leaves_a_write_everywhere_or_nowhere_and_never_lies(
    step: float, of_host: bool
) -> None:
    outcome, world = crash_during_a_write(step, 0, of_host=of_host)
    held = world.held("x")
    # It has written to itself first, and sends to the others at the same instant.
    was_sent = step > 1
    assert held == ([2] * 3 if was_sent else [1] * 3)
    if step > 3.5:  # done: the answer was on its way when the coordinator died, or had come
        assert outcome == WRITTEN
    elif of_host:
        assert outcome is None
    else:
        assert outcome == ("Refused" if step < 1 else "ConnectionLost")


@pytest.mark.parametrize("of_host", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_of_a_replica_costs_nothing_at_quorum_and_it_has_the_write_in_the_end(
    step: float, of_host: bool
) -> None:
    outcome, world = crash_during_a_write(step, 1, of_host=of_host)
    assert outcome == WRITTEN
    assert world.held("x") == [2] * 3


@pytest.mark.parametrize("step", STEPS)
def test_at_all_a_crash_of_a_replica_before_it_has_acknowledged_is_a_timeout(step: float) -> None:
    outcome, world = crash_during_a_write(step, 1, of_host=True, write_level=Level.ALL)
    assert outcome == ("TimedOut" if step < 2.5 else WRITTEN)
    assert world.held("x") == [2] * 3


@pytest.mark.parametrize(
    ("step", "outcome"), [(0.5, "Refused"), (1.5, "ConnectionLost"), (2.5, "ConnectionLost"), (3.5, found(1))]
)
def test_a_crash_of_the_coordinator_during_a_read_is_seen_as_such(step: float, outcome: Any) -> None:
    world = World()
    world.put(1)
    start = world.env.now
    told = world.call(world.client(0), read("x"), at=start)
    world.at(start + step * WAY, world.nodes[0].crash)
    world.env.run(until=start + 20.0)
    assert told.outcome == outcome


@pytest.mark.parametrize(
    ("durability", "of_host", "held"),
    [
        (SyncEachWrite(), True, 1),
        (GroupCommit(), True, 1),
        (PeriodicSync(interval=1000.0), True, None),
        (PeriodicSync(interval=1000.0), False, 1),
        (PeriodicSync(interval=1000.0, is_buffered=True), False, None),
    ],
)
def test_a_restart_brings_back_what_the_log_has_kept(durability: Any, of_host: bool, held: Any) -> None:
    world = World(plain(durability=durability, sync_time=SYNC))
    world.put(1)
    what = world.hosts[1] if of_host else world.nodes[1]
    what.crash()
    assert world.held("x") == [1, held, 1]
    what.restart()
    world.env.run(until=world.env.now + 1.0)
    assert world.held("x") == [1, held, 1]


def test_a_restart_takes_the_time_of_reading_the_log_and_clients_are_refused_meanwhile() -> None:
    world = World(plain(read_time=0.25))
    world.put(1, 2, 3, 4)
    world.nodes[0].crash()
    start = world.env.now
    world.nodes[0].restart()
    early = world.call(world.client(0), read("x"), at=start + 0.5)
    late = world.call(world.client(0), read("x"), at=start + 1.0)
    world.env.run(until=start + 5.0)
    assert (early.outcome, late.outcome) == ("Refused", found(4))


def test_an_acknowledgement_of_a_forgotten_write_is_taken_for_no_other() -> None:
    """Numbers of messages are not used again after a restart: an old answer may be on its way."""
    world = World(plain(write_level=3, write_timeout=50.0))
    world.network.override(world.hosts[1], world.hosts[0], latency=10.0, one_way=True)
    world.network.override(world.hosts[2], world.hosts[0], latency=20.0, one_way=True)
    world.call(world.client(0), write("x", 1))
    world.at(1.0, world.nodes[0].crash)
    world.at(2.0, world.nodes[0].restart)
    told = world.call(world.client(0), write("y", 1), at=3.0)
    world.env.run(until=60.0)
    assert told.at == 3.0 + WAY + WAY + 20.0 + WAY


def test_a_read_during_a_crash_of_a_replica_asks_another_or_times_out() -> None:
    world = World(plain(read_timeout=5.0))
    world.put(1)
    order = [replica for replica in world.store.replicas_of("x") if replica is not world.nodes[0]]
    order[0].host.crash()
    start = world.env.now
    at_quorum = world.call(world.client(0), read("x"), at=start)
    at_one = world.call(world.client(0), at_level(read("x"), Level.ONE), at=start)
    world.env.run(until=start + 10.0)
    assert (at_quorum.outcome, at_one.outcome) == ("TimedOut", found(1))
