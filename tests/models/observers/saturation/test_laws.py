"""The laws of operational analysis hold for what is reported, in systems that are not told of them.

Denning and Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing Surveys 10(3), 1978.
"""

from __future__ import annotations

import pytest

from models import Network, System
from models.observers.saturation import SaturationReport, SaturationWatch
from models.services import Dependency, Pause, Work, in_parallel, in_sequence
from models.workload import ClosedLoop, OpenLoop
from simulator import Environment
from simulator.randomness import Constant, Exponential
from tests.models.observers.saturation.building import API_WORK, PAUSE, WEB_WORK, Chain, Sizes


@pytest.mark.slow
@pytest.mark.parametrize("scheduling", ["first-come", "processor-sharing"])
def test_utilisation_is_rate_times_demand_over_capacity(scheduling: str) -> None:
    report = Chain(200.0, Sizes(scheduling=scheduling)).watched(until=25.0)
    # 4,000 exponential demands: their mean has a deviation of 1/sqrt(4,000), 1.6 %.
    for name, demand in (("web cores", WEB_WORK), ("api cores", API_WORK), ("api to web link", 1e-3)):
        use = report.use(name)
        assert use.utilisation == pytest.approx(report.rate * demand / use.capacity, rel=0.05)
        assert use.per_request == pytest.approx(demand, rel=0.05)
        assert use.saturates_at == pytest.approx(use.capacity / demand, rel=0.05)
    assert report.rate_max == pytest.approx(4 / API_WORK, rel=0.05)


@pytest.mark.slow
def test_threads_held_are_rate_times_the_time_that_one_is_held() -> None:
    report = Chain(100.0).watched(until=25.0)
    use = report.use("api threads")
    # Four cores at a load of 1: next to nobody waits for one.
    assert use.used == pytest.approx(report.rate * (API_WORK + PAUSE), rel=0.05)
    assert use.per_request == pytest.approx(API_WORK + PAUSE, rel=0.05)


def fan_out(env: Environment, rate: float, width: int) -> tuple[System, OpenLoop]:
    """Return a system in which each request asks a service `width` times in parallel, and its users."""
    system = System(env, network=Network(env, latencies=0.0005))
    back = system.add_service("back", [system.add_host("back", cores=8)], lambda host: Work(0.01))

    def front(host: object) -> object:
        way = system.network.connect(system.host("front"), back.instances[0])
        return in_sequence(Work(0.001), in_parallel(*(Dependency(way) for _ in range(width))))

    system.add_host("front", cores=2)
    (instance,) = system.add_service("front", [system.host("front")], front).instances  # type: ignore[arg-type] # a step
    users = system.network.connect(system.add_host("users"), instance)
    return system, OpenLoop(env, users, rate=rate)


@pytest.mark.slow
def test_forced_flow_each_resource_is_visited_as_often_as_requests_want() -> None:
    env = Environment(seed=2)
    system, users = fan_out(env, 50.0, width=3)
    env.run(until=2.0)
    watch = SaturationWatch(system)
    watch.run(until=22.0)
    report = watch.report(users.table)
    assert report.use("back threads").served_rate == pytest.approx(3 * report.rate, rel=0.01)
    assert report.use("back cores").per_request == pytest.approx(3 * 0.01, rel=0.01)


# -- closed networks: asymptotic bounds

THINK, WEB_DEMAND, API_DEMAND, LINK_DEMAND = 0.5, 0.008, 0.02, 0.005


def closed(users_count: int, *, is_random: bool = True) -> SaturationReport:
    """Return what is seen of a tandem of single servers with users who think."""
    env = Environment(seed=users_count)
    system = System(env, network=Network(env, latencies=0.0))
    hosts = [system.add_host(name) for name in ("users", "web", "api")]
    make = Exponential if is_random else Constant
    api = system.add_service("api", [hosts[2]], lambda host: Work(make(API_DEMAND)), threads=1_000)
    way = Dependency(system.network.connect(hosts[1], api.instances[0]))
    web = system.add_service(
        "web", [hosts[1]], lambda host: in_sequence(Work(make(WEB_DEMAND)), way), threads=1_000
    )
    entrance = system.network.connect(hosts[0], web.instances[0])
    think = Exponential(THINK) if is_random else Constant(THINK)
    users = ClosedLoop(env, entrance, users_count=users_count, think_time=think, ramp_up=1.0)
    env.run(until=5.0)
    watch = SaturationWatch(system)
    watch.run(until=65.0)
    return watch.report(users.table)


@pytest.mark.slow
@pytest.mark.parametrize("users_count", [1, 4, 16, 26, 60, 150])
def test_throughput_of_a_closed_network_keeps_within_its_asymptotic_bounds(users_count: int) -> None:
    report = closed(users_count)
    demands = [report.use(f"{name} cores").per_request for name in ("web", "api")]
    assert demands == pytest.approx([WEB_DEMAND, API_DEMAND], rel=0.2)
    # The first bound holds in every run, by the work that is done at the edges of the window at most; the
    # second one on average: 30 to 3,000 think times were drawn, so that 10 % are more than three deviations.
    assert report.rate <= 1.0 / max(demands) + 1e-9
    assert report.rate <= 1.1 * users_count / (sum(demands) + THINK)
    assert report.rate_max == pytest.approx(1.0 / max(demands))


@pytest.mark.slow
@pytest.mark.parametrize("users_count", [5, 200])
def test_the_bounds_are_reached_where_nothing_is_random(users_count: int) -> None:
    report = closed(users_count, is_random=False)
    light, heavy = users_count / (WEB_DEMAND + API_DEMAND + THINK), 1.0 / API_DEMAND
    assert report.rate == pytest.approx(min(light, heavy), rel=0.02)
    assert report.first is not None
    assert report.first.name == "api cores"
    assert report.first.is_bottleneck == (users_count == 200)


def test_a_pause_is_no_demand() -> None:
    env = Environment(seed=1)
    system = System(env, network=Network(env, latencies=0.0))
    service = system.add_service("bank", [system.add_host("bank")], lambda host: Pause(Constant(1.0)))
    way = system.network.connect(system.add_host("users"), service.instances[0])
    users = OpenLoop(env, way, rate=20.0)
    env.run(until=2.0)
    watch = SaturationWatch(system)
    watch.run(until=12.0)
    report = watch.report(users.table)
    assert report.use("bank cores").load == 0.0
    assert report.use("bank cores").saturates_at == float("inf")
    assert report.use("bank threads").per_request == pytest.approx(1.0, rel=0.1)
