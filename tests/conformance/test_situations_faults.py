"""What callers see of each fault, to the instant, over a link of 10 ms; and that nothing is left of it.

The server takes 1 s; faults strike at 0.5 s and heal at 2 s, if nothing else is said.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any

import pytest

from models import Endpoint, FunctionEndpoint, Host, Region, Request, Zone
from models.faults import (
    ClockSkew,
    DependencyOutage,
    DiskLoss,
    ErrorBurst,
    Fault,
    FaultPlan,
    Flapping,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkOutage,
    NetworkPartition,
    PoolLeak,
    PowerOutage,
    ProcessCrash,
    SlowAnswers,
    SlowHost,
)
from models.faults.chaos import Chaos, ChaosMonkey, WorkingHours
from models.outcome import Outcome
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    ConstantBackoff,
    Retry,
    Timeout,
    consecutive_failures,
)
from models.resilience.bulkheads import Bulkhead, ConnectionPool
from models.services import Instance, Service, Work
from models.storage import Disk
from models.workload import Client
from simulator.randomness import Exponential, Uniform

from .invariants import check_always, check_drained
from .world import ONE_WAY, World

OK, LOST, REFUSED, ERROR = Outcome.OK, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.SERVER_ERROR
STRIKE, HEAL = 0.5, 2.0
Ends = list[tuple[float, Outcome]]


def ends_of(client: Client) -> Ends:
    """When each call ended, and how, in that order."""
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-12), Outcome(outcome))
        for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
    ]


def ask(world: World, target: Endpoint, fault: Fault, *times: float, until: float = 30.0) -> Ends:
    """Ask at each of the times while the fault comes and goes; return the ends, in order."""
    FaultPlan(world.env).at(STRIKE, fault, end=HEAL)
    client = world.client(target)
    world.issue(client, *times)
    world.env.run(until=until)
    check_always(world)
    return ends_of(client)


def instance_of(world: World, demand: float = 1.0, **settings: Any) -> Instance:
    """An instance on the server that works for a second on its only core, and remembers how often."""

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, int]:
        yield from instance.host.work(demand)
        instance.state["visits"] = instance.state.get("visits", 0) + 1
        world.served.append(world.env.now)
        return int(instance.state["visits"])

    instance = Instance(world.env, world.server, handle, name="service", **settings)
    world.endpoints.append(instance)
    return instance


def in_a_zone(world: World) -> Zone:
    """Move the server's part of the world into a zone, with another host beside it."""
    zone = Zone("zone", Region("region"))
    world.server = Host(world.env, "server in zone", zone=zone)
    world.proxy = Host(world.env, "proxy in zone", zone=zone)
    world.hosts += [world.server, world.proxy]
    world.serve(1.0)
    return zone


# -- crashes


def test_the_process_crashes() -> None:
    world = World()
    seen = ask(world, world.link(), ProcessCrash(world.service), 0.0, 0.495, 1.0, 1.995, 3.0)
    assert seen == [
        (STRIKE + ONE_WAY, LOST),  # under way: reset, one way later
        (0.495 + 2 * ONE_WAY, REFUSED),  # arrives after the crash
        (1.0 + 2 * ONE_WAY, REFUSED),
        (1.995 + 1.02, OK),  # arrives when it listens again
        (3.0 + 1.02, OK),
    ]
    check_drained(world)


def test_the_host_crashes_silently() -> None:
    world = World()
    seen = ask(world, world.link(), HostCrash(world.server), 0.0, 0.495, 1.0, 1.995, 3.0)
    assert seen == [(1.995 + 1.02, OK), (3.0 + 1.02, OK)]
    assert world.clients[0].in_flight == 3
    check_drained(world)


def test_a_host_that_loses_its_disk_is_silent_until_it_has_another() -> None:
    world = World()
    fault = DiskLoss(Disk(world.server))
    seen = ask(world, world.link(), fault, 0.0, 0.495, 1.0, 1.995, 3.0)
    assert seen == [(1.995 + 1.02, OK), (3.0 + 1.02, OK)]
    assert world.clients[0].in_flight == 3
    check_drained(world)


def test_the_host_shuts_down_in_order_callers_learn_of_it_one_way_later_and_later_ones_meet_silence() -> None:
    world = World()
    seen = ask(world, world.link(), HostCrash(world.server, resets=True), 0.0, 0.495, 1.0, 3.0)
    assert seen == [(STRIKE + ONE_WAY, LOST), (3.0 + 1.02, OK)]
    check_drained(world)


def test_a_boot_takes_its_time_before_anybody_is_answered() -> None:
    world = World()
    world.server.boot_time = 5.0
    seen = ask(world, world.link(), HostCrash(world.server), 3.0, HEAL + 5.0)
    assert seen == [(HEAL + 5.0 + 1.02, OK)]
    check_drained(world)


