"""Jobs that were accepted are done, or it is known where they are; and workers are let go in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import Failed, LiveSystem, Passed, SystemPlan, build, read_plan, run_trial
from experiments.swarm.parts.backlog import Jobs
from experiments.swarm.promises import check_promises
from experiments.swarm.shrinking import repaired

from ..fleet_mutants import (
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


def struck(kind: str, **parameters: Any) -> dict[str, Any]:
    fault = {"kind": kind, "name": "trouble", "start": 1.1, "end": 2.0}
    return fault | {"parameters": {"part": "jobs"} | parameters}


def plan_of(*faults: dict[str, Any], **backlog: Any) -> SystemPlan:
    """Twenty jobs within two seconds for two workers, and a service that nobody asks."""
    hosts = ["server", "caller", "jobs-host", "w1", "w2"]
    given = {"host": ["jobs-host"], "worker_hosts": ["w1", "w2"], "demand": 0.5} | backlog
    times = [{"time": 0.1 * number, "key": f"job {number}"} for number in range(20)]
    tree = {
        "load_end": 4.0,
        "hosts": [{"name": name} for name in hosts],
        "services": [{"name": "shop", "hosts": ["server"]}],
        "parts": [{"kind": "backlog", "name": "jobs", "parameters": given}],
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


def jobs_of(live: LiveSystem) -> Jobs:
    (jobs,) = live.others
    assert isinstance(jobs, Jobs)
    return jobs


@pytest.mark.parametrize(
    "plan",
    [
        plan_of(),
        plan_of(crash("w1"), crash("jobs-host")),
        plan_of(crash("jobs-host"), is_durable=False, receives_max=1),
        plan_of(crash("w1"), visibility=1.0, has_heartbeat=True, wait=0.0, order="priority", delay=1.0),
        plan_of(crash("w2"), visibility=0.25, receives_max=4, in_flight_max=1),
        plan_of(struck("backlog_crash")),
        plan_of(struck("backlog_crash"), is_durable=False),
        plan_of(struck("worker_crash", number=3)),
        plan_of(machines="on demand", scales=True),
        plan_of(machines="preemptible"),
        plan_of(machines="preemptible", notice=0.5, scales=True),
    ],
    ids=[
        "calm",
        "crashes",
        "in memory",
        "heartbeat",
        "short visibility",
        "crash of its process",
        "crash of its process, in memory",
        "crash of a worker's process",
        "machines on demand, scaled",
        "machines that are taken",
        "machines that are taken with a notice, scaled",
    ],
)
def test_a_backlog_with_workers_keeps_everything(plan: SystemPlan) -> None:
    verdict = run_trial(plan, thorough=True)
    assert isinstance(verdict, Passed), verdict.what


def test_all_that_was_accepted_is_done() -> None:
    live = run(plan_of())
    assert set(jobs_of(live).accepted) == set(jobs_of(live).done) == {f"job {number}" for number in range(20)}
    assert not jobs_of(live).are_left


def test_what_a_memory_has_lost_is_known() -> None:
    live = run(plan_of(crash("jobs-host"), is_durable=False))
    lost = set(jobs_of(live).accepted) - set(jobs_of(live).done)
    assert lost
    assert lost <= jobs_of(live).kept()


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
    del jobs_of(live).done["job 7"]
    with pytest.raises(AssertionError, match="done, dead, there or lost does not hold: job 7"):
        check_promises(live)


def test_what_stands_in_for_a_backlog_may_accept_what_it_never_hears_of() -> None:
    tree = plan_of().model_dump(mode="json")
    tree["clients"][0]["way"]["wrappers"].insert(0, {"kind": "outbox", "name": "outbox"})
    assert isinstance(run_trial(SystemPlan.model_validate(tree, strict=False), thorough=True), Passed)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"host": ["x"]}, "parts.0.parameters.host.0 must be one of server, caller"),
        ({"host": "server"}, "parts.0.parameters.host must be a list of hosts, got 'server'"),
        ({"worker_hosts": []}, "parts.0.parameters.worker_hosts must name from 1 to 3 hosts, got 0"),
        ({"worker_hosts": ["w1", "w1"]}, "worker_hosts must be given once, got 'w1' twice"),
        ({"worker_hosts": ["x"]}, "parts.0.parameters.worker_hosts.0 must be one of server"),
        ({"order": "any"}, "parts.0.parameters.order must be one of 'first-come', 'priority', got 'any'"),
        ({"visibility": 0.0}, "parts.0.parameters: visibility must be"),
    ],
)
def test_a_backlog_that_cannot_be_meant_is_told_in_one_line(
    change: dict[str, Any], line: str, tmp_path: Path
) -> None:
    tree = plan_of().model_dump(mode="json")
    tree["parts"][0]["parameters"] |= change
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    with pytest.raises(Misuse) as caught:
        read_plan(tmp_path / "plan.json")
    assert line in str(caught.value)


def test_a_backlog_is_not_probed(tmp_path: Path) -> None:
    tree = plan_of().model_dump(mode="json")
    tree["clients"][0]["way"]["health_checks"] = {}
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    with pytest.raises(Misuse, match=r"clients.0.way.health_checks must be of a service, got 'jobs'"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_is_repaired_where_hosts_of_its_backlog_are_gone() -> None:
    plan = plan_of()
    rest = repaired(plan.model_copy(update={"hosts": tuple(h for h in plan.hosts if h.name != "w1")}))
    assert rest.parts[0].parameters["worker_hosts"] == ("w2",)
    assert {host.name for host in rest.hosts} == {"server", "caller", "jobs-host", "w2"}
    rest = repaired(plan.model_copy(update={"hosts": tuple(h for h in plan.hosts if h.name != "jobs-host")}))
    assert not rest.parts
    assert not rest.clients
