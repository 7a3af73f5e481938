"""A plant: a client, a backlog on `server`, and workers on `web`, in the world of two hosts and a network."""

from __future__ import annotations

from dataclasses import dataclass, field

from models import Endpoint, Request
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Instance, Pause, in_sequence
from models.workers import Backlog, BacklogSettings, Worker, WorkerSettings
from models.workload import Client
from simulator.randomness import Constant

from .invariants import check_always, check_drained
from .world import World


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

    def send(self, *times: float, client: Client | None = None) -> Client:
        """Send a job at each of the times, from the proxy's host or by a `client` of somebody's own."""
        if client is None:
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
