"""What users see while a service grows and shrinks, and what is left of the hosts that go.

Instances of a core each stand on hosts of a pool, behind a balancer that follows them; the network takes 10
ms one way, a call 1 s. Hosts boot for 30 s, processes start for 5 s.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from experiments.swarm import check_system
from models import Host, Network, Request, System
from models.autoscaling import Autoscaler, MetricPipeline, Utilisation
from models.autoscaling.kubernetes import DOWN, Behaviour, CpuMetric, HorizontalPodAutoscaler
from models.infrastructure import HostPool, HostType
from models.instance_groups import InstanceGroup, Replacement
from models.outcome import Outcome
from models.resilience import Timeout
from models.services import Instance
from models.workload import Client, OpenLoop
from simulator import Environment

from .invariants import check_empty
from .world import ONE_WAY

BOOT, START, WORK = 30.0, 5.0, 1.0
ROUND_TRIP = 2 * ONE_WAY + WORK


def work(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield from instance.host.work(WORK)
    return instance.name


class Street:
    """Users on an edge host, a balancer there, and a group of the shop's instances."""

    def __init__(self, count: int, *, delay: float = 0.0, **settings: Any) -> None:
        self.env = Environment(seed=1, trace=True)
        self.system = System(self.env, network=Network(self.env, latencies=ONE_WAY))
        self.hosts: list[Host] = []
        self.pool = HostPool(self.env, "host", HostType(boot_time=BOOT), make_host=self._add_host)
        there = [self.pool.provision(boots=False) for _ in range(count)]
        self.service = self.system.add_service("shop", there, lambda host: work, start_time=START)
        self.group = InstanceGroup(self.env, self.service, self.pool, count, **settings)
        edge = self.system.add_host("edge")
        self.balancer = self.system.balanced(edge, self.service, discovery_delay=delay)
        self.client = Client(self.env, self.balancer)
        self.hasty = Client(self.env, Timeout(self.env, self.balancer, 5.0))

    def _add_host(self, name: str, **settings: Any) -> Host:
        host = self.system.add_host(name, **settings)
        self.hosts.append(host)
        return host

    def at(self, time: float, function: Any, *args: Any) -> None:
        self.env.call_later(time, function, *args)

    def ask(self, *times: float, client: Client | None = None) -> None:
        for time in times:
            self.at(time, (client or self.client).issue, Request())

    def ends(self, client: Client | None = None) -> list[tuple[float, Outcome]]:
        """When each call ended, and how, in that order."""
        columns = (client or self.client).table.columns()
        return [
            (pytest.approx(float(end), abs=1e-9), Outcome(outcome))
            for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
        ]

    def check(self, *others: Client) -> None:
        """Check that everything adds up, and that nothing is left but what goes on for ever."""
        for process in list(self.env.processes):
            if process.name in ("watching shop", "autoscaler", "metrics"):
                process.cancel()
        self.env.run(until=self.env.now + 1.0)
        clients = [self.client, self.hasty, *others]
        endpoints = [self.balancer, *self.system.connections]
        check_system(self.env, clients=clients, endpoints=endpoints, hosts=self.hosts)
        check_empty(self.env, clients, endpoints, self.hosts)


def test_shrinking_at_any_moment_of_a_call_loses_none_when_it_lingers_for_one_way() -> None:
    """Also a call that is on its way to an instance which is told to go meanwhile."""
    for moment in (0.0, 0.005, 0.011, 0.5, 1.015, 1.5):
        street = Street(2, linger=2 * ONE_WAY)
        street.ask(10.0, 10.0, 12.0)
        street.at(10.0 + moment, street.group.scale_to, 1)
        street.env.run(until=100.0)
        assert [outcome for _, outcome in street.ends()] == [Outcome.OK] * 3
        assert street.group.ready_count == len(street.pool.hosts) == 1
        street.check()


def test_without_lingering_a_call_on_its_way_meets_silence_for_the_host_is_gone() -> None:
    """Nobody is left to refuse it: an instance goes with its machine."""
    street = Street(1)
    street.ask(10.0, client=street.hasty)
    street.at(10.005, street.group.scale_to, 0)
    street.env.run(until=100.0)
    assert street.ends(street.hasty) == [(15.0, Outcome.TIMED_OUT)]
    street.check()


def test_while_others_are_served_to_the_end_a_call_that_comes_too_late_is_refused() -> None:
    street = Street(1)
    street.ask(9.5, 10.0)
    street.at(10.005, street.group.scale_to, 0)
    street.env.run(until=100.0)
    assert street.ends() == [(10.0 + 2 * ONE_WAY, Outcome.REFUSED), (9.5 + ROUND_TRIP, Outcome.OK)]
    street.check()


