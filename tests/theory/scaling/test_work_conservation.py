"""A backlog conserves work: what the dead do not do the others do, and it takes n / k as long."""

from __future__ import annotations

from functools import partial

import pytest

from models import Host, Network, Request
from models.instance_groups import ExistingHosts
from models.services import Pause
from models.workers import Backlog, BacklogSettings, WorkerPool
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant

JOBS, WORKERS = 24, 6


def time_to_finish(alive: int, *, die_at: float) -> float:
    """Return when 24 jobs of 1 s are done of six workers of whom all but some die for good at a time."""
    env = Environment(seed=1)
    network = Network(env, latencies=0.0)
    backlog = Backlog(env, Host(env, "broker"), BacklogSettings(visibility=1.75))
    hosts = [Host(env, f"host-{number}") for number in range(WORKERS)]
    for host in hosts[alive:]:
        env.call_later(die_at, host.crash)
    users = Client(env, network.connect(Host(env, "web"), backlog))
    for number in range(JOBS):
        users.issue(Request("job", number))
    WorkerPool(
        env,
        ExistingHosts(hosts),
        partial(network.connect, target=backlog),
        lambda host: Pause(Constant(1.0)),
        size=WORKERS,
    )
    while backlog.statistics().deleted_count < JOBS:
        env.step()
    return env.now


@pytest.mark.parametrize("alive", [1, 2, 3, 4, 6])
def test_batch_takes_n_over_k_times_as_long_where_k_of_n_are_alive(alive: int) -> None:
    everybody = time_to_finish(WORKERS, die_at=0.0)
    assert everybody == pytest.approx(JOBS / WORKERS)
    assert time_to_finish(alive, die_at=0.0) == pytest.approx(everybody * WORKERS / alive)


@pytest.mark.parametrize("alive", [1, 2, 3])
def test_jobs_of_those_who_die_at_work_are_done_by_the_others_when_they_come_back(alive: int) -> None:
    # Two rounds are done; of the third, that of the dead comes back at 3.75 s, before the others have nothing
    # else to do.
    assert time_to_finish(alive, die_at=2.5) == pytest.approx(2.0 + (JOBS - 2 * WORKERS) / alive)
