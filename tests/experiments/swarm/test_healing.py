"""What a fault leaves behind when it has healed is found, whatever it is; and everything must work again."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed, build, run_trial
from experiments.swarm.hand_made_faults import BreakersByHand
from experiments.swarm.healing import check_all_answer, check_healed
from models.faults import Fault, PoolLeak
from models.resilience.bulkheads import ConnectionPool

from .fleet_mutants import power_of_a_rack_does_not_come_back
from .mutants import fault_forgets_to_heal
from .test_catalogues import plan_with

STAYS = {
    "slow_host": ({"host": "server"}, "a host works at its own speed"),
    "clock_skew": ({"host": "server"}, "a host knows what time it is"),
    "host_crash": ({"host": "server"}, "a host is up"),
    "power_outage": ({"area": "a"}, "a host is up"),
    "process_crash": ({"instance": "shop-1"}, "a process listens"),
    "partition": ({"source": "caller", "target": "server"}, "messages pass untouched"),
    "network_outage": ({"area": "a"}, "messages pass untouched"),
    "delay": ({"source": "caller", "target": "server"}, "messages pass untouched"),
    "pool_leak": ({"wrapper": "tried"}, "no connection has leaked"),
    "switched_off": ({"wrapper": "tried"}, "a feature is on"),
    "errors": ({"of": "shop"}, "an instance that needs nobody answers well"),
    "slow_answers": ({"of": "shop-1"}, "an instance that is alone takes as long as its work"),
}
NEEDED = {"pool_leak": "connection_pool", "switched_off": "switched"}


def plan_of(kind: str, parameters: dict[str, Any], **changes: Any) -> Any:
    guard = {"kind": NEEDED.get(kind, "recorded"), "name": "tried"}
    fault = {"kind": kind, "name": "trouble", "start": 0.55, "end": 1.2, "parameters": parameters}
    return plan_with("server", guard, faults=[fault], **changes)


@pytest.mark.parametrize("kind", STAYS)
def test_what_a_fault_leaves_behind_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, rule = STAYS[kind]
    plan = plan_of(kind, parameters)
    assert isinstance(run_trial(plan, thorough=False), Passed)
    fault_forgets_to_heal(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert rule in verdict.what


def test_a_fault_that_is_still_there_is_found() -> None:
    live = build(plan_of("slow_host", {"host": "server"}))
    live.env.run(until=1.0)
    live.system.host("server").recover(live.system.part("trouble", Fault))
    with pytest.raises(AssertionError, match="a fault has healed when all faults have healed"):
        check_healed(live)


def test_a_pool_that_goes_on_leaking_is_found() -> None:
    live = build(plan_of("pool_leak", {"wrapper": "tried"}))
    live.env.run(until=5.0)
    check_healed(live)
    pool = next(part for part in live.parts if isinstance(part, ConnectionPool))
    PoolLeak(pool, probability=0.5).inject()
    with pytest.raises(AssertionError, match="no connection leaks when all faults have healed"):
        check_healed(live)


def test_breakers_that_stay_in_a_state_are_found() -> None:
    breaker = {"kind": "consecutive_failures", "name": "tried"}
    fault = {"kind": "breaker_by_hand", "name": "trouble", "start": 0.55, "end": 1.2}
    fault["parameters"] = {"wrapper": "tried", "state": "forced_open"}
    live = build(plan_with("server", breaker, faults=[fault]))
    live.env.run(until=5.0)
    check_healed(live)
    live.system.part("trouble", BreakersByHand).inject()
    with pytest.raises(AssertionError, match="no state is held by hand when all faults have healed"):
        check_healed(live)


def test_an_instance_that_never_answers_again_is_found() -> None:
    live = build(plan_with("server", {"kind": "recorded", "name": "tried"}))
    live.env.run(until=5.0)
    check_all_answer(live, lambda until: live.env.run(until=until))
    (instance,) = live.instances
    instance.crash()
    live.system.host("server").crash()
    with pytest.raises(AssertionError, match="every instance answers when all faults have healed"):
        check_all_answer(live, lambda until: live.env.run(until=until))


def test_a_rack_whose_power_does_not_come_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [{"name": "server", "zone": "a", "rack": "rack"}, {"name": "caller"}]
    plan = plan_of("power_outage", {"area": "rack"}, racks=[{"name": "rack", "zone": "a"}], hosts=hosts)
    assert isinstance(run_trial(plan, thorough=False), Passed)
    power_of_a_rack_does_not_come_back(monkeypatch)
    verdict = run_trial(plan, thorough=False)
    assert isinstance(verdict, Failed)
    assert "a host is up when all faults have healed" in verdict.what


@pytest.mark.parametrize("cpu_quota", [None, 1.5, 0.5])
def test_an_instance_that_is_alone_takes_as_long_as_its_work_and_its_quota(
    cpu_quota: float | None,
) -> None:
    service = {"name": "shop", "hosts": ["server"], "demand": {"mean": 0.2}, "cpu_quota": cpu_quota}
    hosts = [{"name": "server", "zone": "a", "scheduling": "fair-share"}, {"name": "caller"}]
    plan = plan_of("power_outage", {"area": "a"}, services=[service], hosts=hosts)
    live = build(plan)
    live.env.run(until=30.0)
    (instance,) = live.instances
    check_all_answer(live, lambda until: live.env.run(until=until))
    assert instance.statistics().completed_count
    live.system.host("server").slow_down("the test", 0.25)
    with pytest.raises(AssertionError, match="takes as long as its work"):
        check_all_answer(live, lambda until: live.env.run(until=until))
