"""k of n hosts that fail and are repaired: shares of time by how many are down.

With a repairer for each, hosts are independent, each down for a share MTTR / (MTTF + MTTR), whatever the laws
of both times: the number down is binomial. With fewer repairers, or a limit on how many may be down, and
exponential times, it is a birth-death chain: with k down of n, (n - k) / MTTF fail per second, and min(k,
repairers) / MTTR are repaired; at the limit nobody fails.

Source: Trivedi, "Probability and Statistics with Reliability, Queuing, and Computer Science Applications"
(2nd ed. 2002), 6.6 (alternating renewal) and 8.2 (birth-death; machine repair).
"""

from __future__ import annotations

from functools import partial
from math import inf

from models import Host
from models.faults import HostCrash
from models.faults.chaos import Chaos
from simulator import Environment
from simulator.randomness import Distribution, Erlang, Exponential, LogNormal

from ..experiment import Claim, TheoryCheck
from .watching import shares_by_down_count


def redundancy(
    seed: int,
    effort: float = 1.0,
    *,
    hosts_count: int,
    needed_count: int,
    between: Distribution,
    repair: Distribution,
    repairers: float = inf,
    down_max: float = inf,
    duration: float,
) -> tuple[float]:
    """Return the share of time with fewer than `needed_count` of `hosts_count` hosts up.

    Watched for `effort` times `duration` seconds; the first 20 times to failure or repair, whichever are
    longer, are left out.
    """
    env = Environment(seed=seed)
    hosts = [Host(env, f"host-{number}") for number in range(hosts_count)]
    Chaos(
        env,
        [HostCrash(host) for host in hosts],
        between=between,
        repair=repair,
        repairers=repairers,
        down_max=down_max,
    )
    warm_up = 20.0 * max(between.mean, repair.mean)
    until = warm_up + effort * duration
    env.run(until=until)
    shares = shares_by_down_count(env.event_log, hosts_count, warm_up, until)
    return (sum(shares[hosts_count - needed_count + 1 :]),)


def down_probabilities(
    hosts_count: int, mttf: float, mttr: float, *, repairers: float = inf, down_max: float = inf
) -> list[float]:
    """Return the probability that 0, 1, ..., `hosts_count` hosts are down; mean times in seconds.

    Exact for exponential times, and for any laws where neither repairers nor hosts down are limited.
    """
    weights = [1.0]
    for down_count in range(1, hosts_count + 1):
        failures = (hosts_count - down_count + 1) / mttf if down_count <= down_max else 0.0
        weights.append(weights[-1] * failures * mttr / min(down_count, repairers))
    total = sum(weights)
    return [weight / total for weight in weights]


MTTF, MTTR = 4.0, 1.0
DURATION = 2_000.0
REPLICATIONS = 40


def _check(
    name: str,
    needed_count: int,
    *,
    hosts_count: int = 5,
    between: Distribution | None = None,
    repair: Distribution | None = None,
    repairers: float = inf,
    down_max: float = inf,
    source: str,
) -> TheoryCheck:
    expected = down_probabilities(hosts_count, MTTF, MTTR, repairers=repairers, down_max=down_max)
    return TheoryCheck(
        name=f"{name}: {needed_count} of {hosts_count} hosts needed, MTTF {MTTF:g}, MTTR {MTTR:g}",
        group="availability",
        source=source,
        claims=(Claim("unavailability", sum(expected[hosts_count - needed_count + 1 :]), precision=0.1),),
        simulate=partial(
            redundancy,
            hosts_count=hosts_count,
            needed_count=needed_count,
            between=Exponential(MTTF) if between is None else between,
            repair=Exponential(MTTR) if repair is None else repair,
            repairers=repairers,
            down_max=down_max,
            duration=DURATION,
        ),
        replications=REPLICATIONS,
    )


CHECKS = (
    _check("a repairer each", 3, source="binomial with MTTR / (MTTF + MTTR)"),
    _check(
        "a repairer each, lognormal repair",
        3,
        between=Erlang(shape=2, mean=MTTF),
        repair=LogNormal(mean=MTTR, standard_deviation=MTTR),
        source="binomial, whatever the laws (Trivedi 6.6)",
    ),
    _check("one repairer", 3, repairers=1, source="machine repair (Trivedi 8.2)"),
    _check("two repairers", 3, repairers=2, source="machine repair (Trivedi 8.2)"),
    _check("at most two down", 4, down_max=2, source="binomial, cut off at 2"),
)
"""Parallel repair twice, one and two repairers, and a limit on how many are down."""
