"""What a key is to its clients: schedules at random, and whether what they saw is regular and linearizable.

Messages overtake each other, links are cut, processes and hosts crash, clients give up. A history is regular
if no read is stale: it tells the last write acknowledged before it began, or one that was not over by then.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from models import CallFailed, Endpoint
from models.consistency import (
    HistoryRecorder,
    Operation,
    Verdict,
    check_linearizability,
    staleness_of_reads,
)
from models.replication import read, write
from models.replication.quorums import (
    AfterDelay,
    Always,
    AntiEntropy,
    Detection,
    HintedHandoff,
    QuorumFlaws,
    QuorumSettings,
    ReadRepair,
    ReadsFrom,
    Versioning,
)
from models.storage import GroupCommit, PeriodicSync
from simulator.randomness import Exponential
from tests.models.replication.quorums.building import World, plain

END = 30.0
PATIENCE = 1.5
Seen = tuple[bool, bool]
"""Whether a history is regular, and whether it is linearizable."""


class Schedule:
    """A key with `writers`, each of which waits for each of its writes or gives up, and three readers.

    `moves`: a writer calls another coordinator for each write, and not always the same one.
    """

    def __init__(
        self,
        settings: QuorumSettings,
        seed: int,
        *,
        count: int = 3,
        writers: int = 1,
        moves: bool = False,
        skew: float = 0.0,
        flaws: QuorumFlaws | None = None,
    ) -> None:
        self.world = world = World(settings, count=count, seed=seed, latencies=Exponential(0.05), flaws=flaws)
        self.draw = world.env.stream("schedule")
        for place, host in enumerate(world.hosts):
            if skew:
                host.skew_clock(self, skew * place)
        recorder = HistoryRecorder(world.env)
        for number in range(writers):
            contacts = world.nodes if moves else world.nodes[number : number + 1]
            client = world.store.client(world.client_host, contacts=contacts)
            world.env.process(self._write(recorder.around(client), number), f"writer {number}")
        for number in range(3):
            client = world.store.client(world.client_host, contacts=world.nodes[number : number + 1])
            world.env.process(self._read(recorder.around(client)), f"reader {number}")
        world.env.process(self._break(), "faults")
        world.env.run(until=END)
        self.history: Sequence[Operation] = recorder.history()

    def _write(self, client: Endpoint, number: int) -> Generator[Any, Any, None]:
        for turn in range(1_000_000):
            yield from self._ask(client, write("x", (turn, number)))
            yield float(self.draw.exponential(0.2))

    def _read(self, client: Endpoint) -> Generator[Any, Any, None]:
        while True:
            yield from self._ask(client, read("x"))
            yield float(self.draw.exponential(0.1))

    def _ask(self, client: Endpoint, request: Any) -> Generator[Any, Any, None]:
        try:
            with self.world.env.fail_after(PATIENCE):
                yield from client.call(request)
        except CallFailed:
            return

    def _break(self) -> Generator[Any, Any, None]:
        """One fault after the other, each over before the next."""
        hosts, network = self.world.hosts, self.world.network
        while True:
            yield float(self.draw.exponential(0.5))
            one, other = (int(place) for place in self.draw.permutation(len(hosts))[:2])
            kind = int(self.draw.integers(4))
            lasts = float(self.draw.exponential(0.8))
            if kind <= 1:
                what = hosts[one] if kind == 0 else self.world.nodes[one]
                what.crash()
                yield lasts
                what.restart()
            else:
                ends = hosts[other] if kind == 2 else [host for host in hosts if host is not hosts[one]]
                rule = network.partition(hosts[one], ends, one_way=bool(self.draw.integers(2)))
                yield lasts
                network.heal(rule)

    def seen(self) -> Seen:
        """Return whether the history is regular, and whether it is linearizable."""
        verdict = check_linearizability(self.history, "register").verdict
        assert verdict is not Verdict.UNKNOWN
        is_regular = all(each.seconds == 0.0 for each in staleness_of_reads(self.history))
        return is_regular, verdict is Verdict.LINEARIZABLE


def strict(read_level: int, write_level: int, **changes: Any) -> QuorumSettings:
    """One writer's clock decides, and what is acknowledged is on disk."""
    kept: dict[str, Any] = {
        "read_level": read_level,
        "write_level": write_level,
        "versioning": Versioning.CLIENT_CLOCK,
        "durability": GroupCommit(),
        "sync_time": 0.02,
        "write_timeout": 1.0,
        "read_timeout": 1.0,
    }
    return plain(**{**kept, **changes})


def seen_by(settings: QuorumSettings, seeds: int = 3, first: int = 0, **others: Any) -> set[Seen]:
    """What the histories of so many schedules are, from the `first` on where few of them go wrong."""
    return {Schedule(settings, seed, **others).seen() for seed in range(first, first + seeds)}


REGULAR, ATOMIC = (True, False), (True, True)

