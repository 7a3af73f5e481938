"""The agent on a host: orders that come twice, late, or in the wrong order."""

from __future__ import annotations

from typing import Any

from models import Request
from models.deployment import Draining
from models.deployment.agent import Agent, Orders, Report
from models.faults import NetworkPartition
from models.services import Instance

from .building import START, Town, version


class Desk:
    """An agent on a host of a town, asked without a network."""

    def __init__(self) -> None:
        self.town = Town(1)
        self.registered: dict[int, Instance] = {}
        self.agent = Agent(
            self.town.shop, self.town.hosts[0], Draining(linger=1.0), self.registered.__setitem__
        )

    def ask(self, *, run: tuple[int, ...] = (), stop: tuple[int, ...] = ()) -> dict[int, Report]:
        orders = Orders(run=tuple((number, version()) for number in run), stop=stop)
        call: Any = self.agent.call(Request(value=orders))
        try:
            while True:
                next(call)
        except StopIteration as end:
            reports: dict[int, Report] = end.value.value
            return reports


def test_what_is_ordered_twice_is_done_once() -> None:
    desk = Desk()
    for _ in range(3):
        desk.ask(run=(7,))
    assert list(desk.registered) == [7]
    assert len(desk.town.shop.instances) == 2


def test_report_says_since_when_an_instance_is_ready() -> None:
    desk = Desk()
    assert desk.ask(run=(7,))[7].ready_since is None
    desk.town.env.run(until=10.0)
    assert desk.ask(run=(7,))[7] == Report(desk.registered[7], START, False)
    desk.registered[7].crash()
    assert desk.ask(run=(7,))[7].ready_since is None
    desk.registered[7].restart()
    desk.town.env.run(until=20.0)
    assert desk.ask(run=(7,))[7].ready_since == 10.0 + START


def test_order_to_stop_that_comes_before_the_one_to_start_is_kept() -> None:
    desk = Desk()
    assert desk.ask(stop=(7,))[7] == Report(None, None, True)
    assert desk.ask(run=(7,))[7] == Report(None, None, True)
    assert desk.registered == {}


def test_who_is_told_to_stop_leaves_the_registry_lingers_and_is_gone() -> None:
    desk = Desk()
    desk.ask(run=(7,))
    desk.town.env.run(until=10.0)
    assert not desk.ask(stop=(7,))[7].has_stopped
    assert desk.registered[7] not in desk.town.shop.instances
    desk.ask(stop=(7,))
    desk.town.env.run(until=10.5)
    assert desk.registered[7].is_listening
    desk.town.env.run(until=11.5)
    assert desk.ask(stop=(7,))[7].has_stopped


def test_one_that_others_have_told_to_stop_is_told_in_vain() -> None:
    desk = Desk()
    desk.ask(run=(7,))
    desk.town.env.run(until=10.0)
    desk.town.shop.retire(desk.registered[7])
    desk.ask(stop=(7,))
    desk.town.env.run(until=20.0)
    assert desk.ask(stop=(7,))[7].has_stopped


def test_orders_that_never_arrived_are_taken_back_when_there_is_a_way_again() -> None:
    town = Town(2)
    fault = NetworkPartition(town.system.network, [town.controller], town.hosts)
    town.at(9.9, fault.inject)
    town.at(40.0, fault.heal)
    town.at(10.0, town.deployment.upgrade, version())
    town.at(15.0, town.deployment.roll_back)
    town.env.run()
    assert town.deployment.rollouts[0].outcome == "rolled back"
    assert town.versions == ["1", "1"]
    assert town.deployment.statistics().running_count == 2
