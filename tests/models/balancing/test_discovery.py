"""A balancer hears of instances that come and go, a little late."""

from __future__ import annotations

import pytest

from models import System
from models.balancing import Balancer, follow
from models.failures import Refused
from models.services import Work
from models.workload import OpenLoop
from simulator import Environment
from tests.models.services.building import call


def a_system(*, start_time: float = 0.0) -> System:
    system = System(Environment(seed=1))
    hosts = [system.add_host(f"server-{number}", cores=4) for number in (1, 2)]
    system.add_service("shop", hosts, lambda host: Work(0.1), start_time=start_time)
    system.add_host("web")
    return system


def names(balancer: Balancer) -> list[str]:
    return [endpoint.target.name for endpoint in balancer.targets]  # type: ignore[attr-defined]


def test_one_that_is_added_is_a_target_when_it_is_ready_and_the_news_has_arrived() -> None:
    system = a_system(start_time=2.0)
    env, shop = system.env, system.service("shop")
    balancer = system.balanced(system.host("web"), shop, discovery_delay=0.5)
    assert names(balancer) == ["shop-1", "shop-2"]
    env.call_later(1.0, shop.add_instance, system.add_host("server-3"))
    env.run(until=3.4)
    assert names(balancer) == ["shop-1", "shop-2"]
    env.run(until=3.6)
    assert names(balancer) == ["shop-1", "shop-2", "shop-3"]


def test_one_that_goes_is_a_target_until_the_news_has_arrived() -> None:
    system = a_system()
    env, shop = system.env, system.service("shop")
    balancer = system.balanced(system.host("web"), shop, discovery_delay=0.5)
    shop.retire(shop.instances[0])
    env.run(until=0.4)
    assert names(balancer) == ["shop-1", "shop-2"]
    env.run(until=0.6)
    assert names(balancer) == ["shop-2"]


def test_news_that_cross_leave_nothing_behind() -> None:
    system = a_system(start_time=0.25)
    env, shop = system.env, system.service("shop")
    balancer = system.balanced(system.host("web"), shop, discovery_delay=1.0)
    instance = shop.add_instance(system.add_host("server-3"))
    env.call_later(0.5, shop.retire, instance)
    unready = shop.add_instance(system.add_host("server-4"))
    env.call_later(0.125, shop.retire, unready)
    env.run(until=1.3)
    assert names(balancer) == ["shop-1", "shop-2", "shop-3"]
    env.run()
    assert names(balancer) == ["shop-1", "shop-2"]


def test_a_restarted_instance_is_no_news() -> None:
    system = a_system(start_time=1.0)
    env, shop = system.env, system.service("shop")
    balancer = system.balanced(system.host("web"), shop)
    shop.instances[0].crash()
    shop.instances[0].restart()
    env.run()
    assert names(balancer) == ["shop-1", "shop-2"]


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_one_that_starts_while_a_balancer_begins_to_follow_is_one_target_once_it_listens(
    delay: float,
) -> None:
    system = a_system(start_time=2.0)
    env, shop = system.env, system.service("shop")
    shop.instances[0].crash()
    starting = shop.add_instance(system.add_host("server-3"))
    balancer = system.balanced(system.host("web"), shop, discovery_delay=delay)
    assert names(balancer) == ["shop-2"]
    shop.instances[0].restart()
    env.run(until=2.1 + delay)
    assert sorted(names(balancer)) == ["shop-1", "shop-2", "shop-3"]
    starting.crash()
    starting.restart()
    env.run(until=env.now + 5.0)
    assert sorted(names(balancer)) == ["shop-1", "shop-2", "shop-3"]
    for instance in shop.instances:
        shop.remove_instance(instance)
    env.run()
    assert names(balancer) == []


def test_one_that_has_gone_before_it_listens_is_no_target() -> None:
    system = a_system(start_time=2.0)
    env, shop = system.env, system.service("shop")
    shop.instances[0].crash()
    shop.instances[0].restart()
    balancer = system.balanced(system.host("web"), shop)
    shop.remove_instance(shop.instances[0])
    env.run()
    assert names(balancer) == ["shop-2"]


def test_what_stands_in_front_stands_in_front_of_those_that_come_later_too() -> None:
    system = System(Environment(seed=1))
    system.add_host("web")
    made = []

    def front(instance: object) -> object:
        made.append(instance)
        return instance

    shop = system.add_service("shop", [], lambda host: Work(0.1), front=front)  # type: ignore[arg-type]
    balancer = system.balanced(system.host("web"), shop)
    none = call(system.env, balancer)
    system.env.run(until=0.1)
    instance = shop.add_instance(system.add_host("server-1"))
    answered = call(system.env, balancer)
    system.env.run()
    assert isinstance(none.outcome, Refused)
    assert answered.at is not None
    assert made == [instance]


@pytest.mark.parametrize(("linger", "is_lossless"), [(0.0, False), (0.3, False), (0.5, True), (1.0, True)])
def test_nobody_is_refused_if_those_who_stop_linger_until_the_news_has_arrived(
    linger: float, is_lossless: bool
) -> None:
    system = a_system()
    env, shop = system.env, system.service("shop")
    balancer = system.balanced(system.host("web"), shop, discovery_delay=0.4)
    users = OpenLoop(env, balancer, rate=50, until=5.0)
    env.call_later(2.0, lambda: shop.retire(shop.instances[0], linger=linger))
    env.run()
    assert (users.table.shares()["ok"] == 1.0) is is_lossless


def test_a_delay_that_makes_no_sense_is_refused() -> None:
    system = a_system()
    with pytest.raises(ValueError, match=r"delay must be finite and >= 0 s, got -1\.0"):
        system.balanced(system.host("web"), system.service("shop"), discovery_delay=-1.0)
    with pytest.raises(ValueError, match="delay must be finite and >= 0 s, got inf"):
        follow(
            system.env,
            Balancer(system.env, []),
            system.service("shop"),
            lambda instance: instance,
            delay=float("inf"),
        )
