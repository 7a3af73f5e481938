"""Customers who leave when they have waited too long, before their service begins.

Sources: Erlang A after Mandelbaum and Zeltyn, "Service Engineering in Action: The Palm/Erlang-A Queue"
(2007); constant patience after Barrer, "Queuing with Impatient Customers and Indifferent Clerks" (Operations
Research 5, 1957).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1

from .many_servers import erlang_b
from .stability import require_count, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangA:
    """M/M/c+M in steady state.

    Probabilities that an arrival has to wait and that it leaves unserved; `wait_mean` (s) over all arrivals,
    those who leave included.
    """

    wait_probability: float
    abandonment_probability: float
    wait_mean: float


def erlang_a(
    servers_count: int, arrival_rate: float, patience_mean: float, service_rate: float = 1.0
) -> ErlangA:
    """Return the steady state of c servers with exponential patience (mean in s); it has one for any load."""
    require_count("servers_count", servers_count, 1)
    require_positive("arrival_rate", arrival_rate)
    require_positive("patience_mean", patience_mean)
    require_positive("service_rate", service_rate)
    capacity = servers_count * service_rate
    # The mean number of arrivals who find all servers busy, per one who finds the last one free.
    term, crowd, position = 1.0, 1.0, 0
    while term > 1e-17 * crowd:
        position += 1
        term *= arrival_rate / (capacity + position / patience_mean)
        crowd += term
    blocked = erlang_b(servers_count, arrival_rate / service_rate)
    waiting = crowd * blocked / (1.0 + (crowd - 1.0) * blocked)
    utilisation = arrival_rate / capacity
    abandoned = waiting * (1.0 / (utilisation * crowd) + 1.0 - 1.0 / utilisation)
    return ErlangA(
        wait_probability=waiting, abandonment_probability=abandoned, wait_mean=abandoned * patience_mean
    )


def constant_patience_abandonment(arrival_rate: float, patience: float, service_rate: float = 1.0) -> float:
    """Return the share of arrivals at M/M/1 who leave unserved, when all wait `patience` seconds at the most.

    It exists for any load; the load of one is the limit.
    """
    require_positive("arrival_rate", arrival_rate)
    require_positive("patience", patience)
    require_positive("service_rate", service_rate)
    utilisation = arrival_rate / service_rate
    slack = service_rate - arrival_rate
    # Of the virtual wait: no wait has weight 1, a wait up to the patience, and one beyond it.
    within = arrival_rate * (patience if slack == 0.0 else -expm1(-slack * patience) / slack)
    beyond = utilisation * exp(-slack * patience)
    return beyond / (1.0 + within + beyond)