HANDOFF: dict[str, Any] = {
    "detection": Detection(phi_threshold=1.0, interval=0.2),
    "hints": HintedHandoff(interval=0.5),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("levels", "count", "changes"),
    [
        ((2, 2), 3, {}),
        ((3, 1), 3, {}),
        ((3, 2), 4, {}),
        ((3, 3), 5, {}),
        ((2, 2), 3, {"reads_from": ReadsFrom.ALL}),
        ((2, 2), 3, {"speculation": Always()}),
        ((2, 2), 3, {"speculation": AfterDelay(0.05)}),
        ((2, 2), 3, {**HANDOFF, "anti_entropy": AntiEntropy(interval=2.0)}),
        ((2, 2), 3, {"snapshot_interval": 5}),
    ],
    ids=str,
)
def test_overlapping_majority_reads_with_blocking_repair_are_linearizable_for_one_writer(
    levels: tuple[int, int], count: int, changes: dict[str, Any]
) -> None:
    assert seen_by(strict(*levels, replicas=count, **changes), count=count) == {ATOMIC}


@pytest.mark.slow
def test_schedules_do_much_and_something_is_in_the_way() -> None:
    history = Schedule(strict(2, 2), 0).history
    endings = [operation.ending.name for operation in history]
    assert endings.count("OK") > 150
    assert {name for name in endings if endings.count(name) > 3} == {"OK", "FAILED", "UNKNOWN"}


@pytest.mark.slow
def test_reads_at_one_are_regular_where_all_acknowledge_and_not_linearizable() -> None:
    """What a read at one replica finds under way, a later one at another does not: repair sees nothing."""
    assert seen_by(strict(1, 3)) == {REGULAR}


@pytest.mark.slow
def test_reads_of_less_than_a_majority_are_no_better() -> None:
    settings = strict(2, 4, replicas=5, reads_from=ReadsFrom.ALL)
    assert seen_by(settings, first=10, count=5) == {REGULAR, ATOMIC}


@pytest.mark.slow
def test_without_repair_majority_reads_are_regular_and_not_linearizable() -> None:
    assert seen_by(strict(2, 2, read_repair=ReadRepair.NONE)) == {REGULAR, ATOMIC}


@pytest.mark.slow
@pytest.mark.parametrize("levels", [(1, 2), (2, 1), (1, 1)])
def test_quorums_that_do_not_overlap_are_caught(levels: tuple[int, int]) -> None:
    assert (False, False) in seen_by(strict(*levels))


COORDINATORS: dict[str, Any] = {"versioning": Versioning.COORDINATOR_CLOCK}


@pytest.mark.slow
def test_clocks_in_step_make_the_store_linearizable_for_several_writers() -> None:
    """A timestamp is then a moment between the call of its write and the answer."""
    assert seen_by(strict(2, 2, **COORDINATORS), writers=3, moves=True) == {ATOMIC}


@pytest.mark.slow
def test_clocks_half_a_second_apart_lose_writes_of_several_and_of_one_who_moves() -> None:
    assert seen_by(strict(2, 2, **COORDINATORS), writers=3, skew=0.5) == {(False, False)}
    assert seen_by(strict(2, 2, **COORDINATORS), moves=True, skew=0.5) == {(False, False)}


@pytest.mark.slow
def test_they_do_no_harm_to_one_writer_with_one_clock() -> None:
    assert seen_by(strict(2, 2, **COORDINATORS), skew=0.5) == {ATOMIC}
    assert seen_by(strict(2, 2), moves=True, skew=0.5) == {ATOMIC}


@pytest.mark.parametrize(
    ("changes", "seed", "flaws"),
    [
        ({"durability": PeriodicSync(interval=5.0)}, 25, QuorumFlaws()),
        ({"sync_time": 0.2}, 0, QuorumFlaws(acknowledges_before_durable=True)),
        ({}, 0, QuorumFlaws(answers_first=True)),
        ({}, 0, QuorumFlaws(acknowledges_before_quorum=True)),
    ],
)
def test_what_the_promise_rests_on_is_needed(changes: dict[str, Any], seed: int, flaws: QuorumFlaws) -> None:
    assert Schedule(strict(2, 2, **changes), seed, flaws=flaws).seen() == (False, False)


@pytest.mark.slow
def test_a_sloppy_quorum_overlaps_with_nothing() -> None:
    settings = strict(2, 2, sloppy=True, **HANDOFF)
    assert seen_by(settings, first=19, seeds=2, count=5) == {ATOMIC, (False, False)}


@pytest.mark.slow
def test_the_promise_holds_in_many_schedules() -> None:
    assert seen_by(strict(2, 2, snapshot_interval=7, **HANDOFF), seeds=20) == {ATOMIC}
    assert seen_by(strict(3, 2, replicas=4, reads_from=ReadsFrom.ALL), seeds=10, count=4) == {ATOMIC}
    assert seen_by(strict(1, 3), seeds=10) == {REGULAR}
