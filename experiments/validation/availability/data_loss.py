"""Replicas that fail and are repaired from each other: the mean time until all are down, and data is lost.

From k down of n to k + 1 it takes on average h(k) = 1 / f(k) + r(k) / f(k) h(k - 1), where f(k) = (n - k) /
MTTF and r(k) = min(k, repairers) / MTTR; the sum of all h is the mean time to data loss. For a mirror that is
(3 l + m) / (2 l^2) with l = 1 / MTTF and m = 1 / MTTR.

Times are exponential and repair begins at once, if there is a repairer; it does not fail, and there are no
latent errors, which in life are what mirrors die of.

Source: Patterson, Gibson, Katz, "A Case for Redundant Arrays of Inexpensive Disks (RAID)" (SIGMOD 1988); the
chain: Trivedi, 2nd ed. 2002, 8.5.
"""

from __future__ import annotations

from functools import partial
from math import inf

from models import Host
from models.faults import HostCrash
from models.faults.chaos import Chaos
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

REPLICATIONS = 40


def data_loss(
    seed: int,
    effort: float = 1.0,
    *,
    replicas_count: int,
    mttf: float,
    mttr: float,
    repairers: float = inf,
    lives_count: int,
) -> tuple[float]:
    """Return the mean time (s) until all replicas are down at once, over `effort` times `lives_count` lives.

    Each begins with all of them up.
    """
    lives_count = max(1, round(effort * lives_count))
    times = [_life(seed, life, replicas_count, mttf, mttr, repairers) for life in range(lives_count)]
    return (sum(times) / lives_count,)


def _life(seed: int, number: int, replicas_count: int, mttf: float, mttr: float, repairers: float) -> float:
    env = Environment(seed=seed)
    chaos = Chaos(
        env,
        [HostCrash(Host(env, f"replica-{replica}")) for replica in range(replicas_count)],
        between=Exponential(mttf),
        repair=Exponential(mttr),
        repairers=repairers,
        name=f"life {number}",  # and so streams of its own
    )
    while chaos.down_count < replicas_count:
        env.step()
    return env.now


def time_to_data_loss_mean(replicas_count: int, mttf: float, mttr: float, *, repairers: float = inf) -> float:
    """Return the mean time (s) from all replicas up to all down; `mttf` and `mttr` are means in seconds."""
    total = step = 0.0
    for down_count in range(replicas_count):
        failure_rate = (replicas_count - down_count) / mttf
        repair_rate = min(down_count, repairers) / mttr
        step = (1.0 + repair_rate * step) / failure_rate
        total += step
    return total


def _check(
    name: str, replicas_count: int, mttf: float, mttr: float, repairers: float = inf, *, lives_count: int
) -> TheoryCheck:
    return TheoryCheck(
        name=f"data loss, {name}, MTTF {mttf:g}, MTTR {mttr:g}",
        group="availability",
        source="birth-death chain, first passage (RAID, 1988; Trivedi 8.5)",
        claims=(
            Claim(
                "mean time to data loss",
                time_to_data_loss_mean(replicas_count, mttf, mttr, repairers=repairers),
                precision=0.15,
            ),
        ),
        simulate=partial(
            data_loss,
            replicas_count=replicas_count,
            mttf=mttf,
            mttr=mttr,
            repairers=repairers,
            lives_count=lives_count,
        ),
        replications=REPLICATIONS,
    )


CHECKS = (
    _check("mirror", 2, 100.0, 10.0, lives_count=70),
    _check("three replicas", 3, 10.0, 1.0, lives_count=70),
    _check("three replicas and one repairer", 3, 10.0, 1.0, 1, lives_count=70),
)
"""A mirror, and three replicas with a repairer each and with one for all."""
