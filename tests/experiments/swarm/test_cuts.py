"""What is cut is cut: which faults cut which way, and an answer that comes through all the same is found."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, build, run_trial
from experiments.swarm.cuts import _Cuts, _ways, check_cuts
from models import Outcome

from .mutants import reply_comes_through_a_cut
from .test_catalogues import plan_with

ENDS = {"source": "caller", "target": "server"}
BACK = {"source": "server", "target": "caller", "one_way": True}


def plan_of(kind: str, parameters: dict[str, Any], **changes: Any) -> SystemPlan:
    fault = {"kind": kind, "name": "trouble", "start": 0.55, "end": 1.2, "parameters": parameters}
    racks = [{"name": "rack", "zone": "a"}, {"name": "other rack", "zone": "a"}]
    hosts = [
        {"name": "server", "zone": "a", "rack": "rack"},
        {"name": "caller"},
        {"name": "beside", "zone": "a", "rack": "other rack"},
    ]
    return plan_with("caller", **{"faults": [fault], "racks": racks, "hosts": hosts, **changes})


def windows(plan: SystemPlan) -> list[tuple[float, float, bool]]:
    live = build(plan)
    (legs,) = _ways(plan, live.clients[0])
    return list(_Cuts(plan).windows(legs))


@pytest.mark.parametrize(
    ("kind", "parameters", "cuts_replies"),
    [
        ("host_crash", {"host": "server"}, True),
        ("process_crash", {"instance": "shop-1"}, True),
        ("power_outage", {"area": "a"}, True),
        ("network_outage", {"area": "region"}, True),
        ("network_outage", {"area": "rack"}, True),
        ("power_outage", {"area": "rack"}, True),
        ("partition", {**ENDS, "target": "rack"}, True),
        ("partition", ENDS, True),
        ("partition", {**ENDS, "target": "a"}, True),
        ("partition", {**ENDS, "one_way": True}, False),
        ("partition", BACK, True),
        ("loss", ENDS, True),
        ("errors", {"of": "shop"}, False),
        ("errors", {"of": "shop-1"}, False),
        ("dependency_outage", {"service": "shop", "mode": "refused"}, False),
        ("silence", {"service": "shop"}, False),
    ],
)
def test_a_fault_that_lets_nothing_through_cuts(
    kind: str, parameters: dict[str, Any], cuts_replies: bool
) -> None:
    assert windows(plan_of(kind, parameters)) == [(0.55, 1.2, cuts_replies)]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("host_crash", {"host": "caller"}),
        ("partition", {"source": "caller", "target": "caller"}),
        ("loss", {**ENDS, "probability": 0.5}),
        ("loss", {**ENDS, "in_bursts": True}),
        ("delay", ENDS),
        ("errors", {"of": "shop", "probability": 0.3}),
        ("dependency_outage", {"service": "shop", "mode": "slow"}),
        ("slow_host", {"host": "server"}),
        ("flapping_host", {"host": "server"}),
        ("power_outage", {"area": "other rack"}),
    ],
)
def test_a_fault_that_lets_something_through_does_not(kind: str, parameters: dict[str, Any]) -> None:
    assert windows(plan_of(kind, parameters)) == []


def test_what_stands_in_front_of_a_faulty_handler_may_answer_for_it() -> None:
    plan = plan_of("errors", {"of": "shop"})
    (service,) = plan.services
    (guard,) = plan_with("server", {"kind": "recorded", "name": "guard"}).services[0].guards
    guarded = service.model_copy(update={"guards": (guard,)})
    assert windows(plan.model_copy(update={"services": (guarded,)})) == []


REQUESTS = {"kind": "scripted", "requests": [{"time": 0.4}, {"time": 0.6}]}


def with_requests(plan: SystemPlan) -> SystemPlan:
    (client,) = plan.clients
    load = client.load.model_validate(
        {"kind": "scripted", "requests": ({"time": 0.4}, {"time": 0.6})}, strict=False
    )
    return plan.model_copy(update={"clients": (client.model_copy(update={"load": load}),)})


def test_a_reply_that_comes_through_a_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request is there before the cut, and its answer sent meanwhile."""
    plan = with_requests(plan_of("partition", BACK))
    assert isinstance(run_trial(plan, thorough=False), Passed)
    reply_comes_through_a_cut(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert verdict.kind == "Client: no full answer passes what is cut"


@pytest.mark.parametrize(
    ("start", "end", "passes"),
    [
        (0.56, 1.19, False),  # within the cut
        (0.3, 0.56, True),  # on its way when the cut began: messages take 0.01 s
        (0.3, 0.57, False),  # sent after that
        (1.0, 1.2, True),  # at the very end of it
        (1.3, 1.5, True),
    ],
)
def test_an_answer_counts_by_when_it_was_sent(start: float, end: float, passes: bool) -> None:
    live = build(with_requests(plan_of("partition", BACK)))
    live.clients[0].client.table.issued += 1
    live.clients[0].client.table.record(start, end, int(Outcome.OK))
    if passes:
        check_cuts(live)
    else:
        with pytest.raises(AssertionError, match="no full answer passes what is cut"):
            check_cuts(live)


def test_where_latencies_are_not_known_a_reply_may_have_been_sent_before() -> None:
    plan = with_requests(plan_of("partition", BACK, latency={"law": "exponential"}))
    live = build(plan)
    live.clients[0].client.table.issued += 1
    live.clients[0].client.table.record(0.3, 1.0, int(Outcome.OK))
    check_cuts(live)


def test_who_answers_from_memory_is_left_out() -> None:
    store = {"kind": "idempotency_store", "name": "store"}
    fault = {"kind": "partition", "name": "trouble", "start": 0.55, "end": 1.2, "parameters": BACK}
    live = build(plan_with("caller", store, faults=[fault]))
    live.clients[0].client.table.issued += 1
    live.clients[0].client.table.record(0.6, 1.0, int(Outcome.OK))
    check_cuts(live)
