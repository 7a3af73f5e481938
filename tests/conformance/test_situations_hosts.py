"""What callers see of racks, quotas and pools of hosts, to the instant, over a link of 10 ms; what is left.

The server works 1 s for each request, if nothing else is said.
"""

from __future__ import annotations

import pytest

from models import Host
from models.faults import Fault, FaultPlan, HostCrash, NetworkOutage, PowerOutage, ProcessCrash, SlowHost
from models.infrastructure import CpuQuota, HostPool, HostType, Rack, Resources, Zone
from models.outcome import Outcome
from models.resilience import Timeout
from models.services import Instance, Service, Work
from models.workload import Client

from .invariants import check_always, check_drained
from .world import ONE_WAY, World

OK, LOST, REFUSED, TIMED_OUT = Outcome.OK, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.TIMED_OUT
Ends = list[tuple[float, Outcome]]


def ends_of(client: Client) -> Ends:
    """When each call ended, and how, in that order."""
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-9), Outcome(outcome))
        for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
    ]


# -- racks


@pytest.mark.parametrize("lost", ["power", "network"])
def test_a_rack_is_lost_and_the_other_rack_of_its_zone_answers(lost: str) -> None:
    world = World()
    zone = Zone("zone")
    racks = [Rack("rack 1", zone), Rack("rack 2", zone)]
    hosts = [Host(world.env, f"host {number}", rack=rack) for number, rack in enumerate(racks)]
    world.hosts += hosts
    fault: Fault = PowerOutage(racks[0]) if lost == "power" else NetworkOutage(world.network, racks[0])
    FaultPlan(world.env).at(0.5, fault, end=2.0)
    clients = []
    for host in hosts:
        client = world.client(world.link(Instance(world.env, host, Work(1.0), name=host.name)))
        world.issue(client, 0.0, 3.0)
        clients.append(client)
    world.env.run(until=30.0)
    check_always(world)
    assert ends_of(clients[0]) == [(4.02, OK)]
    assert ends_of(clients[1]) == [(1.02, OK), (4.02, OK)]
    check_drained(world)


# -- shares and quotas


def shared(world: World, *resources: Resources, cores: int = 1, demand: float = 1.0) -> list[Instance]:
    """Return instances that share a host by weights and quotas."""
    host = Host(world.env, "shared host", cores=cores, scheduling="fair-share")
    world.hosts.append(host)
    instances = [
        Instance(world.env, host, Work(demand), resources=each, name=f"instance {number}")
        for number, each in enumerate(resources)
    ]
    world.endpoints += instances
    return instances


def test_two_services_on_one_core_are_served_by_weight() -> None:
    world = World()
    clients = [
        world.client(world.link(instance))
        for instance in shared(world, Resources(cpu_weight=3.0), Resources(cpu_weight=1.0))
    ]
    for client in clients:
        world.issue(client, 0.0)
    world.env.run(until=10.0)
    check_always(world)
    # At 3/4 the one takes 4/3 s; the other has had 1/3 then, and is alone for its other 2/3.
    assert ends_of(clients[0]) == [(4 / 3 + 2 * ONE_WAY, OK)]
    assert ends_of(clients[1]) == [(2.0 + 2 * ONE_WAY, OK)]
    check_drained(world)


HALF = Resources(cpu_quota=CpuQuota(0.5))


def test_a_throttled_server_answers_late_although_cores_are_idle() -> None:
    world = World()
    (server,) = shared(world, HALF, cores=4, demand=0.12)
    client = world.client(world.link(server))
    world.issue(client, 0.0)
    world.env.run(until=10.0)
    # It arrives at 10 ms: 50 ms of work until 60, 50 more from 100 on, the last 20 from 200 on.
    assert ends_of(client) == [(0.22 + ONE_WAY, OK)]
    assert server.cpu_share is not None
    assert server.cpu_share.statistics().throttled_time == pytest.approx(0.04 + 0.05)
    check_drained(world)


@pytest.mark.parametrize("struck_at", [0.03, 0.08])
@pytest.mark.parametrize("crashes", ["host", "process"])
def test_a_crash_of_whoever_runs_or_is_throttled_leaves_nothing_behind(
    crashes: str, struck_at: float
) -> None:
    world = World()
    (server,) = shared(world, HALF, demand=0.06)
    client = world.client(world.link(server))
    fault = HostCrash(server.host) if crashes == "host" else ProcessCrash(server)
    FaultPlan(world.env).at(struck_at, fault, end=0.5)
    world.issue(client, 0.0, 1.0)
    world.env.run(until=10.0)
    check_always(world)
    # The second arrives at 1.01, and periods begin at 1.0 and 1.1, counted from the boot at 0.5 or from 0.
    answered = (1.11 + ONE_WAY, OK)
    lost = [] if crashes == "host" else [(struck_at + ONE_WAY, LOST)]
    assert ends_of(client) == [*lost, answered]
    check_drained(world)


@pytest.mark.parametrize("propagates", [False, True])
def test_a_caller_who_gives_up_on_a_throttled_server(propagates: bool) -> None:
    world = World()
    (server,) = shared(world, HALF, demand=1.0)
    client = world.client(Timeout(world.env, world.link(server, propagate_cancellation=propagates), 0.08))
    world.issue(client, 0.0)
    world.env.run(until=10.0)
    assert ends_of(client) == [(0.08, TIMED_OUT)]
    assert server.cpu_share is not None
    # With propagation the server hears of it at 90 ms, throttled since 60; otherwise it does all its work.
    assert server.cpu_share.statistics().work_done == pytest.approx(0.05 if propagates else 1.0)
    check_drained(world)


def test_a_slow_host_is_slow_for_all_its_groups_and_a_quota_is_time_and_not_work() -> None:
    world = World()
    (server,) = shared(world, HALF, demand=0.05)
    client = world.client(world.link(server))
    FaultPlan(world.env).at(0.005, SlowHost(server.host, 0.5), end=1.0)
    world.issue(client, 0.0)
    world.env.run(until=10.0)
    assert ends_of(client) == [(0.15 + ONE_WAY, OK)]  # 25 ms of work by 60, the other 25 from 100 to 150
    check_drained(world)


# -- pools


def test_a_provisioned_host_is_silent_then_refuses_then_answers() -> None:
    world = World()
    pool = HostPool(world.env, "pool", HostType(boot_time=5.0))
    service = Service(world.env, "service", [], lambda host: Work(1.0), start_time=2.0)
    host = pool.provision()
    world.hosts.append(host)
    client = world.client(world.link(service.add_instance(host)))
    world.issue(client, 0.0, 6.0, 8.0)
    world.env.run(until=30.0)
    check_always(world)
    assert ends_of(client) == [(6.0 + 2 * ONE_WAY, REFUSED), (9.02, OK)]
    check_drained(world)


def test_a_released_host_resets_present_callers_and_is_silent_to_later_ones() -> None:
    world = World()
    pool = HostPool(world.env, "pool", HostType())
    host = pool.provision(boots=False)
    world.hosts.append(host)
    client = world.client(world.link(Instance(world.env, host, Work(1.0), name="server")))
    world.issue(client, 0.0, 1.0)
    world.env.call_later(0.5, pool.release, host)
    world.env.run(until=30.0)
    check_always(world)
    assert ends_of(client) == [(0.5 + ONE_WAY, LOST)]
    assert client.in_flight == 1
    check_drained(world)
