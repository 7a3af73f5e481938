"""Which replication runs next, and when a point has enough."""

import pytest

from experiments import Misuse, Until
from experiments.schedule import Schedule
from experiments.store import Row


def row(point, replication, value=0.0, error=None):
    return Row(point=point, replication=replication, seed=replication, measures={"v": value}, error=error)


def drained(schedule, value=lambda point, replication: 0.0):
    order = []
    while (task := schedule.next()) is not None:
        order.append(task)
        schedule.record(row(*task, value(*task)))
    return order


def test_replications_go_round_all_points():
    assert drained(Schedule(2, 2)) == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_known_rows_are_not_run_again_but_failed_ones_are():
    schedule = Schedule(1, 3, [row(0, 0), row(0, 1, error="ValueError")])
    assert drained(schedule) == [(0, 1), (0, 2)]


def test_replications_go_on_until_the_interval_is_narrow():
    until = Until(measure="v", half_width=1.0, replications_max=50)
    order = drained(Schedule(2, 3, until=until), lambda point, replication: point * (-1) ** replication)
    assert [point for point, _ in order].count(0) == 3
    assert 3 < [point for point, _ in order].count(1) < 50


def test_replications_stop_at_their_maximum():
    until = Until(measure="v", half_width=1e-9, replications_max=7)
    assert len(drained(Schedule(1, 2, until=until), lambda _, replication: replication)) == 7


def test_stopping_does_not_depend_on_the_order_of_results_nor_on_a_resume():
    until = Until(measure="v", half_width=1.5, replications_max=50)
    values = [3.0, 9.0, 4.0, 5.0, 6.0, 5.5, 4.5, 5.0, 5.2, 5.0] * 5
    whole = drained(Schedule(1, 4, until=until), lambda _, replication: values[replication])
    shuffled = Schedule(1, 4, until=until)
    first = [shuffled.next() for _ in range(4)]
    for task in reversed(first):
        shuffled.record(row(*task, values[task[1]]))
    assert first + drained(shuffled, lambda _, replication: values[replication]) == whole
    known = [row(0, replication, values[replication]) for replication in range(6)]
    resumed = drained(Schedule(1, 4, known, until), lambda _, replication: values[replication])
    assert [(0, replication) for replication in range(6)] + resumed == whole


def test_point_that_fails_is_not_tried_with_ever_more_seeds():
    schedule = Schedule(1, 2, until=Until(measure="v", half_width=0.1))
    schedule.next()
    schedule.record(row(0, 0, error="ValueError"))
    schedule.next()
    schedule.record(row(0, 1))
    assert schedule.next() is None


def test_an_interval_needs_two_replications():
    with pytest.raises(Misuse, match="replications must be >= 2"):
        Schedule(1, 1, until=Until(measure="v", half_width=0.1))
    with pytest.raises(Misuse, match="half_width must be > 0, got 0"):
        Until(measure="v", half_width=0)
