"""Many systems on several workers: the same result, whatever their number, and each failure told once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import pytest

from experiments import Misuse
from experiments.swarm import Failed, Finding, Passed, SwarmResult, run_swarm
from experiments.swarm.campaign import DIED, SYSTEMS, Judged, judged_batches

from .mutants import balancer_loses_a_count_where_a_call_fails, instance_answers_with_an_error_in_its_code


@pytest.mark.slow
def test_all_systems_pass() -> None:
    assert run_swarm(3, 5, jobs=1) == SwarmResult(
        first_seed=3, systems_count=5, requests_count=run_swarm(3, 5, jobs=1).requests_count, findings=()
    )


@pytest.mark.slow
def test_two_workers_find_what_one_does() -> None:
    assert run_swarm(0, 12, jobs=2) == run_swarm(0, 12, jobs=1)


@pytest.mark.slow
def test_the_first_failure_of_a_kind_is_shrunk_and_the_others_refer_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    balancer_loses_a_count_where_a_call_fails(monkeypatch)
    instance_answers_with_an_error_in_its_code(monkeypatch)
    told: list[tuple[int, Failed]] = []
    result = run_swarm(0, 30, jobs=1, on_failure=lambda seed, failed: told.append((seed, failed)))
    assert [(finding.seed, finding.failed) for finding in result.findings] == told
    firsts: dict[str, Finding] = {}
    for finding in result.findings:
        first = firsts.setdefault(finding.failed.kind, finding)
        assert (finding.shrunk is None) == (finding is not first)
        assert finding.like == (None if finding is first else first.seed)
    assert len(firsts) >= 2
    assert len(result.findings) > len(firsts)
    for first in firsts.values():
        assert first.shrunk is not None
        assert first.shrunk.failed.kind == first.failed.kind


def seven_takes_its_worker_down(seeds: Sequence[int]) -> Judged:
    if 7 in seeds:
        os._exit(3)
    return [(seed, Passed(seed)) for seed in seeds]


@pytest.mark.slow
def test_a_system_that_takes_its_worker_down_is_told_and_the_others_go_on() -> None:
    # Each worker that is started costs a second: one seed beside, and one batch beside, are enough.
    batches = [[6, 7], [8]]
    verdicts = dict(chain.from_iterable(judged_batches(seven_takes_its_worker_down, batches, workers=2)))
    assert verdicts.pop(7) == Failed(kind=DIED, what=DIED, entity="the run", time=0.0)
    assert verdicts == {seed: Passed(seed) for seed in (6, 8)}


def test_a_plan_that_cannot_even_be_built_has_failed() -> None:
    def refuse(seed: int) -> None:
        raise Misuse(f"hosts must be there, got {seed}")

    (finding,) = run_swarm(4, 1, of=replace(SYSTEMS, draw=refuse), jobs=1).findings
    assert finding.failed.kind == "Misuse in building"
    assert "hosts must be there, got 4" in finding.failed.what
    assert finding.shrunk is None


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, 0)])
def test_nonsense_is_misuse(first: int, count: int) -> None:
    with pytest.raises(Misuse, match="systems must be >= 1 and seed >= 0"):
        run_swarm(first, count)
