"""Old information: two choices by what all queues reported at once, once in a period ("bulletin board").

With very many queues this is a fluid: within a period all queues that reported i jobs get requests at one
rate, lambda (s_i^d - s_(i+1)^d) / (s_i - s_(i+1)) each, where s_i is the share that reported at least i, and
each is M/M/1 with that rate until the period ends. What comes out is what is reported next; the fixed point
of that is found by iteration, and its mean number of jobs over the period gives the sojourn by Little's law.

A period of 0 is fresh information, whose limit is known; a period of infinity is worse than a random choice,
which has no period.

Source: Mitzenmacher, "How Useful Is Old Information?" (IEEE TPDS 2000), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from models import Host, Network
from models.balancing import Balancer, LoadReports, PowerOfTwoChoices, ReportedLoad
from models.services import Instance, Work
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck
from ..queueing.stations import Window

LOAD, QUEUES = 0.7, 100
_LEVELS = 40  # of queues; at a load of 0.7 nobody is longer for any period of some service times
_STEP = 0.02  # service times, of the integration
_SETTLED = 1e-9  # what a service time may still change
_BETWEEN = 12  # periods from one extrapolation to the next
# Within 0.07 % of the steady state after 40 s with reports every 5 s, by the equations below from empty.
_WINDOW = Window(warm_up=40.0, duration=500.0)

Table = npt.NDArray[np.float64]


@cache
def reported_choices_sojourn(utilisation: float, period: float, choices_count: int = 2) -> float:
    """Return the mean sojourn, in service times, with reports once in a `period` (service times, > 0).

    Young reports need thousands of periods until nothing changes any more, and in most of these what is left
    shrinks by one and the same ratio. So it is taken away at once, each time that has been so for a while
    (Aitken's extrapolation), until a period changes next to nothing of itself.
    """
    tails: Table = np.power(utilisation, (choices_count ** np.arange(8.0) - 1.0) / (choices_count - 1.0))
    distribution: Table = np.zeros(_LEVELS)
    distribution[:8] = tails - np.append(tails[1:], 0.0)  # with fresh reports
    change: Table = np.ones(_LEVELS)
    number = 0
    while True:
        before, last = distribution, change
        distribution, number_mean = _period(before, utilisation, period, choices_count)
        change = distribution - before
        if float(abs(change).sum()) < _SETTLED * period:
            return number_mean / utilisation
        number += 1
        if number % _BETWEEN == 0:
            ratio = float(change @ last / (last @ last))
            if 0.0 < ratio < 1.0:
                distribution = np.maximum(distribution + change * ratio / (1.0 - ratio), 0.0)
                distribution /= distribution.sum()


def _period(distribution: Table, utilisation: float, period: float, d: int) -> tuple[Table, float]:
    """Return the distribution of queue lengths at the end of a period, and the mean length over it."""
    tails = np.append(np.cumsum(distribution[::-1])[::-1], 0.0)
    reported = np.flatnonzero(tails[:-1] - tails[1:] > 1e-12)  # the others are nobody's
    upper = tails[reported + 1]
    rates = (utilisation * (tails[reported] ** d - upper**d) / (tails[reported] - upper))[:, np.newaxis]
    steps = max(1, round(period / _STEP))
    state = np.diag(distribution)[reported]  # rows: what was reported; columns: what there is
    flow: Table = np.zeros((len(reported), _LEVELS + 1))  # to each length from the one below
    lengths = np.arange(_LEVELS)
    sums = [float((state @ lengths).sum())]
    for _ in range(steps):
        state = _runge_kutta(state, rates, flow, period / steps)
        sums.append(float((state @ lengths).sum()))
    mean = (sum(sums) - (sums[0] + sums[-1]) / 2.0) / steps
    ended = state.sum(axis=0)
    return ended / ended.sum(), mean


def _runge_kutta(state: Table, rates: Table, flow: Table, step: float) -> Table:
    """Fourth order, which for what is linear in the state is Taylor's series up to there."""
    moved = state
    for order in (4, 3, 2, 1):
        # What arrivals and services do per service time; nobody comes to the longest queue there is.
        np.multiply(rates, moved[:, :-1], out=flow[:, 1:-1])
        flow[:, 1:-1] -= moved[:, 1:]
        moved = state + step / order * (flow[:, :-1] - flow[:, 1:])
    return moved


def simulate_old_reports(seed: int, effort: float, *, period: float) -> Sequence[float]:
    """A hundred instances that report all at once: the mean sojourn."""
    window = _WINDOW.shortened(effort)
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    instances = [
        Instance(
            env,
            Host(env, f"host {number}"),
            Work(Exponential(1.0)),
            threads=10_000,
            name=f"instance {number}",
        )
        for number in range(QUEUES)
    ]
    policy = ReportedLoad(PowerOfTwoChoices(replacement=True))
    balancer = Balancer(env, instances, policy=policy, host=Host(env, "edge"))
    LoadReports(network, balancer, interval=period, in_step=True)
    users = OpenLoop(env, balancer, rate=LOAD * QUEUES)
    window.run(env)
    return (float(window.sample(users.table).latency.mean()),)


def _check(period: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"two choices by reports every {period:g} service times, {QUEUES} queues, load {LOAD:g}",
        group="balancing",
        source="Mitzenmacher 2000, the fluid limit of periodic updates, solved numerically",
        claims=(
            Claim(
                "mean sojourn",
                reported_choices_sojourn(LOAD, period),
                bias=0.03,
                note=f"{QUEUES} queues are not infinitely many: of order 1/n",
                precision=0.03,
            ),
        ),
        simulate=partial(simulate_old_reports, period=period),
        replications=10,
    )


CHECKS = (_check(1.0), _check(5.0))
"""Reports that are young, and reports that are old."""
