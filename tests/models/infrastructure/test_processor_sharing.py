"""Processor sharing: schedules worked out by hand, and any schedule against an independent integration."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Process
from tests.models.infrastructure.sharing_by_small_steps import ends_by_integration
from tests.models.infrastructure.workers import Worked


def sharing(cores: int = 1, speed: float = 1.0) -> Worked:
    return Worked(cores, "processor-sharing", speed)


def test_two_that_come_together_take_twice_as_long() -> None:
    worked = sharing()
    worked.begin((0.0, 1.0), (0.0, 1.0))
    assert worked.run() == [2.0, 2.0]


def test_a_latecomer_slows_down_the_first() -> None:
    worked = sharing()
    worked.begin((0.0, 2.0), (1.0, 0.5))
    # The first alone until 1; both at half pace until 2, when the second has had its 0.5.
    assert worked.run() == [2.5, 2.0]


def test_no_piece_goes_faster_than_one_core() -> None:
    worked = sharing(cores=4)
    worked.begin((0.0, 1.0), (0.0, 3.0))
    assert worked.run() == [1.0, 3.0]


def test_three_on_two_cores_go_at_two_thirds() -> None:
    worked = sharing(cores=2)
    worked.begin((0.0, 1.0), (0.0, 2.0), (0.0, 2.0))
    # At 2/3 each until 1.5; then the other two have a core each for their last second.
    assert worked.run() == [1.5, 2.5, 2.5]


def test_every_change_of_speed_is_felt_at_once() -> None:
    worked = sharing(speed=2.0)
    worked.begin((0.0, 4.0), (0.0, 8.0))
    worked.at(1.0, speed=0.5)
    worked.at(3.0, speed=4.0)
    # One each by 1, another half each by 3; then at 2 each: the first has 2.5 left, the second 6.5.
    assert worked.run() == [4.25, 5.25]


def test_a_change_of_speed_while_idle_counts_from_the_next_piece() -> None:
    worked = sharing()
    worked.at(1.0, speed=0.5)
    worked.begin((2.0, 1.0))
    assert worked.run() == [4.0]


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_a_piece_that_is_given_up_leaves_its_share_to_the_rest(end: object) -> None:
    worked = sharing()
    worked.begin((0.0, 2.0), (0.0, 2.0))
    worked.env.call_later(2.0, end, worked.processes[0])
    worked.run()
    assert worked.ends == {1: 3.0}
    statistics = worked.host.statistics()
    assert (statistics.work_done, statistics.busy_time, statistics.completed_count) == (3.0, 3.0, 1)
    assert (statistics.running_count, statistics.waiting_count) == (0, 0)


def test_a_piece_given_up_at_the_instant_of_its_end_takes_nothing_from_the_rest() -> None:
    worked = sharing()
    worked.begin((0.0, 1.0), (0.0, 2.0))

    def end() -> None:
        worked.processes[0].kill()

    worked.env.run(until=1.0)
    worked.env.call_later(1.0, end)  # after the completion, before the process goes on
    worked.run()
    assert worked.ends == {1: 3.0}
    assert worked.host.statistics().work_done == 3.0


def test_equal_demands_end_in_the_order_of_arrival() -> None:
    worked = sharing(cores=2)
    order: list[int] = []
    worked.begin(*[(0.0, 1.0)] * 5)
    for number, process in enumerate(worked.processes):
        process.callbacks.append(lambda _, number=number: order.append(number))
    assert worked.run() == [2.5] * 5
    assert order == [0, 1, 2, 3, 4]


def test_no_work_takes_no_time() -> None:
    worked = sharing()
    worked.begin((0.0, 3.0), (1.0, 0.0))
    assert worked.run() == [3.0, 1.0]


def test_the_account_is_exact_in_between() -> None:
    worked = sharing(cores=2, speed=0.5)
    worked.begin((1.0, 2.0), (1.0, 2.0), (1.0, 2.0), (2.0, 2.0))
    worked.run(until=3.0)
    statistics = worked.host.statistics()
    assert (statistics.busy_time, statistics.work_done, statistics.completed_count) == (4.0, 2.0, 0)
    assert (statistics.running_count, statistics.waiting_count) == (2, 2)  # as many as cores keep them busy
    assert statistics.utilisation == 4.0 / 6.0
    worked.run()
    assert worked.host.statistics().work_done == pytest.approx(8.0, rel=1e-12)


def test_a_long_piece_of_work_does_not_fill_the_schedule_with_looks_at_its_end() -> None:
    worked = sharing()
    worked.begin((0.0, 1e6), *[(float(second), 0.25) for second in range(1, 501)])
    worked.run(until=499.0)
    assert len(worked.ends) == 498
    assert len(worked.env._queue) < 10


@pytest.mark.parametrize("demand", [-1.0, nan, inf])
def test_a_demand_that_is_none_raises_and_disturbs_nobody(demand: float) -> None:
    worked = sharing()
    worked.begin((0.0, 2.0), (1.0, demand))
    with pytest.raises(ValueError, match=f"demand must be finite and >= 0 s, got {demand!r}"):
        worked.run()
    assert worked.run() == [2.0]


QUARTERS = st.integers(0, 24).map(lambda n: n / 4)
FIFTHS = st.integers(1, 30).map(lambda n: n / 5)
# Never the very time at which a piece ends: whether it has ended then is for rounding to say.
ODD_TIMES = st.integers(1, 40).map(lambda n: n / 7 + 1 / 9973)


@pytest.mark.slow
@given(
    count=st.integers(1, 4),
    pieces=st.lists(st.tuples(QUARTERS, st.integers(1, 12).map(lambda n: n / 4)), max_size=10),
    speeds=st.dictionaries(
        st.integers(1, 30).map(lambda n: n / 5), st.sampled_from([0.5, 1.0, 3.0]), max_size=4
    ),
    leavers=st.dictionaries(st.integers(0, 9), ODD_TIMES, max_size=3),
)
@settings(max_examples=150)
def test_any_schedule_agrees_with_an_integration_in_small_steps(
    count: int,
    pieces: list[tuple[float, float]],
    speeds: dict[float, float],
    leavers: dict[int, float],
) -> None:
    leavers = {number: time for number, time in leavers.items() if number < len(pieces)}
    worked = sharing(cores=count)
    worked.begin(*pieces)
    for time, speed in speeds.items():
        worked.at(time, speed=speed)
    for number, time in leavers.items():
        worked.env.call_later(time, worked.processes[number].kill)
    worked.run()
    expected = ends_by_integration(count, pieces, speeds, leavers)
    assert worked.ends == pytest.approx(expected, abs=1e-9)
    statistics = worked.host.statistics()
    assert statistics.completed_count == len(expected)
    assert statistics.running_count == statistics.waiting_count == 0
