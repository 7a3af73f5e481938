"""What a system owes its users: one outcome each, no answer without work, no work without use."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, build, run_trial
from experiments.swarm.promises import check_outcomes
from models.resilience.bulkheads import BulkheadPool
from models.resilience.rate_limits import RateLimiter

from .mutants import client_counts_a_rejection_as_an_answer, retry_asks_again_although_it_has_an_answer
from .test_catalogues import plan_with


def calm(kind: str, **parameters: Any) -> SystemPlan:
    """A system in which nothing goes wrong and nobody gives up."""
    plan = plan_with("caller", {"kind": kind, "name": "tried", "parameters": parameters}, faults=[])
    (client,) = plan.clients
    times = ({"time": 0.5}, {"time": 0.5}, {"time": 1.3})
    load = client.load.model_validate({"kind": "scripted", "requests": times}, strict=False)
    return plan.model_copy(update={"clients": (client.model_copy(update={"load": load}),)})


def test_who_asks_again_although_he_has_an_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = calm("retry", attempts=4)
    assert isinstance(run_trial(plan), Passed)
    retry_asks_again_although_it_has_an_answer(monkeypatch)
    verdict = run_trial(plan)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "Service: what is finished is used once"


def test_who_throws_answers_away_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a call and its copy both may be finished, and only one is used."""
    assert isinstance(run_trial(calm("hedge", after=0.0)), Passed)


def test_an_answer_without_work_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = calm("bulkhead", size=1)
    assert isinstance(run_trial(plan), Passed)
    client_counts_a_rejection_as_an_answer(monkeypatch)
    verdict = run_trial(plan)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "Service: no full answer without finished work"


def test_a_request_without_an_outcome_is_found() -> None:
    live = build(calm("recorded"))
    live.env.run(until=5.0)
    check_outcomes(live)
    live.clients[0].client.issued += 1
    with pytest.raises(AssertionError, match="each request has one outcome, or is in flight"):
        check_outcomes(live)


@pytest.mark.parametrize(
    ("kind", "parameters", "part"),
    [
        ("bulkhead", {"size": 1, "waiting_max": 3}, BulkheadPool),
        ("rate_limiter", {"rate": 10.0, "burst": 1, "wait_max": 0.3}, RateLimiter),
    ],
)
def test_a_queue_whose_waiting_does_not_add_up_is_found(
    kind: str, parameters: dict[str, Any], part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = calm(kind, **parameters)
    assert isinstance(run_trial(plan, thorough=True), Passed)
    statistics = part.statistics

    def late(queue: Any) -> Any:
        said = statistics(queue)
        object.__setattr__(said, "waiting_time", 1.1 * said.waiting_time)
        return said

    monkeypatch.setattr(part, "statistics", late)
    verdict = run_trial(plan, thorough=True)
    assert isinstance(verdict, Failed)
    assert verdict.kind == f"{part.__name__}: waiting_time = area under waiting_count"
