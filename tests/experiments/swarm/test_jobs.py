"""Jobs that were accepted are done, or it is known where they are; and workers are let go in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import Failed, LiveSystem, Passed, SystemPlan, build, read_plan, run_trial
from experiments.swarm.promises import check_promises
from experiments.swarm.shrinking import repaired

from .fleet_mutants import (
    memory_of_a_backlog_is_lost_in_silence,
    message_in_flight_stays_so,
    worker_deletes_a_job_before_it_is_done,
    worker_does_not_come_back_from_a_crash,
)


def crash(host: str) -> dict[str, Any]:
    return {
        "kind": "host_crash",
        "name": f"crash of {host}",
        "start": 1.1,
        "end": 2.0,
        "parameters": {"host": host},
    }


def plan_of(*faults: dict[str, Any], **backlog: Any) -> SystemPlan:
    """Twenty jobs within two seconds for two workers, and a service that nobody asks."""
    hosts = ["server", "caller", "jobs-host", "w1", "w2"]
    jobs = {"name": "jobs", "host": "jobs-host", "worker_hosts": ["w1", "w2"], "demand": {"mean": 0.5}}
    times = [{"time": 0.1 * number, "key": f"job {number}"} for number in range(20)]
    tree = {
        "load_end": 4.0,
        "hosts": [{"name": name} for name in hosts],
        "services": [{"name": "shop", "hosts": ["server"]}],
        "backlog": jobs | backlog,
        "clients": [
            {
                "name": "sender",
                "host": "caller",
                "way": {"service": "jobs", "wrappers": [{"kind": "timeout", "name": "limit"}]},
                "load": {"kind": "scripted", "requests": times},
            }
        ],
        "faults": list(faults),
    }
    return SystemPlan.model_validate_json(json.dumps(tree))


def run(plan: SystemPlan, until: float = 60.0) -> LiveSystem:
    live = build(plan)
    live.env.run(until=until)
    return live


@pytest.mark.parametrize(
    "plan",
    [
        plan_of(),
        plan_of(crash("w1"), crash("jobs-host")),
        plan_of(crash("jobs-host"), is_durable=False, receives_max=1),
        plan_of(crash("w1"), visibility=1.0, has_heartbeat=True, wait=0.0, order="priority", delay=1.0),
        plan_of(crash("w2"), visibility=0.25, receives_max=4, in_flight_max=1),
    ],
    ids=["calm", "crashes", "in memory", "heartbeat", "short visibility"],
)
def test_a_backlog_with_workers_keeps_everything(plan: SystemPlan) -> None:
    verdict = run_trial(plan, thorough=True)
    assert isinstance(verdict, Passed), verdict.what


def test_all_that_was_accepted_is_done() -> None:
    live = run(plan_of())
    assert live.jobs is not None
    assert set(live.jobs.accepted) == set(live.jobs.done) == {f"job {number}" for number in range(20)}
    assert not live.jobs.are_left


def test_what_a_memory_has_lost_is_known() -> None:
    live = run(plan_of(crash("jobs-host"), is_durable=False))
    assert live.jobs is not None
    lost = set(live.jobs.accepted) - set(live.jobs.done)
    assert lost
    assert lost <= live.jobs.kept()


@pytest.mark.parametrize(
    ("mutant", "plan", "rule"),
    [
        (message_in_flight_stays_so, plan_of(crash("w1")), "all jobs are worked off when all faults"),
        (
            worker_does_not_come_back_from_a_crash,
            plan_of(crash("w1"), crash("w2")),
            "all jobs are worked off",
        ),
        (worker_deletes_a_job_before_it_is_done, plan_of(crash("w1")), "deleted"),
        (
            memory_of_a_backlog_is_lost_in_silence,
            plan_of(crash("jobs-host"), is_durable=False),
            "a job that was accepted is done, dead, there or lost",
        ),
    ],
)
def test_jobs_that_go_astray_are_found(
    mutant: Any, plan: SystemPlan, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(run_trial(plan, thorough=False), Passed)
    mutant(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert rule in verdict.what


def test_an_accepted_job_that_nobody_knows_of_is_found() -> None:
    live = run(plan_of())
    check_promises(live)
    assert live.jobs is not None
    del live.jobs.done["job 7"]
    with pytest.raises(AssertionError, match="done, dead, there or lost does not hold: job 7"):
        check_promises(live)


def test_what_stands_in_for_a_backlog_may_accept_what_it_never_hears_of() -> None:
    tree = plan_of().model_dump(mode="json")
    tree["clients"][0]["way"]["wrappers"].insert(0, {"kind": "outbox", "name": "outbox"})
    assert isinstance(run_trial(SystemPlan.model_validate(tree, strict=False), thorough=True), Passed)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"host": "x"}, "backlog.host must be one of server, caller"),
        ({"worker_hosts": []}, "backlog.worker_hosts must name at least one host, got none"),
        ({"worker_hosts": ["w1", "w1"]}, "backlog.worker_hosts must be given once, got 'w1' twice"),
        ({"worker_hosts": ["x"]}, "backlog.worker_hosts.0 must be one of server"),
        ({"name": "shop"}, "the names of services and backlog must be given once, got 'shop' twice"),
        ({"visibility": 0.0}, "backlog.visibility must be > 0"),
    ],
)
def test_a_backlog_that_cannot_be_meant_is_told_in_one_line(
    change: dict[str, Any], line: str, tmp_path: Path
) -> None:
    tree = plan_of().model_dump(mode="json")
    tree["backlog"] |= change
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    with pytest.raises(Misuse) as caught:
        read_plan(tmp_path / "plan.json")
    assert line in str(caught.value)


def test_a_backlog_is_not_probed(tmp_path: Path) -> None:
    tree = plan_of().model_dump(mode="json")
    tree["clients"][0]["way"]["health_checks"] = {}
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    with pytest.raises(Misuse, match=r"clients.0.way.health_checks must be of a service, got a backlog"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_is_repaired_where_hosts_of_its_backlog_are_gone() -> None:
    plan = plan_of()
    rest = repaired(plan.model_copy(update={"hosts": tuple(h for h in plan.hosts if h.name != "w1")}))
    assert rest.backlog is not None
    assert rest.backlog.worker_hosts == ("w2",)
    assert {host.name for host in rest.hosts} == {"server", "caller", "jobs-host", "w2"}
    rest = repaired(plan.model_copy(update={"hosts": tuple(h for h in plan.hosts if h.name != "jobs-host")}))
    assert rest.backlog is None
    assert not rest.clients
