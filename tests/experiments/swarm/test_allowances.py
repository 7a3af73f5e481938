"""A turnstile knows who may pass, by the definition of a limit; limiters and instances hold what fits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, build, run_trial
from experiments.swarm.allowances import check_allowances
from experiments.swarm.turnstile import Turnstile
from models import FunctionEndpoint, Request
from models.resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    PerKey,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from models.resilience.shedding import ConcurrencyLimiter
from simulator import Environment
from simulator.randomness import Exponential

from .fleet_mutants import each_group_has_all_cores, quota_begins_anew_with_every_change
from .mutants import bucket_holds_one_token_too_many, limiter_gives_a_place_back_twice
from .test_catalogues import plan_with

LIMITS = [
    TokenBucket(10.0, 3),
    LeakyBucket(10.0, 3),
    SlidingWindow(3, 0.3),
    SlidingWindowCounter(3, 0.3),
    FixedCycles(limit=3, period=0.3, timeout=0.5),
]
A_THIRD_TOO_MANY = [
    (TokenBucket(10.0, 2), [0.0, 0.0, 0.05], 0.05),
    (TokenBucket(10.0, 2), [0.0, 0.0, 0.1], None),
    (TokenBucket(10.0, 2), [1.0, 1.0, 1.05, 1.15], 1.05),
    (LeakyBucket(10.0, 5), [0.0, 0.1, 0.15], 0.15),
    (LeakyBucket(10.0, 5), [0.0, 0.1, 0.2], None),
    (SlidingWindow(2, 1.0), [0.5, 0.9, 1.4], 1.4),
    (SlidingWindow(2, 1.0), [0.5, 0.9, 1.5], None),
    (SlidingWindowCounter(2, 1.0), [1.1, 1.2, 1.9], 1.9),
    (SlidingWindowCounter(2, 1.0), [0.8, 0.9, 1.1], None),  # its flaw
    (FixedCycles(limit=2, period=1.0), [0.0, 0.1, 0.2], 0.2),
    (FixedCycles(limit=2, period=1.0), [0.8, 0.9, 1.0, 1.0, 1.5], 1.5),
]


def nothing(request: Request) -> Any:
    yield from ()


def passed(limit: RateLimit, times: list[float], keys: list[str] | None = None) -> Turnstile:
    env = Environment()
    turnstile = Turnstile(env, FunctionEndpoint(nothing), limit, name="turnstile")
    for number, time in enumerate(times):
        request = Request(key=keys[number] if keys else None)
        env.call_later(time, lambda request=request: env.process(turnstile.call(request)))
    env.run()
    return turnstile


@pytest.mark.parametrize(("limit", "times", "expected"), A_THIRD_TOO_MANY)
def test_the_first_too_many_is_told(limit: RateLimit, times: list[float], expected: float | None) -> None:
    turnstile = passed(limit, times)
    assert turnstile.first_too_many() == expected
    assert turnstile.statistics().call_count == len(times)


def test_each_key_has_an_allowance_of_its_own() -> None:
    limit = PerKey(TokenBucket(10.0, 1), key=lambda request: request.key)
    assert passed(limit, [0.0, 0.0], ["a", "b"]).first_too_many() is None
    assert passed(limit, [0.0, 0.5, 0.5, 0.5], ["a", "a", "b", "a"]).first_too_many() == 0.5


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: type(limit).__name__)
@pytest.mark.parametrize("wait_max", [0.0, 0.4])
def test_what_a_limiter_lets_pass_is_allowed(limit: RateLimit, wait_max: float) -> None:
    env = Environment(seed=1)
    turnstile = Turnstile(env, FunctionEndpoint(nothing), limit, name="turnstile")
    limiter = RateLimiter(env, turnstile, limit, wait_max=wait_max if limit.lets_wait else 0.0)
    draw = env.sampler("arrivals", Exponential(1.0 / 30.0))

    def ask() -> Any:
        from models import Rejected

        try:
            yield from limiter.call(Request())
        except Rejected:
            return

    time = draw()
    while time < 20.0:
        env.call_later(time, lambda: env.process(ask()))
        time += draw()
    env.run()
    assert turnstile.first_too_many() is None
    assert 100 < turnstile.statistics().call_count < 210


def plan_of(kind: str, parameters: dict[str, Any], **changes: Any) -> SystemPlan:
    return plan_with("caller", {"kind": kind, "name": "tried", "parameters": parameters}, **changes)


def test_a_bucket_with_one_token_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("rate_limiter", {"rate": 2.0, "burst": 1}, faults=[])
    assert isinstance(run_trial(plan), Passed)
    bucket_holds_one_token_too_many(monkeypatch)
    verdict = run_trial(plan)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "Turnstile: nobody passes who may not by the limit"


def test_a_limiter_that_gives_places_back_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [{"time": 0.1, "ended_after": 0.01}, *({"time": 0.3 + 0.01 * number} for number in range(9))]
    plan = plan_of("concurrency_limiter", {"size": 1}, load_end=0.6, faults=[])
    (client,) = plan.clients
    load = client.load.model_validate({"kind": "scripted", "requests": tuple(requests)}, strict=False)
    plan = plan.model_copy(update={"clients": (client.model_copy(update={"load": load}),)})
    assert isinstance(run_trial(plan), Passed)
    limiter_gives_a_place_back_twice(monkeypatch)
    verdict = run_trial(plan)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "ConcurrencyLimiter: no more are in flight than the limit has been"


def test_a_limiter_that_begins_anew_with_its_host_is_left_out() -> None:
    crash = {
        "kind": "host_crash",
        "name": "crash",
        "start": 0.3,
        "end": 0.4,
        "parameters": {"host": "caller"},
    }
    live = build(plan_of("concurrency_limiter", {"size": 1}, faults=[crash]))
    live.env.run(until=1.0)
    limiter = next(part for part in live.endpoints if isinstance(part, ConcurrencyLimiter))
    limiter.limit_gauge.maximum = -1.0
    check_allowances(live)
    live = build(plan_of("concurrency_limiter", {"size": 1}))
    limiter = next(part for part in live.endpoints if isinstance(part, ConcurrencyLimiter))
    limiter.limit_gauge.maximum = -1.0
    with pytest.raises(AssertionError, match="no more are in flight than the limit has been"):
        check_allowances(live)


def test_an_instance_that_holds_more_than_it_has_threads_is_found() -> None:
    live = build(plan_of("recorded", {}))
    (instance,) = live.instances
    instance._threads.free -= 1
    check_allowances(live)
    instance._threads.free -= 1
    with pytest.raises(AssertionError, match="no more are in an instance than its threads"):
        check_allowances(live)


def sharing(**service: Any) -> SystemPlan:
    """Two services on one host that is shared fairly, and too much work for it."""
    plan = plan_with("caller", faults=[])
    tree = plan.model_dump(mode="json")
    tree["hosts"][0]["scheduling"] = "fair-share"
    shop = tree["services"][0] | {"threads": 8, "demand": {"mean": 0.5}}
    tree["services"] = [shop | service, shop | {"name": "other"}]
    (client,) = tree["clients"]
    other = json.loads(json.dumps(client).replace("limit", "other limit").replace("shop", "other"))
    tree["clients"] = [client, other | {"name": "other client"}]
    return SystemPlan.model_validate(tree, strict=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "service", "rule"),
    [
        (
            quota_begins_anew_with_every_change,
            {"cpu_quota": 0.01},
            "Instance: no group has more than its quota",
        ),
        (each_group_has_all_cores, {}, "Host: what a host has done, its groups have had"),
    ],
)
def test_cores_that_are_not_shared_as_was_said_are_found(
    mutant: Any, service: dict[str, Any], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(run_trial(sharing(**service), thorough=True), Passed)
    mutant(monkeypatch)
    verdict = run_trial(sharing(**service), thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == rule
