"""The verdicts on workers and their backlog: exact times, and any wrapper on the way between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from models import Endpoint, Request
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Instance, Pause, in_sequence
from models.workers import Backlog, BacklogSettings, Worker, WorkerSettings
from models.workload import Client
from simulator.randomness import Constant

from .catalogue import WRAPPERS, Wrapper, balancers, build_chain, fallbacks, named, outboxes
from .invariants import check_always, check_drained
from .world import World

# These answer for what they stand around, ask somebody else, take all requests for one, or for one that came
# too late: polls do not get through to the backlog, whatever the worker does.
ANSWERING = {
    *outboxes.WRAPPERS,
    *fallbacks.WRAPPERS,
    *balancers.WRAPPERS,
    *named(
        "IdempotencyStore",
        "IdempotencyStore that rejects",
        "IdempotencyStore that replays failures",
        "HonourDeadline too late",
        "optional Dependency",
        "in_parallel",
        "by_operation",
    ),
}
# These let a request through every few seconds: a worker's next poll takes the place of its last delete.
STARVING = named("TokenBucket", "SlidingWindowCounter")


@dataclass
class Plant:
    """A backlog on `server`, a worker on `web`; jobs take `work` seconds, then effect, and `after` more."""

    rules: BacklogSettings = field(default_factory=lambda: BacklogSettings(visibility=5.0))
    work: float = 1.0
    after: float = 0.0
    world: World = field(default_factory=World)
    log: EffectLog = field(default_factory=EffectLog)

    def __post_init__(self) -> None:
        self.backlog = Backlog(self.world.env, self.world.server, self.rules)
        self.world.endpoints.append(self.backlog)
        self.effects: list[float] = []

    def hire(self, way: Endpoint, **settings: float) -> Worker:
        env = self.world.env
        steps = in_sequence(Pause(Constant(self.work)), Effect(self.log), Pause(Constant(self.after)))
        instance = Instance(env, self.world.web, steps, threads=1, name="worker")
        worker = Worker(env, instance, way, WorkerSettings(**{"wait": 2.0, **settings}))
        instance.start()
        return worker

    def way(self) -> Endpoint:
        return self.world.network.connect(self.world.web, self.backlog)

    def send(self, *times: float) -> Client:
        to_backlog = self.world.network.connect(self.world.proxy, self.backlog)
        client = self.world.client(Acknowledged(to_backlog, self.log))
        for number, time in enumerate(times):
            job = Request("job", number)
            self.world.at(time, lambda job=job: self.world.callers.append(client.issue(job)))  # type: ignore[misc]
        return client

    def done_at(self, key: int) -> float:
        """Run until the effect of a job, and return when that was."""
        while not self.log.applications(key):
            self.world.env.step()
        return self.world.env.now

    def close(self, worker: Worker) -> None:
        """Let everybody go home, and check that nothing is left."""
        worker.drain()
        worker.instance.stop()
        self.world.env.run(until=self.world.env.now + 100.0)
        check_always(self.world)
        assert self.backlog.size == 0
        check_drained(self.world)


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


@dataclass
class _ToTheBacklog:
    backlog: Backlog
    is_local: bool = False

    def build(self, world: World) -> Endpoint:
        return world.network.connect(world.here, self.backlog)


@pytest.mark.parametrize(
    "wrapper", [each for each in WRAPPERS if each not in (*ANSWERING, *STARVING)], ids=lambda each: each.name
)
def test_any_wrapper_on_the_way_lets_every_job_through_in_trouble_too(wrapper: Wrapper) -> None:
    plant = Plant(work=0.3)
    world = plant.world
    way = build_chain(world, _ToTheBacklog(plant.backlog), (wrapper,))  # type: ignore[arg-type]
    worker = plant.hire(way, wait=0.2, patience=3.0, pause=0.4)
    plant.send(*(0.4 * number for number in range(10)))
    rules: list[object] = []
    world.at(1.13, worker.instance.crash)
    world.at(3.17, plant.backlog.instance.crash)
    world.at(4.19, plant.backlog.instance.restart)
    for time, ends in ((5.03, (world.web, world.server)), (8.07, (world.server, world.web))):
        world.at(time, lambda ends=ends: rules.append(world.network.partition(*ends, one_way=True)))  # type: ignore[misc]
        world.at(time + 1.5, lambda: world.network.heal(rules[-1]))  # type: ignore[arg-type]
    world.env.run(until=120.0)
    check_always(world)
    assert plant.log.lost_count == 0
    assert plant.backlog.size == 0
    now = worker.statistics()
    assert now.completed_count >= plant.log.distinct_count > 0
    plant.close(worker)
