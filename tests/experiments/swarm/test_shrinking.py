"""Shrinking leaves what a failure needs and nothing else, always the same, and never slips to another bug."""

from __future__ import annotations

import json
from functools import cache

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, draw_plan, shrink
from experiments.swarm.building import build
from experiments.swarm.plan import OpenLoadPlan, RequestPlan, ScriptedLoadPlan
from experiments.swarm.plan_rules import require_sound
from experiments.swarm.shrinking import repaired
from experiments.swarm.verdict import Verdict

FAILED = Failed(kind="wanted", what="it failed", entity="something", time=1.0)


@cache
def rich_plan() -> SystemPlan:
    """A drawn plan with a bit of everything."""
    plans = (draw_plan(seed) for seed in range(4_000))
    return next(
        plan
        for plan in plans
        if len(plan.clients) == 3
        and len(plan.services) >= 2
        and len(plan.faults) >= 2
        and len(plan.wrappers()) >= 10
        and plan.zones
        and not plan.parts  # or one may be what is left in place of a service
        and not any("wrapper" in fault.parameters for fault in plan.faults)  # they keep what they strike
        and any(isinstance(client.load, OpenLoadPlan) for client in plan.clients)
    )


def has_breaker_and_crash(plan: SystemPlan) -> Verdict:
    kinds = {wrapper.kind for _, _, wrapper in plan.wrappers()}
    faults = {fault.kind for fault in plan.faults}
    return FAILED if kinds & {"timeout"} and faults else Passed(0)


@pytest.mark.slow
def test_what_the_failure_does_not_need_is_gone() -> None:
    plan = rich_plan()
    shrunk = shrink(plan, FAILED, run=has_breaker_and_crash)
    assert len(shrunk.plan.wrappers()) == 1
    assert len(shrunk.plan.faults) == 1
    assert len(shrunk.plan.clients) == 1
    assert len(shrunk.plan.services) <= 2
    assert set(shrunk.plan.zones) <= set(shrunk.plan.faults[0].parameters.values())
    assert shrunk.plan.seed == plan.seed
    require_sound(shrunk.plan)


@pytest.mark.slow
def test_every_candidate_can_be_built() -> None:
    def run(plan: SystemPlan) -> Verdict:
        build(plan)
        return has_breaker_and_crash(plan)

    assert shrink(rich_plan(), FAILED, run=run).trials_count > 20


@pytest.mark.slow
def test_requests_are_left_out_one_by_one() -> None:
    def needs_a_late_request(plan: SystemPlan) -> Verdict:
        times = [
            request.time
            for client in plan.clients
            if isinstance(client.load, ScriptedLoadPlan)
            for request in client.load.requests
        ]
        is_open = any(isinstance(client.load, OpenLoadPlan) for client in plan.clients)
        return FAILED if is_open or any(time > 1.0 for time in times) else Passed(0)

    shrunk = shrink(rich_plan(), FAILED, run=needs_a_late_request)
    (client,) = shrunk.plan.clients
    assert isinstance(client.load, ScriptedLoadPlan)
    (request,) = client.load.requests
    # Few digits, too.
    assert request == RequestPlan(time=round(request.time, 1), key=request.key)


@pytest.mark.slow
def test_values_that_do_not_matter_become_the_simplest() -> None:
    shrunk = shrink(rich_plan(), FAILED, run=lambda plan: FAILED)
    tree = json.loads(shrunk.plan.to_json())
    assert set(tree) == {"seed", "hosts", "services", "clients"}
    assert [set(service) for service in tree["services"]] == [{"name", "hosts"}]
    assert [set(client["way"]) for client in tree["clients"]] == [{"service"}]


@pytest.mark.slow
def test_a_failure_of_another_kind_is_not_followed() -> None:
    def fails_otherwise_when_small(plan: SystemPlan) -> Verdict:
        if len(plan.clients) >= 2:
            return FAILED
        return Failed(kind="another", what="it failed", entity="something", time=1.0)

    assert len(shrink(rich_plan(), FAILED, run=fails_otherwise_when_small).plan.clients) == 2


@pytest.mark.slow
def test_shrinking_is_deterministic_and_tries_no_plan_twice() -> None:
    tried: list[str] = []

    def run(plan: SystemPlan) -> Verdict:
        tried.append(plan.to_json())
        return has_breaker_and_crash(plan)

    first = shrink(rich_plan(), FAILED, run=run)
    assert len(tried) == len(set(tried)) == first.trials_count
    assert shrink(rich_plan(), FAILED, run=run) == first


@pytest.mark.parametrize("trials_max", [0, 1, 7])
def test_no_more_trials_than_allowed(trials_max: int) -> None:
    shrunk = shrink(rich_plan(), FAILED, trials_max=trials_max, run=has_breaker_and_crash)
    assert shrunk.trials_count <= trials_max
    assert trials_max > 0 or shrunk.plan == rich_plan()


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_with_anything_missing_is_made_sound_again(seed: int) -> None:
    plan = draw_plan(seed)
    for part in ("hosts", "services", "zones"):
        for index in range(len(getattr(plan, part))):
            parts = list(getattr(plan, part))
            del parts[index]
            require_sound(repaired(plan.model_copy(update={part: tuple(parts)})))
    assert repaired(plan) == repaired(repaired(plan))
