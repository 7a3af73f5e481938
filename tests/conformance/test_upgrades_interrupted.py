"""An upgrade is struck at any instant: controller, agent, edge, an old instance, a new one, or their host.

The instants at which anything happens are taken from an undisturbed upgrade. At some of them, before all else
that is due then and after it, one part crashes, and comes again half a second later. However that falls, the
upgrade arrives, every call ends, and nothing is left of it. Of the controller and the agents users see
nothing.
"""

from __future__ import annotations

from functools import lru_cache

import pytest

from models.faults import Fault, HostCrash, ProcessCrash

from .invariants import check_always, check_drained
from .upgraded_shop import CALLS, ORDERED_AT, STRATEGIES, UpgradedShop, ends_of

VICTIMS = ("controller", "agent", "edge", "host", "old", "new")
UNSEEN = ("controller", "agent")
OUTAGE, END = 0.5, 20.0
# Of the instants, each with two runs of ten milliseconds: a few among the fast tests, some among the slow.
FEW_IN, SOME_IN = 29, 7


def fault_of(street: UpgradedShop, victim: str) -> Fault | None:
    """The fault that strikes a part; None where there is none of it now."""
    if victim in ("controller", "edge"):
        return HostCrash(street.controller if victim == "controller" else street.edge)
    if victim == "host":
        return HostCrash(street.shop_hosts[1])
    if victim == "agent":
        return ProcessCrash(street.deployment.fleet._agents[street.shop_hosts[1]])
    version = {"old": "1", "new": "2"}[victim]
    found = [
        each
        for each in street.shop.instances
        if each.version == version and each.host.runs(each) and each.host.is_up
    ]
    return ProcessCrash(found[-1]) if found else None


@lru_cache
def instants(name: str) -> list[float]:
    """The times at which anything happens while an undisturbed upgrade is under way."""
    street = UpgradedShop()
    street.order(STRATEGIES[name])
    times = set()
    while (time := street.env.peek()) < END:
        if time >= ORDERED_AT:
            times.add(time)
        street.env.step()
    assert street.rollout.outcome == "complete"
    return sorted(times)


def check_struck(name: str, victim: str, time: float, *, is_last: bool) -> None:
    street = UpgradedShop()
    client = street.client(street.network.connect(street.web, street.balancer))
    street.issue(client, *CALLS)
    street.order(STRATEGIES[name])

    def strike() -> None:
        fault = fault_of(street, victim)
        if fault is not None:
            fault.inject()
            street.at(street.env.now + OUTAGE, fault.heal)

    (street.last_at if is_last else street.first_at)(time, strike)
    street.env.run(until=END)
    assert (street.rollout.outcome, street.versions()) == ("complete", ["2"] * 3)
    assert street.routes.split is None
    targets = [target.name.removeprefix("edge->") for target in street.balancer.targets]
    assert sorted(targets) == sorted(instance.name for instance in street.shop.instances)
    assert all(instance.is_ready for instance in street.shop.instances)
    statistics = street.deployment.statistics()
    assert (statistics.running_count, statistics.stuck_count) == (3, 0)
    check_always(street)
    counts = client.table.counts()
    if victim == "edge":  # who was under way there waits for ever
        assert client.in_flight + sum(counts.values()) == len(CALLS)
    elif victim != "host":
        assert client.in_flight == 0
    if victim in UNSEEN:
        assert counts["ok"] == len(CALLS), ends_of(client)
    check_drained(street)


def check_all(name: str, victim: str, one_in: int) -> None:
    for time in instants(name)[::one_in]:
        for is_last in (False, True):
            try:
                check_struck(name, victim, time, is_last=is_last)
            except AssertionError as error:
                error.add_note(f"{victim} struck {'after' if is_last else 'before'} all else at {time!r}")
                raise


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_upgrade_arrives_whatever_is_struck_at_a_few_instants(name: str, victim: str) -> None:
    check_all(name, victim, FEW_IN)


@pytest.mark.slow
@pytest.mark.unwatched(reason="each run ends with the checks")
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_upgrade_arrives_whatever_is_struck_at_some_instants(name: str, victim: str) -> None:
    check_all(name, victim, SOME_IN)
