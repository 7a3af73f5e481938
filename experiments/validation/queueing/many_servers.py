"""Poisson arrivals to several servers: Erlang's systems, and queues with a limited number of places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from models import Host
from models.services import Instance, Work
from models.workload import OpenLoop
from simulator import Distribution, Environment
from simulator.randomness import Exponential, Hyperexponential

from ..closed_forms import erlang_b, erlang_c, many_servers, wait_mean, wait_percentile
from ..experiment import Claim, TheoryCheck
from .controls import Theory, came_claims, surplus
from .stations import WAITED, Station, Watched, Window, little_ratio, share_above

_EXPONENTIAL = Exponential(1.0)
_VARIABLE = Hyperexponential.from_mean_and_scv(mean=1.0, scv=4.0)

_DELAY = Window(warm_up=100.0, duration=20_000.0)
_LOSS = Window(warm_up=50.0, duration=5_000.0)
LIMITED = Window(warm_up=200.0, duration=20_000.0)
LIMITED_MANY = Window(warm_up=100.0, duration=12_000.0)


def simulate_delay(
    seed: int, effort: float, *, servers: int, rate: float, law: Distribution = _EXPONENTIAL
) -> Sequence[float]:
    """M/G/c on the cores of one host, as `_delay_check` claims it of M/M/c."""
    window = _DELAY.shortened(effort)
    env = Environment(seed=seed)
    station = Station(env, Host(env, "host", cores=servers), law)
    watched = Watched(env, station)
    users = OpenLoop(env, watched, rate=rate)
    window.run(env, watched.gauge.restart, station.arrivals.restart)
    waits = window.sample(station.waits)
    p95, p99 = waits.percentiles([95.0, 99.0])
    seen = (
        share_above(waits.latency, WAITED),
        float(waits.latency.mean()),
        float(p95),
        float(p99),
        watched.gauge.mean(),
    )
    came = station.arrivals.came(window.duration)
    corrected = [
        value - surplus(theory, rate, came) for value, theory in zip(seen, _theories(servers), strict=True)
    ]
    return *corrected, little_ratio(watched, window.sample(users.table)), *came


def _theories(servers: int) -> tuple[Theory, ...]:
    """M/M/c, by rate and mean service time: P(wait), mean, p95 and p99 wait, mean number."""
    return (
        lambda rate, service_mean: erlang_c(servers, rate * service_mean),
        lambda rate, service_mean: wait_mean(servers, rate, 1.0 / service_mean),
        lambda rate, service_mean: wait_percentile(servers, rate, 95.0, 1.0 / service_mean),
        lambda rate, service_mean: wait_percentile(servers, rate, 99.0, 1.0 / service_mean),
        lambda rate, service_mean: rate * (wait_mean(servers, rate, 1.0 / service_mean) + service_mean),
    )


def simulate_limited(
    seed: int, effort: float, *, servers: int, capacity: int, rate: float, law: Distribution, window: Window
) -> Sequence[float]:
    """M/G/c/K as an instance with threads and a bounded queue: share rejected, mean sojourn of the others."""
    window = window.shortened(effort)
    env = Environment(seed=seed)
    instance = Instance(
        env,
        Host(env, "host", cores=servers),
        Work(law),
        threads=servers,
        queue_size_max=capacity - servers,
    )
    users = OpenLoop(env, instance, rate=rate)
    window.run(env)
    accepted = window.sample(users.table, "ok")
    return window.sample(users.table).shares()["rejected"], float(accepted.latency.mean())


def simulate_loss(
    seed: int, effort: float, *, servers: int, rate: float, law: Distribution
) -> Sequence[float]:
    """M/G/c/c: the share rejected."""
    return simulate_limited(
        seed, effort, servers=servers, capacity=servers, rate=rate, law=law, window=_LOSS
    )[:1]


def _delay_check(servers: int, rate: float) -> TheoryCheck:
    waiting, mean, p95, p99, number = (theory(rate, 1.0) for theory in _theories(servers))
    return TheoryCheck(
        name=f"M/M/{servers}, arrival rate {rate:g}",
        group="queueing",
        source="Erlang C; Kleinrock 1975, 3.4",
        claims=(
            Claim("P(wait)", waiting),
            Claim("mean wait", mean, precision=0.07),
            Claim("p95 wait", p95, precision=0.07),
            Claim("p99 wait", p99, precision=0.1),
            Claim("mean number in system", number),
            Claim("L / (lambda W)", 1.0, precision=0.005),
            *came_claims(rate),
        ),
        simulate=partial(simulate_delay, servers=servers, rate=rate),
    )


def _loss_check(law: Distribution, law_name: str) -> TheoryCheck:
    return TheoryCheck(
        name=f"M/G/10/10, arrival rate 8, {law_name} service",
        group="queueing",
        source="Erlang B, for any service law; Kleinrock 1975, 3.6",
        claims=(Claim("P(blocked)", erlang_b(10, 8.0), precision=0.08),),
        simulate=partial(simulate_loss, servers=10, rate=8.0, law=law),
    )


def _limited_check(servers: int, capacity: int, rate: float, window: Window) -> TheoryCheck:
    expected = many_servers(servers, capacity, rate)
    return TheoryCheck(
        name=f"M/M/{servers}/{capacity}, arrival rate {rate:g}",
        group="queueing",
        source="birth-death equations; Kleinrock 1975, 3.5",
        claims=(
            Claim("P(blocked)", expected.blocked_probability, precision=0.06),
            Claim("mean sojourn of accepted", expected.sojourn_mean),
        ),
        simulate=partial(
            simulate_limited, servers=servers, capacity=capacity, rate=rate, law=_EXPONENTIAL, window=window
        ),
    )


CHECKS = (
    _delay_check(10, 8.0),
    _loss_check(_EXPONENTIAL, "exponential"),
    _loss_check(_VARIABLE, "hyperexponential"),
    _limited_check(1, 10, 1.2, LIMITED),
    _limited_check(5, 10, 4.5, LIMITED_MANY),
)
"""M/M/c, Erlang B with two service laws, M/M/1/K and M/M/c/K."""
