"""Workers that are too few are named by the run; what they wait for is, where that is what is too small."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from models import Host, Network, System
from models.instance_groups import ExistingHosts
from models.observers.saturation import SaturationReport, SaturationWatch
from models.resilience import Timeout
from models.services import Instance, Pause, Step, Work
from models.workers import Backlog, BacklogSettings, Worker, WorkerPool, WorkerSettings
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

WORKERS, JOB = 4, 0.5
LIMIT = WORKERS / JOB


class Office:
    """Letters that come at a `rate` (1/s), and four mailers who take half a second for each."""

    def __init__(
        self,
        rate: float,
        step: Step | None = None,
        *,
        rules: BacklogSettings | None = None,
        latency: float = 0.001,
        is_named: bool = True,
        knows_hosts: bool = True,
        wait: float = 20.0,
        trace: bool = False,
    ) -> None:
        self.env = env = Environment(seed=1, trace=trace)
        self.system = system = System(env, network=Network(env, latencies=latency))
        self.backlog = Backlog(env, system.add_host("broker"), rules or BacklogSettings(), name="letters")
        make_host = system.add_host if knows_hosts else partial(Host, env)
        self.hosts = [make_host(f"desk-{number}") for number in range(WORKERS)]
        self.pool = WorkerPool(
            env,
            ExistingHosts(self.hosts),
            partial(system.network.connect, target=self.backlog),
            lambda host: step or Pause(Exponential(JOB)),
            size=WORKERS,
            settings=WorkerSettings(wait=wait, pause=0.1),
            name="mailer",
        )
        if is_named:
            system.add_part("mailers", self.pool)
        way = system.network.connect(system.add_host("users"), self.backlog)
        self.users = OpenLoop(env, way, rate=rate)

    def watched(self, since: float = 5.0, until: float = 105.0) -> SaturationReport:
        self.env.run(until=since)
        watch = SaturationWatch(self.system)
        watch.run(until=until)
        return watch.report(self.users.table)


def first(report: SaturationReport) -> Any:
    assert report.first is not None
    return report.first


def test_light_load_says_how_many_jobs_the_pool_can_do() -> None:
    use = first(Office(2.0).watched())
    assert use.name == "mailer slots"
    assert not use.is_saturated
    assert use.capacity == WORKERS
    assert use.used == pytest.approx(2.0 * JOB, rel=0.2)
    assert use.saturates_at == pytest.approx(LIMIT, rel=0.2)


@pytest.mark.slow
def test_pool_that_is_too_small_is_the_bottleneck_and_the_run_says_how_many_jobs_wait() -> None:
    office = Office(1.25 * LIMIT)
    report = office.watched()
    use = first(report)
    assert (use.name, use.is_bottleneck) == ("mailer slots", True)
    assert use.waiting == pytest.approx(office.backlog.statistics().visible.mean, rel=0.2)
    assert "mailer slots are saturated (held 1.00, " in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("knows_hosts", [True, False])
def test_pool_whose_work_keeps_its_cores_busy_is_full_because_of_them(knows_hosts: bool) -> None:
    # Hosts by the hour need not be named in the system: the pool that is knows them.
    report = Office(1.25 * LIMIT, Work(Exponential(JOB)), knows_hosts=knows_hosts).watched()
    assert [use.name for use in report.bottlenecks] == ["mailer cores"]
    slots = report.use("mailer slots")
    assert slots.is_symptom
    assert slots.because_of == ("mailer cores",)


@pytest.mark.slow
def test_pool_whose_jobs_are_shorter_than_the_way_to_the_backlog_is_full_all_the_same() -> None:
    report = Office(200.0, Pause(Exponential(0.001)), latency=0.01).watched(since=1.0, until=7.0)
    # A job takes two ways there and back, for the fetch and for the delete, and 1 ms.
    assert first(report).name == "mailer slots"
    assert first(report).is_bottleneck
    assert first(report).served_rate == pytest.approx(WORKERS / 0.041, rel=0.05)


@pytest.mark.slow
def test_limit_of_messages_in_flight_is_the_bottleneck_where_it_leaves_workers_without_work() -> None:
    report = Office(6.0, rules=BacklogSettings(in_flight_max=2)).watched()
    assert first(report).name == "letters messages in flight"
    assert [use.name for use in report.bottlenecks] == ["letters messages in flight"]
    assert report.use("mailer slots").because_of == ("letters messages in flight",)


@pytest.mark.slow
def test_polls_that_the_limit_rejects_are_turned_away() -> None:
    report = Office(6.0, rules=BacklogSettings(in_flight_max=2), wait=0.0).watched(until=25.0)
    assert report.use("letters messages in flight").turned_away_rate > 1.0


@pytest.mark.slow
def test_workers_that_are_down_have_no_slots() -> None:
    office = Office(3.0)
    for host in office.hosts[1:]:
        office.env.call_later(4.0, host.crash)
    report = office.watched()
    assert report.use("mailer slots").capacity == 1.0
    assert report.use("mailer slots").is_bottleneck, "one of four does 2 jobs per second"


@pytest.mark.slow
def test_worker_alone_is_found_by_its_name_too() -> None:
    office = Office(0.0001)
    env, network = office.env, office.system.network
    instance = Instance(
        env, office.system.add_host("attic"), Pause(Exponential(JOB)), threads=2, name="clerk"
    )
    letters = Backlog(env, office.system.host("broker"), name="complaints")
    way = Timeout(env, network.connect(instance.host, letters), 30.0)
    office.system.add_part("clerk", Worker(env, instance, way, WorkerSettings()))
    instance.start()
    OpenLoop(env, network.connect(office.system.host("users"), letters), rate=10.0)
    use = first(office.watched())
    assert (use.name, use.capacity, use.is_bottleneck) == ("clerk slots", 2.0, True)
    assert use.waiting > 100.0


def test_worker_alone_is_full_because_of_its_cores_where_these_are() -> None:
    office = Office(0.0001)
    env, network = office.env, office.system.network
    instance = Instance(env, Host(env, "attic"), Work(Exponential(JOB)), threads=2, name="clerk")
    letters = Backlog(env, office.system.host("broker"), name="complaints")
    office.system.add_part("clerk", Worker(env, instance, network.connect(instance.host, letters)))
    instance.start()
    OpenLoop(env, network.connect(office.system.host("users"), letters), rate=10.0)
    report = office.watched(until=35.0)
    assert [use.name for use in report.bottlenecks] == ["clerk cores"]
    assert report.use("clerk slots").because_of == ("clerk cores",)


def test_pool_without_a_name_is_not_found() -> None:
    names = [use.name for use in Office(1.25 * LIMIT, is_named=False).watched(until=15.0).uses]
    assert "mailer slots" not in names


@pytest.mark.slow
def test_watched_pool_is_the_same_pool() -> None:
    watched, plain = Office(6.0, trace=True), Office(6.0, trace=True)
    watched.watched(until=15.0)
    plain.env.run(until=15.0)
    assert watched.env.trace_digest() == plain.env.trace_digest()
