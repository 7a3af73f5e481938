"""The verdicts about health checks, ejection, addresses and names: what callers see, and what is left of it.

Latency is 10 ms one way and the service takes 1 s, if nothing else is said.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Endpoint, FunctionEndpoint, Host, Refused, Request, ServerError, TimedOut
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings
from models.naming import ByName, NameServer, VirtualAddress
from models.outcome import Outcome
from models.resilience import Timeout
from models.workload import Client

from .invariants import check_always, check_drained
from .world import ONE_WAY, World

OK, LATE, REFUSED, ERROR = Outcome.OK, Outcome.TIMED_OUT, Outcome.REFUSED, Outcome.SERVER_ERROR
CHECKS = HealthCheckSettings(interval=5.0, timeout=2.0, unhealthy_threshold=2)
Ends = list[tuple[float, Outcome]]


def ends_of(client: Client) -> Ends:
    """When each call ended, and how, in that order."""
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-9), Outcome(outcome))
        for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
    ]


class Health(World):
    """A balancer on the proxy, over the server and a spare one, which answer by turns."""

    def __init__(self, **balancer: Any) -> None:
        super().__init__()
        self.spare = Host(self.env, "spare")
        self.hosts.append(self.spare)
        self.here = self.proxy
        self.first: Endpoint = self.link(self.serve(1.0), name="first")

        def answer(request: Request) -> Generator[Any, Any, str]:
            yield 1.0
            return "from the spare one"

        self.second: Endpoint = self.link(
            FunctionEndpoint(answer, host=self.spare, name="spare"), name="second"
        )
        self.balancer = Balancer(
            self.env, [self.first, self.second], host=self.proxy, name="balancer", **balancer
        )
        self.endpoints.append(self.balancer)
        self.here = self.web

    def ask(self, *times: float, patience: float = 3.0) -> Client:
        client = self.client(Timeout(self.env, self.link(self.balancer), patience))
        self.issue(client, *times)
        return client


def test_nobody_is_sent_to_a_dead_host_once_it_is_found_out() -> None:
    world = Health()
    HealthChecker(world.env, world.balancer, CHECKS)
    world.at(6.0, world.server.crash)
    # The probe that is under way fails at 7 s, the next at 12 s; until then every other call is lost.
    client = world.ask(7.0, 7.5, 11.0, 11.5, 12.1, 12.2)
    world.env.run(until=30.0)
    assert ends_of(client) == [
        (7.5 + 1.04, OK),
        (10.0, LATE),
        (11.5 + 1.04, OK),
        (12.1 + 1.04, OK),
        (12.2 + 1.04, OK),
        (14.0, LATE),
    ]
    assert [record.time for record in world.env.event_log.of_kind("health.down")] == [12.0]
    check_always(world)
    check_drained(world)


def test_probes_under_way_die_with_the_balancers_host_and_begin_anew() -> None:
    world = Health()
    checker = HealthChecker(world.env, world.balancer, CHECKS)
    world.at(5.5, world.proxy.crash)
    world.at(8.0, world.proxy.restart)
    client = world.ask(9.0)
    world.env.run(until=12.0)
    statistics = checker.statistics()
    # Two at 0, 5 and 8 s; those of 5 s were under way.
    assert (statistics.probe_count, statistics.passed_count, statistics.failed_count) == (6, 4, 0)
    assert ends_of(client) == [(9.0 + 1.04, OK)]
    check_always(world)
    check_drained(world)


def test_when_none_is_well_all_are_asked_or_none_at_once() -> None:
    for fails, expected in ((False, (18.0 + 3.0, LATE)), (True, (18.0 + 2 * ONE_WAY, REFUSED))):
        world = Health(fails_in_panic=fails)
        HealthChecker(world.env, world.balancer, CHECKS)
        world.at(6.0, world.server.crash)
        world.at(6.0, world.spare.crash)
        client = world.ask(18.0)
        world.env.run(until=30.0)
        assert ends_of(client) == [expected]
        check_always(world)
        check_drained(world)


def test_an_outlier_is_ejected_with_the_answer_that_makes_it_one() -> None:
    world = Health()
    failing = world.serve(0.5, results=(ServerError("no"),))
    world.balancer.remove(world.first)
    world.here = world.proxy
    world.balancer.add(world.link(failing, name="failing"))
    world.here = world.web
    ejector = OutlierEjector(world.env, world.balancer, OutlierSettings(consecutive_5xx=2))
    # By turns, the spare one first; the failing one is out from 3.51 s on, when its second answer arrives.
    client = world.ask(1.0, 2.0, 3.0, 3.0, 3.6, 3.7)
    world.env.run(until=6.0)
    assert [outcome for _, outcome in ends_of(client)].count(ERROR) == 2
    record = world.env.event_log.of_kind("ejection")[0]
    assert record.subject == "failing"
    assert record.time == pytest.approx(3.0 + 3 * ONE_WAY + 0.5)
    assert ejector.statistics().ejected == ("failing",)
    check_always(world)
    check_drained(world)


def test_ejected_and_then_removed_leaves_nothing_and_calls_under_way_end() -> None:
    world = Health()
    OutlierEjector(world.env, world.balancer, OutlierSettings(consecutive_5xx=1))
    client = world.ask(0.0, 0.0)
    world.at(0.5, lambda: world.balancer.eject(world.first))
    world.at(0.6, lambda: world.balancer.remove(world.first))
    world.env.run(until=3.0)
    assert ends_of(client) == [(1.04, OK), (1.04, OK)]
    assert world.balancer.statistics().draining == ()
    check_always(world)
    check_drained(world)


class Pair(World):
    """The service on the server and on a spare host, behind one address; the client calls it."""

    def __init__(self) -> None:
        super().__init__()
        self.spare = Host(self.env, "spare")
        self.hosts.append(self.spare)

        def answer(request: Request) -> Generator[Any, Any, str]:
            yield 1.0
            return "from the spare one"

        self.services = [self.serve(1.0), FunctionEndpoint(answer, host=self.spare, name="spare")]
        self.address = VirtualAddress(self.env, self.network, self.services, name="address")

    def ask(self, *times: float) -> Client:
        client = self.client(Timeout(self.env, self.address.connect(self.web), 2.0))
        self.issue(client, *times)
        return client


def test_who_asks_while_the_address_moves_waits_in_vain() -> None:
    world = Pair()
    world.at(10.5, world.server.crash)
    # The last advertisement arrived at 10.01 s; three intervals and 156/256 later the address is taken, and
    # the client's switch knows one way after that.
    moved = 10.0 + ONE_WAY + 3.0 + 156 / 256 + ONE_WAY
    client = world.ask(9.0, 10.0, 11.0, moved - 0.001, moved + 0.001)
    world.env.run(until=20.0)
    assert ends_of(client) == [
        (9.0 + 1.02, OK),
        (12.0, LATE),
        (13.0, LATE),
        (moved + 0.001 + 1.02, OK),
        (moved - 0.001 + 2.0, LATE),
    ]
    check_always(world)
    check_drained(world)


def test_what_the_worse_one_has_under_way_when_a_split_brain_heals_is_never_answered() -> None:
    world = Pair()
    cut = world.network.partition(world.server, world.spare)
    # Its own advertisements leave the client's switch at one or the other.
    world.env.run(until=20.0)
    assert world.address.statistics().active_hosts == ("server", "spare")
    client = world.ask(20.7)
    world.env.run(until=20.8)
    world.network.heal(cut)
    world.env.run(until=30.0)
    assert world.address.statistics().active_hosts == ("server",)
    assert ends_of(client) == [(22.7, LATE)]
    assert world.address.statistics().unanswered_count == 1
    check_always(world)
    check_drained(world)


def test_a_name_leads_to_the_dead_until_its_answer_is_too_old() -> None:
    world = Pair()
    names = NameServer(world.env, "service", world.services, ttl=5.0, rotates=False)
    way = ByName(world.env, world.network, world.web, names, "service")
    client = world.client(Timeout(world.env, way, 2.0))
    world.issue(client, 0.0, 2.0, 4.9, 5.1)
    world.at(1.5, world.server.crash)
    world.at(1.6, lambda: names.set_healthy(world.services[0], False))
    world.env.run(until=20.0)
    assert ends_of(client) == [(1.02, OK), (4.0, LATE), (5.1 + 1.02, OK), (6.9, LATE)]
    check_always(world)
    check_drained(world)


def test_who_asks_the_next_address_is_answered_after_his_patience_with_the_first() -> None:
    world = Pair()
    names = NameServer(world.env, "service", world.services, ttl=500.0, rotates=False)
    way = ByName(
        world.env,
        world.network,
        world.web,
        names,
        "service",
        around=lambda way: Timeout(world.env, way, 1.5),
        next_on=(Refused, TimedOut),
    )
    client = world.client(way)
    world.server.crash()
    world.issue(client, 0.0, 5.0)
    world.env.run(until=20.0)
    assert ends_of(client) == [(1.5 + 1.02, OK), (5.0 + 1.02, OK)]
    check_always(world)
    check_drained(world)
