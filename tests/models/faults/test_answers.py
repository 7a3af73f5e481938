"""Faults of services: who is struck, when, and what becomes of calls that are there already."""

from __future__ import annotations

from typing import Any

import pytest

from models import CallFailed, Rejected, Request, ServerError, Unavailable
from models.faults import DependencyOutage, ErrorBurst, HostCrash, ProcessCrash, SlowAnswers
from models.services import Service
from simulator import Environment
from simulator.randomness import Uniform
from tests.models.faults.building import HEALTHY, PATIENCE, WAY, WORK, World

ERROR = ("ServerError", 2 * WAY)


@pytest.mark.parametrize(
    ("make", "trouble"),
    [
        (ErrorBurst, ERROR),
        (lambda what: SlowAnswers(what, 1.0), ("paid", 2 * WAY + WORK + 1.0)),
        (lambda what: DependencyOutage(what, "silent"), (None, PATIENCE)),
        (lambda what: DependencyOutage(what, "errors"), ERROR),
        (lambda what: DependencyOutage(what, "slow", delay=2.0), ("paid", 2 * WAY + WORK + 2.0)),
        (lambda what: DependencyOutage(what, "refused"), ("Refused", 2 * WAY)),
    ],
)
def test_with_a_service_those_are_struck_that_it_has_now_and_that_come_while_it_lasts(
    make: Any, trouble: Any
) -> None:
    world = World()
    fault = make(world.payment)
    before = world.payment.add_instance(world.web)
    fault.inject()
    during = world.payment.add_instance(world.web)
    world.payment.remove_instance(before)
    for instance in (*world.payment.instances, before, during):
        assert world.call(world.web, instance) == trouble, instance
    fault.heal()
    after = world.payment.add_instance(world.web)
    for instance in (*world.payment.instances, before, during, after):
        assert world.call(world.web, instance) == HEALTHY, instance
    fault.inject()
    assert world.call(world.web, before) == HEALTHY, "it had left when the fault came again"
    assert world.call(world.web, after) == trouble
    fault.heal()


def test_with_instances_only_those_are_struck() -> None:
    world = World()
    one, other = world.payment.instances
    fault = ErrorBurst([one])
    assert fault.subject == "payment-1"
    fault.inject()
    late = world.payment.add_instance(world.web)
    assert [world.call(world.web, each) for each in (one, other, late)] == [ERROR, HEALTHY, HEALTHY]
    assert ErrorBurst(iter([one, other])).subject == "payment-1, payment-2"


def test_errors_come_with_their_probability_before_any_work() -> None:
    world = World(seed=2)
    ErrorBurst(world.payment, 0.3).inject()
    outcomes = [world.pay() for _ in range(400)]
    assert set(outcomes) == {ERROR, HEALTHY}
    # Standard error 0.023.
    assert outcomes.count(ERROR) / 400 == pytest.approx(0.3, abs=5 * 0.023)
    assert len(world.worked) == outcomes.count(HEALTHY)


def test_errors_are_drawn_on_streams_of_the_instance() -> None:
    def outcomes(in_order: bool) -> list[Any]:
        world = World(seed=2)
        one, other = world.payment.instances
        ErrorBurst([one, other] if in_order else [other, one], 0.5, name="errors").inject()
        return [world.pay()[0] for _ in range(40)]

    assert outcomes(True) == outcomes(False)


def test_what_fails_says_why() -> None:
    world = World()
    ErrorBurst(world.payment, name="the bank").inject()
    seen: list[CallFailed] = []

    def ask() -> Any:
        try:
            yield from world.payment.instances[0].call(Request())
        except CallFailed as failure:
            seen.append(failure)

    world.env.process(ask())
    world.env.run()
    assert [str(failure) for failure in seen] == ["the bank is in trouble"]


@pytest.mark.parametrize(
    ("make_failure", "seen"),
    [
        (lambda instance: Rejected(instance.name, "shed"), "Rejected"),
        (lambda instance: ServerError("bug"), "ServerError"),
        (lambda instance: Unavailable("no quorum"), "DependencyFailed"),
    ],
)
def test_the_failure_can_be_another(make_failure: Any, seen: str) -> None:
    world = World()
    ErrorBurst(world.payment, make_failure=make_failure).inject()
    assert world.pay() == (seen, 2 * WAY)


def test_slow_answers_draw_for_each_call_on_streams_of_the_instance() -> None:
    world, same = World(seed=3), World(seed=3)
    SlowAnswers(world.payment, Uniform(1.0, 2.0)).inject()
    SlowAnswers(reversed(same.payment.instances), Uniform(1.0, 2.0), name="payment").inject()
    delays = [world.pay()[1] - 2 * WAY - WORK for _ in range(10)]
    assert len(set(delays)) == 10
    assert all(1.0 <= delay <= 2.0 for delay in delays)
    for _ in range(5):
        same.call(same.web, same.payment.instances[1])  # of another instance
    assert [same.pay()[1] - 2 * WAY - WORK for _ in range(10)] == pytest.approx(delays)


