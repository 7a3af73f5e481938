"""What the swarm of stores has found once is kept as a small plan in `found/`, and replayed for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.swarm import Failed
from experiments.swarm.stores import StorePlan, draw_store, run_store_trial
from experiments.swarm.subjects import read_any_plan

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_stays_mended(path: Path) -> None:
    _, plan = read_any_plan(path)
    assert isinstance(plan, StorePlan)
    verdict = run_store_trial(plan, thorough=True)
    assert not isinstance(verdict, Failed), verdict.what


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 121, 20))
def test_random_stores_keep_what_they_claim(first: int) -> None:
    verdicts = {seed: run_store_trial(draw_store(seed), thorough=False) for seed in range(first, first + 20)}
    failed = [f"seed {seed}: {each.what}" for seed, each in verdicts.items() if isinstance(each, Failed)]
    assert failed == []
    assert sum(each.undecided_count for each in verdicts.values() if not isinstance(each, Failed)) == 0
