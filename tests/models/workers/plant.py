"""A plant: a client, a backlog, and a pool of workers on hosts that are had by the hour."""

from __future__ import annotations

from functools import partial
from typing import Any

from models import Host, Network, Request
from models.infrastructure import HostPool, HostType
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Pause, in_sequence
from models.workers import Backlog, BacklogSettings, PreemptibleHosts, WorkerPool, sqs
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant

from .floor import check_backlog, check_worker

BOOT = 30.0


class Plant:
    """A backlog, and a pool of workers on hosts that are had by the hour, each job of `work` seconds."""

    def __init__(
        self,
        size: int,
        *,
        work: float = 4.0,
        rules: BacklogSettings | None = None,
        rate_per_hour: float | None = None,
        notice: float = 120.0,
        seed: int = 1,
        **pool: Any,
    ) -> None:
        self.env = env = Environment(seed=seed, trace=True)
        self.network = Network(env, latencies=0.01)
        self.web = Host(env, "web")
        self.backlog = Backlog(env, Host(env, "broker"), rules or sqs(visibility=60.0), name="jobs")
        self.log = EffectLog()
        self.hosts = HostPool(env, "host", HostType(boot_time=BOOT, price=1.0))
        source: Any = self.hosts
        if rate_per_hour is not None:
            source = self.spot = PreemptibleHosts(env, self.hosts, rate_per_hour=rate_per_hour, notice=notice)
        self.pool = WorkerPool(
            env,
            source,
            partial(self.network.connect, target=self.backlog),
            lambda host: in_sequence(Pause(Constant(work)), Effect(self.log)),
            size=size,
            **pool,
        )
        self.users = Client(env, Acknowledged(self.network.connect(self.web, self.backlog), self.log))

    def send(self, *keys: Any, at: float = 0.0) -> None:
        for key in keys:
            self.env.call_later(at - self.env.now, self.users.issue, Request("job", key))

    def check(self) -> None:
        check_backlog(self.backlog)
        for worker in self.pool.workers:
            check_worker(worker.statistics())
        check_worker(self.pool.statistics())
