"""Random systems under random faults keep the invariants, and run empty once faults and load have stopped."""

from __future__ import annotations

import pytest

from models.resilience import Outbox
from models.services import Instance

from .invariants import check_client, check_counts, check_empty, check_host, check_log
from .random_systems import LOAD_END, System


def check(system: System) -> None:
    check_log(system.env)
    for client in system.clients:
        check_client(client)
    for endpoint in system.endpoints:
        check_counts(endpoint)
    for host in system.hosts:
        check_host(host)


def check_that_it_keeps_the_invariants_and_runs_empty(seed: int) -> None:
    system = System(seed)
    for moment in range(1, int(LOAD_END) + 1):
        system.run(until=float(moment))
        check(system)
    # A message that TCP has lost is sent again after up to two minutes, and is given up after a quarter of an
    # hour.
    system.run(until=2_000.0)
    for endpoint in system.endpoints:
        if isinstance(endpoint, Outbox):
            assert endpoint.statistics().backlog.value == 0
            for worker in endpoint._running:
                worker.cancel()
    system.run(until=2_001.0)
    check(system)
    for client in system.clients:
        assert client.issued == sum(client.table.counts().values()) > 0
    # What a partition, or a crash while it was down, has cut off waits for ever only where no time limit
    # reaches it.
    check_empty(system.env, system.clients, system.endpoints, system.hosts)


@pytest.mark.parametrize("seed", range(12))
def test_random_system_keeps_the_invariants_and_runs_empty(seed: int) -> None:
    check_that_it_keeps_the_invariants_and_runs_empty(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 90))
def test_more_random_systems_keep_the_invariants_and_run_empty(seed: int) -> None:
    check_that_it_keeps_the_invariants_and_runs_empty(seed)


@pytest.mark.parametrize("seed", range(3))
def test_littles_law_holds_for_every_queue_and_utilisation_is_work_over_capacity(seed: int) -> None:
    system = System(seed)
    env = system.env
    instances = [endpoint for endpoint in system.endpoints if isinstance(endpoint, Instance)]
    in_flight = [0.0] * len(system.clients)
    waiting = [0.0] * len(instances)
    busy = [0.0] * len(system.hosts)
    while env.peek() < LOAD_END + 30.0:
        elapsed = env.peek() - env.now
        assert elapsed >= 0.0
        if elapsed:
            for index, client in enumerate(system.clients):
                in_flight[index] += elapsed * client.in_flight
            for index, instance in enumerate(instances):
                waiting[index] += elapsed * instance.statistics().waiting_count
            for index, host in enumerate(system.hosts):
                busy[index] += elapsed * host.statistics().running_count
        env.step()
    for client, area in zip(system.clients, in_flight, strict=True):
        assert client.in_flight == 0
        assert area == pytest.approx(client.table.latencies().sum())
    for instance, area in zip(instances, waiting, strict=True):
        # Those who left the queue without a thread have waited too.
        assert area >= instance.statistics().waiting_time - 1e-6
        if not instance.statistics().aborted_count:
            assert area == pytest.approx(instance.statistics().waiting_time)
    for host, area in zip(system.hosts, busy, strict=True):
        assert area == pytest.approx(host.statistics().busy_time)
        assert host.statistics().utilisation == pytest.approx(area / (env.now * host.cores))
