"""The Chaos Monkey's rules: a coin a day and group, whole minutes, a minimum of days, one victim."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from models import Host
from models.faults import Fault, ProcessCrash
from models.faults.chaos import ChaosMonkey, WorkingHours
from models.services import Instance, Service, Work
from simulator import Environment
from simulator.randomness import Exponential

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0
WEEK = 7 * DAY


class Groups:
    """Services of so many instances, each on a host of its own."""

    def __init__(self, *counts: int, seed: int = 1, initial_time: float = 0.0) -> None:
        self.env = Environment(initial_time, seed=seed)
        self.services = [
            Service(
                self.env,
                f"service-{number}",
                [Host(self.env, f"host-{number}-{index}") for index in range(count)],
                lambda host: Work(0.1),
            )
            for number, count in enumerate(counts)
        ]

    def kills(self) -> list[tuple[float, str]]:
        return [(record.time, record.subject) for record in self.env.event_log.of_kind("fault.start")]

    def days(self) -> list[int]:
        """The working days, counted through, on which there was a kill."""
        return [WorkingHours().work_day(time) for time, _ in self.kills()]


def test_with_a_mean_of_one_day_one_is_killed_every_working_day_and_comes_back() -> None:
    world = Groups(3)
    monkey = ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, repair=300.0, until=2 * WEEK)
    world.env.run()
    assert world.days() == list(range(10))
    assert monkey.statistics().killed_count == 10
    assert [end - start for _, start, end in world.env.event_log.intervals("host.down", "host.up", 1e9)] == (
        pytest.approx([300.0] * 10)
    )


def test_kills_fall_on_whole_minutes_from_nine_to_fifteen() -> None:
    world = Groups(3)
    ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, until=60 * WEEK)
    world.env.run()
    of_day = [time % DAY for time, _ in world.kills()]
    assert len(of_day) == 300
    assert all(9 * HOUR <= time < 15 * HOUR and time % MINUTE == 0.0 for time in of_day)
    # Uniform over 360 minutes: standard error of the mean 360 / sqrt(12 x 300) = 6 minutes.
    assert sum(of_day) / 300 == pytest.approx(12 * HOUR, abs=5 * 6 * MINUTE)


def test_days_between_kills_are_geometric() -> None:
    world = Groups(3)
    monkey = ChaosMonkey(world.env, world.services, until=400 * WEEK)
    world.env.run()
    gaps = Counter(later - earlier for earlier, later in pairwise(world.days()))
    count = sum(gaps.values())
    assert set(gaps) >= {1, 2, 3, 4, 5}
    # By default a coin that is fair: half the gaps are one day, a quarter two. Standard error 0.016.
    for days in (1, 2, 3):
        assert gaps[days] / count == pytest.approx(0.5**days, abs=5 * 0.016)
    [group] = monkey.statistics().groups
    assert (group.day_count, group.killed_count, group.skipped_count) == (2_000, count + 1, 0)


def test_with_a_minimum_of_days_kills_that_come_too_early_are_skipped() -> None:
    world = Groups(3)
    monkey = ChaosMonkey(
        world.env, world.services, mean_time_between_kills=1.0, min_time_between_kills=3, until=3 * WEEK
    )
    world.env.run()
    assert world.days() == [0, 3, 6, 9, 12], "weekends do not count"
    [group] = monkey.statistics().groups
    assert (group.day_count, group.killed_count, group.skipped_count) == (15, 5, 10)
    # P(X = n) is p (1 - p)^(n - minimum): the documentation says that the mean is not corrected.
    world = Groups(3)
    ChaosMonkey(world.env, world.services, min_time_between_kills=3, until=400 * WEEK)
    world.env.run()
    gaps = [later - earlier for earlier, later in pairwise(world.days())]
    assert min(gaps) == 3
    assert sum(gaps) / len(gaps) == pytest.approx(2 + 2, abs=5 * 1.41 / len(gaps) ** 0.5)


@pytest.mark.parametrize("minimum", [0, 1])
def test_a_minimum_of_none_or_one_allows_a_kill_a_day(minimum: int) -> None:
    world = Groups(1)
    ChaosMonkey(
        world.env, world.services, mean_time_between_kills=1.0, min_time_between_kills=minimum, until=WEEK
    )
    world.env.run()
    assert world.days() == [0, 1, 2, 3, 4]


def test_each_group_has_its_own_coin_and_a_group_more_shifts_no_other() -> None:
    def kills(*counts: int) -> list[tuple[float, str]]:
        world = Groups(*counts, seed=7)
        ChaosMonkey(world.env, world.services, until=20 * WEEK)
        world.env.run()
        assert {subject[:6] for _, subject in world.kills()} == {
            f"host-{number}" for number in range(len(counts))
        }
        return [(time, subject) for time, subject in world.kills() if subject.startswith("host-0")]

    assert kills(3) == kills(3, 4, 2)


def test_the_victim_is_one_of_the_group_each_as_likely() -> None:
    world = Groups(4)
    ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, until=160 * WEEK)
    world.env.run()
    victims = Counter(subject for _, subject in world.kills())
    assert set(victims) == {f"host-0-{index}" for index in range(4)}
    # Standard deviation sqrt(800 x 3 / 16) = 12.2.
    assert all(abs(count - 200) < 5 * 12.2 for count in victims.values())


def test_who_is_down_is_not_killed_and_where_nobody_is_up_nobody_is() -> None:
    world = Groups(2)
    [service] = world.services
    service.instances[0].host.crash()
    service.instances[1].crash()
    monkey = ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, until=WEEK)
    world.env.run(until=DAY)
    assert world.kills() == []
    service.instances[1].restart()
    world.env.run()
    assert {subject for _, subject in world.kills()} == {"host-0-1"}
    [group] = monkey.statistics().groups
    assert (group.killed_count, group.skipped_count) == (4, 1)


def test_instances_that_are_added_later_are_victims_too() -> None:
    world = Groups(1)
    world.services[0].add_instance(Host(world.env, "late"))
    monkey = ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0)
    world.services[0].add_instance(Host(world.env, "later"))
    world.env.run(until=20 * WEEK)
    assert {subject for _, subject in world.kills()} == {"host-0-0", "late", "later"}
    assert monkey.statistics().down_count == 0


def test_groups_may_be_named_and_be_lists_of_instances_killed_in_another_way() -> None:
    world = Groups(4)
    one, *others = world.services[0].instances
    faults: list[Fault] = []

    def make_fault(instance: Instance) -> Fault:
        faults.append(ProcessCrash(instance))
        return faults[-1]

    monkey = ChaosMonkey(
        world.env,
        {"canary": [one], "rest": others},
        mean_time_between_kills=1.0,
        make_fault=make_fault,
        repair=Exponential(60.0),
        until=WEEK,
    )
    world.env.run()
    assert [group.group for group in monkey.statistics().groups] == ["canary", "rest"]
    assert len(faults) == 10
    assert sum(fault.subject == one.name for fault in faults) == 5
    assert {record.detail["mode"] for record in world.env.event_log.of_kind("fault.start")} == {
        "process crash"
    }
    assert all(instance.is_listening for instance in world.services[0].instances)


def test_it_begins_on_the_next_working_day_that_has_not_begun() -> None:
    for begin, first in (
        (0.0, 0),
        (9 * HOUR, 0),
        (9 * HOUR + 1.0, 1),
        (4 * DAY + 10 * HOUR, 5),
        (5 * DAY, 5),
    ):
        world = Groups(1, initial_time=begin)
        ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, until=begin + WEEK)
        world.env.run()
        assert world.days()[0] == first, begin


def test_weeks_can_be_short() -> None:
    world = Groups(2)
    hours = WorkingHours(start=9.0, end=15.0, day=24.0)
    ChaosMonkey(
        world.env, world.services, mean_time_between_kills=1.0, hours=hours, repair=0.5, until=10 * 7 * 24.0
    )
    world.env.run()
    times = [time for time, _ in world.kills()]
    assert len(times) == 50
    assert all(hours.is_open(time) for time in times)
    minute = 24.0 / 1_440
    assert all(time / minute == pytest.approx(round(time / minute)) for time in times)


def test_no_kill_at_until_or_later() -> None:
    world = Groups(2)
    ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0)
    world.env.run(until=WEEK)
    [first, *_] = [time for time, _ in world.kills()]
    for until, count in ((first, 0), (first + 1.0, 1)):
        world = Groups(2)
        ChaosMonkey(world.env, world.services, mean_time_between_kills=1.0, until=until)
        world.env.run()
        assert len(world.kills()) == count


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"mean_time_between_kills": 0.5}, ValueError, "mean_time_between_kills must be finite and >= 1 day"),
        ({"min_time_between_kills": -1}, ValueError, "must be a whole number of days >= 0, got -1"),
        ({"min_time_between_kills": 1.5}, ValueError, "must be a whole number of days >= 0, got 1.5"),
        ({"repair": 0.0}, ValueError, "repair must be >= 0 s and > 0 s on average"),
        ({"until": -1.0}, ValueError, "until must be >= 0.0 s, the present, got -1.0"),
        ({"hours": 9}, TypeError, "hours must be WorkingHours or None, got 9"),
        ({"groups": []}, ValueError, "groups must be at least one, got none"),
        ({"groups": {"empty": []}}, TypeError, "group 'empty' must be a Service or some Instances, got"),
        ({"groups": {"odd": [5]}}, TypeError, "group 'odd' must be a Service or some Instances, got"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    world = Groups(1)
    with pytest.raises(error, match=said):
        ChaosMonkey(world.env, **{"groups": world.services, **settings})
    with pytest.raises(
        TypeError, match=r"groups must be several services or a mapping, got Service\('service-0'\)"
    ):
        ChaosMonkey(world.env, world.services[0])  # type: ignore[arg-type]


def test_what_make_fault_returns_must_be_a_fault() -> None:
    world = Groups(1)
    ChaosMonkey(
        world.env,
        world.services,
        mean_time_between_kills=1.0,
        make_fault=lambda instance: instance,  # type: ignore[arg-type,return-value]
    )
    with pytest.raises(TypeError, match="what make_fault returns must be a Fault, got Instance"):
        world.env.run(until=WEEK)
