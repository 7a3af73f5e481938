"""Host pools: what is given where, what it costs, and that what went back is gone."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ConnectionLost, Network, Request, System
from models.balancing import Balancer, follow
from models.faults import HostCrash
from models.infrastructure import Host, HostPool, HostType, NoCapacity, Rack, Region, Resources, Zone
from models.services import Instance, Service, Work
from models.workload import Client
from simulator import Environment
from simulator.randomness import Exponential

Steps = Generator[Any, Any, Any]
SMALL = HostType(cores=2, memory_gib=4.0, boot_time=60.0, price=0.36)


def zones(count: int) -> list[Zone]:
    return [Zone(f"zone {number}", Region("eu")) for number in range(count)]


# -- from provisioning to release


def test_a_host_of_the_type_boots_and_then_is_up() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision()
    assert (host.name, host.cores, host.room.memory_gib, host.zone) == ("web-1", 2, 4.0, None)
    env.run(until=59.0)
    assert not host.is_up
    env.run(until=60.0)
    env.run(until=61.0)
    assert host.is_up
    assert host.crash_count == 0


def test_what_stands_there_when_the_run_begins_need_not_boot() -> None:
    assert HostPool(Environment(), "web", SMALL).provision(boots=False).is_up


def test_a_boot_may_take_a_random_time() -> None:
    env = Environment(seed=7)
    pool = HostPool(env, "web", HostType(boot_time=Exponential(30.0)))
    hosts = [pool.provision() for _ in range(3)]
    ups: dict[str, float] = {}
    for host in hosts:
        host.on_restart(lambda host=host: ups.setdefault(host.name, env.now))  # type: ignore[misc]
    env.run()
    again = Environment(seed=7)
    expected = [again.sampler(f"host/web-{number}/boot", Exponential(30.0))() for number in (1, 2, 3)]
    assert [ups[host.name] for host in hosts] == expected


def test_a_released_host_is_gone_whatever_holds_it_or_lets_it_up() -> None:
    env = Environment()
    (zone,) = zones(1)
    pool = HostPool(env, "web", SMALL, zones=[zone])
    host = pool.provision(boots=False)
    fault = HostCrash(host)
    fault.inject()
    zone.cut_power("flood")
    pool.release(host)
    fault.heal()
    zone.restore_power("flood")
    env.run(until=1_000.0)
    assert host.is_gone
    assert not host.is_up
    assert zone.hosts == []
    with pytest.raises(RuntimeError, match="host 'web-1' is gone: it does not come back"):
        host.restart()
    with pytest.raises(RuntimeError, match="host 'web-1' is gone already"):
        host.decommission()
    with pytest.raises(ValueError, match=r"host must be one that pool 'web' has given, got Host\('web-1'\)"):
        pool.release(host)


def test_a_fault_may_strike_a_host_that_is_gone_and_nothing_happens() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision(boots=False)
    pool.release(host)
    fault = HostCrash(host)
    fault.inject()
    fault.heal()
    env.run(until=100.0)
    assert not host.is_up


def test_a_host_that_is_released_while_it_boots_does_not_come_up() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision()
    env.run(until=30.0)
    pool.release(host)
    env.run()
    assert not host.is_up


def test_callers_of_a_released_host_learn_of_it_and_later_ones_meet_silence() -> None:
    env = Environment(seed=1)
    pool = HostPool(env, "web", SMALL)
    host = pool.provision(boots=False)
    instance = Instance(env, host, Work(10.0))
    client = Host(env, "client")
    way = Network(env).connect(client, instance)
    seen: list[tuple[float, str]] = []

    def call() -> Steps:
        try:
            yield from way.call(Request("get"))
        except ConnectionLost:
            seen.append((env.now, "lost"))

    client.start(call())
    env.call_later(5.0, pool.release, host)
    env.run(until=6.0)
    client.start(call())
    env.run(until=100.0)
    assert [what for _, what in seen] == ["lost"]
    assert host.statistics().running_count == 0
    assert host.statistics().busy_time == pytest.approx(5.0, abs=0.01)


def test_an_instance_on_a_booting_host_is_ready_when_it_has_booted() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    service = Service(env, "web", [], lambda host: Work(0.01), start_time=5.0)
    ready: list[float] = []
    service.on_ready(lambda instance: ready.append(env.now))
    service.add_instance(pool.provision())
    env.run(until=100.0)
    assert ready == [65.0]


def test_the_instances_of_a_released_host_stop_for_good_and_leave_their_service() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    hosts = [pool.provision(boots=False) for _ in range(2)]
    service = Service(env, "web", hosts, lambda host: Work(0.01), resources=Resources(memory_gib=4.0))
    retired, taken = service.instances
    service.retire(retired)
    env.run(until=1.0)
    for host in hosts:
        pool.release(host)
    assert service.instances == ()
    assert [host.room.memory_gib_free for host in hosts] == [4.0, 4.0]
    assert [(each.has_stopped, each.is_stopping, each.is_ready) for each in (retired, taken)] == [
        (True, True, False)
    ] * 2
    assert [r.subject for r in env.event_log.of_kind("process.stopped")] == ["web-1", "web-2"]
    for late in (taken.stop, lambda: hosts[1].end_process(taken)):
        with pytest.raises(RuntimeError, match="stop"):
            late()  # type: ignore[operator]


@pytest.mark.parametrize("state", ["booting", "crashed", "starting", "process down", "stopping", "stopped"])
def test_a_host_may_be_released_in_whatever_state_its_instances_are(state: str) -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision(boots=state == "booting")
    service = Service(env, "web", [], lambda host: Work(10.0), start_time=20.0 * (state == "starting"))
    instance = service.add_instance(host)
    Client(env, instance).issue(Request("get"))
    env.run(until=5.0)
    if state == "crashed":
        host.crash()
    elif state == "process down":
        instance.crash()
    elif state in ("stopping", "stopped"):
        service.retire(instance)
        env.run(until=6.0 if state == "stopping" else 100.0)
    removed: list[Instance] = []
    service.on_removed(removed.append)
    pool.release(host)
    env.run(until=1_000.0)
    assert (instance.has_stopped, service.instances) == (True, ())
    assert removed == ([] if state in ("stopping", "stopped") else [instance])
    assert host.room.tenants == ()
    assert not host.running


def test_the_end_of_one_instance_may_be_that_of_another_on_the_host() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision(boots=False)
    first, second = (Service(env, name, [host], lambda host: Work(0.01)) for name in ("first", "second"))
    (other,) = second.instances
    first.on_removed(lambda instance: second.retire(other) and None)
    pool.release(host)
    env.run()
    assert (first.instances, second.instances) == ((), ())
    assert host._on_restart == []


def test_a_balancer_that_follows_the_service_hears_of_it_later() -> None:
    env = Environment(seed=1)
    system = System(env, network=Network(env, latencies=0.0))
    pool = HostPool(env, "web", SMALL, make_host=system.add_host)
    hosts = [pool.provision(boots=False) for _ in range(2)]
    service = system.add_service("web", hosts, lambda host: Work(0.01))
    edge = system.add_host("edge")
    balancer = Balancer(env, [], host=edge)
    follow(env, balancer, service, lambda instance: system.network.connect(edge, instance), delay=3.0)
    env.call_later(1.0, pool.release, hosts[0])
    env.run(until=3.9)
    assert len(balancer.targets) == 2
    env.run(until=4.1)
    assert len(balancer.targets) == 1


def test_a_host_that_was_decommissioned_by_others_is_billed_until_it_is_released() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision(boots=False)
    env.call_later(1_800.0, host.decommission)
    env.call_later(3_600.0, pool.release, host)
    env.run()
    statistics = pool.statistics()
    assert (statistics.host_count, statistics.released_count, statistics.host_hours) == (0, 1, 1.0)


@pytest.mark.parametrize("scheduling", ["first-come", "processor-sharing", "fair-share"])
def test_a_host_that_is_released_at_work_leaves_nothing_running(scheduling: str) -> None:
    env = Environment()
    pool = HostPool(env, "web", HostType(cores=2, scheduling=scheduling))
    host = pool.provision(boots=False)
    for _ in range(5):
        host.start(host.work(10.0))
    env.call_later(3.0, pool.release, host)
    env.run()
    statistics = host.statistics()
    assert (statistics.running_count, statistics.waiting_count, statistics.completed_count) == (0, 0, 0)
    assert statistics.work_done == pytest.approx(6.0)


# -- where


def test_hosts_are_spread_evenly_over_the_zones() -> None:
    env = Environment()
    areas = zones(3)
    pool = HostPool(env, "web", SMALL, zones=areas)
    hosts = [pool.provision() for _ in range(7)]
    assert [host.zone for host in hosts] == [*areas, *areas, areas[0]]
    pool.release(hosts[1])
    assert pool.provision().zone is areas[1]


def test_or_fill_one_zone_after_the_other() -> None:
    env = Environment()
    areas = zones(2)
    pool = HostPool(env, "web", SMALL, zones={areas[0]: 2, areas[1]: 1}, placement="fill")
    assert [pool.provision().zone for _ in range(3)] == [areas[0], areas[0], areas[1]]
    with pytest.raises(
        NoCapacity, match=r"host pool 'web' has no more hosts: 2 of at most 2 are out in Zone"
    ):
        pool.provision()


def test_racks_are_areas_too() -> None:
    env = Environment()
    (zone,) = zones(1)
    racks = [Rack("rack 1", zone), Rack("rack 2", zone)]
    pool = HostPool(env, "web", SMALL, zones=racks)
    hosts = [pool.provision() for _ in range(3)]
    assert [host.rack for host in hosts] == [racks[0], racks[1], racks[0]]
    assert zone.hosts == hosts
    pool.release(hosts[0])
    pool.release(hosts[2])
    assert pool.provision().rack is racks[0]


def test_no_host_is_given_where_there_is_no_power() -> None:
    env = Environment()
    areas = zones(2)
    pool = HostPool(env, "web", SMALL, zones=areas)
    areas[0].cut_power("flood")
    assert [pool.provision().zone for _ in range(2)] == [areas[1]] * 2
    areas[1].cut_power("storm")
    assert not pool.has_capacity
    with pytest.raises(
        NoCapacity, match=r"0 of at most inf are out in Zone.'zone 0'., which has no power, 2 of"
    ):
        pool.provision()


def test_a_pool_can_be_empty() -> None:
    pool = HostPool(Environment(), "web", SMALL, host_count_max=1)
    host = pool.provision()
    assert not pool.has_capacity
    with pytest.raises(NoCapacity, match="host pool 'web' has no more hosts: 1 of at most 1 are out"):
        pool.provision()
    pool.release(host)
    assert pool.provision().name == "web-2"
    assert pool.statistics().refused_count == 1


def test_hosts_of_a_pool_can_be_found_in_the_system() -> None:
    env = Environment()
    system = System(env)
    rack = system.add_rack("rack 1", system.add_zone("eu-a", system.add_region("eu")))
    pool = HostPool(env, "web", SMALL, zones=[rack], make_host=system.add_host)
    assert system.host("web-1" if (host := pool.provision()) else "") is host
    assert system.rack("rack 1").hosts == [host]


def test_a_name_that_another_host_has_is_refused_and_nothing_is_billed() -> None:
    env = Environment()
    system = System(env)
    system.add_host("web-1")
    pool = HostPool(env, "web", SMALL, make_host=system.add_host)
    with pytest.raises(ValueError, match="name of a host must be given once, got 'web-1' twice"):
        pool.provision()
    assert pool.provision().name == "web-2"
    statistics = pool.statistics()
    assert (statistics.host_count, statistics.provisioned_count, statistics.released_count) == (1, 1, 0)


def test_a_host_that_boots_where_there_is_no_power_does_so_when_it_is_back() -> None:
    env = Environment()
    (zone,) = zones(1)
    zone.cut_power("flood")
    host = Host(env, "host", zone=zone, boot_time=10.0, boots=True)
    env.call_later(50.0, zone.restore_power, "flood")
    ups: list[float] = []
    host.on_restart(lambda: ups.append(env.now))
    env.run()
    assert ups == [60.0]


# -- what it costs


def test_a_host_is_billed_from_provisioning_to_release_boot_and_crashes_included() -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)
    host = pool.provision()
    env.call_later(600.0, host.crash)
    env.call_later(3_600.0, pool.release, host)
    env.run(until=1_800.0)
    assert (pool.statistics().host_hours, pool.statistics().cost) == (0.5, pytest.approx(0.18))
    env.run(until=7_200.0)
    statistics = pool.statistics()
    assert (statistics.host_hours, statistics.cost) == (1.0, 0.36)
    assert (statistics.host_count, statistics.provisioned_count, statistics.released_count) == (0, 1, 1)


@pytest.mark.slow
@given(stays=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_host_hours_are_the_sum_of_all_stays(stays: list[tuple[int, int]]) -> None:
    env = Environment()
    pool = HostPool(env, "web", SMALL)

    def stay(start: int, length: int) -> Steps:
        yield float(start)
        host = pool.provision()
        yield float(length)
        pool.release(host)

    for each in stays:
        env.process(stay(*each))
    env.run(until=300.0)
    so_far = sum(min(300, start + length) - start for start, length in stays if start < 300)
    assert pool.statistics().host_hours * 3_600.0 == pytest.approx(so_far)
    env.run(until=2_000.0)
    assert pool.statistics().host_hours * 3_600.0 == pytest.approx(sum(length for _, length in stays))
    assert pool.hosts == ()


@pytest.mark.slow
def test_thousands_of_hosts_come_and_go() -> None:
    env = Environment()
    areas = zones(3)
    pool = HostPool(env, "web", SMALL, zones=areas)
    hosts = [pool.provision() for _ in range(3_000)]
    for host in hosts:
        pool.release(host)
    assert [len(zone.hosts) for zone in areas] == [0, 0, 0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda env: HostType(price=-1.0), ValueError, "price must be finite and >= 0 per hour, got -1.0"),
        (lambda env: HostType(price="free"), TypeError, "price must be a number, got 'free'"),
        (lambda env: HostType(cores=0), ValueError, "cores must be a whole number >= 1, got 0"),
        (lambda env: HostType(speed=0.0), ValueError, "speed must be finite and > 0, got 0.0"),
        (lambda env: HostType(memory_gib=0.0), ValueError, "memory_gib must be > 0, got 0.0"),
        (lambda env: HostType(scheduling="fair"), ValueError, "scheduling must be one of .*, got 'fair'"),
        (lambda env: HostType(boot_time=-1.0), ValueError, "boot_time must be finite and >= 0 s, got -1.0"),
        (lambda env: HostType(price=inf), ValueError, "price must be finite and >= 0 per hour, got inf"),
        (lambda env: HostPool(env, "web", Host), TypeError, "host_type must be a HostType, got <class"),
        (
            lambda env: HostPool(env, "web", SMALL, placement="pack"),
            ValueError,
            "placement must be one of spread, fill, got 'pack'",
        ),
        (
            lambda env: HostPool(env, "web", SMALL, host_count_max=1.5),
            ValueError,
            "host_count_max must be a whole number >= 0 or infinite, got 1.5",
        ),
        (
            lambda env: HostPool(env, "web", SMALL, zones={Zone("a"): -1}),
            ValueError,
            r"capacity of Zone\('a'\) must be a whole number >= 0 or infinite, got -1",
        ),
        (
            lambda env: HostPool(env, "web", SMALL, zones=Zone("a")),
            TypeError,
            r"zones must be a list of zones or racks, got Zone\('a'\) alone",
        ),
        (
            lambda env: HostPool(env, "web", SMALL, zones=[Region("eu")]),
            TypeError,
            r"each of zones must be a Zone or Rack, got Region\('eu'\)",
        ),
    ],
)
def test_pools_that_make_no_sense_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(Environment())


def test_a_pool_of_a_system_is_refused_when_it_is_made() -> None:
    system = System(Environment(seed=1))
    with pytest.raises(TypeError, match=r"env must be an Environment, got <models\.system\.System object"):
        HostPool(system, "web", HostType())  # type: ignore[arg-type]
