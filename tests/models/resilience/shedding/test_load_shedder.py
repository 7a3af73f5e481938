"""The load shedder and its rules: who is turned away, by what, and where the rule may look."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import pytest

from models import Endpoint, Host, Network, Rejected, Request
from models.resilience import Timeout
from models.resilience.shedding import (
    ConcurrencyLimiter,
    CoreLoad,
    FixedLimit,
    LoadShedder,
    QueueLength,
    SheddingRule,
    ThreadLoad,
    UtilisationShedding,
)
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted

from .callers import Caller, ask


def _work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield from instance.host.work(1.0)


class Served:
    """An instance of two threads on a host of four cores, and a place to call it from."""

    def __init__(self, *, threads: int = 2, cores: int = 4) -> None:
        self.env = Environment()
        self.host = Host(self.env, "server", cores=cores)
        self.instance = Instance(self.env, self.host, _work, threads=threads, name="instance")

    def shed_by(self, rule: SheddingRule) -> LoadShedder:
        return LoadShedder(self.env, self.instance, rule)

    def ask(self, endpoint: Endpoint, *times: float, priority: int = 0) -> list[Caller]:
        return [ask(self.env, endpoint, at, priority=priority) for at in times]


@dataclass(frozen=True)
class Gold(SheddingRule):
    """Lets through whose key is gold."""

    def judge(self, target: Endpoint) -> Callable[[Request], str | None]:
        return lambda request: None if request.key == "gold" else "not gold"


class TestShedder:
    def test_it_asks_the_rule_for_each_request_and_answers_in_no_time(self) -> None:
        served = Served()
        shedder = served.shed_by(Gold())
        gold, lead = (ask(served.env, shedder, 0.5, key) for key in ("gold", "lead"))
        served.env.run()
        assert gold == (1.5, "answered")
        assert lead == (0.5, "not gold")

    def test_what_it_sheds_does_not_reach_the_target(self) -> None:
        served = Served()
        served.ask(served.shed_by(Gold()), 0.0)
        served.env.run()
        assert served.instance.statistics().call_count == 0

    def test_counts_add_up_and_say_whose_requests_were_shed(self) -> None:
        served = Served()
        shedder = served.shed_by(Gold())
        for priority in (3, -1, 3, 0):
            served.ask(shedder, 0.0, priority=priority)
        ask(served.env, shedder, 0.0, "gold")
        served.env.run()
        statistics = shedder.statistics()
        assert (statistics.call_count, statistics.admitted_count, statistics.shed_count) == (5, 1, 4)
        assert list(statistics.shed_counts.items()) == [(-1, 1), (0, 1), (3, 2)]

    def test_a_rejection_names_the_shedder(self) -> None:
        served = Served()
        shedder = LoadShedder(served.env, served.instance, Gold(), name="gate")

        def call() -> Generator[Any, Any, None]:
            with pytest.raises(Rejected, match="rejected by gate: not gold") as caught:
                yield from shedder.call(Request())
            assert caught.value.part is shedder

        served.env.process(call())
        served.env.run()

    def test_over_the_network_it_stands_in_the_instances_process(self) -> None:
        served = Served()
        web = Host(served.env, "web")
        connection = Network(served.env, latencies=0.01).connect(web, served.shed_by(Gold()))
        [shed] = served.ask(connection, 0.0)
        served.env.run(until=0.5)
        assert shed == (0.02, "not gold")
        served.instance.crash()
        [refused] = served.ask(connection, 0.5)
        served.env.run()
        assert refused == (0.52, "Refused")

    def test_what_is_no_rule_is_refused_with_a_hint(self) -> None:
        served = Served()
        with pytest.raises(TypeError, match=r"rule must be a SheddingRule, such as QueueLength\(10\), got 5"):
            served.shed_by(5)  # type: ignore[arg-type]


class TestUtilisation:
    @pytest.mark.parametrize(
        ("load", "lowest"),
        [(0.0, -9), (0.5, -9), (0.500001, 1), (0.9, 1), (0.91, 3), (50.0, 3)],
    )
    def test_who_is_let_in_depends_on_the_load_and_the_priority(self, load: float, lowest: int) -> None:
        served = Served(threads=50)
        shedder = served.shed_by(UtilisationShedding(lambda: load, {3: 0.9, 1: 0.5}))
        callers = {priority: served.ask(shedder, 0.0, priority=priority)[0] for priority in range(-9, 9)}
        served.env.run(until=0.5)
        let_in = [priority for priority, caller in callers.items() if caller.outcome is None]
        assert min(let_in) == lowest
        assert let_in == list(range(lowest, 9))
        assert {caller.outcome for caller in callers.values()} <= {None, "overloaded"}

    def test_a_threshold_for_infinity_is_for_everybody(self) -> None:
        served = Served()
        shedder = served.shed_by(UtilisationShedding(lambda: 1.0, {inf: 0.5}))
        [caller] = served.ask(shedder, 0.0, priority=10**9)
        served.env.run()
        assert caller == (0.0, "overloaded")

    def test_the_load_is_looked_at_at_each_arrival_and_does_not_count_the_one_who_comes(self) -> None:
        served = Served(threads=2)
        shedder = served.shed_by(UtilisationShedding(ThreadLoad(served.instance), {1: 0.5}))
        callers = served.ask(shedder, 0.0, 0.25, 0.5, 1.125, 1.1875)
        served.env.run()
        # One in service is a load of 0.5, two are 1; the first goes at 1.0.
        assert [caller.outcome for caller in callers] == [
            "answered",
            "answered",
            "overloaded",
            "answered",
            "overloaded",
        ]

    def test_thread_load_counts_who_waits_too(self) -> None:
        served = Served(threads=2)
        load = ThreadLoad(served.instance)
        assert load() == 0.0
        served.ask(served.instance, *[0.0] * 5)
        served.env.run(until=0.5)
        assert load() == 2.5

    def test_core_load_counts_the_work_of_all_instances_on_the_host(self) -> None:
        served = Served(threads=9, cores=2)
        other = Instance(served.env, served.host, _work, name="other")
        load = CoreLoad(served.host)
        served.ask(served.instance, 0.0, 0.0)
        served.ask(other, 0.0)
        served.env.run(until=0.5)
        assert load() == 1.5
        shedder = served.shed_by(UtilisationShedding(load, {1: 1.0}))
        [shed] = served.ask(shedder, 0.5)
        served.env.run()
        assert shed == (0.5, "overloaded")
        assert load() == 0.0

    def test_a_load_of_another_host_is_not_to_be_had(self) -> None:
        served, web = Served(), None
        web = Host(served.env, "web")
        connection = Network(served.env, latencies=0.01).connect(web, served.instance)
        for load in (ThreadLoad(served.instance), CoreLoad(served.host)):
            with pytest.raises(
                ValueError, match=r"load must be measured on the shedder's host \(Host\('web'\)\)"
            ):
                LoadShedder(served.env, connection, UtilisationShedding(load, {1: 0.5}))
        LoadShedder(served.env, connection, UtilisationShedding(CoreLoad(web), {1: 0.5}))

    def test_a_shedder_that_stands_nowhere_has_no_load_of_a_host(self) -> None:
        served = Served()
        with pytest.raises(ValueError, match=r"shedder's host \(None\)"):
            LoadShedder(
                served.env, Scripted(served.env), UtilisationShedding(CoreLoad(served.host), {1: 0.5})
            )

    @pytest.mark.parametrize(
        ("thresholds", "message"),
        [
            ({}, "thresholds must not be empty"),
            ({1: -0.5}, r"thresholds must be >= 0, got -0.5 for 1"),
            ({1: nan}, r"thresholds must be >= 0, got nan for 1"),
            ({nan: 0.5}, "thresholds must be by priority, a number, got nan"),
            ({None: 0.5}, "thresholds must be by priority, a number, got None"),
            ({1: 0.9, 2: 0.5}, r"thresholds must rise with priority, got 0.9 for 1 and 0.5 for 2"),
            ({1: 0.9, 2: 0.9}, r"thresholds must rise with priority, got 0.9 for 1 and 0.9 for 2"),
        ],
    )
    def test_nonsense_is_refused(self, thresholds: dict[float, float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            UtilisationShedding(lambda: 0.0, thresholds)

    def test_a_load_is_a_function_and_measures_what_there_is(self) -> None:
        with pytest.raises(TypeError, match=r"load must be a function without parameters, got 0.5"):
            UtilisationShedding(0.5, {1: 0.5})  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="instance must be an Instance"):
            ThreadLoad("instance")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="host must be a Host"):
            CoreLoad("host")  # type: ignore[arg-type]

    def test_the_thresholds_are_the_rules_own(self) -> None:
        thresholds = {2: 0.9, 1: 0.5}
        rule = UtilisationShedding(lambda: 0.0, thresholds)
        thresholds.clear()
        assert list(rule.thresholds.items()) == [(1, 0.5), (2, 0.9)]


class TestQueueLength:
    def test_nobody_is_let_in_behind_so_many(self) -> None:
        served = Served(threads=1)
        shedder = served.shed_by(QueueLength(2))
        callers = served.ask(shedder, 0.0, 0.125, 0.25, 0.375, 1.5)
        served.env.run()
        assert callers[3] == (0.375, "queue too long")
        assert [caller.end for caller in callers] == [1.0, 2.0, 3.0, 0.375, 4.0]

    def test_it_sees_through_what_stands_between_in_the_same_process(self) -> None:
        served = Served(threads=1)
        limiter = ConcurrencyLimiter(served.env, Timeout(served.env, served.instance, 9.0), FixedLimit(3))
        shedder = LoadShedder(served.env, limiter, QueueLength(1))
        callers = served.ask(shedder, 0.0, 0.125, 0.25)
        served.env.run()
        assert callers[2] == (0.25, "queue too long")

    def test_it_cannot_see_through_a_network(self) -> None:
        served = Served()
        connection = Network(served.env, latencies=0.01).connect(Host(served.env, "web"), served.instance)
        with pytest.raises(TypeError, match=r"QueueLength needs an Instance behind its shedder"):
            LoadShedder(served.env, connection, QueueLength(1))

    @pytest.mark.parametrize("length", [0, 1.5, None])
    def test_the_length_is_a_whole_number_from_one_on(self, length: object) -> None:
        with pytest.raises(ValueError, match=r"length_max must be a whole number >= 1, got"):
            QueueLength(length)  # type: ignore[arg-type]
