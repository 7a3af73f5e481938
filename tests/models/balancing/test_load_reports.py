"""Reports of load: what is sent when, what the network does to it, and policies that go by it."""

from collections import Counter
from typing import Any

import pytest

from models import Host, Network, Request
from models.balancing import (
    Balancer,
    LeastOutstanding,
    LoadReports,
    PowerOfTwoChoices,
    ReportedLoad,
    Weighted,
)
from models.balancing.localities import Priorities
from models.infrastructure import Zone
from models.network import Partition
from models.services import Instance
from simulator import Environment
from tests.models.services.building import Probe, call

from .made_targets import chosen, lettered, show, target, targets_of

WAY = 0.01


class Reporting:
    """Two instances on hosts of their own behind a balancer on the edge, ten milliseconds away."""

    def __init__(self, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=WAY)
        self.edge = Host(self.env, "edge")
        self.hosts = [Host(self.env, f"h{number}") for number in range(2)]
        self.instances = [
            Instance(self.env, host, _wait, name=f"i{number}") for number, host in enumerate(self.hosts)
        ]
        ways = [self.network.connect(self.edge, instance) for instance in self.instances]
        self.balancer = Balancer(
            self.env, ways, policy=ReportedLoad(LeastOutstanding()), host=self.edge, name="b"
        )
        self.reports = LoadReports(
            self.network, self.balancer, **{"interval": 1.0, "in_step": True, **settings}
        )

    def loads(self) -> list[float | None]:
        return [member.reported_load for member in self.balancer._targets.members]

    def occupy(self, instance: int, count: int, *, seconds: float = 100.0) -> None:
        for _ in range(count):
            call(self.env, self.instances[instance], Request(value=seconds))


def _wait(instance: Instance, request: Any) -> Any:
    yield request.value or 100.0


def test_a_report_says_how_many_calls_there_were_when_it_was_sent() -> None:
    world = Reporting()
    world.occupy(0, 3)
    world.env.run(until=1.0 + WAY / 2)
    assert world.loads() == [None, None]
    world.env.run(until=1.0 + WAY)
    world.env.run(until=1.0 + 2 * WAY)
    assert world.loads() == [3, 0]
    world.occupy(1, 2)
    world.env.run(until=1.9)
    assert world.loads() == [3, 0]
    world.env.run(until=2.1)
    assert world.loads() == [3, 2]


def test_waiting_calls_count_and_so_do_those_of_others() -> None:
    world = Reporting()
    instance = Instance(world.env, world.hosts[0], _wait, threads=1, name="narrow")
    way = world.network.connect(world.edge, instance)
    world.balancer.add(way)
    world.reports.add(way)
    for _ in range(4):
        call(world.env, instance)
    world.env.run(until=1.5)
    assert world.loads() == [0, 0, 4]


def test_reports_come_at_moments_of_their_own_unless_in_step() -> None:
    world = Reporting(in_step=False)
    world.env.run(until=2.5)
    assert world.reports.sent_count in (4, 5, 6)
    firsts = [world.reports._random_moment(instance) for instance in world.instances]
    assert 0.0 <= min(firsts) < max(firsts) < 1.0


def test_what_is_cut_off_does_not_arrive_and_the_last_report_stands() -> None:
    world = Reporting()
    world.occupy(0, 3, seconds=1.5)
    world.env.run(until=1.2)
    cut = Partition(world.hosts[0], world.edge)
    world.network.install(cut)
    world.env.run(until=3.5)
    assert world.loads() == [3, 0]
    assert (world.reports.sent_count, world.reports.arrived_count) == (6, 4)
    world.network.heal(cut)
    world.env.run(until=4.5)
    assert world.loads() == [0, 0]


def test_who_is_down_reports_nothing_until_it_is_back() -> None:
    world = Reporting()
    world.occupy(0, 3)
    world.env.run(until=1.5)
    world.hosts[0].crash()
    world.instances[1].crash()
    world.env.run(until=4.5)
    assert world.reports.sent_count == 2
    assert world.loads() == [3, 0]
    world.hosts[0].restart()
    world.instances[1].restart()
    world.env.run(until=6.5)
    assert world.loads() == [0, 0]
    assert world.reports.sent_count == 6


def test_a_balancer_that_starts_again_has_heard_nothing() -> None:
    world = Reporting()
    world.env.run(until=1.5)
    world.edge.crash()
    world.env.run(until=2.5)
    world.edge.restart()
    world.env.run(until=2.6)
    assert world.loads() == [None, None]
    world.env.run(until=3.5)
    assert world.loads() == [0, 0]


def test_reports_about_a_target_that_was_removed_are_dropped() -> None:
    world = Reporting()
    world.balancer.remove(world.balancer.targets[0])
    world.env.run(until=1.5)
    assert world.loads() == [0]


