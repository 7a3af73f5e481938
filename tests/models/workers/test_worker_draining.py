"""A worker that is told to drain: what it still does, what it abandons, and when its process ends."""

from __future__ import annotations

import pytest

from models.workers import BacklogSettings, WorkerSettings

from .floor import Floor


def test_draining_worker_finishes_what_it_has_and_takes_no_more() -> None:
    floor = Floor()
    worker = floor.hire(4.0)
    floor.send("a", "b", at=0.5)
    floor.at(2.0, worker.drain)
    floor.at(2.0, worker.instance.stop)
    floor.env.run(until=20.0)
    assert floor.log.applications("a") == 1
    assert floor.backlog.statistics().visible_count == 1
    assert worker.instance.has_stopped
    floor.check()


def test_what_an_open_poll_brings_to_a_draining_worker_is_done() -> None:
    floor = Floor()
    worker = floor.hire(1.0)
    floor.at(2.0, worker.drain)
    floor.at(2.0, worker.instance.stop)
    floor.send("a", at=3.0)
    floor.env.run(until=20.0)
    assert floor.log.applications("a") == 1
    assert floor.backlog.size == 0
    assert worker.instance.has_stopped


@pytest.mark.parametrize(("returns", "shown_at"), [(True, 8.0), (False, 30.51)])
def test_what_a_draining_worker_cannot_finish_is_given_back_if_it_says_so(
    returns: bool, shown_at: float
) -> None:
    floor = Floor(BacklogSettings(visibility=30.0))
    settings = WorkerSettings(wait=5.0, returns=returns, margin=4.0)
    worker = floor.hire(20.0, settings=settings)
    floor.send("a", at=0.5)
    floor.at(2.0, lambda: worker.drain(10.0))
    floor.at(2.0, lambda: worker.instance.stop(grace=10.0))
    floor.env.run(until=shown_at - 0.001)
    assert floor.backlog.statistics().in_flight_count == 1
    floor.env.run(until=shown_at + 0.02)
    assert floor.backlog.statistics().visible_count == 1
    now = worker.statistics()
    assert (now.abandoned_count, now.killed_count, now.crash_count) == (1, 0, 0)
    assert floor.log.applied_count == 0
    floor.check()


def test_heartbeat_ends_with_a_job_that_is_abandoned() -> None:
    floor = Floor(BacklogSettings(visibility=6.0))
    settings = WorkerSettings(wait=5.0, heartbeat=2.0, margin=4.0, returns=False)
    worker = floor.hire(200.0, settings=settings)
    floor.send("a", at=0.5)
    floor.at(2.0, lambda: worker.drain(10.0))
    # Abandoned at 8 s; the last beat was at 6.5 s and a little.
    floor.env.run(until=12.5)
    assert floor.backlog.statistics().in_flight_count == 1
    floor.env.run(until=13.0)
    assert floor.backlog.statistics().visible_count == 1
    floor.check()


def test_what_is_done_is_still_deleted_when_a_draining_workers_time_is_up() -> None:
    floor = Floor(BacklogSettings(visibility=60.0, work=3.0))
    worker = floor.hire(1.0, settings=WorkerSettings(wait=5.0, margin=4.0))
    floor.send("a")
    # Accepted at 3.01; fetched, done at about 4.1; its delete takes the backlog until about 7.1.
    floor.at(2.0, lambda: worker.drain(8.0))
    floor.env.run(until=5.0)
    assert worker.statistics().completed_count == 1
    floor.env.run(until=20.0)
    assert worker.statistics().undeleted_count == 0
    assert floor.backlog.statistics().deleted_count == 1


def test_worker_that_is_killed_at_the_end_of_its_grace_has_not_crashed() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    worker = floor.hire(20.0, settings=WorkerSettings(wait=5.0, margin=0.0))
    floor.send("a", at=0.5)
    floor.at(2.0, lambda: worker.instance.stop(grace=3.0))
    floor.env.run(until=30.0)
    now = worker.statistics()
    assert (now.killed_count, now.crash_count) == (1, 0)
    assert worker.instance.has_stopped
    assert floor.backlog.statistics().visible_count == 1


@pytest.mark.parametrize(("first", "second"), [(float("inf"), 10.0), (10.0, float("inf")), (50.0, 10.0)])
def test_worker_that_is_told_twice_heeds_the_earlier_end(first: float, second: float) -> None:
    floor = Floor(BacklogSettings(visibility=1_000.0))
    worker = floor.hire(200.0, settings=WorkerSettings(wait=5.0, margin=4.0))
    floor.send("a", at=0.5)
    floor.at(2.0, lambda: worker.drain(first))
    floor.at(2.0, lambda: worker.drain(second))
    floor.env.run(until=8.02)
    assert worker.statistics().abandoned_count == 1
    assert floor.backlog.statistics().visible_count == 1
    floor.env.run(until=100.0)
    floor.check()
