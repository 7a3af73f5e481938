"""What every fault does, whatever it strikes: injected and healed by turns, overlapping, in the log."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.faults import Fault, FaultStatistics
from simulator import Environment
from tests.conformance.watching import Watch
from tests.in_one_test import in_one_test
from tests.models.faults.building import SAMPLES, Sample, World

every_fault = in_one_test("sample", SAMPLES, ids=repr)


@every_fault
def test_it_strikes_when_injected_and_leaves_nothing_when_healed(sample: Sample) -> None:
    world = World()
    healthy = sample.look(world)
    fault = sample.make(world)
    assert sample.look(world) == healthy, "a fault that is not injected does nothing"
    for _ in range(2):  # and again after it was healed
        fault.inject()
        assert fault.is_injected
        assert sample.look(world) == sample.trouble != healthy
        fault.heal()
        assert not fault.is_injected
        assert sample.look(world) == healthy


@every_fault
def test_injecting_and_healing_go_by_turns(sample: Sample) -> None:
    fault = sample.make(World())
    name = f"fault {sample.kind} of {sample.subject}"
    with pytest.raises(RuntimeError, match=f"{name} must be injected to be healed"):
        fault.heal()
    fault.inject()
    with pytest.raises(RuntimeError, match=f"{name} must be healed to be injected again"):
        fault.inject()
    assert fault.is_injected
    fault.heal()
    with pytest.raises(RuntimeError, match=f"{name} must be injected to be healed"):
        fault.heal()


@every_fault
def test_two_of_a_kind_on_one_subject_overlap(sample: Sample) -> None:
    world = World()
    healthy = sample.look(world)
    first, second = sample.make(world), sample.make(world)
    first.inject()
    second.inject()
    first.heal()
    assert sample.look(world) != healthy
    first.inject()
    second.heal()
    assert sample.look(world) != healthy
    first.heal()
    assert sample.look(world) == healthy


@pytest.mark.slow
@every_fault
def test_every_other_fault_may_overlap_with_it(sample: Sample) -> None:
    for other in SAMPLES:
        if other is sample:
            continue
        world = World()
        healthy, also_healthy = sample.look(world), other.look(world)
        fault, another = sample.make(world), other.make(world)
        fault.inject()
        another.inject()
        fault.heal()
        assert other.look(world) == other.trouble != also_healthy
        another.heal()
        assert sample.look(world) == healthy


@pytest.mark.slow
@given(turns=st.lists(st.tuples(st.integers(0, 2 * len(SAMPLES) - 1), st.booleans()), max_size=40))
@settings(max_examples=60)
def test_in_whatever_order_faults_come_and_go_nothing_is_left_of_them(turns: list[tuple[int, bool]]) -> None:
    world = World()
    healthy = [sample.look(world) for sample in SAMPLES]
    faults = [sample.make(world) for sample in SAMPLES * 2]
    for number, waits in turns:
        fault = faults[number]
        fault.heal() if fault.is_injected else fault.inject()
        if waits:
            world.env.run(until=world.env.now + 1.0)
    present = [fault for fault in faults if fault.is_injected]
    intervals = world.env.event_log.intervals("fault.start", "fault.end", until=1e9)
    assert sum(end == 1e9 for _, _, end in intervals) == len(present)
    for fault in present:
        fault.heal()
    assert [sample.look(world) for sample in SAMPLES] == healthy
    assert len(world.log("fault.start")) == len(world.log("fault.end"))
    assert not world.network._rules


@every_fault
def test_the_log_says_when_it_began_and_ended(sample: Sample) -> None:
    world = World()
    fault = sample.make(world)
    assert (fault.subject, fault.kind, str(fault)) == (
        sample.subject,
        sample.kind,
        f"{sample.kind} of {sample.subject}",
    )
    for start in (1.0, 5.0):
        world.env.call_later(start, fault.inject)
        world.env.call_later(start + 2.0, fault.heal)
    world.env.run(until=10.0)
    subject, kind = sample.subject, sample.kind
    assert world.faults_logged() == [
        (1.0, "fault.start", subject, kind),
        (3.0, "fault.end", subject, kind),
        (5.0, "fault.start", subject, kind),
        (7.0, "fault.end", subject, kind),
    ]
    assert fault.statistics() == FaultStatistics(injected_count=2, healed_count=2, injected_time=4.0)


@every_fault
def test_overlapping_faults_of_one_subject_still_pair_up_in_the_log(sample: Sample) -> None:
    world = World()
    faults = [sample.make(world) for _ in range(3)]
    for fault, start, end in zip(faults, (1.0, 2.0, 5.0), (4.0, 9.0, 6.0), strict=True):
        world.env.call_later(start, fault.inject)
        world.env.call_later(end, fault.heal)
    world.env.run(until=20.0)
    assert world.env.event_log.intervals("fault.start", "fault.end", until=20.0) == [
        (sample.subject, 1.0, 4.0),
        (f"{sample.subject}#2", 2.0, 9.0),
        (sample.subject, 5.0, 6.0),
    ]


@every_fault
def test_statistics_add_up_while_it_lasts(sample: Sample) -> None:
    world = World()
    fault = sample.make(world)
    assert fault.statistics() == FaultStatistics(injected_count=0, healed_count=0, injected_time=0.0)
    fault.inject()
    world.env.run(until=3.0)
    assert fault.statistics() == FaultStatistics(injected_count=1, healed_count=0, injected_time=3.0)


@pytest.mark.slow
@every_fault
def test_an_environment_is_not_kept_by_what_is_open_in_it(sample: Sample, watch: Watch) -> None:
    watch.is_on = False  # it holds whatever is made
    world = World()
    fault = sample.make(world)
    fault.inject()
    env = weakref.ref(world.env)
    del world, fault
    gc.collect()
    assert env() is None


def test_faults_of_two_environments_do_not_share_names_in_the_log() -> None:
    worlds = [World(), World()]
    for world in worlds:
        SAMPLES[1].make(world).inject()
    assert [world.faults_logged() for world in worlds] == [[(0, "fault.start", "pay-1", "host crash")]] * 2


def test_a_name_is_free_again_in_the_log_in_whatever_order_faults_end() -> None:
    world = World()
    first, second = (SAMPLES[7].make(world) for _ in range(2))
    first.inject()
    second.inject()
    second.heal()
    first.heal()
    second.inject()
    assert [subject for _, _, subject, _ in world.faults_logged()] == [
        "pay-1",
        "pay-1#2",
        "pay-1#2",
        "pay-1",
        "pay-1",
    ]


@pytest.mark.parametrize("name", ["", 5, None])
def test_a_fault_has_a_name(name: object) -> None:
    class Custom(Fault):
        def _start(self) -> None: ...

        def _stop(self) -> None: ...

    with pytest.raises(ValueError, match=f"name of a fault must be a text, got {name!r}"):
        Custom(Environment(), name, "custom")  # type: ignore[arg-type]
    assert repr(Custom(Environment(), "web", "custom")) == "Custom('web')"
