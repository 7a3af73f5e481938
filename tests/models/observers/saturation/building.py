"""A chain of which any resource can be made the smallest: users, a web host, an API behind it.

    users --> web threads, web cores --> pool --> rate limit --> network --> API threads, API cores, a pause

Every request takes 5 ms of a web core, then 10 ms of an API core and a pause of 50 ms, and its answer weighs
10 kB on the way back. As it is, each of the resources carries at least 400 requests/s.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from models import Network, Request, Response, System
from models.observers.saturation import SaturationReport, SaturationWatch
from models.resilience.bulkheads import Bulkhead, BulkheadPool
from models.resilience.rate_limits import RateLimiter, TokenBucket
from models.services import Dependency, Handler, Instance, Pause, Step, Work, in_sequence
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant, Exponential

ANSWER_BYTES = 10_000
WEB_WORK, API_WORK, PAUSE = 0.005, 0.01, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large everything is; the demands are those above."""

    web_cores: int = 4
    web_threads: int = 128
    pool: int = 64
    waiting_max: float = 50
    rate_limit: float = 1_000.0
    bandwidth: float = 10e6
    api_threads: int = 64
    api_cores: int = 4
    scheduling: str = "first-come"


class Chain:
    """The chain, with users who come at a `rate` (> 0 per second)."""

    def __init__(
        self, rate: float, sizes: Sizes | None = None, *, seed: int = 1, trace: bool = False
    ) -> None:
        sizes = Sizes() if sizes is None else sizes
        self.env = env = Environment(seed=seed, trace=trace)
        self.system = system = System(env, network=Network(env, latencies=0.0005))
        self.web = system.add_host("web", cores=sizes.web_cores)
        self.api = system.add_host("api", cores=sizes.api_cores, scheduling=sizes.scheduling)
        system.network.override(self.api, self.web, bandwidth=sizes.bandwidth, one_way=True)
        (api,) = system.add_service(
            "api",
            [self.api],
            lambda host: _Weighing(in_sequence(Work(Exponential(API_WORK)), Pause(Constant(PAUSE)))),
            threads=sizes.api_threads,
            queue_size_max=50,
        ).instances
        self.limiter = RateLimiter(
            env,
            system.network.connect(self.web, api),
            TokenBucket(sizes.rate_limit, burst=5.0),
            name="web to api",
        )
        pool = BulkheadPool(env, sizes.pool, waiting_max=sizes.waiting_max, name="web to api")
        self.bulkhead = Bulkhead(env, self.limiter, pool, name="web to api")
        system.add_part("calls to api", self.bulkhead)
        system.add_part("limit of calls to api", self.limiter)
        (web,) = system.add_service(
            "web",
            [self.web],
            lambda host: in_sequence(Work(Exponential(WEB_WORK)), Dependency(self.bulkhead)),
            threads=sizes.web_threads,
            queue_size_max=50,
        ).instances
        users = system.add_host("users")
        self.entrance = system.network.connect(users, web)
        self.users = OpenLoop(env, self.entrance, rate=rate)

    def watched(self, *, since: float = 5.0, until: float = 30.0) -> SaturationReport:
        """Run to the end of a window, and return what was seen in it."""
        self.env.run(until=since)
        watch = SaturationWatch(self.system)
        watch.run(until=until)
        return watch.report(self.users.table)


@dataclass(frozen=True, slots=True)
class _Weighing(Step):
    """Does `step`, and gives its answer a weight."""

    step: Step

    def handler(self, instance: Instance) -> Handler:
        inner = self.step.handler(instance)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
            yield from inner(instance, request)
            return Response(size_bytes=ANSWER_BYTES)

        return handle
