"""Canaries: shares, verdicts, and what a canary does not see."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request, ServerError, System
from models.balancing import RoundRobin, Weighted
from models.deployment import AgainstOld, Bounds, ByObjective, Canary, Deployment, Judge, Routes
from models.faults import ProcessCrash
from models.requirements import AvailabilityObjective, LatencyObjective
from models.services import Instance
from models.workload import Client
from simulator import Environment

from .building import ANSWER, Town, erring, good, version

GOOD = AvailabilityObjective(at_least=0.99)
JUDGES = pytest.mark.parametrize(
    "judge", [ByObjective(objective=GOOD, requests_min=10), AgainstOld(objective=GOOD, requests_min=10)]
)


def seen_between(town: Town, since: float, until: float) -> dict[str, int]:
    return {name: len(town.seen.table(name).sample(since, until, by="start")) for name in town.seen.versions}


@pytest.mark.slow
def test_by_weight_the_shares_are_exact_and_the_old_set_is_whole() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=120.0)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.05, 0.25, 0.5), pause=20.0))
    town.env.run()
    assert town.logged() == [
        (10.0, "begin"),
        (12.08, "canary 0.05"),
        (32.5, "canary 0.25"),
        (54.98, "canary 0.5"),
        (77.5, "promote"),
        (77.5, "complete"),
    ]
    # 20 requests a second, so 400 in each 20 s that begin at a step.
    for start, share in ((12.08, 0.05), (32.5, 0.25), (54.98, 0.5)):
        assert seen_between(town, start, start + 20.0) == {"1": 400 * (1 - share), "2": 400 * share}
    assert town.lost_count == 0
    assert town.versions == ["2"] * 4
    # One canary, one more at half of the requests, and one for the surge.
    assert max(town.deployment.fleet.running.history.values) <= 4 + 2 + 1 + 4


ONE_BY_ONE = Canary(shares=(0.5,), pause=3.0, bounds=Bounds(max_surge=1, max_unavailable=0))


def weights_in(town: Town) -> set[float]:
    return {target.weight for target in town.balancer.statistics().targets}


def test_in_the_last_step_all_instances_are_alike_so_that_no_old_one_has_half_of_all() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=40.0)
    town.at(10.0, town.deployment.upgrade, version(), ONE_BY_ONE)
    town.env.run(until=15.0)
    assert weights_in(town) == {0.5 * 6 / 2, 0.5 * 6 / 4}
    town.env.run(until=18.3)
    [rollout] = town.deployment.rollouts
    assert (rollout.outcome, rollout.step.name) == ("under way", "promote")
    assert sorted(town.versions) == ["1", "2", "2", "2", "2"]
    assert weights_in(town) == {1.0}


def test_on_the_way_back_nothing_is_sent_to_an_old_set_that_is_not_whole_but_its_part() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=40.0)
    town.at(10.0, town.deployment.upgrade, version(), ONE_BY_ONE)
    town.env.run(until=17.5)
    assert town.versions.count("1") < 4
    town.deployment.roll_back()
    town.env.run(until=18.5)
    assert town.deployment.rollouts[0].is_going_back
    assert len(town.balancer.targets) > town.versions.count("1"), "new ones serve still"
    town.env.run()
    assert town.versions == ["1"] * 4
    assert town.lost_count == 0


def test_old_set_of_which_a_part_is_down_is_not_sent_all_requests_at_once() -> None:
    town = Town(4, is_routed=True)
    canary = Canary(shares=(0.5,), pause=60.0, bounds=Bounds(max_surge=1, max_unavailable=0))
    town.at(10.0, town.deployment.upgrade, version(), canary)
    for instance in town.shop.instances[:2]:
        fault = ProcessCrash(instance)
        town.at(14.0, fault.inject)
        town.at(30.0, fault.heal)
    town.at(16.0, town.deployment.roll_back)
    town.env.run(until=25.0)
    assert len(town.balancer.targets) == 6, "canaries stay until the old ones are back"
    town.env.run()
    assert town.deployment.rollouts[0].outcome == "rolled back"
    assert len(town.balancer.targets) == 4


@pytest.mark.slow
def test_by_count_a_canary_takes_an_old_ones_place_and_no_share_is_less_than_an_instance() -> None:
    town = Town(4)
    town.users_come(until=120.0)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.05, 0.5), pause=20.0, by_weight=False))
    town.env.run(until=30.0)
    assert sorted(town.versions) == ["1", "1", "1", "2"]
    assert seen_between(town, 14.0, 29.0) == {"1": 225, "2": 75}
    town.env.run()
    assert town.versions == ["2"] * 4
    assert town.lost_count == 0


@JUDGES
@pytest.mark.parametrize("by_weight", [True, False])
def test_version_that_errs_is_rolled_back_and_the_rest_never_see_it(judge: Judge, by_weight: bool) -> None:
    town = Town(4, is_routed=by_weight)
    town.users_come(until=100.0)
    town.at(10.0, town.deployment.upgrade, version(handle=erring), Canary(judge=judge, by_weight=by_weight))
    town.env.run()
    [rollout] = town.deployment.rollouts
    assert (rollout.outcome, rollout.reason) == ("rolled back", "verdict")
    assert town.versions == ["1"] * 4
    # Ten requests are the least to judge by; a look comes every second, in which a share of 20 follows.
    assert 10 <= town.lost_count <= 16
    assert len(town.seen.table("2")) == town.lost_count


@pytest.mark.slow
@JUDGES
def test_good_version_is_promoted_although_it_is_judged(judge: Judge) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=100.0)
    town.at(10.0, town.deployment.upgrade, version(), Canary(pause=15.0, judge=judge))
    town.env.run()
    assert town.deployment.rollouts[0].outcome == "complete"
    assert town.lost_count == 0


def slow(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield 5 * ANSWER
    return instance.version


@pytest.mark.slow
def test_slowness_is_judged_by_a_latency_objective() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=100.0)
    fast_enough = LatencyObjective(percentile=99.0, at_most=0.3)
    judge = AgainstOld(objective=fast_enough, requests_min=10)
    town.at(10.0, town.deployment.upgrade, version(handle=slow), Canary(judge=judge))
    town.env.run()
    assert town.deployment.rollouts[0].outcome == "rolled back"
    assert town.lost_count == 0, "slow, and answered"


@pytest.mark.slow
def test_too_few_requests_are_no_reason_to_go_on() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=640.0, gap=4.0)
    judge = ByObjective(objective=GOOD, requests_min=100)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.05,), pause=20.0, judge=judge))
    town.env.run(until=640.0)
    [rollout] = town.deployment.rollouts
    assert (rollout.outcome, rollout.step.name, rollout.is_stuck) == ("under way", "canary 0.05", True)
    assert town.logged()[-1][1] == "stuck"
    assert 631.0 <= town.logged()[-1][0] <= 633.0, "ten minutes after the pause was over"


def leaking(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    """Fail for want of memory after 100 requests."""
    instance.state["requests"] = instance.state.get("requests", 0) + 1
    yield ANSWER
    if instance.state["requests"] > 100:
        raise ServerError("out of memory")
    return instance.version


@pytest.mark.slow
@pytest.mark.parametrize(("pause", "outcome"), [(20.0, "complete"), (120.0, "rolled back")])
def test_canary_that_is_too_short_does_not_see_a_leak(pause: float, outcome: str) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=200.0)
    judge = ByObjective(objective=GOOD, requests_min=10)
    town.at(
        10.0,
        town.deployment.upgrade,
        version(handle=leaking),
        Canary(shares=(0.1,), pause=pause, judge=judge),
    )
    town.env.run()
    assert town.deployment.rollouts[0].outcome == outcome
    assert (town.lost_count > 500) == (outcome == "complete")


@pytest.mark.slow
def test_monitor_that_has_forgotten_begins_anew_and_the_verdict_waits() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=100.0)
    judge = ByObjective(objective=GOOD, requests_min=20)
    town.at(10.0, town.deployment.upgrade, version(handle=erring), Canary(shares=(0.25,), judge=judge))
    town.at(15.0, town.edge.crash)
    town.at(15.001, town.edge.restart)
    town.env.run()
    # Reached at 12.08, five bad requests a second: without the crash it would be over after four seconds.
    [(turned_back_at, _)] = [entry for entry in town.logged() if entry[1] == "roll back"]
    assert 19.0 <= turned_back_at <= 20.5


@pytest.mark.parametrize(
    "shares", [(), (0.0,), (1.0,), (0.5, 0.25), (0.25, 0.25), (0.5, 1.0), (-0.1,), (1.5,)]
)
def test_shares_must_rise_between_nothing_and_all(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="shares must"):
        Canary(shares=shares)


def test_weights_need_a_policy_that_uses_them() -> None:
    env = Environment(seed=1)
    system = System(env)
    shop = system.add_service("shop", [system.add_host("host")], lambda host: good)
    routes = Routes(system, shop)
    routes.balanced(system.add_host("edge"), policy=RoundRobin())
    deployment = Deployment(system, shop, host=system.add_host("controller"), routes=routes)
    with pytest.raises(ValueError, match="policy of 'edge to shop' must use weights to send a part"):
        deployment.upgrade(version(), Canary())


def test_judge_needs_balancers_to_look_at() -> None:
    env = Environment(seed=1)
    system = System(env)
    shop = system.add_service("shop", [system.add_host("host")], lambda host: good)
    deployment = Deployment(system, shop, host=system.add_host("controller"))
    with pytest.raises(ValueError, match="balancers must be given for the judge"):
        deployment.upgrade(version(), Canary(by_weight=False, judge=ByObjective(objective=GOOD)))


def test_judge_looks_at_balancers_too_that_are_made_when_the_upgrade_has_begun() -> None:
    town = Town(4, is_routed=True)
    judge = ByObjective(objective=GOOD, requests_min=10)
    deployment = Deployment(
        town.system,
        town.system.add_service("other", town.hosts, lambda host: good),
        host=town.controller,
        routes=(routes := Routes(town.system, town.system.service("other"))),
    )
    routes.balanced(town.edge, policy=Weighted())
    town.at(10.0, deployment.upgrade, version(handle=erring), Canary(shares=(0.5,), judge=judge))
    town.env.run(until=12.0)
    later = routes.balanced(town.system.add_host("second edge"), policy=Weighted())
    client = Client(town.env, town.system.network.connect(town.system.host("users"), later))
    for number in range(100):
        town.at(14.0 + number * 0.1, client.issue, Request())
    town.env.run(until=60.0)
    assert (deployment.rollouts[0].outcome, deployment.rollouts[0].reason) == ("rolled back", "verdict")


@pytest.mark.slow
def test_each_step_is_judged_by_its_own_calls() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=90.0)
    judge = ByObjective(objective=GOOD, requests_min=150)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.25, 0.5), pause=5.0, judge=judge))
    town.env.run()
    times = {said: time for time, said in town.logged()}
    # Of 20 requests a second: 5, and then 10, each until there are 150.
    assert 30.0 <= times["canary 0.5"] - times["canary 0.25"] < 34.0
    assert 15.0 <= times["promote"] - times["canary 0.5"] < 18.0
