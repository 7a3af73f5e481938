"""Everything at once: goals that change, crashes of anything, cuts of everybody, by the seed."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from models import CallFailed, Host
from models.consistency import HistoryRecorder, counter_balances
from models.replication import add
from models.sharding import LOWEST
from models.sharding.mover import Even, Goal, Listed, MergeRanges, MoveRange, SplitRange

from .moving import MOVER, MovingWorld, single

SHARDS = ("one", "two", "three")
BOUNDS = ("b", "d", "f", "m", "n")
END = 12.0
"""Seconds until which there is trouble; afterwards all is healed, and users go on for a while."""


class Turmoil:
    """A world in which things happen by a stream of its own."""

    def __init__(self, seed: int, **settings: Any) -> None:
        self.world = world = MovingWorld(seed=seed, **settings)
        self.dice = world.env.stream("turmoil")
        world.store.add_shard("three", single(world.env, world.network, "three", world.hosts["three"]))
        world.fill()
        world.use(until=END + 2.0, pause=0.05)
        for trouble in (self._crash(), self._cut(), self._change_goals()):
            world.env.process(trouble)
        world.at(END + 1.0, self._let_all_up)

    def _pick(self, things: Iterable[Any]) -> Any:
        listed = list(things)
        return listed[int(self.dice.integers(len(listed)))]

    def _wait(self, mean: float) -> float:
        return float(self.dice.exponential(mean))

    def _crash(self) -> Generator[Any, Any, None]:
        world = self.world
        while world.env.now < END:
            yield self._wait(0.6)
            victim = self._pick(self._everything())
            with suppress(RuntimeError):  # it is down already
                victim.crash()
                world.env.call_later(self._wait(0.5), self._let_up, victim)

    def _everything(self) -> list[Any]:
        world = self.world
        nodes = [node for store in (*world.store.shards.values(), world.directory) for node in store.nodes]
        return [*world.hosts.values(), *world.all_servers(), *nodes, world.mover]

    @staticmethod
    def _let_up(victim: Any) -> None:
        with suppress(RuntimeError):  # it is up, or its host is down
            victim.restart()

    def _let_all_up(self) -> None:
        for victim in self._everything():  # hosts first
            self._let_up(victim)

    def _cut(self) -> Generator[Any, Any, None]:
        world = self.world
        hosts = [*world.hosts.values(), *(user.host for user in world.users)]
        while world.env.now < END:
            yield self._wait(0.8)
            some = [host for host in hosts if self.dice.random() < 0.4]
            others = [host for host in hosts if host not in some]
            if some and others:
                rule = world.network.partition(some, others, one_way=bool(self.dice.random() < 0.5))
                world.env.call_later(self._wait(0.6), world.network.heal, rule)

    def _change_goals(self) -> Generator[Any, Any, None]:
        while self.world.env.now < END:
            self.world.pursue(self._pick(self._goals()))
            yield self._wait(1.2)
        self.world.pursue(Even(SHARDS))

    def _goals(self) -> list[Goal]:
        bound, shard = self._pick(BOUNDS), self._pick(SHARDS)
        return [
            Even(SHARDS),
            Even(SHARDS[:2]),
            Even([shard]),
            Listed(SplitRange(bound), MoveRange(LOWEST, shard)),
            Listed(MergeRanges(bound), MoveRange("m", shard)),
        ]


class Counters:
    """Users who count: each adds 1 to counters in all ranges, and never asks twice."""

    def __init__(self, world: MovingWorld) -> None:
        self.world = world
        self.recorder = HistoryRecorder(world.env)
        for number in range(3):
            client = self.recorder.around(world.store.client(Host(world.env, f"counting {number}")))
            world.env.process(self._count(client, world.env.stream(f"counting {number}")))

    def _count(self, client: Any, dice: Any) -> Generator[Any, Any, None]:
        while self.world.env.now < END:
            yield float(dice.exponential(0.05))
            with suppress(CallFailed), self.world.env.move_on_after(0.8):
                yield from client.call(add(("a#", "c#", "e#", "n#")[int(dice.integers(4))], 1))

    def wrong(self) -> list[Any]:
        """Return the counters that hold less than was acknowledged, or more than was asked for."""
        history = self.recorder.history()
        held = self.world.read_all(sorted({operation.key for operation in history}))
        return [each for each in counter_balances(history, held) if each.lost or each.surplus]


@pytest.mark.slow
def test_nothing_is_counted_twice_or_not_at_all_in_a_turmoil() -> None:
    world = Turmoil(3).world
    counters = Counters(world)
    world.env.run(until=60.0)
    assert len(counters.recorder.history()) > 100
    assert counters.wrong() == []


def check(seed: int, **settings: Any) -> None:
    world = Turmoil(seed, **settings).world
    world.env.run(until=60.0)
    assert world.violations() == []
    assert len(world.store.table.shards) == min(3, len(world.store.table.starts))


def test_nothing_is_lost_in_a_turmoil() -> None:
    check(1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_nothing_is_lost_in_a_turmoil_with_moves_side_by_side(seed: int) -> None:
    check(seed, mover_settings=replace(MOVER, parallel_moves=3, batch_size=1, pause=0.02))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_nothing_is_lost_in_a_turmoil_with_a_directory_by_consensus(seed: int) -> None:
    check(seed, directory_count=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_nothing_is_lost_in_any_turmoil(seed: int) -> None:
    check(seed)
