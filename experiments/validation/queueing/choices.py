"""A balancer that compares queues: power of two choices among a hundred, and the shorter of two.

A hundred queues differ from infinitely many by less than one percent, and it takes narrow intervals to see
that. The mean sojourn of two choices is therefore corrected for the requests and the work that happened to
come, by the slopes of the expected mean (control variates; Law, "Simulation Modeling and Analysis", 5th ed.,
11.4). Its expectation stays what it is, whatever the slopes, as long as rate and service are what they should
be: two claims of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from models import Host
from models.balancing import Balancer, LeastOutstanding, Policy, PowerOfTwoChoices
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..closed_forms import (
    power_of_choices_sojourn,
    shorter_of_two_queues_sojourn,
    two_choices_sojourn,
)
from ..experiment import Claim, TheoryCheck
from .stations import Station, Window

_LOAD, _QUEUES = 0.7, 100
_SHORTER_LOAD = 0.8

# Within 0.11 % of the steady state after 25 s (fluid limit, from empty): in the mean of a tenth of the window
# that is less than 0.01 %.
_MANY = Window(warm_up=25.0, duration=900.0)
_TWO = Window(warm_up=500.0, duration=25_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """One run: the mean sojourn, requests per queue and second, and work (s) per request."""

    sojourn_mean: float
    rate: float
    work_mean: float


def balanced(
    seed: int, effort: float, *, queues_count: int, load: float, policy: Policy, window: Window
) -> Balanced:
    """Single-core hosts behind a balancer."""
    window = window.shortened(effort)
    env = Environment(seed=seed)
    hosts = [Host(env, f"host {number}") for number in range(queues_count)]
    stations = [
        Station(env, host, Exponential(1.0), f"station {number}") for number, host in enumerate(hosts)
    ]
    users = OpenLoop(env, Balancer(env, stations, policy=policy), rate=load * queues_count)
    totals: list[tuple[int, float]] = []
    window.run(env, lambda: totals.append(_totals(hosts)))
    totals.append(_totals(hosts))
    (count_before, work_before), (count, work) = totals
    return Balanced(
        sojourn_mean=float(window.sample(users.table).latency.mean()),
        rate=(count - count_before) / (queues_count * window.duration),
        work_mean=(work - work_before) / (count - count_before),
    )


def _totals(hosts: Sequence[Host]) -> tuple[int, float]:
    done = [host.statistics() for host in hosts]
    return sum(each.completed_count for each in done), sum(each.work_done for each in done)


def simulate_two_choices(seed: int, effort: float, *, replacement: bool) -> Sequence[float]:
    """A hundred queues: the mean sojourn, corrected as said above, the rate, and the work per request."""
    policy = PowerOfTwoChoices(replacement=replacement)
    found = balanced(seed, effort, queues_count=_QUEUES, load=_LOAD, policy=policy, window=_MANY)
    expected, slope = _expected_and_slope(replacement)
    # The sojourn is E[S] f(load), with the load lambda E[S]: its slopes in lambda and in E[S].
    surplus = slope * (found.rate - _LOAD) + (expected + slope * _LOAD) * (found.work_mean - 1.0)
    return found.sojourn_mean - surplus, found.rate, found.work_mean


@cache
def _expected_and_slope(replacement: bool) -> tuple[float, float]:
    step = 0.01
    expected, further = (
        two_choices_sojourn(load, _QUEUES, replacement=replacement) for load in (_LOAD, _LOAD + step)
    )
    return expected, (further - expected) / step


def simulate_shorter_queue(seed: int, effort: float) -> Sequence[float]:
    """Two queues: the mean sojourn."""
    found = balanced(seed, effort, queues_count=2, load=_SHORTER_LOAD, policy=LeastOutstanding(), window=_TWO)
    return (found.sojourn_mean,)


def _two_choices_check(*, replacement: bool) -> TheoryCheck:
    expected = two_choices_sojourn(_LOAD, _QUEUES, replacement=replacement)
    limit = power_of_choices_sojourn(_LOAD, 2)
    drawn = "with" if replacement else "without"
    return TheoryCheck(
        name=f"two choices among {_QUEUES} queues, drawn {drawn} replacement, load {_LOAD:g}",
        group="queueing",
        source="Mitzenmacher 1996 for n to infinity; Gast and Van Houdt 2018 for its 1/n correction",
        claims=(
            Claim(
                "mean sojourn",
                expected,
                bias=0.0005,
                note=f"{limit:.5f} for n to infinity; what the expansion in 1/n leaves out is of order 1/n^2",
                precision=0.007,
            ),
            Claim("requests per queue and second", _LOAD, precision=0.02),
            Claim("work per request", 1.0, precision=0.02),
        ),
        simulate=partial(simulate_two_choices, replacement=replacement),
    )


def _shorter_queue_check() -> TheoryCheck:
    return TheoryCheck(
        name=f"join the shorter of two queues, load {_SHORTER_LOAD:g}",
        group="queueing",
        source="balance equations of the two queues, solved numerically",
        claims=(Claim("mean sojourn", shorter_of_two_queues_sojourn(_SHORTER_LOAD), precision=0.07),),
        simulate=simulate_shorter_queue,
    )


CHECKS = (
    _two_choices_check(replacement=True),
    _two_choices_check(replacement=False),
    _shorter_queue_check(),
)
"""Two choices with and without replacement, and two queues."""
