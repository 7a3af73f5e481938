"""What health checks are put to in the study of them: two scenes, each a fleet behind a balancer.

*Patience*: nothing is wrong with the fleet for half an hour but what is usual (it pauses, or answers
slowly now and then), so that every mark is a false one; then its hosts die, two at a time, and each should be
found out soon. *Trouble*: for a while all instances have too much to do, or what all of them could do without
is down, and the checks may take it for the instances' own illness.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from models import Endpoint, Host, Network
from models.balancing import Balancer, RoundRobin
from models.balancing.health_checks import HEALTH, HealthChecker, HealthCheckSettings, HealthPort
from models.faults import DependencyOutage, FaultPlan, HostCrash
from models.resilience import Timeout
from models.services import (
    Dependency,
    Handler,
    Instance,
    Pause,
    Service,
    Step,
    Work,
    by_operation,
    in_sequence,
)
from models.workload import OpenLoop, RateSteps
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import Constant, Exponential, LogNormal, Mixture, Uniform

from .troubled_run import TroubledRun

FLEET = 10
_LATENCY = 0.0005

# -- patience

QUIET, SLOT = 1_800.0, 60.0
"""For how long nothing dies, and how long it takes from one pair of deaths to the next (s)."""

PAUSE = LogNormal.from_percentiles(p50=1.0, p99=15.0)
PAUSE_GAP = Exponential(100.0)
"""How long a whole process stands still (a collection of garbage, a slow disk), and the time between (s)."""

SLOW_SHARE, SLOW_TIME = 0.05, 5.0
"""Of the answers so large a share takes so long (s), each by itself."""

USER_PATIENCE = 6.0
"""More than a slow answer takes: what is lost is what went to the dead (s)."""

_QUICK = 0.005
_AT_A_TIME = 2  # are dead: so few that the balancer does not panic
_CALLS_RATE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatienceRun:
    """A run that is over: what was marked, how soon the dead were found, what users of the dying fleet saw.

    Of the marks before the first death, which were all false, there were `false_marks_count`, of
    `quiet_probes_count` probes. `delays` (s) passed from deaths to marks.
    """

    quiet_probes_count: int
    false_marks_count: int
    delays: tuple[float, ...]
    requests: RequestTable
    log: EventLog


def run_patience(seed: int, settings: HealthCheckSettings, usual: str) -> PatienceRun:
    """Watch a fleet in which "pauses" or "slow answers" are usual, and then while its hosts die in turn."""
    env = Environment(seed=seed)
    network = Network(env, latencies=_LATENCY)
    proxy = Host(env, "proxy")
    hosts = [Host(env, f"host {number}") for number in range(FLEET)]
    slow = Mixture(weights=(1.0 - SLOW_SHARE, SLOW_SHARE), components=(Constant(_QUICK), Constant(SLOW_TIME)))
    step = Pause(slow) if usual == "slow answers" else Work(_QUICK)
    fleet = Service(env, "fleet", hosts, lambda host: step, threads=1_000)
    probed: dict[Endpoint, Endpoint] = {}
    for instance in fleet.instances:
        way = network.connect(proxy, instance, name=instance.host.name)
        probed[Timeout(env, way, USER_PATIENCE, name=way.name)] = way
    balancer = Balancer(env, probed, policy=RoundRobin(), host=proxy, name="fleet")
    checker = HealthChecker(env, balancer, settings, probed=probed.__getitem__)
    if usual == "pauses":
        for host in hosts:
            env.process(_stand_still_now_and_then(env, host))
    deaths = _let_die(env, hosts)
    end = QUIET + FLEET / _AT_A_TIME * SLOT
    users = OpenLoop(env, balancer, rate=RateSteps([(QUIET, _CALLS_RATE)]), until=end, name="users")
    env.run(until=QUIET)
    quiet = checker.statistics()
    env.run(until=end + USER_PATIENCE + 1.0)
    return PatienceRun(
        quiet_probes_count=quiet.probe_count,
        false_marks_count=quiet.down_count,
        delays=_delays(env.event_log, deaths),
        requests=users.table,
        log=env.event_log,
    )


def _stand_still_now_and_then(env: Environment, host: Host) -> Generator[Any, Any, None]:
    gaps, pauses = env.sampler(f"{host.name}/gaps", PAUSE_GAP), env.sampler(f"{host.name}/pauses", PAUSE)
    while True:
        yield gaps()
        if env.now >= QUIET - SLOT:
            return
        host.slow_down("pause", 1e-9)
        yield pauses()
        host.recover("pause")


def _let_die(env: Environment, hosts: Sequence[Host]) -> dict[str, float]:
    """Let each host die once, for most of a slot that two share, and return when."""
    plan, moment = FaultPlan(env), env.sampler("moment", Uniform(0.0, 10.0))
    deaths = {}
    for number, host in enumerate(hosts):
        begin = QUIET + number // _AT_A_TIME * SLOT
        deaths[host.name] = begin + moment()
        plan.at(deaths[host.name], HostCrash(host), end=begin + SLOT - 10.0)
    return deaths


def _delays(log: EventLog, deaths: dict[str, float]) -> tuple[float, ...]:
    """Return how long after its death each host was marked; one that was down already was not found out."""
    delays = []
    for host, death in deaths.items():
        marks = [record for record in log.of_kind("health.down", "health.up") if record.subject == host]
        before = [record.kind for record in marks if record.time < death]
        if not before or before[-1] == "health.up":
            delays += [record.time - death for record in marks if record.time >= death][:1]
    return tuple(delays)


# -- trouble

DURATION = 120.0
PATIENCE = 2.0
USUAL_RATE, TOO_MUCH = 50.0, 130.0
"""Requests per second; the fleet can do 100."""

_START, _END = DURATION / 3.0, 2.0 * DURATION / 3.0
_DATABASE_PATIENCE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRun(TroubledRun):
    """A run that is over, and its `balancer`."""

    balancer: Balancer


def run_trouble(
    seed: int, settings: HealthCheckSettings, trouble: str, *, check: str, panic_threshold: float
) -> TroubleRun:
    """Put a fleet in trouble for a while: "overload", or the loss of its "dependency".

    `check` is "shallow", through the threads; "port", past them; or "deep", which asks the dependency too.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=_LATENCY)
    proxy = Host(env, "proxy")
    database = Service(env, "database", [Host(env, "database")], lambda host: Work(0.0005))
    hosts = [Host(env, f"host {number}") for number in range(FLEET)]
    make_handler = _handlers(env, network, database.instances[0], check)
    fleet = Service(env, "fleet", hosts, make_handler, threads=10, queue_size_max=5)
    probed = {network.connect(proxy, each, name=each.name): each for each in fleet.instances}
    balancer = Balancer(
        env, probed, policy=RoundRobin(), host=proxy, panic_threshold=panic_threshold, name="fleet"
    )
    # Nothing is done there: work would take its turn on the core, and see the overload.
    ports = {way: HealthPort(instance) for way, instance in probed.items()}
    HealthChecker(
        env,
        balancer,
        settings,
        probed=None if check != "port" else lambda way: network.connect(proxy, ports[way]),  # type: ignore[index]
    )
    rate = USUAL_RATE
    steps = [(0.0, rate), (_START, TOO_MUCH if trouble == "overload" else rate), (_END, rate)]
    if trouble == "dependency":
        FaultPlan(env).at(_START, DependencyOutage(database, "silent"), end=_END)
    patient = Timeout(env, balancer, PATIENCE)
    users = OpenLoop(env, patient, rate=RateSteps(steps), until=DURATION, name="users")
    env.run(until=DURATION + PATIENCE + 1.0)
    return TroubleRun(
        requests=users.table,
        log=env.event_log,
        start=_START,
        end=_END,
        duration=DURATION,
        balancer=balancer,
    )


def _handlers(
    env: Environment, network: Network, database: Instance, check: str
) -> Callable[[Host], Step | Handler]:
    """Make what an instance does: some work, and an optional question to the database."""

    def make_handler(host: Host) -> Step:
        way = Timeout(env, network.connect(host, database), _DATABASE_PATIENCE)
        health: Step = Work(0.001)
        if check == "deep":
            health = in_sequence(health, Dependency(way, name="database"))
        page = in_sequence(
            Work(Exponential(0.1)), Dependency(way, name="database", required=False, fallback=())
        )
        return by_operation({HEALTH: health}, otherwise=page)

    return make_handler