# -- outages


@pytest.mark.parametrize("lost", ["power", "network"])
def test_power_and_network_are_lost_in_different_ways(lost: str) -> None:
    """Behind the cut work goes on and memory survives; without power all of it is gone."""
    world = World()
    zone = in_a_zone(world)
    instance = instance_of(world)
    instance.state["visits"] = 10
    outage = PowerOutage(zone) if lost == "power" else NetworkOutage(world.network, zone)
    neighbour = world.client(world.network.connect(world.proxy, instance))
    world.issue(neighbour, 1.25)
    seen = ask(world, world.link(instance), outage, 0.0, 3.0)
    if lost == "power":
        assert seen == [(4.02, OK)]
        assert ends_of(neighbour) == []
        assert world.served == [pytest.approx(4.01)]
        assert instance.state == {"visits": 1}
    else:
        assert seen == [(4.02, OK)]
        assert ends_of(neighbour) == [(1.25 + 1.02, OK)], "inside the zone nobody notices"
        assert world.served == pytest.approx([1.01, 1.25 + 1.01, 4.01])
        assert instance.state == {"visits": 13}
    check_drained(world)


def test_an_answer_that_leaves_after_a_network_outage_has_healed_arrives() -> None:
    world = World()
    zone = in_a_zone(world)
    service = world.serve(2.0)
    seen = ask(world, world.link(service), NetworkOutage(world.network, zone), 0.0)
    assert seen == [(2.02, OK)], "it was asked before, answers afterwards, and never noticed"
    check_drained(world)


def test_a_host_down_on_its_own_stays_down_when_power_is_back() -> None:
    world = World()
    zone = in_a_zone(world)
    crash = HostCrash(world.server)
    FaultPlan(world.env).at(1.0, crash, end=4.0)
    seen = ask(world, world.link(), PowerOutage(zone), 3.0, 3.995)
    assert seen == [(3.995 + 1.02, OK)]
    check_drained(world)


# -- the network


@pytest.mark.parametrize(("direction", "served_count"), [("there", 1), ("back", 2), ("both", 1)])
def test_a_partition_is_silence_and_its_direction_decides_about_the_work(
    direction: str, served_count: int
) -> None:
    world = World()
    source, target = (world.server, world.web) if direction == "back" else (world.web, world.server)
    fault = NetworkPartition(world.network, source, target, one_way=direction != "both")
    seen = ask(world, world.link(), fault, 0.75, 3.0)
    assert seen == [(4.02, OK)]
    assert len(world.served) == served_count
    check_drained(world)


def test_a_delay_is_added_each_way_to_what_is_sent_while_it_lasts() -> None:
    world = World()
    fault = LinkDelay(world.network, world.web, world.server, 0.25)
    seen = ask(world, world.link(), fault, 0.0, 0.495, 1.5, 3.0)
    assert seen == [
        (1.02 + 0.25, OK),  # the answer
        (0.495 + 1.02 + 0.25, OK),  # the answer
        (1.5 + 1.02 + 0.25, OK),  # the request
        (4.02, OK),
    ]
    check_drained(world)


@pytest.mark.parametrize(("transport", "ends"), [("tcp", [(3.52, OK)]), ("datagram", [])])
def test_lost_packets_are_sent_again_by_tcp_only(transport: str, ends: Ends) -> None:
    world = World()
    fault = LinkLoss(world.network, world.web, world.server, 1.0)
    # Sent at 1.1, again at 1.3, 1.7, and at 2.5, when the fault is over.
    seen = ask(world, world.link(transport=transport), fault, 1.1)
    assert seen == ends
    check_drained(world)


def test_a_flapping_link_cuts_what_is_sent_while_it_is_down() -> None:
    world = World()
    fault = Flapping(NetworkPartition(world.network, world.web, world.server), up=0.25, down=0.25)
    world.service = world.serve(0.1)
    # Down from 0.5, 1.0 and 1.5, for a quarter of a second each.
    seen = ask(world, world.link(), fault, 0.4, 0.6, 0.76, 0.9, 1.1, 1.26, 2.1)
    assert seen == [
        (0.76 + 0.12, OK),  # the answer to the first leaves at 0.51, and is lost
        (1.26 + 0.12, OK),  # that to the fourth leaves at 1.01
        (2.1 + 0.12, OK),
    ]
    check_drained(world)


# -- gray failures


def test_a_slow_host_slows_work_in_progress() -> None:
    world = World()
    seen = ask(world, world.link(instance_of(world)), SlowHost(world.server, 0.1), 0.0, 4.0)
    # 0.49 s of work are done at 0.5, 0.15 more at 2.0, and then it takes 0.36 s.
    assert seen == [(2.36 + ONE_WAY, OK), (5.02, OK)]
    check_drained(world)


