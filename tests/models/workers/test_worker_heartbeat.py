"""A visibility timeout that is too short for a job, and the heartbeat that keeps it all the same."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import Request, ServerError
from models.services import Instance
from models.workers import BacklogSettings, WorkerSettings

from .floor import ONE_WAY, Floor


def test_worker_may_have_a_timeout_of_its_own() -> None:
    floor = Floor(BacklogSettings(visibility=100.0))
    worker = floor.hire(50.0, settings=WorkerSettings(wait=5.0, visibility=3.0))
    floor.send("a", at=0.5)
    floor.at(1.0, worker.host.crash)
    floor.env.run(until=3.5)
    assert floor.backlog.statistics().in_flight_count == 1
    floor.env.run(until=3.52)
    assert floor.backlog.statistics().visible_count == 1


def test_timeout_shorter_than_the_job_has_it_done_twice() -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    floor.hire(5.0)
    floor.hire(2.5)  # the faster one is given it second
    floor.send("a", at=0.5)
    floor.env.run(until=30.0)
    assert floor.log.applications("a") == 2
    assert floor.backlog.size == 0
    assert floor.backlog.statistics().stale_count == 1, "the first delete came with a receipt that is old"
    floor.check()


@pytest.mark.slow
def test_timeout_shorter_than_every_job_has_it_done_for_ever_while_somebody_else_is_idle() -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    for _ in range(2):
        floor.hire(5.0)
    floor.send("a", at=0.5)
    floor.env.run(until=3_000.0)
    # Whoever is done finds that the other one has it: no receipt is ever the latest when its holder is done.
    assert floor.log.applications("a") > 900
    assert floor.backlog.size == 1
    floor.check()


def test_timeout_shorter_than_the_job_does_no_harm_to_a_worker_alone() -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    floor.hire(5.0)
    floor.send("a", at=0.5)
    floor.env.run(until=30.0)
    assert floor.log.applications("a") == 1
    assert floor.backlog.size == 0


def test_heartbeat_keeps_a_job_that_takes_longer_than_the_timeout() -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    for _ in range(2):
        floor.hire(10.0, settings=WorkerSettings(wait=5.0, heartbeat=1.0))
    floor.send("a", at=0.5)
    floor.env.run(until=30.0)
    assert floor.log.applications("a") == 1
    beats = [worker.statistics().beat_count for worker in floor.workers]
    assert sorted(beats) == [0, 9]
    assert sum(worker.statistics().failed_beat_count for worker in floor.workers) <= 1
    assert floor.backlog.size == 0
    floor.check()


def test_heartbeat_that_is_told_no_is_silent_from_then_on() -> None:
    floor = Floor(BacklogSettings(visibility=3.0, visibility_max=4.5))
    worker = floor.hire(20.0, settings=WorkerSettings(wait=5.0, heartbeat=1.0))
    floor.send("a", at=0.5)
    floor.env.run(until=15.0)
    # The second would keep it for more than 4.5 s in all.
    assert (worker.statistics().beat_count, worker.statistics().failed_beat_count) == (2, 1)


@pytest.mark.parametrize("what", ["host", "instance"])
def test_heartbeat_ends_with_the_worker_and_the_message_comes_back_soon(what: str) -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    settings = WorkerSettings(wait=5.0, heartbeat=1.0, restart_delay=inf)
    first = floor.hire(10.0, settings=settings)
    floor.send("a", at=0.5)
    floor.at(5.0, first.host.crash if what == "host" else first.instance.crash)
    floor.env.run(until=5.5)
    assert floor.backlog.statistics().in_flight_count == 1
    floor.env.run(until=8.5)
    assert floor.backlog.statistics().visible_count == 1


def test_heartbeat_ends_with_a_job_that_has_failed() -> None:
    floor = Floor(BacklogSettings(visibility=4.0))
    attempts: list[float] = []

    def fails_once(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        attempts.append(floor.env.now)
        yield 2.5
        if len(attempts) == 1:
            raise ServerError("by chance")

    worker = floor.hire(handler=fails_once, settings=WorkerSettings(wait=5.0, heartbeat=1.0))
    floor.send("a")
    floor.env.run(until=20.0)
    # Handed out at 0.01; its second beat, at 2.02, arrives at 2.03, and is the last.
    assert attempts == [pytest.approx(0.02), pytest.approx(2.03 + ONE_WAY + 4.0, abs=0.03)]
    assert worker.statistics().beat_count == 4
    assert floor.backlog.size == 0
    floor.check()


def test_heartbeat_that_cannot_reach_the_backlog_loses_the_message_to_another() -> None:
    floor = Floor(BacklogSettings(visibility=3.0))
    first = floor.hire(10.0, settings=WorkerSettings(wait=5.0, heartbeat=1.0, patience=0.5))
    floor.send("a", at=0.5)
    floor.env.run(until=1.0)
    rule = floor.network.partition(first.host, floor.broker)
    floor.at(8.0, lambda: floor.network.heal(rule))
    floor.hire(10.0, settings=WorkerSettings(wait=5.0, heartbeat=1.0))
    floor.env.run(until=40.0)
    assert floor.log.applications("a") == 2
    assert first.statistics().failed_beat_count > 0
    assert floor.backlog.size == 0
    floor.check()
