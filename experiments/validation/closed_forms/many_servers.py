"""Poisson arrivals to c equal servers: Erlang's formulas, and a limited number of places.

Source: Kleinrock, "Queueing Systems", volume 1 (1975), sections 3.4 to 3.6; Erlang B by its stable recursion.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from .stability import require_count, require_positive, require_stable


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyServers:
    """M/M/c/K in steady state.

    `blocked_probability` is that an arrival finds all K places taken, `number_mean` the jobs in the system,
    `sojourn_mean` the time (s) that the accepted ones spend there, `wait_mean` what of it they wait.
    """

    blocked_probability: float
    number_mean: float
    sojourn_mean: float
    wait_mean: float


def erlang_b(servers_count: int, offered_load: float) -> float:
    """Return the probability that an arrival is lost where nobody may wait; holds for any service law."""
    require_count("servers_count", servers_count, 1)
    require_positive("offered_load", offered_load)
    blocked = 1.0
    for servers in range(1, servers_count + 1):
        blocked = offered_load * blocked / (servers + offered_load * blocked)
    return blocked


def erlang_c(servers_count: int, offered_load: float) -> float:
    """Return the probability that an arrival has to wait, for exponential service; offered load < servers."""
    blocked = erlang_b(servers_count, offered_load)
    utilisation = offered_load / servers_count
    require_stable(utilisation)
    return blocked / (1.0 - utilisation * (1.0 - blocked))


def wait_mean(servers_count: int, arrival_rate: float, service_rate: float = 1.0) -> float:
    """Return the mean wait (s) of M/M/c, those who do not wait included."""
    waiting = erlang_c(servers_count, arrival_rate / service_rate)
    return waiting / (servers_count * service_rate - arrival_rate)


def wait_percentile(
    servers_count: int, arrival_rate: float, percent: float, service_rate: float = 1.0
) -> float:
    """Return the wait (s) that `percent` (in [0, 100)) of the arrivals at M/M/c do not exceed.

    Given that there is a wait it is exponential, with rate c mu - lambda.
    """
    if not 0.0 <= percent < 100.0:
        raise ValueError(f"percent must be in [0, 100), got {percent!r}")
    waiting = erlang_c(servers_count, arrival_rate / service_rate)
    excess = log(waiting / (1.0 - percent / 100.0)) / (servers_count * service_rate - arrival_rate)
    return max(0.0, excess)


def many_servers(
    servers_count: int, capacity: int, arrival_rate: float, service_rate: float = 1.0
) -> ManyServers:
    """Return the steady state of M/M/c/K: `capacity` jobs (>= servers) are in the system at the most.

    It has one for any load, above the servers' capacity too.
    """
    require_count("servers_count", servers_count, 1)
    require_count("capacity", capacity, servers_count)
    require_positive("arrival_rate", arrival_rate)
    require_positive("service_rate", service_rate)
    weights = [1.0]
    for number in range(1, capacity + 1):
        weights.append(weights[-1] * arrival_rate / (min(number, servers_count) * service_rate))
    total = sum(weights)
    blocked = weights[-1] / total
    number_mean = sum(number * weight for number, weight in enumerate(weights)) / total
    sojourn = number_mean / (arrival_rate * (1.0 - blocked))
    return ManyServers(
        blocked_probability=blocked,
        number_mean=number_mean,
        sojourn_mean=sojourn,
        wait_mean=sojourn - 1.0 / service_rate,
    )
