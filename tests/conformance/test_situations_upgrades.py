"""What users see of an upgrade, planned and drained, and of an unplanned crash of the same instances.

Three instances on three hosts, two calls under way at a time on each; the network takes 10 ms one way, a
call 100 ms. What differs between the situations is said in each.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Network, Request, ServerError, System
from models.balancing import LeastOutstanding, Policy, PowerOfTwoChoices, Random, RoundRobin, Weighted
from models.deployment import (
    BlueGreen,
    Bounds,
    ByObjective,
    Canary,
    Deployment,
    Draining,
    RollingUpgrade,
    Routes,
    Strategy,
    Version,
)
from models.faults import HostCrash, ProcessCrash
from models.requirements import AvailabilityObjective
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Instance, Service
from models.workload import Client
from simulator import Environment

from .world import ONE_WAY

ANSWER, GAP, UNTIL = 0.1, 0.0171, 60.0
POLICIES = [RoundRobin(), Random(), Weighted(), LeastOutstanding(), PowerOfTwoChoices()]
by_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)


def answer(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield ANSWER
    return instance.version


def fail(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield ANSWER
    raise ServerError("a bug")


class Street:
    """Users, an edge with a balancer, three hosts of a shop, and a controller; all defaults but the times."""

    def __init__(
        self, policy: Policy | None = None, *, is_routed: bool = False, delay: float = 0.0, **settings: Any
    ) -> None:
        self.env = env = Environment(seed=1)
        self.system = system = System(env, network=Network(env, latencies=ONE_WAY))
        self.hosts = [system.add_host(f"host-{number}") for number in range(3)]
        self.shop: Service = system.add_service("shop", self.hosts, lambda host: answer, start_time=1.0)
        edge: Host = system.add_host("edge")
        routes = Routes(system, self.shop) if is_routed else None
        policy = policy or Weighted()
        self.balancer = (
            system.balanced(edge, self.shop, policy=policy, discovery_delay=delay)
            if routes is None
            else routes.balanced(edge, policy=policy, discovery_delay=delay)
        )
        self.deployment = Deployment(
            system,
            self.shop,
            host=system.add_host("controller"),
            routes=routes,
            balancers=[self.balancer],
            **settings,
        )
        way = system.network.connect(system.add_host("users"), self.balancer)
        self.client = Client(env, way)
        self.careful = Client(
            env, Retry(env, Timeout(env, way, 1.0), 3, backoff=ConstantBackoff(delay=0.05), name="careful")
        )

    def run(self, client: Client | None = None) -> dict[str, int]:
        """Let users come for a minute, and say how their requests ended, all of them."""
        client = client or self.client
        for number in range(round(UNTIL / GAP)):
            self.env.call_later(number * GAP, client.issue, Request())
        self.env.run()
        assert client.in_flight == 0
        return {name: count for name, count in client.table.counts().items() if count}

    def upgrade(self, strategy: Strategy | None = None, handle: Any = answer, at: float = 10.0) -> None:
        version = Version(name="2", make_handler=lambda host: handle)
        arguments = (version,) if strategy is None else (version, strategy)
        self.env.call_later(at, self.deployment.upgrade, *arguments)

    @property
    def versions(self) -> list[str]:
        return [instance.version for instance in self.shop.instances]


ALL = {"ok": round(UNTIL / GAP)}


@pytest.mark.slow
@by_policy
def test_rolling_upgrade_of_three_healthy_instances_by_default_loses_no_request(policy: Policy) -> None:
    street = Street(policy)
    street.upgrade()
    assert street.run() == ALL
    assert street.versions == ["2", "2", "2"]
    assert [instance.host for instance in street.shop.instances] == street.hosts
    assert street.deployment.rollouts[0].outcome == "complete"


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy",
    [
        RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1)),
        RollingUpgrade(bounds=Bounds(max_surge=3, max_unavailable=0)),
        BlueGreen(keep=5.0),
        Canary(shares=(0.1, 0.5), pause=5.0),
        Canary(shares=(0.1, 0.5), pause=5.0, by_weight=False),
    ],
    ids=["in place", "surge of all", "blue-green", "canary", "canary by count"],
)
def test_every_strategy_brings_three_healthy_instances_over_and_loses_no_request(strategy: Strategy) -> None:
    street = Street(is_routed=True)
    street.upgrade(strategy)
    assert street.run() == ALL
    assert street.versions == ["2", "2", "2"]


@pytest.mark.slow
@by_policy
def test_crash_of_the_same_instances_loses_what_an_upgrade_does_not(policy: Policy) -> None:
    street = Street(policy)
    for number, instance in enumerate(street.shop.instances):
        fault = ProcessCrash(instance)
        street.env.call_later(10.0 + 2 * number, fault.inject)
        street.env.call_later(10.001 + 2 * number, fault.heal)
    ended = street.run()
    assert sum(ended.values()) == ALL["ok"]
    assert ended["refused"] > 0, "nobody has told the balancer"
    assert ended["unknown"] > 0, "what was under way"


@pytest.mark.slow
def test_refused_are_exactly_those_who_come_after_the_linger_and_before_the_news() -> None:
    """One instance in place of one: all requests are its, so that the race can be counted off."""
    street = Street(delay=2.0, draining=Draining(linger=0.5, grace=30.0))
    for instance in street.shop.instances[1:]:
        street.shop.remove_instance(instance)
    street.env.run(until=9.0)  # the controller finds out, and the balancer does
    assert street.deployment.desired_count == 1
    street.upgrade(RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1)), at=1.0)
    ended = street.run()
    # Taken out at 10.02; told to stop at 10.03; refuses what arrives from 10.53 on, and until 12.02 it is
    # sent to. The new one listens at 11.05 and is known at 13.05: between, there is no target at all.
    begins_at = [9.0 + number * GAP for number in range(ALL["ok"])]
    refused = sum(10.51 <= at < 13.04 for at in begins_at)
    assert ended == {"ok": ALL["ok"] - refused, "refused": refused}


@pytest.mark.slow
def test_retries_make_up_for_a_part_of_what_a_short_linger_loses() -> None:
    """They may meet the same refusal three times: the second old one goes before the news of the first."""
    plain, careful = (
        Street(Random(), delay=2.0, draining=Draining(linger=0.0, grace=30.0)) for _ in range(2)
    )
    for street in (plain, careful):
        street.upgrade()
    refused = plain.run()["refused"]
    assert 0 < careful.run(careful.careful)["refused"] < refused / 2


@pytest.mark.slow
def test_bad_version_is_taken_back_by_its_judge_and_is_never_seen_again() -> None:
    street = Street(is_routed=True)
    judge = ByObjective(objective=AvailabilityObjective(at_least=0.99), requests_min=20)
    street.upgrade(Canary(shares=(0.1, 0.5), pause=20.0, judge=judge), handle=fail)
    ended = street.run()
    # A tenth of 58 requests a second, until 20 of them are counted at a look, one every second.
    assert 20 <= ended["server_error"] <= 20 + 2 * 0.1 / GAP
    assert ended["ok"] == ALL["ok"] - ended["server_error"]
    assert street.versions == ["1", "1", "1"]


@pytest.mark.slow
def test_version_that_never_starts_hurts_nobody() -> None:
    street = Street()
    street.shop.on_added(lambda instance: instance.host.hold_process_down(instance, "crashes on start"))
    street.upgrade(RollingUpgrade(progress_deadline=30.0))
    street.env.call_later(70.0, street.deployment.roll_back)
    assert street.run() == ALL
    assert street.versions == ["1", "1", "1"]
    rollout = street.deployment.rollouts[0]
    assert (rollout.outcome, rollout.stuck_count) == ("rolled back", 1)


@pytest.mark.parametrize("which", ["old", "new", "controller"])
def test_upgrade_goes_on_after_a_crash_of_any_host(which: str) -> None:
    street = Street()
    victims = {"old": street.hosts[2], "new": street.hosts[0], "controller": street.deployment.host}
    fault = HostCrash(victims[which])
    street.env.call_later(11.2, fault.inject)
    street.env.call_later(25.0, fault.heal)
    street.upgrade()
    for number in range(200):
        street.env.call_later(30.0 + number * GAP, street.client.issue, Request())
    street.env.run()
    assert street.versions == ["2", "2", "2"]
    assert street.client.table.counts()["ok"] == 200
