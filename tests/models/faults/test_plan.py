"""Plans: what is injected and healed when, what is refused, and what is known at any time."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from models.faults import FaultPlan, HostCrash, PowerOutage, SlowHost
from tests.models.faults.building import World


def crash(world: World) -> HostCrash:
    return HostCrash(world.hosts[0])


def test_faults_are_injected_and_healed_at_their_times() -> None:
    world = World()
    world.env.run(until=2.0)
    plan = FaultPlan(world.env)
    first = plan.at(10.0, crash(world), duration=5.0)
    second = plan.at(12.0, PowerOutage(world.zones[1]), end=20.0)
    third = plan.at(2.0, SlowHost(world.web, 0.5))
    assert [(entry.start, entry.end) for entry in plan] == [(10.0, 15.0), (12.0, 20.0), (2.0, inf)]
    assert plan.entries == (first, second, third)
    world.env.run(until=30.0)
    assert world.faults_logged() == [
        (2.0, "fault.start", "web-1", "slow host"),
        (10.0, "fault.start", "pay-1", "host crash"),
        (12.0, "fault.start", "eu-b", "power outage"),
        (15.0, "fault.end", "pay-1", "host crash"),
        (20.0, "fault.end", "eu-b", "power outage"),
    ]
    assert plan.injected == (third.fault,)


def test_a_plan_knows_what_is_injected_and_heals_all_of_it() -> None:
    world = World()
    plan = FaultPlan(world.env)
    entries = [
        plan.at(1.0, crash(world), duration=9.0),
        plan.at(2.0, SlowHost(world.web, 0.5)),
        plan.at(7.0, PowerOutage(world.zones[0]), duration=1.0),
    ]
    assert plan.injected == ()
    world.env.run(until=5.0)
    assert plan.injected == (entries[0].fault, entries[1].fault)
    plan.heal_all()
    assert plan.injected == ()
    assert [kind for _, kind, *_ in world.faults_logged()] == ["fault.start"] * 2 + ["fault.end"] * 2
    world.env.run(until=7.5)
    assert plan.injected == (entries[2].fault,), "what is planned for later comes at its time"
    plan.heal_all()
    plan.heal_all()
    world.env.run(until=20.0)
    assert len(world.faults_logged()) == 6


def test_an_aborted_plan_is_over() -> None:
    world = World()
    plan = FaultPlan(world.env)
    again = crash(world)
    plan.at(1.0, again, duration=9.0)
    plan.at(20.0, again, duration=1.0)
    world.env.run(until=5.0)
    plan.abort()
    assert not again.is_injected
    world.env.run()
    assert world.env.now == 5.0
    plan.at(6.0, again, duration=1.0)  # and can be gone on with
    world.env.run()
    assert [time for time, *_ in world.faults_logged()] == [1.0, 5.0, 6.0, 7.0]


def test_a_plan_that_is_aborted_before_it_has_begun_does_nothing() -> None:
    world = World()
    plan = FaultPlan(world.env)
    plan.at(1.0, crash(world), duration=9.0)
    plan.abort()
    world.env.run()
    assert (world.env.now, world.faults_logged()) == (0, [])


def test_a_fault_that_somebody_heals_before_its_end_is_over() -> None:
    world = World()
    plan = FaultPlan(world.env)
    fault = crash(world)
    plan.at(1.0, fault, duration=9.0)
    world.env.call_later(4.0, fault.heal)
    world.env.call_later(5.0, lambda: plan.at(6.0, fault, end=7.0))
    world.env.call_later(8.0, fault.inject)  # by hand, and none of the plan's business
    world.env.run(until=20.0)
    assert [time for time, *_ in world.faults_logged()] == [1.0, 4.0, 6.0, 7.0, 8.0]
    assert fault.is_injected
    assert plan.injected == ()
    plan.heal_all()
    assert fault.is_injected


@pytest.mark.parametrize("is_earlier_first", [True, False])
def test_at_one_instant_what_ends_is_healed_before_anything_begins(is_earlier_first: bool) -> None:
    world = World()
    plan = FaultPlan(world.env)
    fault = crash(world)
    times = [(10.0, 20.0), (20.0, 30.0)]
    for start, end in times if is_earlier_first else reversed(times):
        plan.at(start, fault, end=end)
    world.env.run()
    assert [time for time, *_ in world.faults_logged()] == [10.0, 20.0, 20.0, 30.0]


def test_a_fault_can_begin_now() -> None:
    world = World()
    world.env.run(until=3.0)
    plan = FaultPlan(world.env)
    plan.at(3.0, crash(world), duration=1.0)
    world.env.run(until=3.5)
    assert not world.hosts[0].is_up


@pytest.mark.parametrize(
    ("start", "times", "said"),
    [
        (4.0, {}, r"start of host crash of pay-1 must be finite and >= 5.0 s, the present, got 4.0"),
        (inf, {}, "start of host crash of pay-1 must be finite and >= 5.0 s, the present, got inf"),
        (nan, {}, "start of host crash of pay-1 must be finite and >= 5.0 s, the present, got nan"),
        (10.0, {"end": 10.0}, "end of host crash of pay-1 must be > 10.0 s, its start, got 10.0"),
        (10.0, {"end": nan}, "end of host crash of pay-1 must be > 10.0 s, its start, got nan"),
        (10.0, {"duration": 0.0}, "duration of host crash of pay-1 must be > 0 s, got 0.0"),
        (
            10.0,
            {"duration": 1.0, "end": 11.0},
            "end or duration of host crash of pay-1 must be given, got both: 11.0 and 1.0",
        ),
    ],
)
def test_times_that_make_no_sense_are_refused(start: float, times: dict[str, Any], said: str) -> None:
    world = World()
    world.env.run(until=5.0)
    plan = FaultPlan(world.env)
    with pytest.raises(ValueError, match=said):
        plan.at(start, crash(world), **times)
    world.env.run()
    assert (plan.entries, world.faults_logged()) == ((), [])


@pytest.mark.parametrize(
    ("start", "end"), [(5.0, 15.0), (15.0, 25.0), (12.0, 15.0), (5.0, 25.0), (5.0, None), (19.0, None)]
)
def test_a_fault_cannot_begin_while_it_lasts(start: float, end: float | None) -> None:
    world = World()
    plan = FaultPlan(world.env)
    fault = crash(world)
    plan.at(10.0, fault, end=20.0)
    said = "must be after it has been healed, got .* and it is planned from 10.0 to 20.0 s"
    with pytest.raises(ValueError, match=said):
        plan.at(start, fault, end=end)
    plan.at(start, crash(world), end=end)  # another one may


def test_an_endless_fault_ends_when_somebody_heals_it() -> None:
    world = World()
    plan = FaultPlan(world.env)
    fault = crash(world)
    plan.at(1.0, fault)
    with pytest.raises(ValueError, match="must be after it has been healed"):
        plan.at(100.0, fault)
    world.env.run(until=2.0)
    with pytest.raises(ValueError, match="must be after it has been healed"):
        plan.at(100.0, fault)
    plan.heal_all()
    plan.at(100.0, fault)
    world.env.run()
    assert plan.injected == (fault,)


def test_a_plan_is_one_of_faults_in_its_environment() -> None:
    world = World()
    plan = FaultPlan(world.env)
    with pytest.raises(TypeError, match=r"fault must be a Fault, got Host\('web-1'\)"):
        plan.at(1.0, world.web)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"fault must belong to the same environment, got HostCrash\('pay-1'\)"
    ):
        plan.at(1.0, crash(World()))
    with pytest.raises(TypeError, match="start of host crash of pay-1 must be a number of seconds, got '1'"):
        plan.at("1", crash(world))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="end of host crash of pay-1 must be a number of seconds, got True"):
        plan.at(0.5, crash(world), end=True)
