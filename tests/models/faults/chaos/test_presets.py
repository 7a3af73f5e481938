"""The gorilla, the latency monkey and the exercise: what they strike, when, and how much at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from models import Host, Network, Region, Zone
from models.faults import FaultPlan
from models.faults.chaos import WorkingHours, chaos_gorilla, dirt, latency_monkey
from models.services import Service, Work
from simulator import Environment
from simulator.randomness import Exponential, Uniform

DAY, HOUR = 86_400.0, 3_600.0
WEEK = 7 * DAY


class World:
    """A region of three zones with two hosts each, and two services on all of them."""

    def __init__(self, seed: int = 1, initial_time: float = 0.0) -> None:
        self.env = Environment(initial_time, seed=seed)
        self.network = Network(self.env, latencies=0.01)
        self.region = Region("eu")
        self.zones = [Zone(f"eu-{letter}", self.region) for letter in "abc"]
        self.hosts = [
            Host(self.env, f"{zone.name}-{number}", zone=zone) for zone in self.zones for number in (1, 2)
        ]
        self.services = [
            Service(self.env, name, self.hosts, lambda host: Work(0.1)) for name in ("one", "two")
        ]

    def faults(self, until: float = 1e9) -> list[tuple[float, float, str, Any]]:
        modes = {
            (record.time, record.subject): record.detail["mode"]
            for record in self.env.event_log.of_kind("fault.start")
        }
        return [
            (start, end, subject, modes[start, subject])
            for subject, start, end in self.env.event_log.intervals("fault.start", "fault.end", until)
        ]


def overlap(faults: list[tuple[float, float, str, Any]]) -> bool:
    return any(later[0] < earlier[1] for earlier, later in pairwise(faults))


@pytest.mark.parametrize(("partitioned", "mode"), [(False, "power outage"), (True, "network outage")])
def test_the_gorilla_takes_one_zone_at_a_time_in_working_hours(partitioned: bool, mode: str) -> None:
    world = World()
    chaos = chaos_gorilla(
        world.env, world.zones, network=world.network if partitioned else None, until=500 * WEEK
    )
    world.env.run()
    faults = world.faults()
    assert {subject for _, _, subject, _ in faults} == {"eu-a", "eu-b", "eu-c"}
    assert {each for *_, each in faults} == {mode}
    assert all(
        WorkingHours().is_open(start) and end - start == pytest.approx(HOUR) for start, end, *_ in faults
    )
    assert not overlap(faults)
    # Every 60 working days for each of three: 125 of 2500 days.
    assert len(faults) == pytest.approx(125, abs=5 * 125**0.5)
    assert chaos.statistics().failed_count == len(faults)
    assert all(host.crash_count == 0 for host in world.hosts) is partitioned


@pytest.mark.parametrize("preset", ["gorilla", "latency monkey"])
def test_however_often_they_strike_it_is_one_at_a_time(preset: str) -> None:
    world = World()
    times = {"between": Exponential(HOUR), "repair": HOUR, "until": 4 * WEEK}
    if preset == "gorilla":
        chaos = chaos_gorilla(world.env, world.zones, **times)
    else:
        chaos = latency_monkey(world.env, world.services, **times)
    world.env.run()
    assert not overlap(world.faults())
    assert chaos.statistics().skipped_count > 20


def test_the_gorilla_can_be_told_how_often_and_how_long() -> None:
    world = World()
    hours = WorkingHours(start=0.0, end=DAY, days=tuple(range(7)))
    chaos_gorilla(world.env, world.zones[:1], between=100.0, repair=10.0, hours=hours, until=250.0)
    world.env.run()
    assert [(start, end) for start, end, *_ in world.faults()] == [(100.0, 110.0), (210.0, 220.0)]


def test_the_latency_monkey_slows_one_service_at_a_time() -> None:
    world = World()
    latency_monkey(world.env, [*world.services, world.services[0].instances[0]], until=60 * WEEK)
    world.env.run()
    faults = world.faults()
    assert {subject for _, _, subject, _ in faults} == {"one", "two", "one-1"}
    assert {each for *_, each in faults} == {"slow answers"}
    assert all(end - start == pytest.approx(600.0) for start, end, *_ in faults)
    assert not overlap(faults)
    # Every five working days for each of three: 180 of 300 days.
    assert len(faults) == pytest.approx(180, abs=5 * 180**0.5)
    assert {record.detail["delay"] for record in world.env.event_log.of_kind("fault.start")} == {1.0}


def test_the_latency_monkey_can_be_told_how_late() -> None:
    world = World()
    chaos = latency_monkey(
        world.env,
        world.services[:1],
        delay=Uniform(3.0, 5.0),
        between=Exponential(9.0),
        repair=7.0,
        until=DAY,
    )
    world.env.run()
    assert {record.detail["delay"] for record in world.env.event_log.of_kind("fault.start")} == {4.0}
    assert chaos.statistics().failed_count > 100


def test_the_exercise_grows_from_day_to_day_up_to_the_loss_of_the_region() -> None:
    world = World()
    plan = dirt(world.network, world.region)
    assert isinstance(plan, FaultPlan)
    world.env.run()
    begin, end = 9 * HOUR, 12 * HOUR
    assert world.faults() == [
        (begin, end, "eu-a", "network outage"),
        (DAY + begin, DAY + end, "eu-a", "power outage"),
        (2 * DAY + begin, 2 * DAY + end, "eu", "network outage"),
        (3 * DAY + begin, 3 * DAY + end, "eu", "power outage"),
    ]
    assert [host.crash_count for host in world.hosts] == [2, 2, 1, 1, 1, 1]


def test_the_exercise_begins_on_the_next_working_day_and_waits_for_monday() -> None:
    world = World(initial_time=2 * DAY + 10 * HOUR)
    dirt(world.network, world.region, duration=60.0)
    world.env.run()
    assert [start // DAY for start, *_ in world.faults()] == [3, 4, 7, 8]
    assert all(end - start == 60.0 for start, end, *_ in world.faults())


@pytest.mark.parametrize("duration", [0.0, 7 * HOUR, Uniform(1.0, 2.0)])
def test_an_exercise_lasts_no_longer_than_a_working_day(duration: Any) -> None:
    world = World()
    with pytest.raises(ValueError, match="duration must be"):
        dirt(world.network, world.region, duration=duration)
    with pytest.raises(ValueError, match=r"region must have at least one zone, got Region\('empty'\)"):
        dirt(world.network, Region("empty"))


def test_hours_of_short_days_scale_everything() -> None:
    world = World()
    hours = WorkingHours(start=9.0, end=15.0, day=24.0)
    chaos_gorilla(world.env, world.zones, hours=hours, until=500 * 7 * 24.0)
    world.env.run()
    assert len(world.faults()) == pytest.approx(125, abs=5 * 125**0.5)
    assert all(end - start == pytest.approx(1.0) for start, end, *_ in world.faults())
