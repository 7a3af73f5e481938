"""What the loss of a disk takes, and what a mere crash leaves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import Host, Network
from models.faults import DiskLoss, Fault, FaultPlan, HostCrash, PowerOutage, ProcessCrash
from models.infrastructure import Zone
from models.replication import SingleNodeStore, write
from models.storage import Disk, GroupCommit, PeriodicSync
from simulator import Environment


class World:
    """A store of one node with one value in it."""

    def __init__(self, policy: GroupCommit | PeriodicSync) -> None:
        self.env = Environment()
        self.zone = Zone("zone")
        self.host = Host(self.env, "host", zone=self.zone, boot_time=1.0)
        self.disk = Disk(self.host)
        network = Network(self.env, latencies=0.0)
        self.store = SingleNodeStore(self.env, network, self.host, disk=self.disk, policy=policy)
        client = self.store.client(Host(self.env, "client"))

        def user() -> Generator[Any, Any, None]:
            yield from client.call(write("x", 1))

        self.env.process(user())
        self.env.run(until=1.0)

    @property
    def value(self) -> Any:
        return self.store.contents()["single"].get("x")


@pytest.mark.parametrize(
    ("fault", "policy", "left"),
    [
        (lambda world: DiskLoss(world.disk), GroupCommit(), None),
        (lambda world: HostCrash(world.host), GroupCommit(), 1),
        (lambda world: PowerOutage(world.zone), GroupCommit(), 1),
        (lambda world: ProcessCrash(world.store.node), GroupCommit(), 1),
        (lambda world: DiskLoss(world.disk), PeriodicSync(interval=10.0), None),
        (lambda world: HostCrash(world.host), PeriodicSync(interval=10.0), None),
        (lambda world: PowerOutage(world.zone), PeriodicSync(interval=10.0), None),
        (lambda world: ProcessCrash(world.store.node), PeriodicSync(interval=10.0), 1),
        (lambda world: ProcessCrash(world.store.node), PeriodicSync(interval=10.0, is_buffered=True), None),
    ],
)
def test_what_is_left_of_an_acknowledged_write(
    fault: Callable[[World], Fault], policy: GroupCommit | PeriodicSync, left: int | None
) -> None:
    world = World(policy)
    assert world.value == 1
    FaultPlan(world.env).at(2.0, fault(world), duration=3.0)
    world.env.run(until=4.0)
    assert not world.store.node.is_awake
    world.env.run(until=7.0)
    assert world.store.node.is_awake
    assert world.value == left


def test_a_disk_can_be_lost_on_a_host_that_is_down_and_the_host_boots_when_nothing_holds_it() -> None:
    world = World(GroupCommit())
    crash, loss = HostCrash(world.host), DiskLoss(world.disk)
    crash.inject()
    loss.inject()
    crash.heal()
    world.env.run(until=5.0)
    assert not world.host.is_up
    loss.heal()
    world.env.run(until=5.5)
    assert not world.host.is_up  # it boots
    world.env.run(until=6.5)
    assert world.host.is_up
    assert world.value is None
    assert world.host.crash_count == 1


def test_two_disks_of_a_host_are_lost_one_by_one() -> None:
    env = Environment()
    host = Host(env, "host")
    first, second = Disk(host, name="first"), Disk(host, name="second")
    loss = DiskLoss(first)
    loss.inject()
    loss.heal()
    assert (first.destroyed_count, second.destroyed_count) == (1, 0)
    assert str(loss) == "disk loss of first"


def test_what_is_no_disk_is_refused() -> None:
    with pytest.raises(TypeError, match="disk must be a Disk, got Host"):
        DiskLoss(Host(Environment(), "web"))  # type: ignore[arg-type]
