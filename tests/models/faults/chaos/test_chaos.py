"""Random chaos: who fails when, who is repaired by whom, who is spared; exact where nothing is random."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import Any

import pytest

from models import Host
from models.faults import Fault, HostCrash
from models.faults.chaos import Chaos, ChaosStatistics, SubjectStatistics, WorkingHours
from simulator import Environment
from simulator.randomness import Empirical, Exponential, Uniform

DAY = 86_400.0


class Hosts:
    """So many hosts, and the times at which each was down."""

    def __init__(self, count: int, *, seed: int | None = None, initial_time: float = 0.0) -> None:
        self.env = Environment(initial_time, seed=seed)
        self.hosts = [Host(self.env, f"host-{number}") for number in range(count)]

    @property
    def faults(self) -> list[Fault]:
        return [HostCrash(host) for host in self.hosts]

    def down(self, until: float, name: str = "host-0") -> list[tuple[float, float]]:
        return [
            (start, end)
            for subject, start, end in self.env.event_log.intervals("host.down", "host.up", until)
            if subject == name
        ]


def test_a_subject_fails_and_is_repaired_by_turns() -> None:
    world = Hosts(1)
    chaos = Chaos(world.env, world.faults, between=10.0, repair=2.0)
    world.env.run(until=35.0)
    assert world.down(35.0) == [(10.0, 12.0), (22.0, 24.0), (34.0, 35.0)]
    assert chaos.down_count == 1
    assert chaos.statistics() == ChaosStatistics(
        failed_count=3,
        skipped_count=0,
        repaired_count=2,
        down_count=1,
        waiting_count=0,
        downtime=5.0,
        subjects=(
            SubjectStatistics(
                subject="host-0", kind="host crash", failed_count=3, skipped_count=0, downtime=5.0
            ),
        ),
    )


def test_the_time_to_failure_counts_from_the_beginning_of_chaos() -> None:
    world = Hosts(1, initial_time=100.0)
    world.env.run(until=105.0)
    Chaos(world.env, world.faults, between=10.0, repair=2.0, until=120.0)
    world.env.run()
    assert world.down(200.0) == [(115.0, 117.0)]


def test_subjects_are_independent_and_each_has_its_own_luck() -> None:
    def down(count: int) -> list[tuple[float, float]]:
        world = Hosts(count, seed=1)
        # The first host is the last subject: those before it must not take its numbers.
        Chaos(world.env, reversed(world.faults), between=Exponential(10.0), repair=Exponential(2.0))
        world.env.run(until=500.0)
        others = [world.down(500.0, host.name) for host in world.hosts[1:]]
        assert world.down(500.0) not in others
        return world.down(500.0)

    assert down(1) == down(5)


def test_two_chaoses_over_the_same_hosts_have_streams_of_their_own() -> None:
    world = Hosts(1, seed=1)
    for name in ("chaos", "more chaos"):
        Chaos(world.env, world.faults, between=Exponential(10.0), repair=1.0, name=name, until=50.0)
    world.env.run()
    starts = [time for record in world.env.event_log.of_kind("fault.start") for time in [record.time]]
    assert len(starts) == len(set(starts)) > 4


# -- how many at once


def test_a_failure_too_many_is_skipped_and_the_subject_begins_anew() -> None:
    world = Hosts(3)
    chaos = Chaos(world.env, world.faults, between=10.0, repair=4.0, down_max=2, until=23.0)
    world.env.run()
    # All would fail at 10: the third is spared, and fails at 20.
    assert world.down(99.0, "host-0") == [(10.0, 14.0)]
    assert world.down(99.0, "host-1") == [(10.0, 14.0)]
    assert world.down(99.0, "host-2") == [(20.0, 24.0)]
    statistics = chaos.statistics()
    assert (statistics.failed_count, statistics.skipped_count, statistics.repaired_count) == (3, 1, 3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("down_max", [1, 2, 4])
def test_never_are_more_down_than_that(seed: int, down_max: int) -> None:
    world = Hosts(8, seed=seed)
    chaos = Chaos(
        world.env, world.faults, between=Exponential(5.0), repair=Exponential(5.0), down_max=down_max
    )
    most = 0
    for time in range(1, 400):
        world.env.run(until=time)
        down_count = sum(not host.is_up for host in world.hosts)
        assert down_count == chaos.down_count <= down_max
        most = max(most, down_count)
    assert most == down_max
    assert chaos.statistics().skipped_count > 50


def test_those_that_wait_for_a_repairer_count_as_down() -> None:
    world = Hosts(4)
    chaos = Chaos(world.env, world.faults, between=10.0, repair=5.0, down_max=3, repairers=1, until=11.0)
    world.env.run(until=12.0)
    assert (chaos.down_count, chaos.statistics().waiting_count) == (3, 2)


# -- repairers


@pytest.mark.parametrize(
    ("repairers", "ends"), [(1, [14.0, 18.0, 22.0]), (2, [14.0, 14.0, 18.0]), (inf, [14.0, 14.0, 14.0])]
)
def test_only_so_many_are_repaired_at_a_time_and_the_first_comes_first(
    repairers: float, ends: list[float]
) -> None:
    world = Hosts(3)
    Chaos(world.env, world.faults, between=10.0, repair=4.0, repairers=repairers, until=11.0)
    world.env.run()
    assert [world.down(99.0, host.name) for host in world.hosts] == [[(10.0, end)] for end in ends]


def test_waiting_is_first_come_first_served() -> None:
    """Failures at 1, 2 and 3, and a repair of 10 s: whoever failed first is up first."""
    world = Hosts(3)
    chaoses = [
        Chaos(world.env, [fault], between=float(number), repair=10.0, until=4.0, repairers=1)
        for number, fault in enumerate(world.faults, 1)
    ]
    assert len(chaoses) == 3  # each has its repairer
    world.env.run()
    assert [world.down(99.0, host.name)[0][1] for host in world.hosts] == [11.0, 12.0, 13.0]
    world = Hosts(3, seed=1)
    faults = world.faults
    Chaos(world.env, faults, between=Uniform(1.0, 9.0), repair=10.0, until=9.0, repairers=1)
    world.env.run()
    downs = sorted(world.down(999.0, host.name)[0] for host in world.hosts)
    first = downs[0][0]
    assert [end for _, end in downs] == pytest.approx([first + 10.0, first + 20.0, first + 30.0])


# -- working hours


def test_the_time_to_failure_is_working_time_where_there_are_hours() -> None:
    world = Hosts(1)
    hours = WorkingHours()
    Chaos(world.env, world.faults, between=4 * 3_600.0, repair=3_600.0, hours=hours, until=4 * DAY)
    world.env.run()
    # Monday 13:00, up at 14:00; an hour on Monday and three on Tuesday: 12:00, up at 13:00; and so on.
    hour = 3_600.0
    assert world.down(9 * DAY) == [
        (13 * hour, 14 * hour),
        (DAY + 12 * hour, DAY + 13 * hour),
        (2 * DAY + 11 * hour, 2 * DAY + 12 * hour),
        (3 * DAY + 10 * hour, 3 * DAY + 11 * hour),
    ]


@pytest.mark.slow
def test_no_failure_falls_outside_of_working_hours_and_none_is_saved_up_for_the_morning() -> None:
    world = Hosts(20, seed=2)
    hours = WorkingHours(start=9.0, end=15.0, day=24.0)
    Chaos(world.env, world.faults, between=Exponential(6.0), repair=Exponential(8.0), hours=hours)
    weeks = 20
    world.env.run(until=weeks * 7 * 24.0)
    starts = [record.time for record in world.env.event_log.of_kind("fault.start")]
    assert all(hours.is_open(time) for time in starts)
    # What is up fails at a constant rate all day: the first hour has its share, and no more.
    first_hour = [time for time in starts if time % 24.0 < 10.0]
    up_all_day = 1 / 6
    assert len(first_hour) / len(starts) < 1.5 * up_all_day
    ends = [record.time for record in world.env.event_log.of_kind("fault.end")]
    assert not all(hours.is_open(time) for time in ends), "repairs go on at any time"


# -- its end


def test_at_until_failures_end_and_what_is_down_is_still_repaired() -> None:
    world = Hosts(2)
    Chaos(world.env, world.faults, between=10.0, repair=7.0, until=27.0, repairers=1)
    world.env.run()
    assert world.down(99.0, "host-0") == [(10.0, 17.0)], "a failure at 27 is none any more"
    assert world.down(99.0, "host-1") == [(10.0, 24.0)]
    assert world.env.now == 24.0


def test_counts_of_a_fault_that_was_used_before_are_left_out() -> None:
    world = Hosts(1)
    [fault] = world.faults
    fault.inject()
    world.env.run(until=5.0)
    fault.heal()
    chaos = Chaos(world.env, [fault], between=10.0, repair=2.0)
    world.env.run(until=20.0)
    [subject] = chaos.statistics().subjects
    assert (subject.failed_count, subject.downtime) == (1, 2.0)
    assert chaos.faults == (fault,)


def test_statistics_add_up_at_any_time() -> None:
    world = Hosts(6, seed=3)
    chaos = Chaos(world.env, world.faults, between=Exponential(5.0), repair=Exponential(4.0), repairers=2)
    for time in range(1, 200):
        world.env.run(until=time)
        statistics = chaos.statistics()
        assert statistics.failed_count == statistics.repaired_count + statistics.down_count
        assert statistics.down_count == sum(not host.is_up for host in world.hosts)
        assert statistics.waiting_count == max(0, statistics.down_count - 2)
    down = sum(end - start for host in world.hosts for start, end in world.down(199.0, host.name))
    assert statistics.downtime == pytest.approx(down)


def test_any_distribution_will_do() -> None:
    world = Hosts(1, seed=1)
    Chaos(world.env, world.faults, between=Empirical([1.0, 2.0]), repair=Empirical([0.5]), until=100.0)
    world.env.run()
    ups = {round(later[0] - earlier[1], 9) for earlier, later in pairwise(world.down(200.0))}
    assert ups == {1.0, 2.0}


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"between": 0.0}, ValueError, "between must be >= 0 s and > 0 s on average"),
        ({"repair": -1.0}, ValueError, "repair must be >= 0 s and > 0 s on average"),
        ({"repair": "1"}, TypeError, "repair must be a Distribution or a number of seconds, got '1'"),
        ({"down_max": 0}, ValueError, "down_max must be a whole number >= 1, or infinite, got 0"),
        ({"down_max": 1.5}, ValueError, "down_max must be a whole number >= 1, or infinite, got 1.5"),
        ({"repairers": True}, ValueError, "repairers must be a whole number >= 1, or infinite, got True"),
        ({"until": -1.0}, ValueError, "until must be >= 0.0 s, the present, got -1.0"),
        ({"hours": (9, 15)}, TypeError, r"hours must be WorkingHours or None, got \(9, 15\)"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    world = Hosts(1)
    with pytest.raises(error, match=said):
        Chaos(world.env, world.faults, **{"between": 1.0, "repair": 1.0, **settings})
    assert world.env.peek() == inf


def test_its_subjects_are_faults_of_its_own() -> None:
    world, other = Hosts(1), Hosts(1)
    times = {"between": 1.0, "repair": 1.0}
    [fault] = world.faults
    for faults, error, said in (
        ([], ValueError, "faults must be at least one, got none"),
        (fault, TypeError, r"faults must be a list of faults, got HostCrash\('host-0'\) alone"),
        (world.hosts, TypeError, r"each of faults must be a Fault, got Host\('host-0'\)"),
        ([fault, fault], ValueError, "faults must not be given twice"),
        (other.faults, ValueError, "each of faults must belong to the same environment"),
    ):
        with pytest.raises(error, match=said):
            Chaos(world.env, faults, **times)  # type: ignore[arg-type]
    fault.inject()
    with pytest.raises(
        ValueError, match="faults must be healed to begin with, got host crash of host-0 injected"
    ):
        Chaos(world.env, [fault], **times)  # type: ignore[arg-type]
