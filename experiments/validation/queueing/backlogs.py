"""Jobs that wait in a backlog until workers fetch them: one queue for all; second chances after a timeout.

- Workers that poll and wait, over a network that takes no time, leave nobody waiting while one of them is
  idle: c workers are the c servers of M/M/c, and the visible messages its queue.
- A job that fails with probability p, and whose message is then left to its visibility timeout V, is received
  1 / (1 - p) times, and with workers enough is done after S + V p / (1 - p): each failure costs V from when
  it was received, whatever it took. With at most r receives a share p^r are dead letters.
- A worker that lives for an exponential time, of rate a, is dead before a job of S is done with probability
  1 - exp(-a S), and the job is begun exp(a S) times on average. That it died is noticed by nobody: the job
  waits for V all the same, and is done after S + V (exp(a S) - 1).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from math import exp, inf
from typing import Any

from models import Host, Network, Request, ServerError
from models.instance_groups import ExistingHosts
from models.services import Instance
from models.workers import Backlog, BacklogSettings, WorkerPool, WorkerSettings
from models.workload import OpenLoop, request_table
from simulator import PARKED, Environment
from simulator.randomness import Exponential, Uniform

from ..closed_forms import erlang_c, wait_mean
from ..experiment import Claim, TheoryCheck
from .controls import Arrivals, Theory, came_claims, surplus
from .stations import WAITED, Window, share_above

_POOL = Window(warm_up=100.0, duration=5_000.0, duration_min=400.0)
# Jobs for which there are workers enough do not feel each other: what a run begins with is soon forgotten.
_DYING = Window(warm_up=10.0, duration=1_500.0, duration_min=300.0)
_ATTEMPTS = 15
"""More than a job needs, unless one time in a million: each fails with a probability of 0.4 or less."""
_RETRIED = Window(warm_up=10.0, duration=1_500.0, duration_min=300.0)


def simulate_pool(seed: int, effort: float, *, workers: int, rate: float) -> Sequence[float]:
    """M/M/c as a pool at a backlog: P(wait), mean wait, mean number in queue and at work, Little's ratio.

    The first four are corrected for what came.
    """
    window = _POOL.shortened(effort)
    env = Environment(seed=seed)
    waits, draw = request_table(), env.sampler("demand", Exponential(1.0))
    arrivals = Arrivals()
    demands: dict[float, float] = {}

    def come() -> float:
        arrivals.add(demands.setdefault(env.now, draw()))
        return env.now

    def work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        waits.record(request.key, env.now, 0)
        yield demands.pop(request.key)

    backlog = _with_pool(env, BacklogSettings(visibility=40_000.0), work, workers, rate, come)
    window.run(env, backlog.visible.restart, backlog.in_flight.restart, arrivals.restart)
    sample = window.sample(waits)
    wait = float(sample.latency.mean())
    queue = backlog.visible.mean()
    seen = (share_above(sample.latency, WAITED), wait, queue, backlog.in_flight.mean())
    came = arrivals.came(window.duration)
    corrected = [
        value - surplus(theory, rate, came)
        for value, theory in zip(seen, _pool_theories(workers), strict=True)
    ]
    return *corrected, queue / (sample.throughput * wait), *came


def _pool_theories(workers: int) -> tuple[Theory, ...]:
    """M/M/c, by rate and mean service time: P(wait), mean wait, mean number in queue and at work."""
    return (
        lambda rate, service_mean: erlang_c(workers, rate * service_mean),
        lambda rate, service_mean: wait_mean(workers, rate, 1.0 / service_mean),
        lambda rate, service_mean: rate * wait_mean(workers, rate, 1.0 / service_mean),
        lambda rate, service_mean: rate * service_mean,
    )


def simulate_second_chances(
    seed: int, effort: float, *, failure: float, timeout: float, receives: int
) -> Sequence[float]:
    """Jobs of 1 s that fail at its end, and workers enough: receives, time until done, share of dead."""
    window = _RETRIED.shortened(effort)
    env = Environment(seed=seed)
    uniform = env.sampler("failure", Uniform(0.0, 1.0))
    attempts: dict[float, int] = {}
    done: dict[float, float] = {}

    def work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        attempts[request.key] = attempts.get(request.key, 0) + 1
        yield 1.0
        if uniform() < failure:
            raise ServerError("by chance")
        done[request.key] = env.now

    rules = BacklogSettings(visibility=timeout, receives_max=receives)
    # None is sent so late that its end may lie outside.
    latest = window.end - receives * (timeout + 1.0)
    backlog = _with_pool(env, rules, work, 30, 2.0, lambda: env.now, until=latest)  # each at its own instant
    window.run(env)
    sent = [at for at in attempts if window.warm_up <= at]
    latencies = [done[at] - at for at in sent if at in done]
    assert backlog.statistics().lost_count == 0
    return (
        sum(attempts[at] for at in sent) / len(sent),
        sum(latencies) / len(latencies),
        1.0 - len(latencies) / len(sent),
    )


def simulate_crashing_workers(
    seed: int, effort: float, *, death_rate: float, timeout: float
) -> Sequence[float]:
    """Jobs of 1 s, workers enough that may die at them: receives, share received once, time until done."""
    window = _DYING.shortened(effort)
    env = Environment(seed=seed)
    lifetimes = env.sampler("lifetime", Exponential(1.0 / death_rate))
    attempts: dict[float, int] = {}
    done: dict[float, float] = {}

    def work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        attempts[request.key] = attempts.get(request.key, 0) + 1
        lifetime = lifetimes()
        if lifetime < 1.0:
            yield lifetime
            instance.crash()
            yield PARKED
        yield 1.0
        done[request.key] = env.now

    latest = window.end - _ATTEMPTS * timeout
    rules = BacklogSettings(visibility=timeout)
    backlog = _with_pool(env, rules, work, 30, 2.0, lambda: env.now, until=latest)
    window.run(env)
    sent = [at for at in attempts if window.warm_up <= at]
    assert backlog.statistics().lost_count == 0
    return (
        sum(attempts[at] for at in sent) / len(sent),
        sum(attempts[at] == 1 for at in sent) / len(sent),
        sum(done[at] - at for at in sent) / len(sent),
    )


def _with_pool(
    env: Environment,
    rules: BacklogSettings,
    work: Any,
    workers: int,
    rate: float,
    keys: Any,
    *,
    until: float = inf,
) -> Backlog:
    """Return a backlog to which users send jobs `until` then, and for which workers come, in no time."""
    network = Network(env, latencies=0.0)
    broker = Host(env, "broker")
    graveyard = Backlog(env, broker, name="dead letters") if rules.receives_max < inf else None
    backlog = Backlog(env, broker, rules, dead_letters=graveyard)
    hosts = ExistingHosts([Host(env, f"host-{number}") for number in range(workers)])
    connect = partial(network.connect, target=backlog)
    settings = WorkerSettings(wait=10_000.0)  # a poll that has waited in vain begins anew: seldom
    WorkerPool(env, hosts, connect, lambda host: work, size=workers, settings=settings)
    OpenLoop(env, network.connect(Host(env, "web"), backlog), rate=rate, until=until, keys=keys)
    return backlog


def _pool_check(workers: int, rate: float) -> TheoryCheck:
    waiting, wait, visible, in_flight = (theory(rate, 1.0) for theory in _pool_theories(workers))
    return TheoryCheck(
        name=f"{workers} workers at a backlog, arrival rate {rate:g}",
        group="queueing",
        source="Erlang C; Kleinrock 1975, 3.4",
        claims=(
            Claim("P(wait)", waiting, precision=0.1),
            Claim("mean wait", wait, precision=0.2),
            Claim("mean number visible", visible, precision=0.2),
            Claim("mean number in flight", in_flight),
            Claim("visible / (lambda W)", 1.0, precision=0.01),
            *came_claims(rate, precision=0.03),
        ),
        simulate=partial(simulate_pool, workers=workers, rate=rate),
    )


def _second_chances_check(failure: float, timeout: float, receives: int) -> TheoryCheck:
    # Of those that are done, the n-th receive was the one with probability p^(n - 1) (1 - p) / (1 - p^r).
    done = 1.0 - failure**receives
    failures = sum(n * failure**n * (1.0 - failure) for n in range(receives)) / done
    return TheoryCheck(
        name=f"{receives} receives, {timeout:g} s apart, of jobs that fail with probability {failure:g}",
        group="queueing",
        source="elementary: truncated geometric",
        claims=(
            Claim("receives per job", done / (1.0 - failure)),
            Claim("mean time until done", 1.0 + failures * timeout),
            Claim("share of dead letters", failure**receives, precision=0.1),
        ),
        simulate=partial(simulate_second_chances, failure=failure, timeout=timeout, receives=receives),
    )


def _crashing_workers_check(death_rate: float, timeout: float) -> TheoryCheck:
    receives = exp(death_rate)
    return TheoryCheck(
        name=f"workers that die at a rate of {death_rate:g} while they do jobs of 1 s, {timeout:g} s apart",
        group="queueing",
        source="elementary: geometric",
        claims=(
            Claim("receives per job", receives),
            Claim("share received once", exp(-death_rate)),
            Claim("mean time until done", 1.0 + timeout * (receives - 1.0)),
        ),
        simulate=partial(simulate_crashing_workers, death_rate=death_rate, timeout=timeout),
    )


CHECKS = (_pool_check(3, 2.1), _second_chances_check(0.5, 5.0, 3), _crashing_workers_check(0.5, 5.0))
"""A pool that is busy; jobs every other attempt at which fails; and workers that die at every third job."""