def test_a_skewed_clock_changes_nothing_for_callers() -> None:
    world = World()
    clocks: list[float] = []

    def tell(request: Request) -> Generator[Any, Any, None]:
        yield 0.0
        clocks.append(world.server.clock())

    service = FunctionEndpoint(tell, host=world.server, name="clock")
    seen = ask(world, world.link(service), ClockSkew(world.server, -5.0, drift=1.0), 0.0, 1.0, 3.0)
    assert seen == [(0.02, OK), (1.02, OK), (3.02, OK)]
    assert clocks == pytest.approx([0.01, 1.01 - 5.0 + 0.51, 3.01])
    check_drained(world)


# -- what a service does


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (ErrorBurst, [(1.02, OK), (0.495 + 0.02, ERROR), (1.5 + 0.02, ERROR), (4.02, OK)]),
        (lambda what: SlowAnswers(what, 0.25), [(1.02, OK), (1.765, OK), (2.77, OK), (4.02, OK)]),
        (DependencyOutage, [(1.02, OK), (4.02, OK)]),
        (
            lambda what: DependencyOutage(what, "errors"),
            [(1.02, OK), (0.495 + 0.02, ERROR), (1.5 + 0.02, ERROR), (4.02, OK)],
        ),
        (
            lambda what: DependencyOutage(what, "slow", delay=0.25),
            [(1.02, OK), (1.765, OK), (2.77, OK), (4.02, OK)],
        ),
        (
            lambda what: DependencyOutage(what, "refused"),
            [(STRIKE + ONE_WAY, LOST), (0.495 + 0.02, REFUSED), (1.5 + 0.02, REFUSED), (4.02, OK)],
        ),
    ],
    ids=["errors", "slow answers", "silent", "outage with errors", "slow outage", "refused"],
)
def test_a_service_in_trouble(make: Callable[[Instance], Fault], ends: Ends) -> None:
    world = World()

    def pause(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 1.0

    instance = Instance(world.env, world.server, pause, name="service")
    world.endpoints.append(instance)
    # The first is there before; the second arrives at 0.505, the third in the midst, the last afterwards.
    seen = ask(world, world.link(instance), make(instance), 0.0, 0.495, 1.5, 3.0)
    assert seen == sorted(ends)
    check_drained(world)


def test_a_breaker_and_a_timeout_get_over_a_silent_dependency_and_close_when_it_has_healed() -> None:
    world = World()
    instance = instance_of(world, demand=0.1)
    settings = consecutive_failures(3, open_duration=1.0)
    breaker = CircuitBreaker(world.env, Timeout(world.env, world.link(instance), 0.25), settings)
    seen = ask(world, breaker, DependencyOutage(instance), 0.25, 0.51, 0.52, 0.53, 1.0, 1.79, 3.0)
    assert seen == [
        (0.25 + 0.12, OK),
        (0.76, Outcome.TIMED_OUT),
        (0.77, Outcome.TIMED_OUT),
        (0.78, Outcome.TIMED_OUT),
        (1.0, Outcome.BREAKER_OPEN),
        (1.79 + 0.25, Outcome.TIMED_OUT),  # a trial, and open again until 3.04
        (3.0, Outcome.BREAKER_OPEN),
    ]
    world.issue(world.clients[0], 31.0)
    world.env.run(until=32.0)
    assert ends_of(world.clients[0])[-1] == (31.12, OK)
    assert breaker.state is BreakerState.CLOSED
    assert instance.statistics().in_service_count == 4, "the silent calls hold their threads"
    check_drained(world)


def test_a_leaking_pool_looks_like_a_dependency_in_trouble() -> None:
    world = World()
    pool = ConnectionPool(world.env, 1, wait_max=0.2)
    target = Bulkhead(world.env, world.link(), pool)
    world.endpoints.append(target)
    seen = ask(world, target, PoolLeak(pool, probability=1.0), 0.0, 1.1, 1.9, 3.0)
    assert seen == [
        (1.02, OK),  # and its connection is gone
        (1.1 + 0.2, Outcome.REJECTED),
        (1.9 + 0.1 + 1.02, OK),  # healed while it waited
        (3.02 + 1.02, OK),  # waited for that one
    ]
    check_drained(world)


# -- everything at once


FAULTS: tuple[Callable[[World, Instance, Zone], Fault], ...] = (
    lambda world, instance, zone: ProcessCrash(instance),
    lambda world, instance, zone: HostCrash(world.server),
    lambda world, instance, zone: HostCrash(world.proxy, resets=True),
    lambda world, instance, zone: PowerOutage(zone),
    lambda world, instance, zone: NetworkOutage(world.network, zone),
    lambda world, instance, zone: NetworkPartition(world.network, world.web, zone, one_way=True),
    lambda world, instance, zone: LinkDelay(world.network, world.web, zone, Uniform(0.0, 0.3)),
    lambda world, instance, zone: LinkLoss(world.network, world.web, zone, 0.5, burst_mean=0.5, gap_mean=0.5),
    lambda world, instance, zone: SlowHost(world.server, 0.2),
    lambda world, instance, zone: ErrorBurst(instance, 0.5),
    lambda world, instance, zone: SlowAnswers(instance, Exponential(0.2)),
    lambda world, instance, zone: DependencyOutage(instance, "silent"),
    lambda world, instance, zone: DependencyOutage(instance, "refused"),
    lambda world, instance, zone: Flapping(ProcessCrash(instance), up=Exponential(0.5), down=0.1),
)


def loaded(seed_of_load: int) -> tuple[World, Instance, Zone, Client]:
    """A world under load, through every wrapper that gives up at some time."""
    world = World()
    zone = in_a_zone(world)
    instance = instance_of(world, demand=0.05, threads=4, queue_size_max=10)
    target = CircuitBreaker(
        world.env,
        Retry(
            world.env,
            Timeout(world.env, world.link(instance), 0.5),
            3,
            backoff=ConstantBackoff(delay=0.1),
        ),
        consecutive_failures(5, open_duration=0.5),
    )
    world.endpoints.append(target)
    client = world.client(target)
    gap = world.env.sampler(f"load {seed_of_load}", Exponential(0.1))
    time = gap()
    while time < 30.0:
        world.issue(client, time)
        time += gap()
    return world, instance, zone, client


@pytest.mark.parametrize("seed_of_load", range(4))
def test_after_all_planned_faults_have_healed_the_system_recovers_and_drains_to_empty(
    seed_of_load: int,
) -> None:
    world, instance, zone, client = loaded(seed_of_load)
    plan = FaultPlan(world.env)
    when = world.env.sampler(f"faults {seed_of_load}", Uniform(0.0, 15.0))
    for make in FAULTS:
        start = when()
        plan.at(start, make(world, instance, zone), duration=0.1 + when() / 3.0)
    for time in range(1, 21):
        world.env.run(until=float(time))
        check_always(world)
    assert plan.injected == ()
    intervals = world.env.event_log.intervals("fault.start", "fault.end", until=inf)
    assert len(intervals) == len(FAULTS)
    assert max(end for _, _, end in intervals) < 20.5
    # What hangs, hangs for good: its process must be started anew, as in life.
    instance.crash()
    instance.restart()
    world.env.run(until=40.0)
    assert all(outcome is OK for end, outcome in ends_of(client)[-50:])
    check_drained(world)


@pytest.mark.parametrize("seed_of_load", range(3))
def test_under_random_chaos_everything_adds_up_and_at_its_end_the_system_drains_to_empty(
    seed_of_load: int,
) -> None:
    world, instance, zone, _ = loaded(seed_of_load)
    chaos = Chaos(
        world.env,
        [make(world, instance, zone) for make in FAULTS],
        between=Exponential(6.0),
        repair=Exponential(0.5),
        repairers=2,
        down_max=4,
        until=20.0,
        name=f"chaos {seed_of_load}",
    )
    for time in range(1, 35):
        world.env.run(until=float(time))
        check_always(world)
        assert chaos.down_count <= 4
    assert chaos.down_count == 0
    assert chaos.statistics().failed_count > 10
    check_drained(world)


def test_a_chaos_monkey_among_others_is_gone_with_its_last_victim() -> None:
    world, instance, _, _ = loaded(9)
    monkey = ChaosMonkey(
        world.env,
        {"service": [instance]},
        mean_time_between_kills=1.0,
        hours=WorkingHours(start=0.5, end=1.5, days=tuple(range(7)), day=2.0),
        repair=0.2,
        until=28.0,
    )
    world.env.run(until=40.0)
    assert monkey.statistics().killed_count == 14
    assert monkey.statistics().down_count == 0
    check_drained(world)


def test_a_service_that_grows_during_an_outage_grows_into_it() -> None:
    world = World()
    service = Service(world.env, "payment", [world.server], lambda host: Work(0.1))
    outage = ErrorBurst(service)
    late: list[Client] = []

    def grow() -> None:
        instance = service.add_instance(world.proxy)
        late.append(world.client(world.link(instance)))
        world.issue(late[0], 1.5, 3.0)

    world.at(1.0, grow)
    ask(world, world.link(service.instances[0]), outage, 1.5)
    assert ends_of(late[0]) == [(1.52, ERROR), (3.12, OK)]
    world.endpoints += service.instances
    check_drained(world)
