"""A shop floor: a client, a backlog and workers on hosts of their own, 10 ms apart; and what must add up."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import Endpoint, Host, Network, Request
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Handler, Instance, Pause, Step, in_sequence
from models.workers import (
    Backlog,
    BacklogClient,
    BacklogSettings,
    Message,
    Worker,
    WorkerSettings,
    WorkerStatistics,
)
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant

ONE_WAY = 0.01


class Floor:
    """`client` talks to `backlog`; `log` knows which jobs were accepted, and which took effect."""

    def __init__(
        self,
        settings: BacklogSettings | None = None,
        *,
        receives_max: float | None = None,
        env: Environment | None = None,
        keeps_history: bool = False,
    ) -> None:
        self.env = env or Environment(seed=1, trace=True)
        self.network = Network(self.env, latencies=ONE_WAY)
        self.web = Host(self.env, "web")
        self.broker = Host(self.env, "broker", cores=4)
        self.log = EffectLog()
        rules = settings or BacklogSettings()
        has_limit = rules.receives_max < float("inf")
        self.graveyard = Backlog(self.env, self.broker, name="dead letters") if has_limit else None
        self.backlog = Backlog(
            self.env,
            self.broker,
            rules,
            dead_letters=self.graveyard,
            keeps_history=keeps_history,
            name="jobs",
        )
        self.way = self.network.connect(self.web, self.backlog)
        self.client = BacklogClient(self.env, self.way)
        self.users = Client(self.env, Acknowledged(self.way, self.log))
        self.workers: list[Worker] = []
        self.hosts = [self.web, self.broker]

    def at(self, time: float, function: Callable[[], object]) -> None:
        self.env.call_later(time - self.env.now, function)

    def send(self, *keys: Any, at: float = 0.0, priority: int = 0, operation: str = "job") -> None:
        for key in keys:
            job = Request(operation, key, priority=priority)
            self.at(at, lambda job=job: self.users.issue(job))  # type: ignore[misc]

    def ask(self, generator: Generator[Any, Any, Any], at: float = 0.0) -> list[Any]:
        """Run what a client asks for from a time on; the list holds when that ended, and how."""
        ends: list[Any] = []

        def run() -> Generator[Any, Any, None]:
            try:
                answer = yield from generator
            except Exception as error:
                answer = error
            ends.append((self.env.now, answer))

        self.env.call_later(at - self.env.now, lambda: self.env.process(run()))
        return ends

    def take(self, at: float = 0.0, **how: Any) -> list[Any]:
        return self.ask(self.client.receive(**how), at)

    def hire(
        self,
        *works: float,
        handler: Step | Handler | None = None,
        settings: WorkerSettings | None = None,
        threads: int = 1,
        way: Callable[[Host], Endpoint] | None = None,
        front: Callable[[Instance], Endpoint] | None = None,
        **instance_settings: Any,
    ) -> Worker:
        """Put a worker on a host of its own: it takes so long, and then the job takes effect."""
        host = Host(self.env, f"host-{len(self.workers) + 1}", cores=max(threads, 1))
        steps = handler or in_sequence(*(Pause(Constant(work)) for work in works), Effect(self.log))
        instance = Instance(
            self.env,
            host,
            steps,
            threads=threads,
            name=f"worker-{len(self.workers) + 1}",
            **instance_settings,
        )
        connect = way or (lambda host: self.network.connect(host, self.backlog))
        worker = Worker(self.env, instance, connect(host), settings or WorkerSettings(wait=5.0), front=front)
        instance.start()
        self.workers.append(worker)
        self.hosts.append(host)
        return worker

    def check(self) -> None:
        """Check that everything adds up now."""
        for backlog in (self.backlog, self.graveyard):
            if backlog is not None:
                check_backlog(backlog)
        if self.graveyard is not None:
            assert self.graveyard.statistics().sent_count == self.backlog.statistics().dead_count
        for worker in self.workers:
            check_worker(worker.statistics())


def check_backlog(backlog: Backlog) -> None:
    """Each message is in exactly one state, and the gauges say the same."""
    now = backlog.statistics()
    there = now.delayed_count + now.visible_count + now.in_flight_count
    assert now.sent_count == there + now.deleted_count + now.dead_count + now.lost_count
    assert there == backlog.size == len(backlog.messages())
    assert now.redelivered_count <= now.received_count
    assert min(now.delayed_count, now.visible_count, now.in_flight_count) >= 0
    assert 0.0 <= now.oldest_age <= now.oldest_age_max
    numbers = [message.receipt.number for message in backlog.messages()]
    assert numbers == sorted(set(numbers))


def check_worker(now: WorkerStatistics) -> None:
    assert now.in_hand_count >= 0
    ended = now.completed_count + now.failed_count + now.abandoned_count + now.killed_count
    assert now.received_count == ended + now.in_hand_count
    assert now.undeleted_count <= now.completed_count
    assert now.received_count + now.failed_poll_count <= now.poll_count


def keys(messages: tuple[Message, ...]) -> list[Any]:
    return [message.job.key for message in messages]


def once(ends: list[Any]) -> Any:
    """Return how something ended that has ended once."""
    ((_, answer),) = ends
    return answer
