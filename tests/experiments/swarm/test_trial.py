"""A trial says what failed, when and where; a run that is over leaves nothing, and everything repeats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, build, draw_plan, run_trial
from experiments.swarm.verdict import is_sampled
from models import Request
from models.balancing import Balancer
from models.resilience import Timeout
from models.services import Instance
from models.workload import Client
from simulator import Environment

from .mutants import choice_depends_on_the_process


def plan_of(*requests: float, **changes: Any) -> SystemPlan:
    tree = {
        "hosts": [{"name": "server"}, {"name": "caller"}],
        "services": [{"name": "shop", "hosts": ["server"], "demand": {"mean": 0.1}}],
        "clients": [
            {
                "name": "client",
                "host": "caller",
                "way": {"service": "shop", "wrappers": [{"kind": "timeout", "name": "t"}]},
                "load": {"kind": "scripted", "requests": [{"time": time} for time in requests]},
            }
        ],
        **changes,
    }
    return SystemPlan.model_validate_json(json.dumps(tree))


def test_a_system_that_keeps_everything_passes() -> None:
    assert run_trial(plan_of(1.0, 2.0), thorough=True) == Passed(2)


def test_a_system_that_must_wait_for_tcp_runs_empty_all_the_same() -> None:
    loss = {"kind": "loss", "name": "f", "start": 0.5, "end": 9.0}
    loss["parameters"] = {"source": "caller", "target": "server"}
    assert run_trial(plan_of(1.0, faults=[loss])) == Passed(1)


def test_a_system_without_time_limits_is_emptied_from_outside() -> None:
    silence = {"kind": "silence", "name": "f", "start": 0.5, "end": 2.0, "parameters": {"service": "shop"}}
    plan = plan_of(1.0, faults=[silence])
    assert not build(plan).is_limited
    assert run_trial(plan) == Passed(1)


def test_faults_end_with_the_load_whatever_they_planned() -> None:
    crash = {"kind": "host_crash", "name": "f", "start": 1.5, "end": 99.0, "parameters": {"host": "server"}}
    live = build(plan_of(1.0, load_end=2.0, faults=[crash]))
    live.env.run(until=1.75)
    assert not live.hosts[0].is_up
    live.env.run(until=2.25)
    assert live.hosts[0].is_up


def test_an_error_in_a_models_code_is_a_failure_with_time_and_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def call(instance: Any, request: Request) -> Any:
        yield from instance.host.work(0.1)
        raise KeyError("surprise")

    monkeypatch.setattr(Instance, "call", call)
    verdict = run_trial(plan_of(1.0))
    assert isinstance(verdict, Failed)
    assert verdict.kind == "KeyError in test_trial.py, call"
    assert verdict.time == pytest.approx(1.11)
    assert "KeyError: 'surprise'" in verdict.what
    assert verdict.entity == "process 'client'"


def test_an_exception_that_is_none_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(timeout: Any, request: Request) -> Any:
        timeout._call_count += 1
        timeout._env.open_deadline(timeout.delay)
        return (yield from timeout.target.call(request))

    monkeypatch.setattr(Timeout, "call", call)
    slow = [{"name": "shop", "hosts": ["server"], "demand": {"mean": 3.0}}]
    verdict = run_trial(plan_of(1.0, services=slow))
    assert isinstance(verdict, Failed)
    assert verdict.kind.startswith("Cancelled in ")
    assert verdict.time == 1.5


def test_ctrl_c_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Instance, "call", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_trial(plan_of(1.0))


def test_a_broken_invariant_is_located_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(balancer: Any, request: Request) -> Any:
        target = balancer._choose(request)
        target.call_count -= 1
        return (yield from target.endpoint.call(request))

    monkeypatch.setattr(Balancer, "call", call)
    verdict, coarse = run_trial(plan_of(3.0)), run_trial(plan_of(3.0), locate=False)
    assert isinstance(verdict, Failed)
    assert isinstance(coarse, Failed)
    assert verdict.kind == coarse.kind == "Balancer: call_count >= 0"
    assert verdict.entity == "Balancer 'balancer of client to shop'"
    assert 3.0 <= verdict.time < 3.1 < coarse.time


def test_luck_of_its_own_is_found_by_running_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    choice_depends_on_the_process(monkeypatch)
    # Of two in turn the other one is next, in whatever order they stand.
    servers = ["server", "other", "third"]
    hosts = [{"name": name} for name in (*servers, "caller")]
    services = [{"name": "shop", "hosts": servers, "demand": {"mean": 0.1, "law": "exponential"}}]
    plan = plan_of(*(0.1 * number for number in range(20)), hosts=hosts, services=services)
    assert isinstance(run_trial(plan, thorough=False), Passed)
    verdict = run_trial(plan, thorough=True)
    assert isinstance(verdict, Failed)
    assert verdict.entity == "the run"


@pytest.mark.slow
def test_a_client_that_disturbs_the_run_by_being_looked_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check is an observer: what it reads must change nothing."""
    in_flight = Client.in_flight.fget
    assert in_flight is not None

    def disturb(client: Client) -> int:
        client._env.call_later(0.01, client._env.log, "disturbed", client.name)
        return in_flight(client)

    monkeypatch.setattr(Client, "in_flight", property(disturb))
    verdict = run_trial(plan_of(1.0, 2.0), thorough=True)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "a run event by event is the same as one without stops"


def test_one_in_eight_seeds_is_run_thoroughly() -> None:
    assert sum(map(is_sampled, range(800))) == 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 11])
def test_a_verdict_is_the_same_twice(seed: int) -> None:
    assert run_trial(draw_plan(seed), thorough=True) == run_trial(draw_plan(seed), thorough=True)


def test_environments_are_the_trials_own() -> None:
    live = build(draw_plan(1))
    assert isinstance(live.env, Environment)
    assert live.env.now == 0.0
    assert live.env is not build(draw_plan(1)).env
