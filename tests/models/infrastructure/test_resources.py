"""What a process takes of its host: what does not fit is refused, and what has ended gives back."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models import FunctionEndpoint, Network, Request
from models.endpoint import Wrapper
from models.infrastructure import CpuQuota, DoesNotFit, Host, Resources, Room
from models.resilience.bulkheads import ThreadPoolBulkhead
from models.services import Instance, Service, Work, in_parallel
from models.workload import Client
from simulator import Environment

Steps = Generator[Any, Any, Any]


def test_memory_limits_what_fits_on_a_host() -> None:
    env = Environment()
    host = Host(env, "host", memory_gib=4.0)
    for number in range(2):
        Instance(env, host, Work(0.01), resources=Resources(memory_gib=1.5), name=f"web-{number}")
    with pytest.raises(
        DoesNotFit,
        match=r"Instance\('web-2'\) asks for 0 cores and 1.5 GiB, and host 'host' has too little memory: "
        "1 of 1 cores and 1 of 4 GiB are free",
    ):
        Instance(env, host, Work(0.01), resources=Resources(memory_gib=1.5), name="web-2")
    Instance(env, host, Work(0.01), resources=Resources(memory_gib=1.0), name="web-3")
    assert host.room.memory_gib_free == 0.0
    assert len(host.room.tenants) == 3


def test_requests_of_cores_add_up_to_no_more_than_there_are() -> None:
    env = Environment()
    host = Host(env, "host", cores=2)
    service = Service(env, "web", [host, host], lambda host: Work(0.01), resources=Resources(cores=0.75))
    with pytest.raises(DoesNotFit, match=r"too little cores: 0.5 of 2 cores and inf of inf GiB are free"):
        service.add_instance(host)
    assert len(service.instances) == 2


def test_what_is_refused_leaves_nothing_on_the_host() -> None:
    env = Environment()
    host = Host(env, "host", memory_gib=1.0)
    with pytest.raises(DoesNotFit):
        Instance(env, host, Work(0.01), resources=Resources(memory_gib=2.0))
    host.crash()
    host.restart()
    env.run()
    assert host.room.tenants == ()
    assert host.room.memory_gib_free == 1.0


def test_an_instance_gives_back_when_it_has_stopped_and_not_when_it_has_crashed() -> None:
    env = Environment()
    host = Host(env, "host", memory_gib=2.0)
    service = Service(env, "web", [host], lambda host: Work(0.01), resources=Resources(memory_gib=2.0))
    (instance,) = service.instances
    instance.crash()
    assert host.room.memory_gib_free == 0.0
    instance.restart()
    service.retire(instance, linger=1.0)
    env.run(until=0.5)
    assert host.room.memory_gib_free == 0.0
    env.run(until=2.0)
    assert host.room.memory_gib_free == 2.0
    service.add_instance(host)


def test_a_third_of_a_third_of_a_host_fits_three_times_and_leaves_no_rounding() -> None:
    room = Room("host", 1, 0.3)
    for number in range(3):
        room.take(number, Resources(cores=1 / 3, memory_gib=0.1))
    with pytest.raises(DoesNotFit):
        room.take(3, Resources(memory_gib=0.001))
    for number in range(3):
        room.give_back(number)
    assert (room.cores_free, room.memory_gib_free) == (1.0, 0.3)


def test_five_fifths_of_a_core_fit() -> None:
    # What four of them leave is a little less than the fifth, in floats.
    room = Room("host", 1, inf)
    for number in range(5):
        room.take(number, Resources(cores=0.2))
    assert room.cores_free == 0.0
    with pytest.raises(DoesNotFit):
        room.take(5, Resources(cores=1e-6))


def test_taking_is_done_once_and_giving_back_as_often_as_one_likes() -> None:
    room = Room("host", 1, inf)
    room.take("web", Resources(cores=0.5))
    with pytest.raises(ValueError, match="web has its room on 'host' already"):
        room.take("web", Resources())
    room.give_back("web")
    room.give_back("web")
    assert room.cores_free == 1.0


def test_work_of_an_instance_is_done_with_its_share_of_the_cores() -> None:
    env = Environment()
    host = Host(env, "host", scheduling="fair-share")
    instances = [
        Instance(env, host, Work(3.0), resources=Resources(cpu_weight=weight), name=f"weight {weight}")
        for weight in (3.0, 1.0)
    ]
    for instance in instances:
        host.bind(env.process(instance.call(None)), instance)  # type: ignore[arg-type]
    env.run(until=4.0)
    shares = [instance.cpu_share for instance in instances]
    assert [share and share.statistics().work_done for share in shares] == pytest.approx([3.0, 1.0])


def directly(instance: Instance, request: Request) -> Steps:
    yield from instance.host.work(0.1)


def by_its_share(instance: Instance, request: Request) -> Steps:
    yield from instance.work(0.1)


def in_a_thread(instance: Instance, request: Request) -> Steps:
    task = FunctionEndpoint(lambda request: directly(instance, request))
    pool = ThreadPoolBulkhead(instance.env, task, threads=1, host=instance.host)
    return (yield from pool.call(request))


def nothing(instance: Instance, request: Request) -> Steps:
    return
    yield


class WorkingWrapper(Wrapper):
    """Works before it asks its target, where it stands."""

    def call(self, request: Request) -> Steps:
        assert self.host is not None
        yield from self.host.work(0.1)
        return (yield from self.target.call(request))


@pytest.mark.parametrize(
    "handler",
    [by_its_share, directly, in_parallel(directly), in_a_thread, "in front of it"],
    ids=["by its share", "directly", "in a branch", "in a thread", "in front of it"],
)
def test_whatever_runs_in_the_process_of_an_instance_cannot_escape_its_share(handler: Any) -> None:
    """The kernel charges who runs, and not the function that is called."""
    env = Environment(seed=1)
    host = Host(env, "host", cores=4, scheduling="fair-share")
    is_in_front = handler == "in front of it"
    instance = Instance(
        env,
        host,
        nothing if is_in_front else handler,
        resources=Resources(cpu_quota=CpuQuota(0.25)),
        name="limited",
    )
    target = WorkingWrapper(instance, name="in front") if is_in_front else instance
    client = Client(env, Network(env, latencies=0.0).connect(Host(env, "client"), target))
    client.issue(Request())
    env.run()
    # A quarter of a core: 25 ms in each of four periods.
    assert client.table.columns()["end"].tolist() == pytest.approx([0.325])
    share = instance.cpu_share
    assert share is not None
    assert share.statistics().busy_time == pytest.approx(0.1)


def test_what_runs_in_no_process_of_an_instance_has_no_part_in_its_share() -> None:
    env = Environment()
    host = Host(env, "host", scheduling="fair-share")
    instance = Instance(env, host, Work(1.0), resources=Resources(cpu_weight=3.0), name="web")
    host.bind(env.process(instance.call(None)), instance)  # type: ignore[arg-type]
    host.start(host.work(1.0))
    env.process(host.work(1.0))
    env.run(until=1.0)
    share = instance.cpu_share
    assert share is not None
    assert share.statistics().busy_time == pytest.approx(0.75)


def test_a_weight_or_quota_is_refused_where_it_would_not_be_heeded() -> None:
    env = Environment()
    for resources in (Resources(cpu_weight=2.0), Resources(cpu_quota=CpuQuota(0.5))):
        with pytest.raises(ValueError, match='a weight or quota needs a host with scheduling="fair-share"'):
            Instance(env, Host(env, "host"), Work(0.01), resources=resources)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"cores": -1.0}, ValueError, "cores asked for must be finite and >= 0, got -1.0"),
        ({"memory_gib": inf}, ValueError, "memory_gib asked for must be finite and >= 0, got inf"),
        ({"memory_gib": nan}, ValueError, "memory_gib asked for must be finite and >= 0, got nan"),
        ({"cpu_weight": 0.0}, ValueError, "cpu_weight must be finite and > 0, got 0.0"),
        ({"cpu_quota": 0.5}, TypeError, "cpu_quota must be a CpuQuota or None, got 0.5"),
    ],
)
def test_resources_that_make_no_sense_are_refused(
    settings: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Resources(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("memory", [0.0, -1.0, nan])
def test_a_host_has_some_memory(memory: float) -> None:
    with pytest.raises(ValueError, match=f"memory_gib must be > 0, got {memory}"):
        Host(Environment(), "host", memory_gib=memory)
