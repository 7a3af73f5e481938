"""Who is ill is taken to be ill, who is well to be well; and probes are nobody's calls."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, LiveSystem, Passed, SystemPlan, build, run_trial
from experiments.swarm.detection import check_detection, check_well_again
from experiments.swarm.detectors import Detection
from models import ServerError

from .fleet_mutants import (
    more_are_ejected_than_may_be,
    silence_is_no_sign_of_illness,
    who_is_ejected_does_not_come_back,
    who_is_ill_once_is_ill_for_ever,
)
from .test_catalogues import plan_with

LONG = {
    "kind": "process_crash",
    "name": "crash",
    "start": 0.5,
    "end": 8.0,
    "parameters": {"instance": "shop-1"},
}
ERRORS = {"kind": "errors", "name": "errors", "start": 0.5, "end": 8.0, "parameters": {"of": "shop"}}


def plan_of(**way: Any) -> SystemPlan:
    """Two instances behind a balancer that watches them, asked five times a second for ten seconds."""
    plan = plan_with("caller", load_end=10.0, faults=[LONG])
    tree = plan.model_dump(mode="json")
    tree["hosts"].append({"name": "other"})
    tree["services"][0] |= {"hosts": ["server", "other"], "demand": {"mean": 0.01}}
    tree["clients"][0]["way"] |= way
    tree["clients"][0]["load"] = {"kind": "replayed", "times": [0.2 * number for number in range(50)]}
    return SystemPlan.model_validate(tree, strict=False)


CHECKED = plan_of(health_checks={})
EJECTING = plan_of(ejects_outliers=True)


def run(plan: SystemPlan, until: float) -> tuple[LiveSystem, Detection]:
    live = build(plan)
    live.env.run(until=until)
    (detection,) = live.detections
    return live, detection


@pytest.mark.slow
@pytest.mark.parametrize("plan", [CHECKED, EJECTING], ids=["checked", "ejecting"])
def test_who_is_down_is_not_asked_and_comes_back(plan: SystemPlan) -> None:
    assert isinstance(run_trial(plan, thorough=True), Passed)
    for until, count in ((0.4, 2), (3.0, 1), (19.0, 2)):
        assert len(run(plan, until)[1].balancer.available) == count


def test_probes_are_counted_apart_from_calls() -> None:
    live, detection = run(CHECKED, 20.0)
    client, first, second = live.clients[0].client, *live.instances
    probes = [live.probes_answered_by(instance) for instance in live.instances]
    assert all(probes)
    assert detection.checker is not None
    assert detection.checker.statistics().passed_count == sum(probes)
    completed = first.statistics().completed_count + second.statistics().completed_count
    assert completed == sum(probes) + client.table.counts()["ok"]


def test_probes_need_no_key_and_have_no_effect() -> None:
    tree = CHECKED.model_dump(mode="json")
    tree["services"][0]["has_effects"] = True
    tree["clients"][0]["load"]["keys"] = "own"
    assert isinstance(run_trial(SystemPlan.model_validate(tree, strict=False)), Passed)


@pytest.mark.parametrize(
    ("mutant", "plan", "rule"),
    [
        (who_is_ill_once_is_ill_for_ever, CHECKED, "who answers its probes is taken to be well"),
        (silence_is_no_sign_of_illness, CHECKED, "who answers no probe is taken to be ill"),
        (who_is_ejected_does_not_come_back, EJECTING, "who is ejected comes back in time"),
    ],
)
def test_who_is_taken_for_what_he_is_not_is_found(
    mutant: Any, plan: SystemPlan, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert rule in verdict.what


def test_more_who_are_ejected_than_may_be_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = EJECTING.model_dump(mode="json") | {"faults": [ERRORS]}
    plan = SystemPlan.model_validate(tree, strict=False)
    assert isinstance(run_trial(plan, thorough=False), Passed)
    more_are_ejected_than_may_be(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "OutlierEjector: no more are ejected than may be"


def test_a_probe_that_goes_elsewhere_is_found() -> None:
    live, detection = run(CHECKED, 3.0)
    check_detection(live)
    detection.connections[0]._call_count += 1
    with pytest.raises(AssertionError, match="each probe goes to one instance"):
        check_detection(live)


def test_an_old_row_of_answers_proves_nothing() -> None:
    live, detection = run(CHECKED, 0.4)
    assert detection.checker is not None
    detection.checker.stop()
    port = next(iter(detection.ports.values()))
    port.row = 99
    live.env.run(until=9.0)
    check_well_again(live)


def test_a_failure_at_the_port_begins_the_row_anew() -> None:
    live, detection = run(CHECKED, 0.4)
    port = next(iter(detection.ports.values()))
    assert port.row == 1
    live.env.run(until=2.0)
    assert port.row == 1  # crashed before the second
    port.target.interpose("the test", lambda handler: _fail)  # type: ignore[attr-defined]
    live.env.run(until=12.0)
    assert port.row == 0
    assert port.statistics().call_count > port.statistics().answered_count


def _fail(instance: Any, request: Any) -> Any:
    yield from ()
    raise ServerError("no")
