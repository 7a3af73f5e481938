"""Hosts: what runs on one dies with it, silently, and starts anew only where somebody starts it."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.infrastructure import Host, Region, Zone
from models.network import Network
from models.request import Request
from models.services import Instance
from models.workload import Client
from simulator import PARKED, Environment, Process

Steps = Generator[Any, Any, Any]
DISCIPLINES = ["first-come", "processor-sharing"]


def endless(env: Environment, log: list[Any], name: str = "ran") -> Steps:
    try:
        while True:
            yield 1.0
            log.append((env.now, name))
    finally:
        log.append((env.now, "finally"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cores": 0}, "cores must be a whole number >= 1, got 0"),
        ({"cores": 1.5}, "cores must be a whole number >= 1, got 1.5"),
        ({"cores": True}, "cores must be a whole number >= 1, got True"),
        ({"boot_time": -1.0}, "boot_time must be finite and >= 0 s, got -1.0"),
        ({"boot_time": inf}, "boot_time must be finite and >= 0 s, got inf"),
        ({"boot_time": nan}, "boot_time must be finite and >= 0 s, got nan"),
        ({"scheduling": "fair"}, "must be one of first-come, processor-sharing, fair-share, got 'fair'"),
    ],
)
def test_settings_that_make_no_host_are_refused(settings: dict[str, Any], message: str) -> None:
    zone = Zone("zone")
    with pytest.raises(ValueError, match=message):
        Host(Environment(), "host", zone=zone, **settings)
    assert zone.hosts == []


def test_a_crash_stops_what_runs_there_and_nothing_wakes_up_later() -> None:
    env = Environment()
    host = Host(env, "host")
    log: list[Any] = []
    process = host.start(endless(env, log))
    env.call_later(2.5, host.crash)
    env.call_later(3.0, host.restart)
    env.run(until=10.0)
    assert log == [(1.0, "ran"), (2.0, "ran"), (2.5, "finally")]
    assert not process.is_alive
    assert host.is_up
    assert host.running == {}


def test_what_should_run_after_a_restart_is_started_by_a_function_given_for_it() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=0.5)
    log: list[Any] = []
    host.on_restart(lambda: host.start(endless(env, log, "anew")))
    env.call_later(1.0, host.crash)
    env.call_later(2.0, host.restart)
    env.run(until=4.0)
    assert log == [(3.5, "anew")]
    host.crash()
    assert log[-1] == (4.0, "finally")
    host.restart()
    env.run(until=6.0)
    assert log[-1] == (5.5, "anew")


def test_a_host_is_up_after_its_boot_time_and_not_before() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=30.0)
    host.crash()
    env.call_later(10.0, host.restart)
    env.run(until=39.5)
    assert not host.is_up
    env.run(until=40.5)
    assert host.is_up
    assert [(entry.time, entry.kind, entry.subject) for entry in env.event_log] == [
        (0, "host.down", "host"),
        (40.0, "host.up", "host"),
    ]


def test_a_second_restart_starts_the_boot_over() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=30.0)
    ups: list[float] = []
    host.on_restart(lambda: ups.append(env.now))
    host.crash()
    host.restart()
    env.call_later(20.0, host.restart)
    env.run()
    assert ups == [50.0]


def test_crash_and_restart_go_in_pairs() -> None:
    host = Host(Environment(), "web-1")
    with pytest.raises(RuntimeError, match="host 'web-1' is up already"):
        host.restart()
    host.crash()
    with pytest.raises(RuntimeError, match="host 'web-1' is down already"):
        host.crash()
    with pytest.raises(RuntimeError, match="host 'web-1' is down: nothing can be started"):
        host.start(_ for _ in ())


def test_a_process_that_has_ended_is_no_longer_on_its_host() -> None:
    env = Environment()
    host = Host(env, "host")

    def failing() -> Steps:
        yield 1.0
        raise KeyError("lost")

    ended = host.start((_ for _ in (1.0,)), "quick")
    host.start(failing()).callbacks.append(lambda event: setattr(event, "_defused", True))
    cancelled = host.start(_ for _ in (9.0,))
    env.call_later(1.0, cancelled.cancel)
    env.run(until=2.0)
    assert host.running == {}
    assert ended.name == "quick"


def test_a_process_started_on_a_host_returns_what_it_returns() -> None:
    env = Environment()

    def story() -> Steps:
        yield 1.0
        return "value"

    assert env.run(until=Host(env, "host").start(story())) == "value"


def test_a_process_that_crashes_its_own_host_ends_at_its_next_yield() -> None:
    env = Environment()
    host = Host(env, "host")
    log: list[str] = []

    def story() -> Steps:
        yield 1.0
        host.crash()
        log.append("until the yield")
        yield 0.0
        log.append("not reached")

    host.start(story())
    env.run()
    assert log == ["until the yield"]
    assert not host.is_up
    assert host.running == {}


@pytest.mark.parametrize("scheduling", DISCIPLINES)
def test_a_crash_gives_back_all_cores(scheduling: str) -> None:
    env = Environment()
    host = Host(env, "host", cores=2, scheduling=scheduling)
    for _ in range(5):
        host.start(host.work(4.0))
    env.call_later(1.0, host.crash)
    env.call_later(1.0, host.restart)
    env.run(until=2.0)
    statistics = host.statistics()
    assert (statistics.running_count, statistics.waiting_count, statistics.completed_count) == (0, 0, 0)
    assert (statistics.busy_time, statistics.work_done) == (2.0, 2.0)
    after = [host.start(host.work(1.0)) for _ in range(2)]
    env.run(until=after[1])
    assert env.now == 3.0


def test_only_what_is_bound_to_the_host_dies_with_it() -> None:
    env = Environment()
    host, other = Host(env, "host"), Host(env, "other")
    log: list[Any] = []
    other.start(endless(env, log, "elsewhere"))
    host.start(endless(env, log, "here"))
    env.call_later(1.5, host.crash)
    env.run(until=3.5)
    assert [name for _, name in log] == ["elsewhere", "here", "finally", "elsewhere", "elsewhere"]


def bound(host: Host, endpoint: FunctionEndpoint) -> Process:
    process = host.env.process(_ for _ in (9.0,))
    host.bind(process, endpoint)
    return process


def test_the_crash_of_one_process_leaves_the_others_alone() -> None:
    env = Environment()
    host = Host(env, "host")
    one, other = (FunctionEndpoint(pytest.fail, host=host, name=name) for name in ("one", "other"))
    in_one, in_other, in_none = bound(host, one), bound(host, other), host.start(_ for _ in (9.0,))
    env.run(until=1.0)
    host.crash_process(one)
    assert (one.is_listening, other.is_listening, host.is_up) == (False, True, True)
    assert (in_one.is_alive, in_other.is_alive, in_none.is_alive) == (False, True, True)
    with pytest.raises(RuntimeError, match="process of 'one' is down already"):
        host.crash_process(one)
    host.restart_process(one)
    assert one.is_listening
    with pytest.raises(RuntimeError, match="process of 'one' is up already"):
        host.restart_process(one)
    assert [(entry.kind, entry.subject, entry.detail) for entry in env.event_log] == [
        ("process.down", "one", {"host": "host"}),
        ("process.up", "one", {"host": "host"}),
    ]


def test_processes_that_were_down_come_up_with_their_host() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=1.0)
    endpoint = FunctionEndpoint(pytest.fail, host=host, name="one")
    host.crash_process(endpoint)
    host.crash()
    with pytest.raises(RuntimeError, match="host 'host' is down: its processes start with it"):
        host.restart_process(endpoint)
    host.restart()
    env.run(until=2.0)
    assert endpoint.is_listening
    host.crash_process(endpoint)  # and can crash again


def test_a_process_that_was_restarted_is_no_longer_its_hosts_to_bring_up() -> None:
    env = Environment()
    host = Host(env, "host")
    endpoint = FunctionEndpoint(pytest.fail, host=host, name="one")
    host.crash_process(endpoint)
    host.restart_process(endpoint)
    endpoint.is_listening = False  # drained, say
    host.crash()
    host.restart()
    env.run()
    assert host.is_up
    assert not endpoint.is_listening


def test_a_released_process_survives() -> None:
    env = Environment()
    host = Host(env, "host")
    process = env.process(_ for _ in (PARKED,))
    host.bind(process)
    host.release(process)
    host.release(process)
    host.crash()
    assert process.is_alive


def test_regions_zones_and_hosts_know_one_another() -> None:
    env = Environment()
    region = Region("europe")
    zones = [Zone(f"europe-{letter}", region) for letter in "ab"]
    hosts = [Host(env, f"host-{number}", zone=zones[number % 2]) for number in range(4)]
    assert region.zones == zones
    assert zones[0].hosts == [hosts[0], hosts[2]]
    assert region.hosts == [hosts[0], hosts[2], hosts[1], hosts[3]]
    assert (zones[0].region, hosts[0].zone, Zone("alone").region) == (region, zones[0], None)
    assert [repr(thing) for thing in (region, zones[0], hosts[0])] == [
        "Region('europe')",
        "Zone('europe-a')",
        "Host('host-0')",
    ]


def test_work_in_a_handler_takes_the_hosts_time() -> None:
    env = Environment()
    host = Host(env, "host", speed=0.5)

    def handler(request: Request) -> Steps:
        yield from host.work(1.0)
        return env.now

    def caller() -> Steps:
        response = yield from FunctionEndpoint(handler, host=host).call(Request())
        return response.value

    assert env.run(until=env.process(caller())) == 2.0


def test_a_crash_while_booting_ends_the_boot() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=30.0)
    host.crash()
    host.restart()
    env.run(until=10.0)
    host.crash()
    env.run(until=100.0)
    assert not host.is_up
    assert host.crash_count == 1
    host.restart()
    env.run(until=130.0)
    assert not host.is_up
    env.run(until=130.1)
    assert host.is_up


def test_a_host_boots_when_nothing_holds_it_down_any_more() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=1.0)
    host.hold_down("power cut")
    host.hold_down("chaos monkey")
    with pytest.raises(RuntimeError, match="host 'host' is held down by power cut"):
        host.restart()
    host.let_up("power cut")
    env.run(until=5.0)
    assert not host.is_up
    host.let_up("chaos monkey")
    env.run(until=6.1)
    assert host.is_up
    assert host.crash_count == 1
    with pytest.raises(ValueError, match="by others only, not by power cut"):
        host.let_up("power cut")


def test_holding_a_booting_host_down_ends_its_boot() -> None:
    env = Environment()
    host = Host(env, "host", boot_time=10.0)
    host.crash()
    host.restart()
    env.run(until=5.0)
    host.hold_down("power cut")
    env.run(until=50.0)
    assert not host.is_up
    with pytest.raises(ValueError, match="held down by power cut already"):
        host.hold_down("power cut")


def test_a_process_that_is_held_down_does_not_start_with_its_host() -> None:
    env = Environment()
    host = Host(env, "host")
    restarts: list[float] = []
    server = FunctionEndpoint(lambda request: iter(()), host=host, name="server")
    host.on_restart(lambda: restarts.append(env.now), endpoint=server)
    host.hold_process_down(server, "crash loop")
    host.crash()
    host.restart()
    env.run(until=1.0)
    assert host.is_up
    assert not server.is_listening
    with pytest.raises(RuntimeError, match="held down by crash loop"):
        host.restart_process(server)
    host.let_process_up(server, "crash loop")
    assert server.is_listening
    assert restarts == [1.0]


def test_a_process_let_up_while_its_host_is_down_starts_with_it() -> None:
    env = Environment()
    host = Host(env, "host")
    server = FunctionEndpoint(lambda request: iter(()), host=host, name="server")
    host.hold_process_down(server, "crash loop")
    host.crash()
    host.let_process_up(server, "crash loop")
    assert not server.is_listening
    host.restart()
    env.run()
    assert server.is_listening


def test_slowdowns_multiply_and_leave_the_speed_as_it_was() -> None:
    env = Environment()
    host = Host(env, "host", speed=2.0)
    host.slow_down("disk", 0.1)
    host.slow_down("neighbour", 0.5)
    assert host.speed == pytest.approx(0.1)
    host.speed = 4.0
    assert host.speed == pytest.approx(0.2)
    host.recover("disk")
    assert host.speed == pytest.approx(2.0)
    host.recover("neighbour")
    assert host.speed == 4.0
    with pytest.raises(ValueError, match="slowed down by others only, not by disk"):
        host.recover("disk")


def test_skews_of_the_clock_add_up_and_drift() -> None:
    env = Environment(5.0)
    host = Host(env, "host")
    assert host.clock() == 5.0
    host.skew_clock("battery", 2.0, drift=0.5)
    host.skew_clock("operator", -10.0)
    assert host.clock() == -3.0
    env.run(until=9.0)
    assert host.clock() == 3.0
    host.set_clock("operator")
    assert host.clock() == 13.0
    host.set_clock("battery")
    assert host.clock() == 9.0


def test_an_orderly_shutdown_resets_the_calls_in_progress_and_then_is_silent() -> None:
    env = Environment(seed=1)
    web, bank = Host(env, "web"), Host(env, "bank")

    def handle(request: Request) -> Generator[Any, Any, None]:
        yield 10.0

    link = Network(env, latencies=0.01).connect(web, FunctionEndpoint(handle, host=bank))
    client = Client(env, link)
    client.issue(Request())
    env.call_later(1.0, lambda: bank.crash(resets=True))
    env.call_later(2.0, lambda: client.issue(Request()))
    env.run(until=100.0)
    assert client.table.counts()["unknown"] == 1
    assert list(client.table.columns()["end"]) == [pytest.approx(1.01)]
    assert client.in_flight == 1


def test_an_orderly_shutdown_resets_calls_from_its_own_host_too() -> None:
    env = Environment()
    host = Host(env, "host")
    instance = Instance(env, host, lambda instance, request: iter([10.0]))
    client = Client(env, instance)
    client.issue(Request())
    env.call_later(1.0, lambda: host.crash(resets=True))
    env.run(until=100.0)
    assert client.table.counts()["unknown"] == 1
