"""Capacity against theory: the load up to which M/M/1 and Erlang's loss system hold an SLO is known exactly.

What is to be found closely takes many runs: there the queues are plain recursions without an engine. That the
engine's have the same law is tested elsewhere (test_queueing_checks), and here with less precision.

M/M/1: the sojourn time is exponential with rate mu - lambda, so that p99 <= t up to mu - ln(100) / t.
M/M/c/c: the share lost is Erlang's B, and grows with load.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapreplace
from math import log

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq

from experiments.capacity import HOLDS, Capacity, find_capacity
from experiments.validation.closed_forms import erlang_b
from models import Host, Outcome
from models.requirements import SLO, AvailabilityObjective, Evidence, Judgement, LatencyObjective
from models.services import Instance, Work
from models.workload import OpenLoop, request_table
from simulator import Environment
from simulator.randomness import Exponential

SERVICE_RATE = 10.0
AT_MOST = 1.0
WARM_UP = 20.0

ANSWERED = SLO(name="answered", objectives=(AvailabilityObjective(at_least=0.99),))


def sojourn(percentile: float) -> SLO:
    """Return an SLO for a percentile of the sojourn time."""
    return SLO(name="sojourn", objectives=(LatencyObjective(percentile=percentile, at_most=AT_MOST),))


def sojourn_capacity(percentile: float) -> float:
    """Return the arrival rate up to which one server holds it."""
    return SERVICE_RATE + log(1.0 - percentile / 100.0) / AT_MOST


def station(
    load: float, seed: int, *, slo: SLO, servers: int = 1, places: float = 1e6, duration: float = 200.0
) -> Judgement:
    """Run `servers` exponential servers with `places` to wait in, and judge what came of the requests."""
    env = Environment(seed=seed)
    handler = Work(Exponential(1.0 / SERVICE_RATE))
    host = Host(env, "host", cores=servers)
    server = Instance(env, host, handler, threads=servers, queue_size_max=places, name="server")
    end = WARM_UP + duration
    users = OpenLoop(env, server, rate=load, until=end)
    env.run()
    return slo.judge(Evidence.of_table(users.table, start=WARM_UP, end=end))


Times = npt.NDArray[np.float64]


def recursion(
    ends_of: Callable[[Times, Times], Times], load: float, seed: int, *, slo: SLO, duration: float
) -> Judgement:
    """Judge a queue for which `ends_of` says when requests end that start then and take so long."""
    random = np.random.default_rng(seed)
    end = WARM_UP + duration
    count = random.poisson(load * end)
    starts = np.sort(random.uniform(0.0, end, count))  # so are Poisson arrivals, given how many
    ends = ends_of(starts, random.exponential(1.0 / SERVICE_RATE, count))
    table = request_table()
    table.issued = count
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        table.record(first, last, int(Outcome.OK if last > first else Outcome.REJECTED))
    return slo.judge(Evidence.of_table(table, start=WARM_UP, end=end))


def one_server(starts: Times, services: Times) -> Times:
    """Lindley: a wait is what the walk of services less gaps is above its lowest so far."""
    walk = np.concatenate([[0.0], np.cumsum(services[:-1] - np.diff(starts))])
    ends: Times = starts + walk - np.minimum.accumulate(walk) + services
    return ends


def five_servers_and_no_room(starts: Times, services: Times) -> Times:
    """Who finds nobody free ends at once."""
    free_at, ends = [0.0] * 5, starts.copy()
    for number, (start, service) in enumerate(zip(starts.tolist(), services.tolist(), strict=True)):
        if free_at[0] <= start:
            ends[number] = start + service
            heapreplace(free_at, start + service)
    return ends


def loss_capacity(servers: int, share_lost: float) -> float:
    """Return the arrival rate at which such a share of the requests is lost."""
    offered = brentq(lambda load: erlang_b(servers, load) - share_lost, 0.01, float(servers))
    return float(offered) * SERVICE_RATE


def assert_brackets(capacity: Capacity, expected: float, tolerance: float) -> None:
    assert capacity.is_resolved
    assert capacity.load_low is not None
    assert capacity.load_high is not None
    assert capacity.load_low < expected < capacity.load_high
    assert capacity.load_high - capacity.load_low <= tolerance
    assert capacity.rises == ()
    for step in capacity.steps:
        assert step.verdict != HOLDS or step.load < expected


@pytest.mark.slow
def test_the_capacity_of_one_server_for_the_ninetieth_percentile_of_the_sojourn_time() -> None:
    capacity = find_capacity(
        lambda load, seed: station(load, seed, slo=sojourn(90.0), duration=100.0),
        low=2.0,
        high=10.0,
        tolerance=2.0,
    )
    assert_brackets(capacity, sojourn_capacity(90.0), 2.0)


@pytest.mark.slow
@pytest.mark.parametrize(("percentile", "tolerance"), [(90.0, 0.55), (99.0, 1.1)])
def test_the_capacity_of_one_server_for_a_percentile_closely(percentile: float, tolerance: float) -> None:
    capacity = find_capacity(
        lambda load, seed: recursion(one_server, load, seed, slo=sojourn(percentile), duration=200.0),
        low=2.0,
        high=10.0,
        tolerance=tolerance,
        replications_max=320,
    )
    assert_brackets(capacity, sojourn_capacity(percentile), tolerance)


@pytest.mark.slow
def test_the_capacity_of_a_loss_system_for_one_request_in_a_hundred() -> None:
    capacity = find_capacity(
        lambda load, seed: recursion(five_servers_and_no_room, load, seed, slo=ANSWERED, duration=100.0),
        low=2.0,
        high=22.0,
        tolerance=3.0,
        replications_max=320,
    )
    assert_brackets(capacity, loss_capacity(5, 0.01), 3.0)


@pytest.mark.slow
def test_of_two_objectives_the_stricter_one_decides() -> None:
    """Five servers without a queue: so many are lost above 28.8/s; to be slow they would have to wait."""
    lost = AvailabilityObjective(at_least=0.9)
    slo = SLO(name="both", objectives=(LatencyObjective(percentile=50.0, at_most=AT_MOST), lost))
    capacity = find_capacity(
        lambda load, seed: station(load, seed, slo=slo, servers=5, places=0, duration=50.0),
        low=5.0,
        high=45.0,
        tolerance=10.0,
    )
    assert_brackets(capacity, loss_capacity(5, 0.1), 10.0)
    top = capacity.steps[-1]
    assert top.estimate(slo.objectives[0].name).mean > 0.0 > top.estimate(lost.name).mean
