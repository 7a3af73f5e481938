"""Detection: how soon after its crash a silent host is noticed by somebody who asks it regularly.

A probe is sent every T seconds and waits o seconds for its answer; k probes in a row that fail are a
verdict. From a crash at no particular moment it takes T / 2 on average to the next probe, (k - 1) T to the
k-th, and o until that one is given up:

    T / 2 + (k - 1) T + o

Messages take no time here; a probe that is on its way when the host crashes fails as well, so that with a
latency of d it would be d less. Strikes are counted by a breaker that opens after k failures in a row.

Source: elementary; the parameters are those of every health check (Envoy's `interval`, `unhealthy_threshold`,
`timeout`).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from typing import Any

from models import CallFailed, FunctionEndpoint, Host, Network, Request
from models.faults import HostCrash
from models.resilience import BreakerState, CircuitBreaker, Timeout, consecutive_failures
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

_PROBE = Request("health")
_HEALTHY = 3  # probes that are answered before a crash


def detection(
    seed: int, effort: float = 1.0, *, interval: float, strikes: int, timeout: float, crashes_count: int
) -> tuple[float]:
    """Return the mean time (s) from a crash to the verdict, over `effort` times `crashes_count` crashes.

    Each is of a host of its own, at any moment between two probes.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    moment = env.sampler("crash", Uniform(0.0, interval))
    prober = Host(env, "prober")
    crashes: dict[str, float] = {}
    for number in range(max(1, round(effort * crashes_count))):
        host = Host(env, f"host-{number}")
        way = network.connect(prober, FunctionEndpoint(_answer, host=host, name=host.name))
        breaker = CircuitBreaker(
            env, Timeout(env, way, timeout), consecutive_failures(strikes), name=host.name
        )
        env.process(_probe(env, breaker, interval))
        crashes[host.name] = _HEALTHY * interval + moment()
        env.call_later(crashes[host.name], HostCrash(host).inject)
    env.run()
    delays = [record.time - crashes[record.subject] for record in env.event_log.of_kind("breaker.open")]
    assert len(delays) == len(crashes), "every host is found out, once"
    return (sum(delays) / len(delays),)


def _answer(request: Request) -> Generator[Any, Any, None]:
    yield from ()  # a handler is a generator, also where nothing takes time


def _probe(env: Environment, breaker: CircuitBreaker, interval: float) -> Generator[Any, Any, None]:
    """Send a probe every `interval` seconds, until there is a verdict."""
    while breaker.state is BreakerState.CLOSED:
        env.process(_ask(breaker))
        yield interval


def _ask(breaker: CircuitBreaker) -> Generator[Any, Any, None]:
    with suppress(CallFailed):
        yield from breaker.call(_PROBE)


def detection_time_mean(interval: float, strikes: int, timeout: float) -> float:
    """Return the mean time (s) from a crash to the verdict of `strikes` probes, one each `interval` s."""
    return interval / 2.0 + (strikes - 1) * interval + timeout


def _check(interval: float, strikes: int, timeout: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"detection by {strikes} strikes, a probe every {interval:g} s, timeout {timeout:g} s",
        group="availability",
        source="elementary: T / 2 + (k - 1) T + o",
        claims=(
            Claim("mean time to detect", detection_time_mean(interval, strikes, timeout), precision=0.03),
        ),
        simulate=partial(detection, interval=interval, strikes=strikes, timeout=timeout, crashes_count=300),
    )


CHECKS = (_check(10.0, 1, 2.0), _check(5.0, 3, 1.0), _check(2.0, 2, 3.0))
"""One strike, three, and probes that are still waited for when the next is sent."""
