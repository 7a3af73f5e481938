"""Calls by version: what balancers see of each, and what a monitor says of it over the network."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request
from models.balancing import Balancer
from models.deployment import Tally, VersionCalls
from models.deployment.monitor import CallMonitor, Question
from models.endpoint import FunctionEndpoint
from models.requirements import AvailabilityObjective, LatencyObjective

from .building import Town, erring, good, version

GOOD = AvailabilityObjective(at_least=0.99)


def test_each_call_belongs_to_the_version_that_it_was_sent_to() -> None:
    town = Town(2)
    town.users_come(until=20.0)
    town.at(5.0, town.deployment.upgrade, version(handle=erring))
    town.env.run()
    old, new = town.seen.table("1"), town.seen.table("2")
    assert town.seen.versions == ("1", "2")
    assert len(old) + len(new) == 400
    assert (old.availability(), new.availability()) == (1.0, 0.0)
    assert new.latencies() == pytest.approx([0.12] * len(new))


def test_tally_counts_who_began_since_and_who_was_bad() -> None:
    town = Town(2)
    town.users_come(until=20.0)
    town.at(5.0, town.deployment.upgrade, version(handle=erring))
    town.env.run()
    new_count = len(town.seen.table("2"))
    assert town.seen.tally(GOOD, "2", 0.0) == (Tally(new_count, new_count), Tally(400 - new_count, 0))
    assert town.seen.tally(GOOD, "2", 15.0) == (Tally(100, 100), Tally(0, 0))
    slow = LatencyObjective(percentile=99.0, at_most=0.11)
    assert town.seen.tally(slow, "1", 0.0)[0] == Tally(400 - new_count, 400 - new_count)
    assert town.seen.tally(GOOD, "3", 0.0) == (Tally(), Tally(400, new_count))


def test_a_refusal_and_a_call_cut_short_are_bad_ones_of_their_version() -> None:
    town = Town(1)
    [instance] = town.shop.instances
    instance.crash()
    town.client.issue(Request())
    town.env.run()
    instance.restart()
    town.env.run(until=10.0)
    process = town.client.issue(Request())
    town.env.run(until=10.05)
    process.cancel()
    town.env.run()
    counts = town.seen.table("1").counts()
    assert (counts["refused"], counts["ok"] + counts["cancelled"]) == (1, 1)


def test_target_that_is_no_instance_has_no_version() -> None:
    town = Town(1)
    plain = FunctionEndpoint(lambda request: good(town.shop.instances[0], request), name="plain")
    balancer = Balancer(town.env, [plain])
    seen = VersionCalls(town.env)
    seen.watch(balancer)
    town.env.process(balancer.call(Request()))
    town.env.run()
    assert seen.versions == ("unknown",)


def test_monitor_answers_over_the_network_and_forgets_with_its_host() -> None:
    town = Town(1)
    monitor = CallMonitor(town.env, town.balancer)
    way = town.system.network.connect(town.controller, monitor)
    town.users_come(until=5.0)
    heard: list[tuple[Tally, Tally]] = []

    def ask() -> Generator[Any, Any, None]:
        response = yield from way.call(Request(value=Question(GOOD, "1", 0.0)))
        heard.append(response.value)

    town.at(4.0, lambda: town.env.process(ask()))
    town.at(4.5, town.edge.crash)
    town.at(4.6, town.edge.restart)
    town.at(6.0, lambda: town.env.process(ask()))
    town.env.run()
    # Sent since 0, every 50 ms, and ended by 4.01: 3.88 is the last at the balancer.
    assert heard[0] == (Tally(78, 0), Tally())
    assert heard[1][0].count < 10


def test_who_watches_changes_nothing() -> None:
    ends = []
    for is_watched in (False, True):
        town = Town(2)
        if is_watched:
            VersionCalls(town.env).watch(town.balancer)
        town.users_come(until=20.0)
        town.at(5.0, town.deployment.upgrade, version())
        town.env.run()
        ends.append((town.client.table.columns()["end"].tolist(), town.logged(), town.env.now))
    assert ends[0] == ends[1]


def test_balancer_without_a_host_cannot_be_asked() -> None:
    town = Town(1)
    with pytest.raises(ValueError, match="balancer must stand on a host to be asked"):
        CallMonitor(town.env, Balancer(town.env, []))
