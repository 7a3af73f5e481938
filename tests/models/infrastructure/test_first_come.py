"""First-come cores: schedules worked out by hand, exactly."""

from math import inf, nan

import pytest

from simulator import Process
from tests.models.infrastructure.workers import Steps, Worked


def first_come(cores: int = 1, speed: float = 1.0) -> Worked:
    return Worked(cores, "first-come", speed)


def test_four_simultaneous_jobs_on_four_cores_end_together() -> None:
    worked = first_come(4)
    worked.begin(*[(0.0, 1.0)] * 4)
    assert worked.run() == [1.0] * 4


def test_one_core_serves_in_the_order_of_arrival() -> None:
    worked = first_come()
    worked.begin((0.0, 2.0), (0.5, 1.0), (0.25, 4.0), (9.0, 1.0))
    assert worked.run() == [2.0, 7.0, 6.0, 10.0]


def test_two_cores_take_the_next_as_soon_as_one_is_free() -> None:
    worked = first_come(2)
    worked.begin((0.0, 4.0), (0.0, 1.0), (0.5, 2.0), (0.5, 1.0), (0.75, 0.5))
    # Core 1: 0-4, then the last 4-4.5 if not earlier. Core 2: 0-1, 1-3, 3-4; at 4 both are free.
    assert worked.run() == [4.0, 1.0, 3.0, 4.0, 4.5]


def test_batches_of_four_on_four_cores_take_a_second_each() -> None:
    worked = first_come(4)
    worked.begin(*[(1.25 * batch, 1.0) for batch in range(25) for _ in range(4)])
    assert worked.run() == [1.25 * batch + 1.0 for batch in range(25) for _ in range(4)]


def test_demand_is_in_seconds_at_speed_one() -> None:
    worked = first_come(speed=4.0)
    worked.begin((0.0, 1.0), (0.0, 2.0))
    assert worked.run() == [0.25, 0.75]


def test_a_change_of_speed_holds_for_what_is_left_of_work_in_progress() -> None:
    worked = first_come()
    worked.begin((0.0, 2.0), (0.0, 2.0))
    worked.at(1.0, speed=0.5)
    # The first has half of its work before it at half the speed; the second begins at 3.
    assert worked.run() == [3.0, 7.0]


def test_work_that_began_while_the_host_was_nearly_still_does_not_stay_slow() -> None:
    worked = first_come(2, speed=0.001)
    worked.begin((0.0, 0.1), (0.5, 0.1))
    worked.at(1.0, speed=1.0)
    assert worked.run() == pytest.approx([1.099, 1.0995])


def test_a_change_to_the_same_speed_changes_nothing_and_one_at_the_very_end_neither() -> None:
    worked = first_come()
    worked.begin((0.0, 2.0))
    worked.at(1.0, speed=1.0)
    worked.at(2.0, speed=0.25)
    assert worked.run() == [2.0]
    statistics = worked.host.statistics()
    assert (statistics.work_done, statistics.busy_time, statistics.completed_count) == (2.0, 2.0, 1)


def test_no_work_takes_no_time_but_its_turn() -> None:
    worked = first_come()
    worked.begin((0.0, 1.0), (0.5, 0.0), (0.5, 1.0))
    assert worked.run() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_work_that_is_given_up_frees_its_core_at_once(end: object) -> None:
    worked = first_come()
    worked.begin((0.0, 4.0), (0.0, 1.0))
    worked.env.call_later(1.5, end, worked.processes[0])
    worked.run()
    assert worked.ends == {1: 2.5}
    statistics = worked.host.statistics()
    assert (statistics.work_done, statistics.busy_time, statistics.completed_count) == (2.5, 2.5, 1)
    assert (statistics.running_count, statistics.waiting_count) == (0, 0)


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_work_that_leaves_the_queue_does_not_hold_up_the_rest(end: object) -> None:
    worked = first_come()
    worked.begin((0.0, 2.0), (0.0, 1.0), (0.0, 1.0))
    worked.env.call_later(1.0, end, worked.processes[1])
    worked.run()
    assert worked.ends == {0: 2.0, 2: 3.0}
    assert worked.host.statistics().work_done == 3.0


def test_the_core_passed_to_one_who_leaves_at_that_instant_goes_to_the_next() -> None:
    worked = first_come()
    worked.begin((0.0, 2.0), (0.0, 1.0), (0.0, 1.0))
    worked.env.call_later(2.0, worked.processes[1].kill)  # due after the first has ended
    worked.env.run(until=1.0)
    worked.env.call_later(1.0, worked.processes[1].kill)
    worked.run()
    assert worked.ends == {0: 2.0, 2: 3.0}


def test_what_is_given_up_counts_as_far_as_it_got_at_the_speed_that_it_had() -> None:
    worked = first_come(speed=0.5)
    worked.begin((0.0, 40.0))
    worked.at(1.0, speed=4.0)
    worked.env.call_later(3.0, worked.processes[0].kill)
    worked.run()
    statistics = worked.host.statistics()
    # One second at half the speed, two at four times.
    assert (statistics.work_done, statistics.busy_time) == (0.5 + 8.0, 3.0)


def test_the_account_of_busy_time_is_exact_in_between() -> None:
    worked = first_come(2)
    worked.begin((1.0, 2.0), (1.0, 4.0), (1.5, 1.0))
    worked.run(until=0.5)
    assert worked.host.statistics().busy_time == 0.0
    assert worked.host.statistics().utilisation == 0.0
    worked.run(until=2.0)
    statistics = worked.host.statistics()
    assert (statistics.busy_time, statistics.running_count, statistics.waiting_count) == (2.0, 2, 1)
    assert statistics.utilisation == 0.5
    worked.run(until=4.5)
    assert worked.host.statistics().busy_time == 2.0 + 3.5 + 1.0
    worked.run(until=8.0)
    statistics = worked.host.statistics()
    assert (statistics.busy_time, statistics.work_done, statistics.completed_count) == (7.0, 7.0, 3)
    assert statistics.utilisation == 7.0 / 16.0


@pytest.mark.parametrize("demand", [-1.0, nan, inf])
def test_a_demand_that_is_none_raises_and_leaves_the_core_free(demand: float) -> None:
    worked = first_come()
    worked.begin((0.0, demand))
    with pytest.raises(ValueError, match="must be finite and >= 0"):
        worked.run()
    statistics = worked.host.statistics()
    assert (statistics.running_count, statistics.work_done) == (0, 0.0)


def test_a_change_of_speed_as_work_ends_asks_for_no_more_of_it() -> None:
    # In floats 0.3 + 0.1 - 0.3 is more than 0.1.
    worked = first_come()
    worked.at(0.4, speed=2.0)
    worked.begin((0.3, 0.1))
    assert worked.run() == [0.4]


def test_who_gives_up_and_works_again_has_done_what_he_has_done() -> None:
    worked = first_come()
    env, host = worked.env, worked.host

    def work_twice() -> Steps:
        for _ in range(2):
            with env.move_on_after(1.0):
                yield from host.work(10.0)

    env.process(work_twice())
    worked.at(0.5, speed=3.0)
    env.run()
    # 0.5 and 1.5 in the first second, 3 in the next.
    assert host.statistics().work_done == 5.0
