"""The load of a plan comes when it says, whatever its shape, and can be spelled out request by request."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import SystemPlan, build
from experiments.swarm.plan import OpenLoadPlan
from experiments.swarm.planned_load import spelled_out

from .test_trial import plan_of


def with_load(seed: int, **load: Any) -> SystemPlan:
    plan = plan_of(1.0, seed=seed)
    (client,) = plan.clients
    changed = client.model_validate({**client.model_dump(), "load": load}, strict=False)
    return plan.model_copy(update={"clients": (changed,)})


def starts(plan: SystemPlan) -> list[float]:
    live = build(plan)
    live.env.run(until=plan.load_end + 30.0)
    (client,) = live.clients
    return sorted(client.client.table.columns()["start"].tolist())


def shares(times: list[float]) -> list[int]:
    """How many came in each fifth of ten seconds."""
    return [sum(low <= time < low + 2.0 for time in times) for low in (0.0, 2.0, 4.0, 6.0, 8.0)]


def test_a_flash_crowd_comes_in_the_middle() -> None:
    times = starts(with_load(1, kind="open", rate=20.0, until=10.0, shape="flash crowd"))
    early, before, crowd, after, late = shares(times)
    assert crowd > 2 * max(early, before, late)
    assert after < crowd
    assert min(early, before, late) > 20


def test_steps_have_a_time_in_which_nobody_comes() -> None:
    times = starts(with_load(1, kind="open", rate=20.0, until=10.0, shape="steps"))
    assert not [time for time in times if 3.0 <= time < 6.0]
    first = sum(time < 3.0 for time in times)
    second = sum(time >= 6.0 for time in times)
    assert second > 2 * first > 80


@pytest.mark.parametrize("shape", ["steady", "flash crowd", "steps"])
@pytest.mark.parametrize("keys", ["none", "own"])
def test_open_load_is_spelled_out_at_its_own_times(shape: str, keys: str) -> None:
    plan = with_load(3, kind="open", rate=8.0, until=8.0, shape=shape, keys=keys)
    (client,) = plan.clients
    assert isinstance(client.load, OpenLoadPlan)
    scripted = spelled_out(client.name, client.load, plan)
    assert [request.time for request in scripted.requests] == pytest.approx(starts(plan), abs=1e-9)
    given = [request.key for request in scripted.requests]
    assert len(set(given)) == (len(given) if keys == "own" else 1)


def test_a_trace_is_replayed_at_its_speed_until_the_load_ends() -> None:
    plan = with_load(1, kind="replayed", times=[0.0, 6.0, 2.0, 2.0, 30.0], speed_up=2.0, keys="own")
    assert starts(plan) == [0.0, 1.0, 1.0, 3.0]
