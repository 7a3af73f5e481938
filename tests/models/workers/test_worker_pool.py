"""A pool of workers: as many as asked for, on hosts that come and go, and some that are taken away."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from models import Host, Network, Request
from models.infrastructure import HostPool, HostType
from models.instance_groups import ExistingHosts, Replacement
from models.services import Work
from models.workers import Backlog, BacklogSettings, PreemptibleHosts, WorkerPool, WorkerSettings, sqs
from models.workload import Client
from simulator import Environment
from simulator.randomness import Exponential

from .plant import BOOT, Plant


def test_workers_are_ready_when_their_hosts_have_booted_and_they_have_started() -> None:
    plant = Plant(3, start_time=5.0)
    plant.env.run(until=BOOT + 4.9)
    assert (plant.pool.worker_count, plant.pool.ready_count) == (3, 0)
    plant.env.run(until=BOOT + 5.1)
    assert plant.pool.ready_count == 3


def test_more_workers_empty_the_backlog_sooner() -> None:
    def time_to_empty(size: int) -> float:
        plant = Plant(size)
        plant.send(*range(24))
        while plant.backlog.statistics().deleted_count < 24:
            plant.env.step()
        assert plant.log.applied_count == 24
        return plant.env.now - BOOT

    # Each job costs 4 s, a poll and a delete, of two round trips in all.
    assert time_to_empty(2) == pytest.approx(12 * 4.04, abs=0.05)
    assert time_to_empty(6) == pytest.approx(4 * 4.04, abs=0.05)


def test_each_worker_does_as_many_jobs_at_a_time_as_the_pool_says() -> None:
    plant = Plant(2, concurrency=3)
    plant.send(*range(6), at=BOOT + 1.0)
    plant.env.run(until=BOOT + 5.5)
    assert plant.log.applied_count == 6
    assert [worker.statistics().completed_count for worker in plant.pool.workers] == [3, 3]


def test_shrinking_lets_workers_finish_and_gives_their_hosts_back_then() -> None:
    plant = Plant(3)
    plant.send(*range(3), at=BOOT + 10.0)
    plant.env.run(until=BOOT + 12.0)
    plant.pool.scale_to(1)
    assert plant.pool.worker_count == 1
    assert plant.hosts.statistics().host_count == 3, "they are still at work"
    plant.env.run(until=BOOT + 60.0)
    assert plant.hosts.statistics().host_count == 1
    assert plant.log.applied_count == 3
    assert plant.pool.statistics().abandoned_count == 0
    assert plant.backlog.size == 0
    plant.check()


def test_grace_bounds_how_long_a_worker_that_goes_may_work_on() -> None:
    plant = Plant(2, work=50.0, grace=20.0, settings=WorkerSettings(wait=20.0, margin=5.0))
    plant.send("a", "b", at=BOOT + 1.0)
    plant.env.run(until=BOOT + 10.0)
    plant.pool.scale_to(0)
    plant.env.run(until=BOOT + 31.0)
    assert plant.hosts.statistics().host_count == 0
    now = plant.pool.statistics()
    assert (now.abandoned_count, now.killed_count) == (2, 0)
    assert plant.backlog.statistics().visible_count == 2, "given back at once"
    plant.check()


def test_pool_of_nobody_does_nothing_and_comes_back() -> None:
    plant = Plant(2)
    plant.env.run(until=BOOT + 1.0)
    plant.pool.scale_to(0)
    plant.send("a", "b", at=BOOT + 100.0)
    plant.env.run(until=BOOT + 300.0)
    assert plant.pool.ready_count == 0
    assert plant.backlog.statistics().visible_count == 2
    plant.pool.scale_to(1)
    plant.env.run(until=BOOT + 300.0 + BOOT + 10.0)
    assert plant.log.applied_count == 2
    plant.check()


def test_same_size_again_changes_nothing() -> None:
    plant = Plant(2)
    plant.env.run(until=BOOT + 1.0)
    plant.pool.scale_to(2)
    assert plant.hosts.statistics().provisioned_count == 2
    with pytest.raises(ValueError, match="count must be a whole number >= 0"):
        plant.pool.scale_to(-1)


def test_shrinking_and_growing_at_once_takes_another_worker_and_not_the_one_that_goes() -> None:
    plant = Plant(1)
    plant.send("a", at=BOOT + 1.0)
    plant.env.run(until=BOOT + 2.0)
    plant.pool.scale_to(0)
    plant.pool.scale_to(1)
    plant.env.run(until=BOOT + 2.0 + BOOT + 10.0)
    assert plant.hosts.statistics().provisioned_count == 2
    assert plant.pool.ready_count == 1
    assert plant.log.applications("a") == 1


def test_worker_on_a_host_that_crashed_remains_unless_somebody_replaces_it() -> None:
    kept, healed = Plant(1), Plant(1, replacement=Replacement(check_interval=5.0, strikes=2))
    for plant in (kept, healed):
        plant.env.run(until=BOOT + 1.0)
        plant.hosts.hosts[0].crash()
        plant.env.run(until=BOOT + 100.0)
    assert (kept.pool.worker_count, kept.pool.ready_count) == (1, 0)
    assert (healed.pool.worker_count, healed.pool.ready_count) == (1, 1)


def test_hosts_may_be_there_already() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    backlog = Backlog(env, Host(env, "broker"))
    hosts = ExistingHosts([Host(env, f"host-{number}") for number in range(2)])
    pool = WorkerPool(env, hosts, partial(network.connect, target=backlog), lambda host: Work(1.0), size=2)
    Client(env, network.connect(Host(env, "web"), backlog)).issue(Request("job", "a"))
    env.run(until=5.0)
    assert pool.ready_count == 2
    assert backlog.statistics().deleted_count == 1
    with pytest.raises(TypeError, match="hosts must be made anew"):
        PreemptibleHosts(env, hosts, rate_per_hour=1.0)


# -- preemptible hosts


def until_noticed(plant: Plant) -> float:
    """Run until the first host is given notice, and return when that was."""
    while not plant.env.event_log.of_kind("host.notice"):
        plant.env.step()
    return plant.env.now


@pytest.mark.slow
def test_hosts_are_taken_at_the_rate_that_is_said() -> None:
    plant = Plant(20, rate_per_hour=20.0, notice=0.0)
    plant.env.run(until=3600.0)
    # 20 hosts for an hour, 20 times an hour each: 400, with a standard deviation of 20.
    assert 320 < plant.spot.statistics().taken_count < 480
    assert plant.pool.worker_count == 20
    assert plant.hosts.statistics().host_count == 20
    assert plant.hosts.statistics().host_hours == pytest.approx(20.0)


def test_notice_comes_before_a_host_is_taken_and_a_replacement_is_ready_by_then() -> None:
    plant = Plant(1, rate_per_hour=10.0, notice=120.0)
    noticed_at = until_noticed(plant)
    assert noticed_at > BOOT
    assert (plant.pool.worker_count, plant.pool.ready_count) == (1, 0), "the replacement boots"
    plant.env.run(until=noticed_at + BOOT + 1.0)
    assert plant.pool.ready_count == 1


@pytest.mark.parametrize("notice", [0.0, 30.0])
def test_who_asks_is_told_of_a_notice_if_there_is_one_and_of_the_end(notice: float) -> None:
    plant = Plant(1, rate_per_hour=10.0, notice=notice, heeds_notice=False)
    told: list[tuple[str, float]] = []
    plant.spot.on_notice(lambda host, left: told.append((f"{left:g} s left", plant.env.now)))
    plant.spot.on_taken(lambda host: told.append(("taken", plant.env.now)))
    noticed_at = until_noticed(plant)
    plant.env.run(until=noticed_at + notice + 0.001)
    first = [("30 s left", noticed_at)] if notice else []
    assert told == [*first, ("taken", pytest.approx(noticed_at + notice))]


def test_worker_given_notice_hands_its_host_back_as_soon_as_it_is_done() -> None:
    plant = Plant(1, rate_per_hour=10.0, notice=120.0)
    plant.env.run(until=until_noticed(plant) + 25.0)
    assert plant.spot.statistics().taken_count == 0
    assert plant.hosts.statistics().released_count == 1


@pytest.mark.parametrize(
    ("how", "abandoned", "killed", "returned"),
    [
        ({"notice": 120.0}, 1, 0, 1),
        ({"notice": 120.0, "settings": WorkerSettings(returns=False)}, 1, 0, 0),
        ({"notice": 120.0, "heeds_notice": False}, 0, 1, 0),
        ({"notice": 0.0}, 0, 1, 0),
    ],
    ids=["returns", "keeps", "heeds no notice", "no notice"],
)
def test_job_on_a_host_that_is_taken_comes_back_at_once_if_notice_is_heeded_and_later_if_not(
    how: dict[str, Any], abandoned: int, killed: int, returned: int
) -> None:
    plant = Plant(1, work=100_000.0, rules=BacklogSettings(visibility=40_000.0), rate_per_hour=0.5, **how)
    plant.send("long", at=1.0)
    plant.env.run(until=BOOT + 1.0)
    plant.env.run(until=until_noticed(plant) + how["notice"] + 1.0)
    now = plant.pool.statistics()
    assert (now.abandoned_count, now.killed_count) == (abandoned, killed)
    assert plant.backlog.statistics().returned_count == returned
    assert plant.backlog.size == 1
    plant.check()


def test_worker_on_its_way_out_is_told_of_a_notice_too() -> None:
    plant = Plant(1, work=100_000.0, rules=BacklogSettings(visibility=40_000.0), rate_per_hour=0.5)
    plant.send("long", at=1.0)
    plant.env.run(until=BOOT + 1.0)
    plant.pool.scale_to(0)
    plant.env.run(until=until_noticed(plant) + 120.0)
    now = plant.pool.statistics()
    assert (now.abandoned_count, now.killed_count) == (1, 0)
    assert plant.backlog.statistics().returned_count == 1
    assert plant.pool.worker_count == 0
    plant.check()


@pytest.mark.parametrize("heeds_notice", [True, False])
@pytest.mark.parametrize("notice", [0.0, 10.0, 120.0])
def test_nothing_is_lost_whatever_is_taken_and_the_pool_keeps_its_size(
    heeds_notice: bool, notice: float
) -> None:
    plant = Plant(
        5, work=20.0, rate_per_hour=20.0, notice=notice, heeds_notice=heeds_notice, rules=sqs(visibility=40.0)
    )
    plant.send(*range(60))
    plant.env.run(until=1_500.0)
    assert plant.spot.statistics().noticed_count > 10
    assert plant.pool.worker_count == 5
    assert plant.log.distinct_count == 60
    assert plant.log.lost_count == 0
    assert plant.backlog.size == 0
    plant.check()


def test_rates_and_notices_that_cannot_be_are_refused() -> None:
    env = Environment(seed=1)
    hosts = HostPool(env, "host", HostType())
    with pytest.raises(ValueError, match="rate_per_hour must be finite and > 0"):
        PreemptibleHosts(env, hosts, rate_per_hour=0.0)
    with pytest.raises(ValueError, match="notice must be finite and >= 0 s"):
        PreemptibleHosts(env, hosts, rate_per_hour=1.0, notice=-1.0)
    with pytest.raises(TypeError, match="connect must be a function of a host"):
        WorkerPool(env, hosts, None, lambda host: Work(1.0))  # type: ignore[arg-type]


def test_pool_runs_the_same_again() -> None:
    def digest() -> str:
        plant = Plant(3, work=3.0, rate_per_hour=30.0, notice=20.0, rules=sqs(visibility=10.0), seed=5)
        arrivals = plant.env.sampler("arrivals", Exponential(2.0))
        for number in range(100):
            plant.send(number, at=float(number) + arrivals())
        plant.env.run(until=400.0)
        return plant.env.trace_digest()

    assert digest() == digest()
