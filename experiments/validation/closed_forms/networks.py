"""Networks of queues: open and closed ones of product form, and the two-way fork-join queue.

Sources: Jackson, "Jobshop-like Queueing Systems" (1963); Reiser and Lavenberg, "Mean-Value Analysis of Closed
Multichain Queuing Networks" (JACM 1980); Baskett, Chandy, Muntz and Palacios (JACM 1975) for stations with
processor sharing and for think times, where the law does not matter; Flatto and Hahn (1984) and Nelson and
Tantawi (1988) for fork-join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .stability import require_count, require_positive, require_stable


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNetwork:
    """A network with arrivals from outside, in steady state.

    `number_means`: jobs at each station; `sojourn_mean` (s): from entering the network to leaving it.
    """

    number_means: tuple[float, ...]
    sojourn_mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedNetwork:
    """A network with a fixed number of users, in steady state.

    `throughput` (rounds per second), `response_mean` (s, one round without the think time), `number_means`:
    jobs at each station.
    """

    throughput: float
    response_mean: float
    number_means: tuple[float, ...]


def open_network(
    arrival_rates: Sequence[float], routing: Sequence[Sequence[float]], service_rates: Sequence[float]
) -> OpenNetwork:
    """Return the steady state of single-server stations, where `routing[i][j]` is the probability of i -> j.

    What a row of `routing` lacks to 1 is the probability to leave. `arrival_rates` are those from outside.
    """
    outside = np.asarray(arrival_rates, dtype=float)
    flows = np.linalg.solve(np.eye(len(outside)) - np.asarray(routing, dtype=float).T, outside)
    utilisations = flows / np.asarray(service_rates, dtype=float)
    for utilisation in utilisations:
        require_stable(float(utilisation))
    numbers = utilisations / (1.0 - utilisations)
    return OpenNetwork(
        number_means=tuple(numbers.tolist()), sojourn_mean=float(numbers.sum() / outside.sum())
    )


def closed_network(users_count: int, think_time_mean: float, demands: Sequence[float]) -> ClosedNetwork:
    """Return the steady state of `users_count` users who think and then visit single-server stations.

    `demands` are seconds of service per round at each station (visits times service time). By mean value
    analysis, exact: an arrival sees the network as it would be with one user less.
    """
    require_count("users_count", users_count, 1)
    if think_time_mean < 0.0:
        raise ValueError(f"think_time_mean must be >= 0 s, got {think_time_mean!r}")
    for demand in demands:
        require_positive("demand", demand)
    work = np.asarray(demands, dtype=float)
    numbers = np.zeros(len(work))
    throughput, responses = 0.0, work
    for users in range(1, users_count + 1):
        responses = work * (1.0 + numbers)
        throughput = users / (think_time_mean + float(responses.sum()))
        numbers = throughput * responses
    return ClosedNetwork(
        throughput=throughput,
        response_mean=float(responses.sum()),
        number_means=tuple(numbers.tolist()),
    )


def fork_join_sojourn(arrival_rate: float, service_rate: float = 1.0) -> float:
    """Return the mean sojourn (s) where each arrival forks to two M/M/1 stations and waits for both."""
    require_positive("service_rate", service_rate)
    utilisation = arrival_rate / service_rate
    require_stable(utilisation)
    return (12.0 - utilisation) / (8.0 * (1.0 - utilisation)) / service_rate
