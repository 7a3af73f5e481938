"""Every wrapper, and ordered pairs of them, around a balancer over a group that is scaled all the while.

Hosts come and go all the time, by a schedule and by the calls that are under way. Calls take a second, an
instance that goes lingers for a round trip and finishes what it has: so the callers see what they see of one
healthy server that is always there, to the instant, and not one call is lost.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from math import inf
from typing import Any

import pytest

from experiments.swarm import check_system
from models import Endpoint, Host, Request
from models.autoscaling import (
    Autoscaler,
    BacklogPerInstance,
    Largest,
    MetricPipeline,
    ScheduledCount,
    ScheduledScaling,
)
from models.balancing import Balancer, RoundRobin, follow
from models.infrastructure import HostPool, HostType
from models.instance_groups import InstanceGroup
from models.network import Connection
from models.outcome import Outcome
from models.services import Instance, Service

from .bad_targets import BadTarget, Verdict
from .catalogue import WRAPPERS, Wrapper, name_of
from .comparison import Difference, Interruption, compare
from .world import ONE_WAY, World

Chain = tuple[Wrapper, ...]

# As in the catalogue: lengths that no sum of others equals.
BOOT, START, INTERVAL, SCRAPE, PERIOD = 0.21187, 0.08311, 0.30713, 0.20747, 3.01873
COUNTS = (ScheduledCount(0.0, 1), ScheduledCount(0.3, 3), ScheduledCount(0.9, 1), ScheduledCount(2.1, 2))
LINGER = 2.0 * ONE_WAY
CALLS = tuple(0.43117 * number + 0.00317 * number**2 for number in range(10))
END = 8.00019

# One pair in so many is among the fast tests, and one in so many among the slow ones: primes.
SAMPLED_ONE_IN = 241
SLOW_ONE_IN = 37
KINDS = ("cancel", "kill", "web")
PAIRS: list[Chain] = [(outer, inner) for outer in WRAPPERS for inner in WRAPPERS]


class Fleet:
    """A group of instances that take a second, its autoscaler, and a balancer on `here`."""

    def __init__(self, world: World, *, linger: float = LINGER, grace: float = inf) -> None:
        self.world, env = world, world.env
        self.ways: list[Connection] = []
        self.made: list[Instance] = []
        self.draining_calls = 0
        pool = HostPool(env, "fleet", HostType(boot_time=BOOT), make_host=self._make_host)
        first = pool.provision(boots=False)
        self.service = Service(env, "fleet", [first], lambda host: self._serve, start_time=START)
        self.group = InstanceGroup(env, self.service, pool, 1, linger=linger, grace=grace)
        self.service.on_removed(self._leave)
        self.balancer = Balancer(env, [], policy=RoundRobin(), host=world.here, name="fleet's balancer")
        here = world.here
        follow(env, self.balancer, self.service, lambda instance: self._connect(here, instance))
        world.endpoints += [self.balancer]
        before = set(env.processes)
        pipeline = MetricPipeline(env, totals={"calls": self._call_count}, scrape_interval=SCRAPE)
        bounds: Any = {"count_max": 4, "interval": INTERVAL}
        schedule = ScheduledScaling(**bounds, times=COUNTS, period=PERIOD)
        by_calls = BacklogPerInstance(**bounds, metric="calls", acceptable=3.0, stabilisation_window=0.0)
        self.scaler = Autoscaler(env, self.group, Largest(**bounds, rules=(schedule, by_calls)), pipeline)
        world.squatters += [process for process in env.processes if process not in before]

    def _make_host(self, name: str, **settings: Any) -> Host:
        host = Host(self.world.env, name, **settings)
        self.world.hosts.append(host)
        return host

    def _serve(self, instance: Instance, request: Request) -> Generator[Any, Any, str]:
        self.world.arrivals.append(self.world.env.now)
        yield 1.0
        self.world.served.append(self.world.env.now)
        return "answer"

    def _connect(self, here: Host, instance: Instance) -> Endpoint:
        way = self.world.network.connect(here, instance)
        self.ways.append(way)
        self.made.append(instance)
        return way

    def _leave(self, instance: Instance) -> None:
        self.draining_calls += instance.in_service_count

    def _call_count(self) -> float:
        return float(sum(instance.in_service_count for instance in self.group.instances))

    def check(self) -> None:
        """Check the books of all instances that there ever were, and of the ways to them."""
        check_system(self.world.env, endpoints=[*self.ways, *self.made], hosts=self.world.hosts)
        received = sum(instance.statistics().call_count for instance in self.made)
        assert received == len(self.world.arrivals) == len(self.world.served)
        assert self.group.provisioned.value == len(self.group.instances)


class _ScaledTarget:
    """Makes a fleet in each world, and keeps the last one to be looked at."""

    def __init__(self, **settings: float) -> None:
        self.settings = settings
        self.fleet: Fleet | None = None

    def build(self, world: World) -> Endpoint:
        self.fleet = Fleet(world, **self.settings)
        return self.fleet.balancer

    def target(self) -> BadTarget:
        return BadTarget(name="scaled", build=self.build, verdict=_healthy)


def _healthy(time: float, number: int) -> Verdict:
    return Verdict(Outcome.OK, time + ONE_WAY + 1.0 + ONE_WAY, time + ONE_WAY)


def scale_under(chain: Chain, interruption: Interruption | None = None, **settings: float) -> Fleet:
    """Compare a chain around the fleet with the oracle's around a healthy server; return what was scaled."""
    scaled = _ScaledTarget(**settings)
    compare(chain, scaled.target(), calls=CALLS, end=END, interruption=interruption, keeps_world=True)
    assert scaled.fleet is not None
    scaled.fleet.check()
    return scaled.fleet


