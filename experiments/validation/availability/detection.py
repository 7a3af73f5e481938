"""Detection: how soon after its crash a silent host is noticed by somebody who asks it regularly.

A health checker sends a probe every T seconds and waits o seconds for its answer; k probes in a row that fail
are a verdict. From a crash at no particular moment it takes T / 2 on average to the next probe, (k - 1) T to
the k-th, and o until that one is given up:

    T / 2 + (k - 1) T + o

Probes do not overlap: where o is longer than T the next one waits until the last has been given up, and it is
(k - 1) o. Where the interval counts from the end of the last probe, as in Envoy and HAProxy, one that fails
is followed by the next after o + T, and it is (k - 1) (T + o).

Messages take no time here; a probe that is on its way when the host crashes fails as well, so that with a
latency of d it would be d less.

Source: elementary; the parameters are those of every health check (Envoy's `interval`, `unhealthy_threshold`,
`timeout`).
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any, Literal

from models import FunctionEndpoint, Host, Network, Request
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.faults import HostCrash
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

CountsFrom = Literal["start", "end"]

_HEALTHY = 3  # probes that are answered before a crash
_AFTERWARDS = 1.0  # s: by then everybody has been found out


def detection(
    seed: int,
    effort: float = 1.0,
    *,
    interval: float,
    strikes: int,
    timeout: float,
    crashes_count: int,
    counts_from: CountsFrom = "start",
) -> tuple[float]:
    """Return the mean time (s) from a crash to the verdict, over `effort` times `crashes_count` crashes.

    Each is of a host of its own, at any moment between two probes.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    moment = env.sampler("crash", Uniform(0.0, interval))
    prober = Host(env, "prober")
    balancer = Balancer(env, [], host=prober)
    settings = HealthCheckSettings(
        interval=interval, timeout=timeout, unhealthy_threshold=strikes, counts_from=counts_from
    )
    HealthChecker(env, balancer, settings)
    crashes: dict[str, float] = {}
    for number in range(max(1, round(effort * crashes_count))):
        host = Host(env, f"host-{number}")
        server = FunctionEndpoint(_answer, host=host, name=host.name)
        balancer.add(network.connect(prober, server, name=host.name))
        crashes[host.name] = _HEALTHY * interval + moment()
        env.call_later(crashes[host.name], HostCrash(host).inject)
    env.run(until=(_HEALTHY + 1) * interval + strikes * (interval + timeout) + _AFTERWARDS)
    delays = [record.time - crashes[record.subject] for record in env.event_log.of_kind("health.down")]
    assert len(delays) == len(crashes), "every host is found out, once"
    return (sum(delays) / len(delays),)


def _answer(request: Request) -> Generator[Any, Any, None]:
    yield from ()  # a handler is a generator, also where nothing takes time


def detection_time_mean(
    interval: float, strikes: int, timeout: float, counts_from: CountsFrom = "start"
) -> float:
    """Return the mean time (s) from a crash to the verdict of `strikes` probes, one each `interval` s."""
    gap = max(interval, timeout) if counts_from == "start" else interval + timeout
    return interval / 2.0 + (strikes - 1) * gap + timeout


def _check(interval: float, strikes: int, timeout: float, counts_from: CountsFrom = "start") -> TheoryCheck:
    since = "" if counts_from == "start" else ", after the last"
    return TheoryCheck(
        name=f"detection by {strikes} strikes, a probe every {interval:g} s{since}, timeout {timeout:g} s",
        group="availability",
        source="elementary: T / 2 + (k - 1) T + o",
        claims=(
            Claim(
                "mean time to detect",
                detection_time_mean(interval, strikes, timeout, counts_from),
                precision=0.03,
            ),
        ),
        simulate=partial(
            detection,
            interval=interval,
            strikes=strikes,
            timeout=timeout,
            counts_from=counts_from,
            crashes_count=300,
        ),
    )


CHECKS = (_check(10.0, 1, 2.0), _check(5.0, 3, 1.0), _check(2.0, 2, 3.0), _check(4.0, 4, 1.0, "end"))
"""One strike, three, probes that are longer than the interval, and Envoy's way to count it."""