def test_a_fault_that_comes_again_goes_on_with_its_random_numbers() -> None:
    def delays(again: bool) -> list[float]:
        world = World(seed=3)
        fault = SlowAnswers(world.payment, Uniform(1.0, 2.0))
        fault.inject()
        seen = []
        for _ in range(6):
            seen.append(world.pay()[1])
            if again:
                fault.heal()
                fault.inject()
        return seen

    assert delays(again=True) == delays(again=False)


def test_a_call_meets_the_fault_that_it_finds_on_arrival() -> None:
    world = World()
    fault = SlowAnswers(world.payment, 8.0)
    world.env.call_later(WAY + WORK / 2, fault.inject)
    assert world.pay() == HEALTHY, "it was there before"
    fault.heal()
    fault.inject()
    world.env.call_later(WAY + 1.0, fault.heal)
    assert world.pay() == ("paid", 2 * WAY + WORK + 8.0), "healing does not hasten it"


def test_silent_calls_hold_their_threads_after_the_healing_until_the_process_starts_anew() -> None:
    world = World()
    instance = world.payment.instances[0]
    fault = DependencyOutage(world.payment, "silent")
    fault.inject()
    for _ in range(10):
        assert world.pay() == (None, PATIENCE)
    fault.heal()
    assert world.pay() == (None, PATIENCE), "no thread is left"
    assert instance.statistics().in_service_count == 10
    crash = ProcessCrash(instance)
    crash.inject()
    crash.heal()
    assert world.pay() == HEALTHY


def test_a_fault_outlives_the_restart_of_what_it_strikes() -> None:
    world = World()
    fault, crash = ErrorBurst(world.payment), HostCrash(world.hosts[0])
    fault.inject()
    crash.inject()
    crash.heal()
    assert world.pay() == ERROR


def test_an_outage_with_refusals_resets_what_was_under_way() -> None:
    world = World()
    fault = DependencyOutage(world.payment, "refused")
    world.env.call_later(WAY + 0.25, fault.inject)
    assert world.pay() == ("ConnectionLost", 2 * WAY + 0.25)


def test_an_outage_with_refusals_may_overlap_with_a_crash_of_the_host() -> None:
    world = World()
    fault, crash = DependencyOutage(world.payment, "refused"), HostCrash(world.hosts[0])
    crash.inject()
    fault.inject()
    crash.heal()
    assert world.pay() == ("Refused", 2 * WAY)
    crash.inject()
    fault.heal()
    assert world.pay() == (None, PATIENCE)
    crash.heal()
    assert world.pay() == HEALTHY


def test_of_several_faults_the_last_stands_outermost() -> None:
    world = World()
    slow, errors = SlowAnswers(world.payment, 1.0), ErrorBurst(world.payment)
    slow.inject()
    errors.inject()
    assert world.pay() == ERROR
    slow.heal()
    slow.inject()
    assert world.pay() == ("ServerError", 2 * WAY + 1.0)


def test_by_default_slow_is_a_few_seconds() -> None:
    world = World(seed=9)
    DependencyOutage(world.payment, "slow").inject()
    delays = sorted(world.pay()[1] - 2 * WAY - WORK for _ in range(101))
    assert 3.0 < delays[50] < 5.0
    assert all(0.5 < delay < 30.0 for delay in delays)


def test_an_outage_with_errors_can_be_partial() -> None:
    world = World(seed=2)
    outage = DependencyOutage(world.payment, "errors", probability=0.5)
    outage.inject()
    assert {world.pay() for _ in range(40)} == {ERROR, HEALTHY}
    assert outage.detail == {"probability": 0.5}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda w: ErrorBurst(w.payment, 0.0), r"probability must lie in \(0, 1\], got 0.0"),
        (lambda w: ErrorBurst([]), "what answers must have at least one instance, got"),
        (lambda w: ErrorBurst(w.payment.instances * 2), "instances must not be given twice"),
        (lambda w: SlowAnswers(w.payment, -1.0), "delay must be >= 0 s and > 0 s on average"),
        (
            lambda w: DependencyOutage(w.payment, "loud"),
            "mode must be one of silent, errors, slow, refused, got 'loud'",
        ),
        (
            lambda w: DependencyOutage(w.payment, "silent", delay=1.0),
            "delay must go with mode slow, got 1.0 with mode silent",
        ),
        (
            lambda w: DependencyOutage(w.payment, "slow", probability=0.5),
            "probability must go with mode errors, got 0.5 with mode slow",
        ),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make(World())


def test_only_instances_answer() -> None:
    world = World()
    with pytest.raises(TypeError, match=r"what answers must be a Service or Instances, got Host\('pay-1'\)"):
        ErrorBurst(world.hosts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="what answers must have at least one instance"):
        ErrorBurst(Service(Environment(), "nobody", [], _never))


def _never(host: Any) -> Any:
    raise AssertionError(host)
