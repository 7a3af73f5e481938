"""Whatever happens, in whatever order: the invariants hold, and every history is linearizable."""

from __future__ import annotations

import pytest

from models.consensus import RaftSettings, Reads
from models.consistency import Ending
from models.consistency.linearizability import Verdict, check_linearizability
from models.storage import GroupCommit, SyncEachWrite
from simulator.randomness import LogNormal

from ..trouble import make_trouble, use
from ..world import World

ONE_WAY = LogNormal.from_percentiles(p50=0.002, p99=0.02)


def settings_of(seed: int) -> RaftSettings:
    """Return settings that differ from seed to seed in all that may matter."""
    return RaftSettings(
        reads=(Reads.READ_INDEX, Reads.LEASE, Reads.LOG)[seed % 3],
        pre_vote=seed % 5 != 0,
        check_quorum=seed % 3 == 1 or seed % 7 != 0,
        clock_drift_bound=1.02 / 0.98,
        batch_max=(1, 3, 100)[seed // 3 % 3],
        snapshot_after=(5, 20, float("inf"))[seed // 2 % 3],
        entries_kept=(0, 3)[seed // 5 % 2],
        durability=(GroupCommit(), SyncEachWrite())[seed // 4 % 2],
    )


def run(seed: int) -> World:
    """Run a schedule of 3 s of trouble, and as much again without."""
    world = World(
        (3, 5)[seed // 6 % 2],
        seed=seed,
        one_way=ONE_WAY,
        settings=settings_of(seed),
        patience=1.0,
        attempt_timeout=0.04,
        transport=("tcp", "datagram")[seed // 7 % 2],
    )
    make_trouble(world, 3.0, fault_mean=0.2)
    for number in range(1, 5):
        use(world, number, 5.0)
    world.env.run(7.5)
    return world


def check(seed: int) -> None:
    """Run a schedule and check what must hold."""
    world = run(seed)
    history = world.recorder.history()
    for key, model in (("register", "cas-register"), ("list", "list-append"), ("number", "counter")):
        found = check_linearizability([each for each in history if each.key == key], model)
        assert found.verdict is Verdict.LINEARIZABLE, f"seed {seed}"
    late = [each for each in history if each.invoked_at > 4.5]
    assert late
    assert any(each.ending is Ending.OK and each.kind != "read" for each in late), f"seed {seed}"
    contents = list(world.store.contents().values())
    assert all(content == contents[0] for content in contents), f"seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_history_is_linearizable_and_nodes_agree_when_all_has_healed(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(first, first + 20) for first in range(11, 201, 20)])
def test_history_is_linearizable_over_many_schedules(seeds: range) -> None:
    for seed in seeds:
        check(seed)


@pytest.mark.slow
def test_schedules_are_no_child_s_play() -> None:
    worlds = [run(seed) for seed in (3, 8)]
    for world in worlds:
        history = world.recorder.history()
        endings = {each.ending for each in history}
        assert Ending.OK in endings
        assert endings & {Ending.UNKNOWN, Ending.FAILED}
        assert world.store.statistics().election_count >= 3
        assert sum(host.crash_count for host in world.hosts) >= 2