def scale_under_all(chains: Iterable[Chain]) -> None:
    """Do that with chain after chain, and tell of all that went wrong."""
    errors = []
    for chain in chains:
        try:
            scale_under(chain)
        except AssertionError as error:
            error.add_note(name_of(chain))
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} chains see that something is scaled", errors)


def test_instances_come_and_go_and_some_go_with_a_call_in_hand() -> None:
    """Else the others would see nothing because nothing happens."""
    fleet = scale_under(())
    statistics = fleet.scaler.statistics()
    assert min(statistics.out_count, statistics.in_count) >= 4
    assert fleet.draining_calls >= 2
    assert fleet.group.ready.maximum == 3


@pytest.mark.parametrize("settings", [{"linger": 0.0}, {"grace": 0.5}])
def test_without_lingering_or_without_the_time_to_finish_it_is_seen(settings: dict[str, float]) -> None:
    calls = tuple(INTERVAL * number - ONE_WAY / 2.0 for number in range(1, 16))  # on its way at each decision
    scaled = _ScaledTarget(**settings)
    with pytest.raises(Difference):
        compare((), scaled.target(), calls=calls, end=END)


@pytest.mark.parametrize("chain", [(wrapper,) for wrapper in WRAPPERS], ids=name_of)
def test_wrapper_sees_a_healthy_server_where_a_group_is_scaled(chain: Chain) -> None:
    scale_under(chain)


@pytest.mark.slow
def test_some_pairs_see_a_healthy_server_where_a_group_is_scaled() -> None:
    scale_under_all(PAIRS[::SAMPLED_ONE_IN])


@pytest.mark.slow
@pytest.mark.unwatched(reason="each comparison ends with the checks")
def test_pairs_see_a_healthy_server_where_a_group_is_scaled() -> None:
    scale_under_all(PAIRS[1::SLOW_ONE_IN])


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(len(KINDS)), ids=KINDS)
def test_caller_that_goes_leaves_nothing_behind_at_an_instance_that_goes(turn: int) -> None:
    """Wrappers and kinds by turns, each at a moment of its own."""
    for number, wrapper in enumerate(WRAPPERS[turn :: 2 * len(KINDS)]):
        call = CALLS[number % 5]
        time = call + 0.07 + 0.04371 * (number % 20)
        interruption = Interruption(kind=KINDS[turn], call=call, time=time, is_last=False)
        try:
            scale_under((wrapper,), interruption)
        except AssertionError as error:
            error.add_note(f"{wrapper.name} with {interruption}")
            raise
