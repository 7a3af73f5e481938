"""Random faults: what reads find meanwhile, and what is there when all is healed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, Request
from models.replication import delete, read, write
from models.replication.quorums import (
    AfterDelay,
    AntiEntropy,
    Detection,
    HintedHandoff,
    Level,
    QuorumFlaws,
    QuorumSettings,
    ReadRepair,
    ReadsFrom,
    Versioning,
)
from models.storage import GroupCommit, PeriodicSync
from tests.models.replication.quorums.building import World, plain

HEALED_AT = 80.0
END = 200.0
SHARED_KEYS = 20

Draw = Callable[[], float]


class Chaos:
    """Clients that write unique values, and others that read, while hosts, processes and links fail.

    Some keys are written once, some by all writers, and some by one of them, which readers read.
    """

    def __init__(self, settings: QuorumSettings, seed: int, flaws: QuorumFlaws | None = None) -> None:
        self.world = world = World(settings, count=5, seed=seed, latencies=0.05, flaws=flaws)
        self.rng = world.env.stream("chaos")
        self.acknowledged: list[tuple[str, Any, float]] = []
        self.reads: list[tuple[float, float, str, Any]] = []
        self.asked = 0
        for number in range(4):
            client = world.store.client(world.client_host, contacts=world.nodes[number : number + 2])
            world.env.process(self._write(client, number), f"writer {number}")
            world.env.process(self._read(client), f"reader {number}")
        world.env.process(self._break(), "chaos")
        world.env.run(until=END)

    def _write(self, client: Endpoint, number: int) -> Generator[Any, Any, None]:
        turn = 0
        while self.world.env.now < HEALED_AT:
            turn += 1
            value = (number, turn)
            key = self._key(number, turn)
            self.asked += 1
            try:
                with self.world.env.fail_after(3.0):
                    yield from client.call(write(key, value))
                self.acknowledged.append((key, value, self.world.env.now))
            except CallFailed:
                pass
            yield float(self.rng.exponential(0.3))

    def _key(self, number: int, turn: int) -> str:
        kinds = (f"once, {number} {turn}", f"by all, {turn % SHARED_KEYS}", f"by one, {number}")
        return kinds[turn % 3]

    def _read(self, client: Endpoint) -> Generator[Any, Any, None]:
        env = self.world.env
        while env.now < HEALED_AT:
            key, start = f"by one, {int(self.rng.integers(4))}", env.now
            try:
                with env.fail_after(3.0):
                    response = yield from client.call(read(key))
                self.reads.append((start, env.now, key, response.value or (0, 0)))
            except CallFailed:
                pass
            yield float(self.rng.exponential(0.3))

    def _break(self) -> Generator[Any, Any, None]:
        """One fault at a time, each healed before the next but for clocks, which stay wrong until the end."""
        env, hosts = self.world.env, self.world.hosts
        while env.now < HEALED_AT - 15.0:
            yield float(self.rng.exponential(2.0))
            kind = int(self.rng.integers(4))
            one, other = (hosts[int(place)] for place in self.rng.permutation(5)[:2])
            down_for = float(self.rng.uniform(0.5, 12.0))
            if kind == 0:
                one.crash()
                yield down_for
                one.restart()
            elif kind == 1:
                node = self.world.nodes[hosts.index(one)]
                node.crash()
                yield down_for / 4
                node.restart()
            else:
                others = [host for host in hosts if host is not one] if kind == 2 else [other]
                rule = self.world.network.partition(one, others, one_way=bool(self.rng.integers(2)))
                yield down_for
                self.world.network.heal(rule)

    def replicas_agree(self) -> bool:
        contents = self.world.store.contents()
        keys = {key for held in contents.values() for key in held}
        return all(
            len({repr(contents[node.name].get(key)) for node in self.world.store.replicas_of(key)}) == 1
            for key in keys
        )

    def lost(self) -> list[Any]:
        """Acknowledged writes to keys of their own that nobody has."""
        contents = self.world.store.contents().values()
        return [
            value
            for key, value, _ in self.acknowledged
            if key.startswith("once") and all(held.get(key) != value for held in contents)
        ]

    def stale_reads(self) -> list[Any]:
        """Reads that found less than was acknowledged before they began."""
        return [
            (key, found, value)
            for start, _, key, found in self.reads
            for written_key, value, at in self.acknowledged
            if written_key == key and at <= start and value > found
        ]

    def reads_that_go_back(self) -> list[Any]:
        """Reads that found less than one that was over before they began."""
        return [
            (key, found, earlier)
            for start, _, key, found in self.reads
            for _, end, read_key, earlier in self.reads
            if read_key == key and end <= start and earlier > found
        ]


def eventually(**changes: Any) -> QuorumSettings:
    kept = {
        "detection": Detection(phi_threshold=2.0),
        "hints": HintedHandoff(interval=2.0),
        "anti_entropy": AntiEntropy(interval=15.0),
        "sync_time": 0.01,
        "durability": GroupCommit(),
    }
    return plain(**{**kept, **changes})


SETTINGS = {
    "quorum": eventually(),
    "sloppy": eventually(sloppy=True),
    "one, with speculation": eventually(write_level=1, read_level=1, speculation=AfterDelay(0.2)),
    "any": eventually(write_level=Level.ANY, read_level=1),
    "no hints": eventually(hints=None),
    "no detection": eventually(detection=None),
    "siblings": eventually(versioning=Versioning.SIBLINGS),
    "client's clock": eventually(versioning=Versioning.CLIENT_CLOCK),
    "snapshots": eventually(snapshot_interval=7),
    "as dynamo": eventually(
        versioning=Versioning.SIBLINGS,
        reads_from=ReadsFrom.ALL,
        read_repair=ReadRepair.BACKGROUND,
        sloppy=True,
        snapshot_interval=20,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "name"), list(enumerate(SETTINGS)))
def test_after_all_faults_replicas_agree_and_no_durable_acknowledged_write_is_lost(
    name: str, seed: int
) -> None:
    """Each has faults of its own; `gameday swarm` has as many more as are wanted."""
    chaos = Chaos(SETTINGS[name], seed)
    assert chaos.replicas_agree()
    assert 100 < len(chaos.acknowledged) < chaos.asked  # much was done, and something was in the way
    assert chaos.lost() == []


@pytest.mark.slow
def test_overlapping_quorums_are_never_stale_and_with_repair_never_go_back() -> None:
    chaos = Chaos(eventually(detection=None, hints=None), 0)
    assert len(chaos.reads) > 100
    assert chaos.stale_reads() == []
    assert chaos.reads_that_go_back() == []


@pytest.mark.slow
def test_the_same_faults_make_quorums_that_do_not_overlap_stale() -> None:
    assert Chaos(eventually(detection=None, hints=None, write_level=1, read_level=1), 0).stale_reads() != []


@pytest.mark.slow
def test_the_same_faults_without_repair_make_quorum_reads_go_back() -> None:
    settings = eventually(detection=None, hints=None, anti_entropy=None, read_repair=ReadRepair.NONE)
    chaos = Chaos(settings, 0)
    assert chaos.stale_reads() == []
    assert chaos.reads_that_go_back() != []


@pytest.mark.slow
def test_the_same_faults_without_anti_entropy_and_hints_leave_replicas_that_do_not_agree() -> None:
    assert not Chaos(eventually(hints=None, anti_entropy=None), 0).replicas_agree()


def test_what_no_disk_has_is_lost_with_its_hosts() -> None:
    def run(settings: QuorumSettings) -> list[Any]:
        world = World(settings)
        world.put("acknowledged")
        for host in world.hosts:
            host.crash()
        for host in world.hosts:
            host.restart()
        world.env.run(until=world.env.now + 1.0)
        return world.held("x")

    assert run(plain()) == ["acknowledged"] * 3
    assert run(plain(durability=PeriodicSync(interval=1000.0))) == [None] * 3


@pytest.mark.slow
def test_a_run_is_the_same_every_time() -> None:
    first, second = (Chaos(SETTINGS["sloppy"], 5) for _ in range(2))
    assert first.world.store.statistics() == second.world.store.statistics()
    assert first.world.store.contents() == second.world.store.contents()


def test_deletes_converge_as_writes_do() -> None:
    world = World(eventually(write_level=1))
    world.put(1)
    cut = world.network.partition(world.hosts[:1], world.hosts[1:])
    requests: list[tuple[int, Request]] = [(0, write("x", 2)), (1, delete("x"))]
    for at, (place, request) in enumerate(requests, 2):
        world.call(world.client(place), request, at=float(at))
    world.at(5.0, world.network.heal, cut)
    world.env.run(until=30.0)
    assert world.held("x") == [None] * 3
