"""A composed system runs the same, event for event, wherever and under whatever hash seed it runs.

The systems are those of the swarm, which runs each of them twice in one process; here they run elsewhere.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.swarm import build, draw_plan

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from tests.conformance.test_repeatability import digest; print(digest({seed}))"


def digest(seed: int) -> str:
    """What happens in the system of a seed, as one text: the trace, and what its users have seen."""
    system = build(draw_plan(seed), trace=True)
    system.env.run(until=system.plan.load_end)
    return f"{system.env.trace_digest()} {[each.client.table.counts() for each in system.clients]}"


def digest_elsewhere(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PROGRAM.format(seed=seed)]
    return subprocess.run(
        command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_digest_is_the_same_in_another_process_under_another_hash_seed(hash_seed: str) -> None:
    assert digest_elsewhere(7, hash_seed) == digest(7)


def _collect_often() -> None:
    gc.set_threshold(1, 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("policy", [gc.disable, _collect_often], ids=["never", "all the time"])
def test_digest_is_the_same_whatever_the_garbage_collector_does(policy: Callable[[], None]) -> None:
    expected = digest(11)
    threshold = gc.get_threshold()
    try:
        policy()
        assert digest(11) == expected
    finally:
        gc.set_threshold(*threshold)
        gc.enable()


@pytest.mark.slow
def test_different_seeds_are_different_runs() -> None:
    digests = [digest(seed) for seed in range(6)]
    assert len(set(digests)) == len(digests)