def test_one_that_comes_back_has_reported_nothing() -> None:
    world = Reporting()
    world.env.run(until=1.5)
    way = world.balancer.targets[0]
    world.balancer.remove(way)
    world.balancer.add(way)
    assert world.loads() == [0, None]
    world.env.run(until=2.5)
    assert world.loads() == [0, 0]


def test_an_instance_that_stops_reports_no_more() -> None:
    world = Reporting()
    world.env.run(until=1.5)
    world.instances[0].stop()
    world.env.run(until=5.5)
    assert world.reports.sent_count == 2 + 4


def test_policy_goes_by_what_was_reported_and_not_by_its_own_calls() -> None:
    targets = lettered(9, 0, 0)
    choose = ReportedLoad(LeastOutstanding()).chooser(Environment(seed=1), targets, "b")
    for each, load in zip(targets, (1, 2, 3), strict=True):
        each.reported_load = load
    assert set(chosen(choose, 20)) == {"a"}
    targets[0].reported_load = 5
    assert set(chosen(choose, 20)) == {"b"}


def test_a_report_of_no_load_at_all_is_a_report() -> None:
    targets = lettered(9, 0)
    for each, load in zip(targets, (0, 1), strict=True):
        each.reported_load = load
    choose = ReportedLoad(LeastOutstanding()).chooser(Environment(seed=1), targets, "b")
    assert set(chosen(choose, 20)) == {"a"}


def test_turns_of_the_policy_inside_outlast_a_change_of_targets() -> None:
    """Smooth turns of 2 and 1 are a, b, a: after a and b it is a's turn, whoever has come meanwhile."""
    targets = lettered(0, 0, 0, weights=(2, 1, 1e-9))
    *members, newcomer = targets.members
    show(targets, members)
    choose = ReportedLoad(Weighted()).chooser(Environment(), targets, "b")
    assert chosen(choose, 1) == ["a"]
    show(targets, [*members, newcomer])
    assert chosen(choose, 1) == ["b"]
    show(targets, members)
    assert chosen(choose, 4) == ["a", "a", "b", "a"]


def test_one_that_is_starting_reports_once_it_listens() -> None:
    world = Reporting()
    instance = Instance(world.env, world.hosts[0], _wait, start_time=1.5, name="late")
    instance.start()
    way = world.network.connect(world.edge, instance)
    world.balancer.add(way)
    world.reports.add(way)
    world.env.run(until=1.25)
    assert world.reports.sent_count == 2
    world.env.run(until=2.25)
    assert world.reports.sent_count == 2 + 3


def test_panic_is_that_of_the_policy_inside() -> None:
    """Of the first level nobody is well, and the second takes everything: one of three is enough."""
    zones = Zone("near"), Zone("far")
    targets = targets_of(target(name, zone=zones[name == "c"]) for name in "abc")
    for each in targets.members[:2]:
        each.is_ejected = True
    inside = Priorities(levels=((zones[0],), (zones[1],)))
    assert not ReportedLoad(inside).is_panic(targets.members, 0.5)
    assert ReportedLoad(LeastOutstanding()).is_panic(targets.members, 0.5)


def test_who_has_not_reported_counts_as_the_balancer_sees_it() -> None:
    targets = lettered(4, 0, 3)
    targets[1].reported_load = 5
    choose = ReportedLoad(LeastOutstanding()).chooser(Environment(seed=1), targets, "b")
    assert set(chosen(choose, 20)) == {"c"}


def test_weights_and_turns_of_the_policy_inside_are_kept() -> None:
    policy = ReportedLoad(Weighted())
    assert policy.uses_weights
    assert not ReportedLoad(PowerOfTwoChoices()).uses_weights
    targets = lettered(0, 0, weights=(3, 1))
    choose = policy.chooser(Environment(), targets, "b")
    show(targets, targets.members)
    assert Counter(chosen(choose, 40)) == {"a": 30, "b": 10}
    targets[0].weight = 1.0
    assert Counter(chosen(choose, 40)) == {"a": 20, "b": 20}


def test_misuse_is_an_error_that_says_what_is_wrong() -> None:
    world = Reporting()
    with pytest.raises(ValueError, match="interval must be finite and > 0 s, got 0"):
        LoadReports(world.network, world.balancer, interval=0)
    with pytest.raises(ValueError, match="balancer must stand on a host to get reports, got"):
        LoadReports(world.network, Balancer(world.env, [], name="nowhere"), interval=1)
    with pytest.raises(ValueError, match="target must lead to an Instance that can report, got Probe"):
        world.reports.add(Probe(1.0, "a"))
    with pytest.raises(
        TypeError, match=r"policy must be a Policy, such as PowerOfTwoChoices\(\), got <class"
    ):
        ReportedLoad(LeastOutstanding)  # type: ignore[arg-type]
