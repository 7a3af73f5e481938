"""Random schedules: clients of all nodes, and hosts, processes, clocks and links that fail and are healed.

Each client does, by turns, what its store can do to keys that all of them share, with values that no other
has. What each was told is kept, and so what must be there in the end can be said without looking inside.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any

from models import CallFailed, Endpoint, Request
from models.consistency import HistoryRecorder, Verdict, check_linearizability, divergence
from models.replication import add, append, delete, read, set_add, set_remove, write
from models.replication.multi_primary import (
    Crdts,
    KeepSiblings,
    LastWriterWins,
    MultiPrimaryFlaws,
    MultiPrimarySettings,
)
from simulator.randomness import Exponential
from tests.models.replication.multi_primary.building import NO_FLAWS, World

HEALED_AT = 30.0
END = 70.0
PATIENCE = 1.0
KEYS = 3

KINDS = {
    LastWriterWins: ("append",),
    KeepSiblings: ("write", "text"),
    Crdts: ("add", "set-add", "set-remove", "write", "text"),
}
"""What clients do; a text is written and deleted."""


class Schedule:
    """A run of `count` nodes with `clients` each, all drawn by `seed`; `outcomes` is what was told.

    With `destroys` some crashes take the disk.
    """

    def __init__(
        self,
        settings: MultiPrimarySettings,
        seed: int,
        *,
        count: int = 3,
        flaws: MultiPrimaryFlaws = NO_FLAWS,
        destroys: bool = False,
        clients: int = 1,
    ) -> None:
        self.world = world = World(settings, count=count, seed=seed, flaws=flaws)
        world.network.override(
            world.hosts,
            world.hosts,
            latency=Exponential(0.05),
            loss_probability=0.1 if settings.transport == "datagram" else 0.0,
            duplicate_probability=0.1,
        )
        world.network.override(world.client_host, world.hosts, latency=0.005)
        self.rng = world.env.stream("schedule")
        self.recorder = HistoryRecorder(world.env)
        self.outcomes: list[tuple[Request, bool]] = []
        self.asked = 0
        self._destroys = destroys
        for number in range(count * clients):
            client = self.recorder.around(world.client(number % count))
            world.env.process(self._work(client), f"client {number}")
        world.env.process(self._break(), "chaos")
        world.env.run(until=END)

    # -- what clients do

    def _work(self, client: Endpoint) -> Generator[Any, Any, None]:
        env = self.world.env
        while env.now < HEALED_AT:
            self.asked += 1
            request = self._request(self.asked)
            is_told = False
            try:
                with env.fail_after(PATIENCE):
                    yield from client.call(request)
                is_told = True
            except CallFailed:
                pass
            if request.operation != "read":
                self.outcomes.append((request, is_told))
            yield float(self.rng.exponential(0.15))

    def _request(self, number: int) -> Request:
        kinds = KINDS[type(self.world.store.settings.resolution)]
        kind = kinds[int(self.rng.integers(len(kinds)))]
        key = f"{'set' if kind.startswith('set') else kind} {int(self.rng.integers(KEYS))}"
        if self.rng.random() < 0.2:
            return read(key)
        if kind == "add":
            return add(key, 2 ** (number % 40))
        if kind == "set-add":
            return set_add(key, number)
        if kind == "set-remove":
            return set_remove(key, max(number - int(self.rng.integers(1, 20)), 0))
        if kind == "text" and self.rng.random() < 0.4:
            return delete(key)
        return append(key, number) if kind == "append" else write(key, number)

    # -- what fails

    def _break(self) -> Generator[Any, Any, None]:
        """Two faults at a time, each healed in time."""
        for hand in range(2):
            self.world.env.process(self._break_with_one_hand(hand), f"hand {hand}")
        yield 0.0

    def _break_with_one_hand(self, hand: int) -> Generator[Any, Any, None]:
        env, rng, world = self.world.env, self.rng, self.world
        while env.now < HEALED_AT - 6.0:
            yield float(rng.exponential(1.0))
            kind, place = int(rng.integers(5)), int(rng.integers(len(world.hosts)))
            host, node, duration = world.hosts[place], world.nodes[place], float(rng.uniform(0.1, 5.0))
            if kind == 0 and host.is_up:
                if self._destroys and rng.random() < 0.3:
                    node.disk.destroy()
                else:
                    host.crash()
                yield duration
                host.restart()
            elif kind == 1 and node.is_awake:
                node.crash()
                yield duration / 4
                _restart(node)
            elif kind == 2:
                holder = (hand, env.now)
                host.skew_clock(holder, float(rng.uniform(-3.0, 3.0)), float(rng.uniform(-0.05, 0.05)))
            else:
                others = [other for other in world.hosts if other is not host] or [world.client_host]
                if kind == 3:
                    others = [others[int(rng.integers(len(others)))]]
                rule = world.network.partition(host, others, one_way=bool(rng.integers(2)))
                yield duration
                world.network.heal(rule)

    # -- what must be so in the end

    def agreed(self) -> Mapping[Any, Any]:
        """What all nodes hold; they must hold the same."""
        contents = self.world.store.contents()
        assert divergence(contents) == {}
        return next(iter(contents.values()))

    def done(self, operation: str, key: str, *, at_least: bool) -> list[Any]:
        """The values of operations on a key that were acknowledged, or with `at_least` False were asked."""
        return [
            request.value
            for request, is_told in self.outcomes
            if request.operation == operation and request.key == key and (is_told or not at_least)
        ]

    def lineages(self) -> set[int]:
        """The items of all lists: with last writer wins, those whose appends the winners were made on."""
        return {item for items in self.agreed().values() for item in items}

    def verdicts(self) -> set[Verdict]:
        """Whether what was told of keys of one kind is linearizable, of those kinds that a checker knows."""
        found = set()
        for kind in ("append", "add", "write"):
            history = [each for each in self.recorder.history() if str(each.key).startswith(kind)]
            if history:
                found.add(check_linearizability(history).verdict)
        return found

    def missing(self) -> list[Any]:
        """What was acknowledged and is not in what all agree on, nor was taken away (counters and sets)."""
        held: Mapping[Any, Any] = self.agreed()
        found: list[Any] = []
        for number in range(KEYS):
            counter, cart = f"add {number}", f"set {number}"
            lowest = sum(self.done("add", counter, at_least=True))
            highest = sum(self.done("add", counter, at_least=False))
            if not lowest <= held.get(counter, 0) <= highest:
                found.append((counter, lowest, held.get(counter), highest))
            removed = set(self.done("set-remove", cart, at_least=False))
            lost = set(self.done("set-add", cart, at_least=True)) - removed - held.get(cart, frozenset())
            found += [(cart, item) for item in sorted(lost)]
        return found


def _restart(node: Any) -> None:
    with suppress(RuntimeError):  # its host is down, or has brought it back
        node.restart()
