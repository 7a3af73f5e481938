"""Routes by version: who may be chosen, with which weight, and when balancers hear of it."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network, Request, System
from models.balancing import Balancer, RoundRobin, Weighted
from models.deployment import Routes, Version
from models.deployment.routes import Split
from models.resilience import Timeout
from models.services import Instance
from models.workload import Client
from simulator import Environment

from .building import good


class Place:
    """Four instances of version 1, and routes to them."""

    def __init__(self, policy: Any = None, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.system = System(self.env, network=Network(self.env, latencies=0.01))
        hosts = [self.system.add_host(f"host-{number}") for number in range(4)]
        self.shop = self.system.add_service("shop", hosts, lambda host: good)
        self.routes = Routes(self.system, self.shop)
        self.edge: Host = self.system.add_host("edge")
        self.balancer: Balancer = self.routes.balanced(self.edge, policy=policy or Weighted(), **settings)

    def add(self, name: str = "2") -> Instance:
        return Version(name=name, make_handler=lambda host: good).start(
            self.shop, self.system.add_host(f"new-{len(self.system.hosts)}")
        )

    def answers(self, count: int) -> dict[str, int]:
        """Ask so many times from now on, and count the answers of each version."""
        values: list[str] = []

        def ask() -> Any:
            response = yield from self.balancer.call(Request())
            values.append(response.value)

        for _ in range(count):
            self.env.process(ask())
        self.env.run()
        return {value: values.count(value) for value in sorted(set(values))}


def test_without_a_split_all_instances_are_alike() -> None:
    place = Place()
    place.add()
    assert place.answers(100) == {"1": 80, "2": 20}


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_share_is_exact_however_many_instances_there_are(share: float) -> None:
    place = Place()
    place.routes.send(Split("2", share))
    for change in (place.add, place.add, lambda: place.shop.remove_instance(place.shop.instances[0])):
        change()
        # One more or fewer: who was next before the change is next after it.
        assert abs(place.answers(100)["2"] - 100 * share) <= 1


@pytest.mark.parametrize("policy", [RoundRobin(), Weighted()])
def test_all_or_nothing_needs_no_weights(policy: Any) -> None:
    place = Place(policy)
    place.routes.send(Split("2", 0.0))
    place.add()
    assert place.answers(20) == {"1": 20}
    place.routes.send(Split("2", 1.0))
    assert place.answers(20) == {"2": 20}
    place.routes.send(None)
    assert place.answers(20) == {"1": 16, "2": 4}


def test_of_a_version_that_is_not_there_the_others_get_the_share() -> None:
    place = Place()
    place.routes.send(Split("2", 0.5))
    assert place.answers(20) == {"1": 20}


def test_instance_that_is_not_ready_yet_gets_nothing() -> None:
    place = Place()
    Version(name="2", make_handler=lambda host: good, start_time=5.0).start(place.shop, place.edge)
    assert len(place.balancer.targets) == 4
    place.env.run(until=5.5)
    assert len(place.balancer.targets) == 5


def test_news_arrives_after_the_delay_and_in_order() -> None:
    place = Place(discovery_delay=3.0)
    place.routes.send(Split("2", 1.0))
    place.env.run(until=1.0)
    new = place.add()
    place.env.call_later(4.0 - 1.0 + 0.1, place.shop.remove_instance, new)
    counts = []
    for time in (2.9, 3.1, 4.2, 7.0, 7.2):
        place.env.run(until=time)
        counts.append(len(place.balancer.targets))
    # All old ones; the switch is known, and the new instance is not; it is; it has gone, and that is not
    # known; nobody.
    assert counts == [4, 0, 1, 1, 0]


def test_one_that_is_removed_before_it_was_ready_was_never_there() -> None:
    place = Place()
    new = Version(name="2", make_handler=lambda host: good, start_time=5.0).start(place.shop, place.edge)
    place.shop.remove_instance(new)
    place.env.run()
    assert len(place.balancer.targets) == 4


def test_what_stands_around_a_connection_is_there_for_later_ones_too() -> None:
    place = Place(around=lambda way: Timeout(place_env(way), way, 1.0))
    place.add()
    assert all(isinstance(target, Timeout) for target in place.balancer.targets)
    assert len(place.system.connections) == 5


def place_env(way: Any) -> Environment:
    env: Environment = way._env
    return env


def test_a_part_needs_weights_and_a_delay_is_no_negative_time() -> None:
    place = Place(RoundRobin())
    with pytest.raises(ValueError, match="must use weights to send a part, got RoundRobin"):
        place.routes.send(Split("2", 0.5))
    assert place.routes.split is None
    with pytest.raises(ValueError, match=r"discovery_delay must be finite and >= 0 s, got -1\.0"):
        place.routes.balanced(place.edge, discovery_delay=-1.0)


def test_balancer_that_is_made_later_begins_with_what_is_so_then() -> None:
    place = Place()
    place.routes.send(Split("2", 0.25))
    place.add()
    place.balancer = place.routes.balanced(place.edge, policy=Weighted())
    assert place.answers(100) == {"1": 75, "2": 25}
    place.routes.send(Split("2", 0.0))
    place.balancer = place.routes.balanced(place.edge)
    assert place.answers(20) == {"1": 20}
    place.routes.send(Split("2", 0.0))


def test_balancer_that_is_made_later_must_use_weights_where_it_is_to_send_a_part() -> None:
    place = Place()
    place.routes.send(Split("2", 0.25))
    with pytest.raises(ValueError, match="must use weights to send a part, got RoundRobin"):
        place.routes.balanced(place.edge)
    assert place.routes.balancers == [place.balancer]


def test_instance_that_starts_while_a_balancer_is_made_is_one_target_once_it_listens() -> None:
    place = Place()
    Version(name="2", make_handler=lambda host: good, start_time=5.0).start(place.shop, place.edge)
    place.env.run(until=1.0)
    later = place.routes.balanced(place.edge)
    assert len(later.targets) == 4
    place.env.run(until=6.0)
    assert (len(later.targets), len(place.balancer.targets)) == (5, 5)
    place.shop.remove_instance(place.shop.instances[-1])
    assert len(later.targets) == 4


def test_instance_that_is_removed_while_it_starts_never_comes() -> None:
    place = Place()
    new = Version(name="2", make_handler=lambda host: good, start_time=5.0).start(place.shop, place.edge)
    later = place.routes.balanced(place.edge)
    place.shop.remove_instance(new)
    place.env.run()
    assert len(later.targets) == 4


def test_any_balancer_may_follow_the_routes_of_its_service_only() -> None:
    place = Place()
    made = place.system.balanced(place.edge, place.shop, policy=Weighted(), discovery=place.routes.follow)
    assert place.routes.balancers == [place.balancer, made]
    other = place.system.add_service("other", [place.edge], lambda host: good)
    with pytest.raises(ValueError, match="service must be that of the routes, "):
        place.system.balanced(place.edge, other, discovery=place.routes.follow)


def test_calls_go_on_at_who_is_listed_no_more() -> None:
    place = Place()
    place.routes.send(Split("2", 0.0))
    place.add()
    client = Client(place.env, place.balancer)
    client.issue(Request())
    place.env.run(until=0.05)
    place.routes.send(Split("2", 1.0))
    place.env.run()
    assert client.table.counts()["ok"] == 1
