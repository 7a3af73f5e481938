"""Crashes: what healing restarts, and what it leaves down."""

from __future__ import annotations

import pytest

from models import FunctionEndpoint, Host
from models.balancing import Balancer
from models.endpoint import Wrapper
from models.faults import HostCrash, PowerOutage, ProcessCrash
from models.resilience import Timeout
from tests.models.faults.building import HEALTHY, PATIENCE, WAY, World


def test_healing_boots_a_host_for_its_boot_time() -> None:
    world = World()
    host = Host(world.env, "slow to boot", boot_time=30.0)
    crash = HostCrash(host)
    crash.inject()
    world.env.call_later(10.0, crash.heal)
    world.env.run(until=100.0)
    assert world.log("host.down", "host.up", "fault.end") == [
        (0.0, "host.down", "slow to boot", None),
        (10.0, "fault.end", "slow to boot", "host crash"),
        (40.0, "host.up", "slow to boot", None),
    ]


def test_a_crash_while_booting_ends_the_boot() -> None:
    world = World()
    host = Host(world.env, "slow to boot", boot_time=30.0)
    crash, another = HostCrash(host), HostCrash(host)
    crash.inject()
    crash.heal()
    world.env.run(until=10.0)
    another.inject()
    world.env.run(until=100.0)
    assert not host.is_up
    another.heal()
    world.env.run(until=131.0)
    assert host.is_up


def test_a_process_that_another_fault_holds_stays_down_when_its_host_boots() -> None:
    world = World()
    instance = world.payment.instances[0]
    process, power = ProcessCrash(instance), PowerOutage(world.zones[0])
    process.inject()
    power.inject()
    assert world.pay() == (None, PATIENCE)
    power.heal()
    assert world.pay() == ("Refused", 2 * WAY)
    process.heal()
    assert world.pay() == HEALTHY


def test_a_process_healed_while_its_host_is_down_starts_with_it() -> None:
    world = World()
    instance = world.payment.instances[0]
    process, host = ProcessCrash(instance), HostCrash(world.hosts[0])
    host.inject()
    process.inject()
    process.heal()
    assert world.pay() == (None, PATIENCE)
    host.heal()
    assert world.pay() == HEALTHY


def test_memory_is_lost() -> None:
    for make in (
        lambda world: ProcessCrash(world.payment.instances[0]),
        lambda world: HostCrash(world.hosts[0]),
    ):
        world = World()
        instance = world.payment.instances[0]
        instance.state["visits"] = 7
        crash = make(world)
        crash.inject()
        crash.heal()
        world.env.run(until=1.0)
        assert instance.state == {}


def test_only_an_orderly_shutdown_resets_what_is_under_way() -> None:
    seen = {}
    for resets in (False, True):
        world = World()
        crash = HostCrash(world.hosts[0], resets=resets)
        world.env.call_later(0.25, crash.inject)
        seen[resets] = world.pay()
        assert world.pay() == (None, PATIENCE), "later callers meet silence either way"
        [record] = world.env.event_log.of_kind("fault.start")
        assert record.detail.get("resets", False) is resets
    assert seen == {False: (None, PATIENCE), True: ("ConnectionLost", 0.25 + WAY)}


def test_a_wrapper_around_an_instance_crashes_with_the_process_it_lives_in() -> None:
    class Around(Wrapper):
        def call(self, request):  # type: ignore[no-untyped-def]
            return self.target.call(request)

    world = World()
    instance = world.payment.instances[0]
    around = Around(instance, name="around")
    crash = ProcessCrash(around)
    assert crash.subject == "payment-1"
    crash.inject()
    assert world.call(world.web, around) == ("Refused", 2 * WAY)
    assert not instance.is_listening


def test_a_balancer_is_a_process_too() -> None:
    world = World()
    ways = [world.network.connect(world.web, instance) for instance in world.payment.instances]
    balancer = Balancer(world.env, ways, host=world.web, name="edge")
    ProcessCrash(balancer).inject()
    users = Host(world.env, "users")
    assert world.call(users, balancer) == ("Refused", 2 * WAY)


def test_only_what_runs_somewhere_can_crash() -> None:
    world = World()
    connection = world.network.connect(world.web, world.payment.instances[0])
    for way in (connection, Timeout(world.env, connection, 1.0)):
        with pytest.raises(ValueError, match="endpoint must be what crashes, not a way to it"):
            ProcessCrash(way)
    with pytest.raises(ValueError, match=r"endpoint must run on a host to crash there, got .*'nowhere'"):
        ProcessCrash(FunctionEndpoint(lambda request: iter(()), name="nowhere"))
    with pytest.raises(TypeError, match=r"endpoint must be an Endpoint, got .*'web-1'"):
        ProcessCrash(world.web)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="host must be a Host, got 'web-1'"):
        HostCrash("web-1")  # type: ignore[arg-type]


def test_a_name_of_ones_own_is_what_logs_and_errors_say() -> None:
    world = World()
    crash = HostCrash(world.web, name="the web server")
    crash.inject()
    assert world.faults_logged() == [(0.0, "fault.start", "the web server", "host crash")]
    assert str(crash) == "host crash of the web server"
