"""Whatever happens, in whatever order: one holder at a time, tokens that grow, nothing lost."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import CallFailed, Host
from models.consensus import FencedResource, LockClient, RaftSettings, Reads
from models.consensus.lock_service import HeldLock, LockFlaws, fenced_read, fenced_write
from models.consensus.raft import Role
from simulator.randomness import LogNormal

from ..trouble import make_trouble
from .building import World

ONE_WAY = LogNormal.from_percentiles(p50=0.002, p99=0.02)


class Watch:
    """Sees all clients' locks: who holds what, and under which token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held: dict[str, HeldLock] = {}
        self.given: list[tuple[float, float, int]] = []  # asked, given, token

    def look(self) -> None:
        """Check that at most one holds the lock now."""
        holders = [name for name, held in self.held.items() if held.is_held]
        assert len(holders) <= 1, f"{holders} hold the lock at {self.world.env.now}"

    def check_tokens(self) -> None:
        """Check that who asked after another had been given it got a higher token, and nobody the same."""
        tokens = [token for _, _, token in self.given]
        assert len(set(tokens)) == len(tokens)
        highest, done = 0, 0
        by_end = sorted(self.given, key=lambda each: each[1])
        for asked, _, token in sorted(self.given):
            while done < len(by_end) and by_end[done][1] < asked:
                highest = max(highest, by_end[done][2])
                done += 1
            assert token > highest


def use(world: World, watch: Watch, client: LockClient, resource: FencedResource, until: float) -> None:
    """Let a client take the lock, read, think, write, and give it back, again and again."""
    name = client.name
    way = world.network.connect(client.host, resource)
    chance = world.env.stream(f"test/{name}")

    def work() -> Generator[Any, Any, None]:
        while world.env.now < until:
            yield float(chance.exponential(0.05))
            asked = world.env.now
            try:
                with world.env.fail_after(1.0):
                    held = yield from client.acquire("lock", waits=bool(chance.random() < 0.8))
            except CallFailed:
                continue
            if held is None:
                continue
            watch.held[name] = held
            watch.given.append((asked, world.env.now, held.token))
            watch.look()
            try:
                with world.env.fail_after(2.0):
                    read = (yield from way.call(fenced_read("file", held.token))).value
                    yield from client.host.work(float(chance.exponential(0.1)))
                    yield from way.call(fenced_write("file", name, held.token, read.version))
            except CallFailed:
                pass
            client.release(held)

    def start() -> None:
        client.host.start(work(), f"{name} works")

    start()
    client.host.on_restart(start)


def pauses(world: World, host: Host, until: float) -> Generator[Any, Any, None]:
    """Let a client's host stand still, or crash, now and then."""
    chance = world.env.stream(f"test/pauses of {host.name}")
    while world.env.now < until:
        yield float(chance.exponential(1.0))
        duration = float(chance.exponential(0.7))
        if chance.random() < 0.7:
            world.freeze(host, duration)
            yield duration + 0.01
        else:
            host.hold_down("test")
            yield duration
            host.let_up("test")


def run(seed: int, flaws: LockFlaws | None = None) -> tuple[World, Watch, FencedResource]:
    """Run 3 s of trouble, and 4 s without."""
    world = World(
        (3, 5)[seed // 6 % 2],
        web_count=3,
        seed=seed,
        one_way=ONE_WAY,
        raft_settings=RaftSettings(
            reads=(Reads.READ_INDEX, Reads.LEASE, Reads.LOG)[seed % 3],
            pre_vote=seed % 5 != 0,
            check_quorum=seed % 3 == 1 or seed % 4 != 0,
            clock_drift_bound=1.02 / 0.98,
            snapshot_after=(5, 20, inf)[seed // 2 % 3],
            entries_kept=(0, 3)[seed // 5 % 2],
        ),
        patience=0.8,
        transport=("tcp", "datagram")[seed // 7 % 2],
        flaws=flaws,
    )
    store = Host(world.env, "store")
    resource = FencedResource(store)
    watch = Watch(world)
    make_trouble(world, 3.0, fault_mean=0.25)  # type: ignore[arg-type]
    for client in world.clients:
        use(world, watch, client, resource, 6.5)
        world.env.process(pauses(world, client.host, 3.0))
    while world.env.now < 7.0:
        world.run(0.004)
        watch.look()
    return world, watch, resource


def check(seed: int) -> None:
    """Run a schedule and check what must hold."""
    world, watch, resource = run(seed)
    watch.check_tokens()
    statistics = resource.statistics()
    assert (statistics.late_count, statistics.lost_update_count) == (0, 0), f"seed {seed}"
    assert any(given > 5.5 for _, given, _ in watch.given), f"seed {seed}: nobody gets it when all is well"
    machines = {node.commit_index: node.machine.snapshot() for node in world.nodes}
    assert all(node.machine.snapshot() == machines[node.commit_index] for node in world.nodes), f"seed {seed}"
    assert len(machines) == 1 or max(machines) - min(machines) < 3, f"seed {seed}"  # one may be under way
    assert [node.role for node in world.nodes].count(Role.LEADER) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_one_holder_at_a_time_and_nothing_lost_behind_a_fence(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(first, first + 20) for first in range(7, 127, 20)])
def test_one_holder_at_a_time_over_many_schedules(seeds: range) -> None:
    for seed in seeds:
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flaws", "witness"),
    [
        (LockFlaws(lease_factor=0.3), 1),
        (LockFlaws(no_grace=True), 35),
        (LockFlaws(tokens_not_replicated=True), 1),
    ],
    ids=str,
)
def test_planted_bugs_are_found(flaws: LockFlaws, witness: int) -> None:
    """By the first schedule that shows each; renewals by an old leader, which are rarer: test_leases."""
    with pytest.raises(AssertionError):
        run(witness, flaws)[1].check_tokens()


@pytest.mark.slow
def test_schedules_are_no_child_s_play() -> None:
    world, watch, resource = run(4)
    assert len(watch.given) > 20
    assert world.service.statistics().expired_count >= 1
    assert world.cluster.statistics().election_count >= 3
    assert sum(client.lost_count for client in world.clients) >= 1
    assert resource.statistics().write_count > 10