@pytest.mark.parametrize(("linger", "outcome"), [(0.0, Outcome.TIMED_OUT), (2.0 + ONE_WAY, Outcome.OK)])
def test_news_that_travels_for_two_seconds_takes_lingering_as_long(linger: float, outcome: Outcome) -> None:
    street = Street(1, delay=2.0, linger=linger)
    street.at(10.0, street.group.scale_to, 0)
    street.ask(11.5, client=street.hasty)
    street.env.run(until=100.0)
    assert [seen for _, seen in street.ends(street.hasty)] == [outcome]
    street.check()


def test_growing_takes_calls_from_the_moment_it_is_ready_and_none_before() -> None:
    street = Street(0)
    street.at(1.0, street.group.scale_to, 1)
    ready = 1.0 + BOOT + START
    street.ask(ready - 0.001, ready + 0.001)
    street.env.run(until=100.0)
    assert street.ends() == [(ready - 0.001, Outcome.REFUSED), (ready + 0.001 + ROUND_TRIP, Outcome.OK)]
    street.check()


def test_a_host_that_crashes_while_it_drains_answers_nobody_and_is_given_back() -> None:
    street = Street(1)
    street.ask(10.0)
    street.ask(10.0, client=street.hasty)
    street.at(10.2, street.group.scale_to, 0)
    street.at(10.5, street.hosts[0].crash)
    street.env.run(until=10.6)
    assert street.pool.hosts == ()
    street.env.run(until=100.0)
    assert street.ends(street.hasty) == [(15.0, Outcome.TIMED_OUT)]
    assert (street.ends(), street.client.in_flight) == ([], 1)
    assert street.pool.statistics().host_hours * 3_600.0 == pytest.approx(10.5)


def test_work_that_does_not_end_in_time_is_cut_short_and_its_caller_told() -> None:
    street = Street(1, grace=0.4)
    street.ask(10.0)
    street.at(10.1, street.group.scale_to, 0)
    street.env.run(until=100.0)
    assert street.ends() == [(10.5 + ONE_WAY, Outcome.UNKNOWN)]
    street.check()


def test_a_crashed_host_is_replaced_and_until_then_half_of_the_calls_meet_silence() -> None:
    street = Street(2, replacement=Replacement(check_interval=5.0, strikes=2))
    street.at(11.0, street.hosts[0].crash)
    replaced, whole = 20.0, 20.0 + BOOT + START
    times = [12.0 + 2.0 * number for number in range(30)]
    street.ask(*times, client=street.hasty)
    street.env.run(until=200.0)
    columns = street.hasty.table.columns()
    late = [
        float(start)
        for start, outcome in zip(columns["start"], columns["outcome"], strict=True)
        if Outcome(outcome) is Outcome.TIMED_OUT
    ]
    assert late
    assert max(late) < replaced + ONE_WAY
    assert street.group.ready_count == len(street.pool.hosts) == 2
    assert street.group.ready.history.at([19.0, whole - 0.1, whole + 0.1]).tolist() == [1.0, 1.0, 2.0]
    street.check()


def scaled(street: Street, until: float) -> OpenLoop:
    """Users at 2.5 a second, where a host does one, for some time; kubernetes' rule, without its patience."""
    street_users = OpenLoop(street.env, street.balancer, rate=2.5, until=until, name="users")
    pipeline = MetricPipeline(street.env, group=street.group, meters=[Utilisation()], delay=3.0)
    rule = HorizontalPodAutoscaler(
        count_max=8,
        metrics=(CpuMetric(target=0.5, cpu_initialisation_period=0.0),),
        down=Behaviour(limits=DOWN.limits, stabilisation_window=60.0),
    )
    Autoscaler(street.env, street.group, rule, pipeline)
    return street_users


@pytest.mark.slow
def test_a_service_that_grows_and_shrinks_by_itself_answers_everybody_and_ends_as_it_began() -> None:
    street = Street(1, linger=1.0)
    users = scaled(street, until=900.0)
    street.env.run(until=2_000.0)
    assert users.client.in_flight == 0
    refused = users.table.counts()["refused"]
    assert refused == 0
    counts = [record.detail["after"] for record in street.env.event_log.of_kind("scaling")]
    assert max(counts) >= 5
    assert street.group.desired_count == street.group.ready_count == len(street.pool.hosts) == 1
    # All hosts that there ever were are empty, and those that went are gone.
    assert [host.is_up for host in street.hosts].count(True) == 1
    street.check(users.client)


def test_the_same_seed_gives_the_same_run_event_for_event() -> None:
    def digest() -> str:
        street = Street(1, linger=1.0, replacement=Replacement())
        scaled(street, until=120.0)
        street.at(70.0, street.hosts[0].crash)
        street.env.run(until=300.0)
        return street.env.trace_digest()

    assert digest() == digest()
