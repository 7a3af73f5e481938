"""Any chains of caches to one origin, under any faults: what holds of their answers and of what is left.

A breach is told with its seed: `World(draw_plan(seed))` is the system, `World.run` runs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from .laws import breaches
from .plans import DRAINED, Plan, draw_by_age, draw_plan
from .worlds import World

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = "from tests.models.caching.composition.test_any_system import digest; print(digest({seed}))"


def breaches_of(seeds: Iterable[int], draw: Callable[[int], Plan] = draw_plan) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for seed in seeds:
        world = World(draw(seed))
        world.run(DRAINED)
        found.extend((seed, breach) for breach in breaches(world))
    return found


def digest(seed: int) -> str:
    """All that happens in the system of a seed, and what its users are told, as one text."""
    world = World(draw_plan(seed), trace=True)
    world.run(DRAINED)
    told = [(each.ended_at, each.failure, each.response) for each in world.asked]
    return f"{world.env.trace_digest()} {told}"


def test_answers_have_their_age_and_nothing_is_left_when_all_is_over() -> None:
    assert breaches_of(range(3)) == []


@pytest.mark.slow
def test_answers_have_their_age_and_nothing_is_left_whatever_has_happened() -> None:
    assert breaches_of(range(100, 240)) == []


@pytest.mark.slow
def test_caches_that_all_go_by_age_give_nothing_older_than_one_of_them_may_have() -> None:
    assert breaches_of(range(100, 130), draw_by_age) == []


@pytest.mark.slow
def test_what_is_tried_is_worth_it() -> None:
    seen: Counter[str] = Counter()
    for seed in range(100, 130):
        world = World(draw_plan(seed))
        world.run(DRAINED)
        for asked in world.asked:
            seen[asked.failure or "answered"] += 1
            seen["aged"] += asked.response is not None and asked.response.as_of is not None
            seen["degraded"] += asked.response is not None and bool(asked.response.degraded)
        for cache in world.caches:
            now = cache.statistics()
            seen["joined"] += now.joined_count
            seen["void"] += now.void_count
            seen["evicted"] += cache.store.statistics().evicted_count
        seen["leases"] += sum(server.lease_statistics().token_count for server in world.servers)
        seen["lost"] += sum(host.crash_count for host in world.hosts)
    assert min(seen["answered"], seen["aged"], seen["evicted"]) > 500
    for what in (
        "TimedOut",
        "Refused",
        "Rejected",
        "DependencyFailed",
        "degraded",
        "joined",
        "void",
        "leases",
        "lost",
    ):
        assert seen[what] > 10, what


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_a_system_runs_the_same_in_another_process_under_another_hash_seed(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PROGRAM.format(seed=2722)]
    elsewhere = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    assert elsewhere.stdout.strip() == digest(2722)
