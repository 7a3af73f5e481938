"""Whatever fails, in whatever order: what was accepted is not lost, and the backlog is empty in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.faults import Fault, HostCrash, LinkLoss, NetworkPartition, ProcessCrash
from models.resilience import Timeout
from models.resilience.idempotency import Acknowledged
from models.workers import BacklogSettings, WorkerSettings
from models.workload import Client
from simulator import Environment

from .floor import Floor
from .plant import BOOT, Plant

HEALED = 60.0
JOBS = 12
SOME = settings(max_examples=40)


@dataclass(frozen=True)
class Trouble:
    kind: str
    whom: int
    start: float
    duration: float


TROUBLES = st.lists(
    st.builds(
        Trouble,
        kind=st.sampled_from(
            ["host", "process", "broker", "backlog", "cut", "cut there", "cut back", "loss"]
        ),
        whom=st.integers(0, 1),
        start=st.floats(0.0, 40.0),
        duration=st.floats(0.1, 19.0),
    ),
    max_size=6,
)
RULES = st.builds(
    BacklogSettings,
    visibility=st.sampled_from([2.0, 5.0, 20.0]),
    order=st.sampled_from(["first-come", "priority"]),
    delay=st.sampled_from([0.0, 1.5]),
    receives_max=st.sampled_from([float("inf"), 6]),
)
WORK = st.sampled_from([0.5, 3.0])
WORKERS = st.builds(
    WorkerSettings,
    wait=st.sampled_from([0.0, 3.0]),
    patience=st.just(1.0),
    heartbeat=st.sampled_from([None, 1.0]),
    retry_delay=st.sampled_from([None, 0.0]),
)


def fault_of(floor: Floor, trouble: Trouble) -> Fault:
    worker = floor.workers[trouble.whom]
    network, broker = floor.network, floor.broker
    if trouble.kind == "host":
        return HostCrash(worker.host, resets=trouble.duration > 10.0)
    if trouble.kind == "process":
        return ProcessCrash(worker.instance)
    if trouble.kind == "broker":
        return HostCrash(broker)
    if trouble.kind == "backlog":
        return ProcessCrash(floor.backlog.instance)
    if trouble.kind == "loss":
        return LinkLoss(network, worker.host, broker, 0.3)
    ends: tuple[Any, Any] = (worker.host, broker)
    if trouble.kind == "cut back":
        ends = (broker, worker.host)
    return NetworkPartition(network, *ends, one_way=trouble.kind != "cut")


def build(
    rules: BacklogSettings, work: float, hands: WorkerSettings, troubles: list[Trouble], *, seed: int = 1
) -> Floor:
    floor = Floor(rules, env=Environment(seed=seed, trace=True))
    floor.users = Client(floor.env, Acknowledged(Timeout(floor.env, floor.way, 2.0), floor.log))
    for _ in range(2):
        floor.hire(work, threads=2, settings=hands)
    for number in range(JOBS):
        floor.send(number, at=3.0 * number, priority=number % 3)
    for trouble in troubles:
        fault = fault_of(floor, trouble)
        floor.at(trouble.start, fault.inject)
        floor.at(trouble.start + trouble.duration, fault.heal)
    return floor


def run(floor: Floor, until: float, *, step: float = 5.0) -> None:
    while floor.env.now < until:
        floor.env.run(until=min(until, floor.env.now + step))
        floor.check()


@pytest.mark.slow
@SOME
@given(RULES, WORK, WORKERS, TROUBLES)
def test_nothing_is_lost_and_the_backlog_is_empty_some_time_after_all_is_well_again(
    rules: BacklogSettings, work: float, hands: WorkerSettings, troubles: list[Trouble]
) -> None:
    # A job that takes longer than its message is kept for may be done for ever: that has a test of its own.
    if work > rules.visibility and hands.heartbeat is None:
        work = 0.5
    floor = build(rules, work, hands, troubles)
    run(floor, HEALED)
    run(floor, HEALED + 400.0, step=50.0)
    now = floor.backlog.statistics()
    assert floor.backlog.size == 0
    assert now.lost_count == 0
    assert now.sent_count == now.deleted_count + now.dead_count
    # What was accepted has taken effect, or lies with the dead letters.
    dead = set() if floor.graveyard is None else {each.job.key for each in floor.graveyard.messages()}
    assert set(floor.log.lost()) <= dead
    for worker in floor.workers:
        assert worker.is_ready
        assert worker.statistics().in_hand_count == 0


@pytest.mark.slow
@SOME
@given(WORK, WORKERS, TROUBLES)
def test_backlog_in_memory_loses_what_it_says_and_nothing_else(
    work: float, hands: WorkerSettings, troubles: list[Trouble]
) -> None:
    floor = build(BacklogSettings(visibility=20.0, is_durable=False), work, hands, troubles)
    run(floor, HEALED)
    run(floor, HEALED + 400.0, step=50.0)
    now = floor.backlog.statistics()
    assert floor.backlog.size == 0
    assert now.sent_count == now.deleted_count + now.lost_count
    assert set(floor.log.lost()) <= {message.job.key for message in floor.backlog.lost}


@pytest.mark.slow
@settings(max_examples=10)
@given(RULES, WORKERS, TROUBLES, st.integers(0, 3))
def test_same_trouble_is_the_same_run(
    rules: BacklogSettings, hands: WorkerSettings, troubles: list[Trouble], seed: int
) -> None:
    digests = []
    for looks in (True, False):
        floor = build(rules, 0.5, hands, troubles, seed=seed)
        if looks:  # to look changes nothing
            run(floor, HEALED)
        floor.env.run(until=HEALED + 10.0)
        digests.append(floor.env.trace_digest())
    assert digests[0] == digests[1]


SIZES = st.lists(st.tuples(st.floats(1.0, 300.0), st.integers(0, 5)), max_size=6)
STRIKES = st.lists(st.tuples(st.floats(BOOT, 300.0), st.integers(0, 4), st.floats(0.5, 60.0)), max_size=4)


@pytest.mark.slow
@SOME
@given(
    sizes=SIZES,
    strikes=STRIKES,
    notice=st.sampled_from([0.0, 7.0, 40.0]),
    grace=st.sampled_from([0.0, 10.0, float("inf")]),
    heeds_notice=st.booleans(),
    returns=st.booleans(),
    seed=st.integers(0, 3),
)
def test_pool_loses_nothing_however_it_is_scaled_struck_and_taken_away(
    sizes: list[tuple[float, int]],
    strikes: list[tuple[float, int, float]],
    notice: float,
    grace: float,
    heeds_notice: bool,
    returns: bool,
    seed: int,
) -> None:
    plant = Plant(
        2,
        work=12.0,
        rules=BacklogSettings(visibility=20.0),
        rate_per_hour=30.0,
        notice=notice,
        seed=seed,
        grace=grace,
        heeds_notice=heeds_notice,
        settings=WorkerSettings(wait=5.0, patience=2.0, heartbeat=5.0, returns=returns, margin=3.0),
    )
    env = plant.env
    for number in range(15):
        plant.send(number, at=20.0 * number)
    for time, size in sizes:
        env.call_later(time, plant.pool.scale_to, size)
    for time, whom, duration in strikes:
        env.call_later(time, strike, plant, whom, duration)
    env.call_later(400.0, plant.pool.scale_to, 3)
    while env.now < 1_200.0:
        env.run(until=env.now + 25.0)
        plant.check()
        assert plant.pool.worker_count == plant.pool.group.desired_count
    assert plant.pool.worker_count == 3
    assert plant.backlog.size == 0
    assert (plant.log.acknowledged_count, plant.log.lost_count) == (15, 0)
    # Whoever has gone has stopped, and is not paid for: the rest are members, or drain.
    draining = plant.pool.group.statistics().draining_count
    assert sum(not worker.instance.has_stopped for worker in plant.pool.workers) == 3 + draining
    assert plant.hosts.statistics().host_count == 3 + draining


def strike(plant: Plant, whom: int, duration: float) -> None:
    """Crash a worker's host for a while, or its process for as long."""
    instances = plant.pool.group.instances
    if whom < len(instances):
        fault = HostCrash(instances[whom].host) if duration < 30.0 else ProcessCrash(instances[whom])
        fault.inject()
        plant.env.call_later(duration, fault.heal)
