"""A watch changes nothing, and is right when there is nothing to see, when things break, come and go."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import Any, ClassVar

import pytest

from models import Network, System
from models.observers.saturation import KINDS, Reading, Resource, SaturationWatch
from models.services import Pause, Work
from models.shop import Shop
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant
from tests.models.observers.saturation.building import Chain, Sizes


def one_host(rate: float = 20.0, **settings: Any) -> tuple[System, OpenLoop]:
    """Return a system of one host with a core, on which each request works for 10 ms, and its users."""
    env = Environment(seed=1)
    system = System(env, network=Network(env, latencies=0.0005))
    service = system.add_service("shop", [system.add_host("shop")], lambda host: Work(0.01), **settings)
    way = system.network.connect(system.add_host("users"), service.instances[0])
    return system, OpenLoop(env, way, rate=rate)


# -- a pure observer


@pytest.mark.slow
@pytest.mark.parametrize("rate", [50.0, 400.0])
def test_a_run_that_is_watched_is_the_same_run(rate: float) -> None:
    plain = Chain(rate, Sizes(api_cores=1, bandwidth=2e6), trace=True)
    plain.env.run(until=4.0)
    watched = Chain(rate, Sizes(api_cores=1, bandwidth=2e6), trace=True)
    report = watched.watched(since=1.0, until=4.0)
    assert watched.env.trace_digest() == plain.env.trace_digest()
    assert report.rate == plain.users.table.goodput(1.0, 4.0)
    assert watched.users.table.columns()["end"].tolist() == plain.users.table.columns()["end"].tolist()


@pytest.mark.slow
def test_a_watched_shop_is_the_same_shop() -> None:
    digests = []
    for is_watched in (False, True):
        env = Environment(seed=4, trace=True)
        shop = Shop(env)
        users = shop.admit_users(until=2.0)
        if is_watched:
            watch = SaturationWatch(shop.system)
            watch.run(until=3.0, looks=37)
            watch.report(users.table)
        else:
            env.run(until=3.0)
        digests.append(env.trace_digest())
    assert digests[0] == digests[1]


def test_a_system_that_beats_in_step_with_the_looks_is_seen_in_all_its_phases() -> None:
    env = Environment(seed=1)
    system = System(env, network=Network(env, latencies=0.0))
    service = system.add_service("beat", [system.add_host("beat")], lambda host: Pause(Constant(0.25)))
    way = system.network.connect(system.add_host("users"), service.instances[0])
    OpenLoop(env, way, interarrival=Constant(1.0))
    watch = SaturationWatch(system)
    watch.run(until=100.0, looks=100)
    assert watch.report(99).use("beat threads").used == pytest.approx(0.25, abs=0.02)


# -- nothing to see


def test_without_requests_nothing_is_used() -> None:
    system, _ = one_host()
    watch = SaturationWatch(system)
    watch.run(until=1e-6)
    report = watch.report(0)
    assert (report.first, report.bottlenecks, report.rate) == (None, (), 0.0)
    assert isnan(report.rate_max)
    assert str(report) == "0 s to 1e-06 s, 0.0 requests/s answered: nothing is used"
    assert isnan(report.use("shop cores").per_request)


def test_an_empty_system_has_a_report() -> None:
    env = Environment()
    watch = SaturationWatch(System(env))
    watch.run(until=1.0)
    assert watch.report(0).uses == ()
    assert watch.report(10).rate_max == inf


def test_work_without_an_answer_has_no_load_that_one_could_name() -> None:
    env = Environment(seed=1)
    system = System(env)
    host = system.add_host("worker", cores=4)
    host.start(host.work(100.0))
    watch = SaturationWatch(system)
    watch.run(until=10.0)
    report = watch.report(0)
    assert report.first is not None
    assert report.first.utilisation == 0.25
    said = "worker cores saturate at a load that is not known, without answers (utilisation 0.25 now)"
    assert str(report.first) == said


def test_threads_without_end_never_saturate_first() -> None:
    system, users = one_host(threads=10**6)
    watch = SaturationWatch(system)
    watch.run(until=20.0)
    report = watch.report(users.table)
    assert report.first is not None
    assert report.first.name == "shop cores"
    assert report.use("shop threads").saturates_at > 1e6


def test_a_link_that_loses_its_bound_does_not_saturate() -> None:
    chain = Chain(50.0, Sizes(bandwidth=1e6))
    chain.env.run(until=1.0)
    chain.system.network.override(chain.api, chain.web, bandwidth=inf, one_way=True)
    use = chain.watched(since=2.0, until=4.0).use("api to web link")
    assert (use.utilisation, use.load, use.saturates_at) == (0.0, 0.0, inf)


# -- what breaks, comes and goes


def test_a_host_that_was_down_for_half_of_the_window_has_half_of_its_cores() -> None:
    system, users = one_host(rate=60.0)
    host = system.host("shop")
    system.env.call_later(5.0, host.crash)
    system.env.call_later(15.0, host.restart)
    watch = SaturationWatch(system)
    watch.run(until=20.0)
    report = watch.report(users.table)
    use = report.use("shop cores")
    assert use.capacity == pytest.approx(0.5, abs=0.02)
    assert use.utilisation == pytest.approx(0.6, abs=0.08)
    assert use.per_request == pytest.approx(0.01, rel=0.02)
    assert report.use("shop threads").capacity == pytest.approx(100.0, rel=0.05)


def test_a_host_that_was_down_all_the_time_has_nothing_that_could_be_used() -> None:
    system, users = one_host()
    system.host("shop").crash()
    watch = SaturationWatch(system)
    watch.run(until=5.0)
    report = watch.report(users.table)
    assert isnan(report.use("shop cores").utilisation)
    assert report.first is None


def test_an_instance_that_came_in_the_window_is_counted_from_then_on() -> None:
    system, users = one_host()
    watch = SaturationWatch(system)
    watch.run(until=10.0)
    host = system.add_host("shop 2", cores=1)
    system.service("shop").add_instance(host)
    host.start(host.work(5.0))
    watch.run(until=20.0)
    report = watch.report(users.table)
    use = report.use("shop cores")
    assert report.since == 0.0
    assert use.members == ("shop", "shop 2")
    assert use.capacity == pytest.approx(1.5, abs=0.02)
    assert use.used == pytest.approx(0.01 * report.rate + 5.0 / 20.0, rel=0.02)


def test_an_instance_that_was_removed_stays_in_the_account() -> None:
    system, users = one_host()
    watch = SaturationWatch(system)
    watch.run(until=10.0)
    service = system.service("shop")
    service.remove_instance(service.instances[0])
    watch.run(until=20.0)
    use = watch.report(users.table).use("shop threads")
    assert use.capacity == pytest.approx(100.0, rel=0.05)
    assert use.served_rate == pytest.approx(10.0, rel=0.3)


def test_what_others_run_in_between_begins_a_new_window() -> None:
    system, users = one_host()
    watch = SaturationWatch(system)
    watch.run(until=10.0)
    system.env.run(until=12.0)
    watch.run(until=20.0)
    assert watch.report(users.table).since == 12.0


# -- new kinds


@dataclass(frozen=True, slots=True, eq=False)
class Stock(Resource):
    """Goods on a shelf: what a new kind of resource looks like."""

    kind: ClassVar[str] = "stock"
    is_physical: ClassVar[bool] = True
    shelf: Shelf

    @property
    def subject(self) -> Shelf:
        return self.shelf

    @property
    def name(self) -> str:
        return self.shelf.name

    def read(self) -> Reading:
        return Reading(capacity=10.0, used=9.8, waiting=3.0, served_count=0, turned_away_count=0)


class Shelf:
    name = "goods"


def test_a_new_kind_is_a_reading_and_a_line() -> None:
    system, users = one_host()
    system.add_part("shelf", Shelf())
    watch = SaturationWatch(system, kinds={**KINDS, Shelf: Stock})
    watch.run(until=5.0)
    report = watch.report(users.table)
    assert report.first is not None
    assert str(report.first) == "goods stock is saturated (utilisation 0.98, 3.0 wait)"
    assert SaturationWatch(system)._finder.find().keys() < watch._finder.find().keys()


def test_parts_that_nothing_can_saturate_are_passed_over() -> None:
    system, users = one_host()
    system.add_part("notes", {"unhashable": []})
    watch = SaturationWatch(system)
    watch.run(until=5.0)
    assert [use.kind for use in watch.report(users.table).uses] == ["cores", "threads", "cores"]


# -- misuse


def test_misuse_is_an_error_in_one_line() -> None:
    system, _ = one_host()
    watch = SaturationWatch(system)
    with pytest.raises(ValueError, match="run must come before report"):
        watch.report(1)
    with pytest.raises(ValueError, match="looks must be a whole number >= 1, got 0"):
        watch.run(until=1.0, looks=0)
    with pytest.raises(ValueError, match=r"until must be later than now, 0 s, got 0\.0"):
        watch.run(until=0.0)
    watch.run(until=1.0)
    for requests in (-1, inf, float("nan")):
        with pytest.raises(ValueError, match="requests must be a RequestTable or a finite number >= 0"):
            watch.report(requests)
    with pytest.raises(ValueError, match=r"name must be one of shop cores, .*, got 'cores'"):
        watch.report(1).use("cores")
