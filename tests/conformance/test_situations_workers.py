"""The verdicts on workers and their backlog: exact times, and what is lost and done twice in trouble."""

from __future__ import annotations

import pytest

from models.workers import BacklogSettings

from .plant import Plant


def test_job_of_a_second_over_ten_milliseconds_takes_effect_after_1_02_seconds_and_is_gone_after_1_03() -> (
    None
):
    plant = Plant()
    worker = plant.hire(plant.way())
    plant.send(0.5)
    assert plant.done_at(0) == pytest.approx(0.5 + 1.02, abs=1e-12)
    while plant.backlog.size:
        plant.world.env.step()
    assert plant.world.env.now == pytest.approx(0.5 + 1.03, abs=1e-12)
    plant.close(worker)


def test_worker_that_dies_delays_the_job_until_its_timeout_is_over_and_loses_nothing() -> None:
    plant = Plant()
    worker = plant.hire(plant.way())
    plant.send(0.5)
    plant.world.at(1.0, worker.instance.crash)  # it starts again a second later
    # Handed out at 0.51, shown again at 5.51.
    assert plant.done_at(0) == pytest.approx(5.51 + 0.01 + 1.0, abs=1e-12)
    assert (plant.log.applied_count, plant.log.lost_count) == (1, 0)
    plant.close(worker)


def test_worker_that_dies_between_effect_and_delete_does_the_job_twice() -> None:
    plant = Plant(after=0.2)
    worker = plant.hire(plant.way())
    plant.send(0.5)
    plant.world.at(0.1 + plant.done_at(0), worker.instance.crash)
    plant.world.env.run(until=10.0)
    assert plant.log.applications(0) == 2
    plant.close(worker)


def test_backlog_that_crashes_keeps_what_was_accepted_and_who_holds_it() -> None:
    plant = Plant()
    worker = plant.hire(plant.way(), patience=1.0, delete_attempts=10)
    plant.send(0.5)
    plant.world.at(1.0, plant.world.server.crash)
    plant.world.at(3.0, plant.world.server.restart)
    plant.world.env.run(until=10.0)
    assert (plant.log.applied_count, plant.backlog.statistics().deleted_count) == (1, 1)
    plant.close(worker)


def test_backlog_in_memory_that_crashes_has_lost_what_was_accepted_and_says_so() -> None:
    plant = Plant(rules=BacklogSettings(is_durable=False))
    plant.send(0.5)
    plant.world.at(1.0, plant.world.server.crash)
    plant.world.at(3.0, plant.world.server.restart)
    plant.world.env.run(until=4.0)
    worker = plant.hire(plant.way())
    plant.world.env.run(until=30.0)
    assert (plant.log.applied_count, plant.log.lost_count, len(plant.backlog.lost)) == (0, 1, 1)
    plant.close(worker)


def test_partition_of_answers_alone_hands_jobs_to_nobody_and_loses_none() -> None:
    plant = Plant()
    worker = plant.hire(plant.way(), patience=1.0)
    rules: list[object] = []
    network, server, web = plant.world.network, plant.world.server, plant.world.web
    plant.world.at(0.4, lambda: rules.append(network.partition(server, web, one_way=True)))
    plant.world.at(20.0, lambda: network.heal(rules[0]))  # type: ignore[arg-type]
    plant.send(0.5)
    assert (
        20.0 < plant.done_at(0) < 20.0 + 5.0 + 3.0 + 1.0 + 1.1
    )  # a timeout, a poll in vain, a pause, the job
    assert plant.backlog.statistics().redelivered_count >= 3
    assert plant.log.applied_count == 1
    plant.close(worker)
