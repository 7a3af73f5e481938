"""Random schedules of trouble: crashes, restarts, cuts, loss, delay, drift; in the end all heals."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import CallFailed, Endpoint, Request
from models.network import AddedDelay, PacketLoss
from models.replication import add, append, compare_and_set, read, write
from simulator.randomness import Exponential

from .world import World

DRIFT_MAX = 0.02


def make_trouble(world: World, until: float, *, fault_mean: float = 0.25) -> None:
    """Let faults strike at random until then, and heal soon after."""
    world.env.process(_strike(world, until, fault_mean), "trouble")


def _strike(world: World, until: float, fault_mean: float) -> Generator[Any, Any, None]:
    chance = world.env.stream("test/trouble")
    count = 0
    while world.env.now < until:
        yield float(chance.exponential(fault_mean))
        duration = float(chance.uniform(0.02, 0.8))
        count += 1
        fault = _FAULTS[int(chance.integers(len(_FAULTS)))]
        world.env.process(fault(world, chance, duration, f"fault-{count}"), f"fault {count}")


def _crash_host(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    host = world.hosts[int(chance.integers(len(world.hosts)))]
    host.hold_down(name)
    yield duration
    host.let_up(name)


def _crash_process(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    node = world.nodes[int(chance.integers(len(world.nodes)))]
    node.host.hold_process_down(node, name)
    yield duration
    node.host.let_process_up(node, name)


def _crash_leader(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    leader = world.cluster.leader
    if leader is None:
        return
    leader.host.hold_down(name)
    yield duration
    leader.host.let_up(name)


def _cut(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    hosts = world.network_hosts
    places = [hosts[int(place)] for place in chance.permutation(len(hosts))]
    size = int(chance.integers(1, len(hosts)))
    is_one_way = bool(chance.random() < 0.4)
    rule = world.network.partition(places[:size], places[size:], one_way=is_one_way)
    yield duration
    world.network.heal(rule)


def _cut_leader_off(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    """Cut the leader off from the other nodes, together with some of the clients."""
    leader = world.cluster.leader
    if leader is None:
        return
    users = [host for host in world.network_hosts if host not in world.hosts and chance.random() < 0.5]
    rule = world.cut(leader, clients=tuple(users))
    yield duration
    world.network.heal(rule)


def _lose(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    probability = float(chance.uniform(0.05, 0.6))
    rule = PacketLoss(world.env, world.hosts, world.network_hosts, probability, name=name)
    world.network.install(rule)
    yield duration
    world.network.heal(rule)


def _delay(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    host = world.hosts[int(chance.integers(len(world.hosts)))]
    others = [each for each in world.network_hosts if each is not host]
    law = Exponential(mean=float(chance.uniform(0.005, 0.2)))
    rule = AddedDelay(world.env, host, others, law, name=name)
    world.network.install(rule)
    yield duration
    world.network.heal(rule)


def _drift(world: World, chance: Any, duration: float, name: str) -> Generator[Any, Any, None]:
    # One drift a host at a time: two would add up to more than the bound.
    host = world.hosts[int(chance.integers(len(world.hosts)))]
    if host.clock_rate != 1.0:
        return
    drift = DRIFT_MAX if chance.random() < 0.5 else -DRIFT_MAX
    host.skew_clock(name, float(chance.uniform(-100.0, 100.0)), drift)
    yield duration
    host.set_clock(name)


_FAULTS = (
    _crash_host,
    _crash_process,
    _crash_leader,
    _cut,
    _cut_leader_off,
    _lose,
    _delay,
    _drift,
)


def use(world: World, number: int, until: float) -> None:
    """Let a user, on a host of its own, ask one thing after the other; what it writes nobody else does."""
    client = world.client(world.new_host(f"user-{number}"))
    world.env.process(_use(world, client, number, until), f"user {number}")


def _use(world: World, client: Endpoint, number: int, until: float) -> Generator[Any, Any, None]:
    chance = world.env.stream(f"test/user-{number}")
    seen: Any = None
    count = 0
    while world.env.now < until:
        yield float(chance.exponential(0.03))
        count += 1
        request = _request(chance, number * 1_000 + count, seen)
        try:
            response = yield from client.call(request)
        except CallFailed:
            continue
        if request.operation == "read":
            seen = response.value


def _request(chance: Any, value: int, seen: Any) -> Request:
    luck = chance.random()
    if luck < 0.4:
        return read(("register", "list", "register", "number")[int(chance.integers(4))])
    if luck < 0.6:
        return write("register", value)
    if luck < 0.7:
        return compare_and_set("register", seen, value)
    if luck < 0.9:
        return append("list", value)
    return add("number", value)
