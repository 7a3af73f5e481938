"""Each planted bug is caught, and the same plan without it passes; what was found once stays mended."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.projections import (
    FLAWS,
    ProjectionsPlan,
    draw_projections,
    run_projections_trial,
    shrink_projections,
)
from experiments.swarm.subjects import read_any_plan
from models.cqrs.flaws import CommandFlaws, ProjectionFlaws

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))

# The seed of a plan that shows it; `gameday swarm --of projections --flaw NAME` finds another one.
WITNESSES: dict[str, int] = {
    "checkpoints_after": 2,
    "checkpoints_before": 2,
    "forgets_ids": 1,
    "ignores_positions": 1,
    "ignores_versions": 2,
}


@pytest.mark.slow
@pytest.mark.parametrize("flaw", FLAWS)
def test_every_flaw_is_caught_and_the_same_plan_without_it_passes(flaw: str) -> None:
    flawed = draw_projections(WITNESSES[flaw], flaw)
    assert flawed.flaw == flaw
    assert isinstance(run_projections_trial(flawed, thorough=False), Failed)
    verdict = run_projections_trial(flawed.model_copy(update={"flaw": None}), thorough=False)
    assert isinstance(verdict, Passed), verdict.what


def test_every_flaw_of_the_models_is_there() -> None:
    for kind, planted in (
        (CommandFlaws, [each.command for each in FLAWS.values()]),
        (ProjectionFlaws, [each.projection for each in FLAWS.values()]),
    ):
        names = {each.name for each in fields(kind)}
        assert {name for each in planted for name in names if getattr(each, name)} == names


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_stays_mended(path: Path) -> None:
    _, plan = read_any_plan(path)
    assert isinstance(plan, ProjectionsPlan)
    verdict = run_projections_trial(plan, thorough=True)
    assert not isinstance(verdict, Failed), verdict.what


@pytest.mark.slow
def test_a_plan_that_fails_is_cut_down_to_a_small_one() -> None:
    flawed = draw_projections(2, "ignores_versions")
    failed = run_projections_trial(flawed, thorough=False)
    assert isinstance(failed, Failed)
    shrunk = shrink_projections(flawed, failed, trials_max=200)
    assert shrunk.failed.kind == failed.kind
    assert sum(len(user.asks) for user in shrunk.plan.users) < 12
