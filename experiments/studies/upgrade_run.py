"""One run of a small shop that is upgraded while people use it: what the study `upgrade` does.

    users --(internet)--> edge balancer --> 4 shop instances --> sessions

Each instance stands on a host of two cores, has 16 threads and as many places to wait, and works 40 ms on a
page (mean, exponential), for which it reads and writes the user's session, in the memory of one store. New
instances stand beside the old ones, on the same hosts, and take 5 s to start. Balancers hear of changes after
a second. A user gives up after 2 s.

The new version may be bad: *errors* (a fifth of the pages fail), *slow* (six times the work), *never ready*
(it crashes on start), *leak* (the work grows with the square of the requests that an instance has had), or
*incompatible* (it writes sessions that the old version cannot read).

Leaves out: several versions at once of what is stored, and migrations; warm-up.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import Any

from models import Endpoint, Request, ServerError, System
from models.balancing import Weighted
from models.deployment import (
    BlueGreen,
    ByObjective,
    Canary,
    Deployment,
    Draining,
    RollingUpgrade,
    Routes,
    Strategy,
    Version,
    VersionCalls,
)
from models.faults import FaultPlan, ProcessCrash
from models.requirements import LatencyObjective
from models.resilience import Timeout
from models.services import Handler, Instance, MakeHandler, Service, Step
from models.workload import OpenLoop, UniformKeys
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import Exponential, Uniform

ORDERED_AT = 30.0
"""When the upgrade is ordered, or the first instance crashes (s)."""

IN_TIME = 0.5
"""An answer within so many seconds is good."""

INSTANCES, CORES, THREADS, START_TIME, WORK = 4, 2, 16, 5.0, 0.04
PATIENCE, USERS, KEPT = 2.0, 500, 60.0
SLOWNESS, ERROR_SHARE, LEAK = 6.0, 0.2, 800.0
OLD, NEW = "1", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePlan:
    """How the shop is upgraded: see the parameters of the study."""

    strategy: str
    version: str
    linger: float
    pause: float
    discovery_delay: float
    rate: float
    duration: float

    def make_strategy(self) -> Strategy:
        """Return the strategy; where there is a judge, it judges by a latency objective."""
        promised = LatencyObjective(percentile=99.0, at_most=IN_TIME)
        judge = ByObjective(objective=promised, requests_min=50)
        if self.strategy == "blue-green":
            return BlueGreen(keep=KEPT, judge=judge)
        if self.strategy == "canary":
            return Canary(pause=self.pause, judge=judge)
        return RollingUpgrade()

    def make_draining(self) -> Draining:
        """Return how instances are taken out."""
        if self.strategy == "abrupt":
            return Draining(linger=0.0, grace=0.0)
        return Draining(linger=self.linger, grace=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRun:
    """A run that is over: users' `requests`, the `log`, the `deployment`, and the calls to each version.

    It was ordered at `start` (s), and over at `end`: all new, or all old again; infinity: neither, by the
    `duration` for which users came.
    """

    requests: RequestTable
    log: EventLog
    deployment: Deployment
    calls: VersionCalls
    start: float
    end: float
    duration: float

    @property
    def met_new(self) -> float:
        """The share of the requests since the order that the new version got."""
        counts = {
            name: len(self.calls.table(name).sample(self.start, inf, by="start")) for name in (OLD, NEW)
        }
        return counts[NEW] / max(sum(counts.values()), 1)

    @property
    def extra_minutes(self) -> float:
        """Minutes of instances beyond the four, all together."""
        history = self.deployment.fleet.running.history
        ends = [*history.times[1:].tolist(), max(self.duration, float(history.times[-1]))]
        pairs = zip(history.times.tolist(), ends, history.values.tolist(), strict=True)
        return float(sum((end - begin) * (count - INSTANCES) for begin, end, count in pairs)) / 60.0


def run_upgrade(seed: int, plan: UpgradePlan) -> UpgradeRun:
    """Run the shop, and upgrade it or let its instances crash one after the other."""
    env = Environment(seed=seed)
    system = System(env)
    shop, new = _build_shop(system, plan.version)
    routes = Routes(system, shop)
    edge = routes.balanced(system.add_host("edge"), policy=Weighted(), discovery_delay=plan.discovery_delay)
    calls = VersionCalls(env)
    calls.watch(edge)
    deployment = Deployment(
        system, shop, host=system.add_host("controller"), routes=routes, draining=plan.make_draining()
    )
    users = OpenLoop(
        env,
        Timeout(env, system.network.connect(system.add_host("users"), edge), PATIENCE, name="patience"),
        rate=plan.rate,
        keys=UniformKeys(env, USERS),
        until=plan.duration,
        name="users",
    )
    end = inf
    if plan.strategy == "crash":
        end = _plan_crashes(env, shop)
    else:
        if plan.version == "never ready":
            shop.on_added(lambda instance: instance.host.hold_process_down(instance, "crashes on start"))
        env.call_later(ORDERED_AT, deployment.upgrade, new, plan.make_strategy())
    env.run(until=plan.duration + PATIENCE + 1.0)
    if deployment.rollouts:
        [rollout] = deployment.rollouts
        end = inf if rollout.outcome == "under way" else rollout.ended_at
    return UpgradeRun(
        requests=users.table,
        log=env.event_log,
        deployment=deployment,
        calls=calls,
        start=ORDERED_AT,
        end=end,
        duration=plan.duration,
    )


def _plan_crashes(env: Environment, shop: Service) -> float:
    """Crash one process after the other, each when the one before is back; return when the last one is."""
    plan = FaultPlan(env)
    time = ORDERED_AT
    for instance in shop.instances:
        plan.at(time, ProcessCrash(instance), duration=0.001)
        time += START_TIME + 1.0
    return time - 1.0


def _build_shop(system: System, kind: str) -> tuple[Service, Version]:
    """Return the shop in its old version, and a new one of a kind."""
    store_host = system.add_host("sessions")
    sessions = Instance(system.env, store_host, _swap, name="sessions")
    old_reads = {OLD} if kind == "incompatible" else {OLD, NEW}

    def page(name: str, reads: set[str], kind: str) -> MakeHandler:
        return lambda host: _Page(
            sessions=system.network.connect(host, sessions), version=name, reads=frozenset(reads), kind=kind
        )

    hosts = [system.add_host(f"shop host {number}", cores=CORES) for number in range(1, INSTANCES + 1)]
    shop = system.add_service(
        "shop",
        hosts,
        page(OLD, old_reads, "good"),
        threads=THREADS,
        queue_size_max=THREADS,
        start_time=START_TIME,
    )
    return shop, Version(name=NEW, make_handler=page(NEW, {OLD, NEW}, kind))


def _swap(store: Instance, request: Request) -> Generator[Any, Any, Any]:
    """Keep who has written the session last, and answer with who did so before."""
    yield 0.001
    before = store.state.get(request.key)
    store.state[request.key] = request.value
    return before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page(Step):
    """A page of a `version` that `reads` the sessions of some versions, and is of a `kind`."""

    sessions: Endpoint
    version: str
    reads: frozenset[str]
    kind: str

    def handler(self, instance: Instance) -> Handler:
        work = instance.sampler("work", Exponential(WORK)).values
        chance = instance.sampler("chance", Uniform(0.0, 1.0)).values
        sessions, version, reads, kind = self.sessions, self.version, self.reads, self.kind

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            demand = next(work)
            if kind == "slow":
                demand *= SLOWNESS
            elif kind == "leak":
                instance.state["requests"] = had = instance.state.get("requests", 0) + 1
                demand *= 1.0 + (had / LEAK) ** 2
            yield from instance.host.work(demand)
            session = yield from sessions.call(Request(operation="swap", key=request.key, value=version))
            if session.value is not None and session.value not in reads:
                raise ServerError(f"session of version {session.value}")
            if kind == "errors" and next(chance) < ERROR_SHARE:
                raise ServerError("a bug")

        return handle
