"""A composed system runs the same, event for event, wherever and under whatever hash seed it runs."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .random_systems import System

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "from tests.conformance.random_systems import System; print(System({seed}, trace=True).run().digest())"
)


def digest(seed: int) -> str:
    return System(seed, trace=True).run().digest()


def digest_elsewhere(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PROGRAM.format(seed=seed)]
    return subprocess.run(
        command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_digest_is_the_same_in_another_process_under_another_hash_seed(hash_seed: str) -> None:
    assert digest_elsewhere(7, hash_seed) == digest(7)


def _collect_often() -> None:
    gc.set_threshold(1, 1, 1)


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


def test_different_seeds_are_different_runs() -> None:
    digests = [digest(seed) for seed in range(6)]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("seed", [3, 5])
def test_what_the_users_see_is_the_same_with_and_without_the_trace(seed: int) -> None:
    traced, plain = System(seed, trace=True).run(), System(seed).run()
    assert traced.seen() == plain.seen()
    assert traced.env.now == plain.env.now
