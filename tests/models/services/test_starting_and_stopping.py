"""An instance starts, listens, lingers, finishes what it has, and stops for good."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models import Request
from models.failures import ConnectionLost, Refused, ServerError
from models.infrastructure import Host
from models.network import Network
from models.resilience.shedding import ConcurrencyLimiter, Fifo, FixedLimit
from models.services import Instance, Service, Work, in_parallel
from simulator import Environment
from tests.models.services.building import assert_idle, call

SECOND = Work(1.0)


def an_instance(env: Environment, *, threads: int = 4, start_time: float = 0.0) -> Instance:
    host = Host(env, "server", cores=4)
    return Instance(env, host, SECOND, threads=threads, start_time=start_time, name="shop")


def test_what_is_made_listens_at_once_and_a_restarted_process_after_its_start_time() -> None:
    env = Environment()
    instance = an_instance(env, start_time=2.0)
    ready: list[float] = []
    instance.on_ready(lambda: ready.append(env.now))
    assert instance.is_ready
    instance.crash()
    instance.restart()
    assert not instance.is_ready
    early = call(env, instance)
    env.run(until=1.9)
    assert isinstance(early.outcome, Refused)
    env.run(until=2.1)
    assert instance.is_ready
    assert ready == [2.0]


def test_a_booted_host_has_its_processes_start_too() -> None:
    env = Environment()
    host = Host(env, "server", boot_time=3.0)
    instance = Instance(env, host, SECOND, start_time=2.0)
    host.crash()
    host.restart()
    env.run(until=4.9)
    assert host.is_up
    assert not instance.is_ready
    env.run(until=5.1)
    assert instance.is_ready


def test_a_crash_while_it_starts_makes_that_start_void() -> None:
    env = Environment()
    instance = an_instance(env, start_time=2.0)
    instance.crash()
    instance.restart()
    env.call_later(1.0, instance.crash)
    env.call_later(1.5, instance.restart)
    env.run(until=3.4)
    assert not instance.is_ready
    env.run(until=3.6)
    assert instance.is_ready


def test_a_host_crash_while_it_starts_makes_that_start_void() -> None:
    env = Environment()
    instance = an_instance(env, start_time=2.0)
    instance.crash()
    instance.restart()
    env.call_later(1.0, instance.host.crash)
    env.run(until=2.5)
    assert not instance.is_ready
    instance.host.restart()
    env.run(until=4.4)
    assert not instance.is_ready
    env.run(until=4.6)
    assert instance.is_ready


def test_what_is_held_down_while_it_starts_stays_down_until_it_is_let_up() -> None:
    env = Environment()
    instance = an_instance(env, start_time=2.0)
    instance.crash()
    instance.restart()
    env.call_later(1.0, instance.host.hold_process_down, instance, "a fault")
    env.call_later(5.0, instance.host.let_process_up, instance, "a fault")
    env.run(until=6.9)
    assert not instance.is_ready
    env.run(until=7.1)
    assert instance.is_ready


def test_one_that_stops_lingers_then_refuses_and_finishes_what_it_has() -> None:
    env = Environment()
    instance = an_instance(env)
    first = call(env, instance)
    stopped = instance.stop(linger=0.5)
    assert not instance.is_ready
    env.run(until=0.4)
    lingering = call(env, instance)
    env.run(until=0.6)
    late = call(env, instance)
    env.run(until=stopped)
    assert (first.at, lingering.at) == (1.0, 1.4)
    assert isinstance(late.outcome, Refused)
    assert env.now == 1.4
    assert instance.has_stopped
    assert_idle(instance)


def test_what_waits_for_a_thread_is_finished_too() -> None:
    env = Environment()
    instance = an_instance(env, threads=1)
    seen = [call(env, instance) for _ in range(3)]
    env.call_later(0.1, instance.stop)
    env.run()
    assert [one.at for one in seen] == [1.0, 2.0, 3.0]


def test_what_waits_in_front_of_the_instance_is_finished_too() -> None:
    env = Environment(seed=1)
    caller, instance = Host(env, "caller"), an_instance(env, threads=1)
    front = ConcurrencyLimiter(env, instance, FixedLimit(1), queue=Fifo())
    way = Network(env, latencies=0.0).connect(caller, front)
    seen = [call(env, way) for _ in range(3)]
    env.call_later(0.1, instance.stop)
    env.run()
    assert [one.at for one in seen] == [1.0, 2.0, 3.0]


def test_what_is_left_when_the_grace_is_over_is_killed_and_its_callers_learn_of_it() -> None:
    env = Environment()
    caller, instance = Host(env, "caller"), an_instance(env)
    way = Network(env, latencies=0.125).connect(caller, instance)
    seen = call(env, way)
    env.call_later(0.25, lambda: instance.stop(linger=0.25, grace=0.5))
    env.run()
    assert isinstance(seen.outcome, ConnectionLost)
    assert seen.at == 0.875
    assert instance.has_stopped


@pytest.mark.parametrize("crash", ["process", "host"])
def test_a_crash_ends_the_stop_and_it_does_not_come_back(crash: str) -> None:
    env = Environment()
    instance = an_instance(env)
    call(env, instance)
    stopped = instance.stop(linger=5.0)
    env.call_later(0.5, instance.crash if crash == "process" else instance.host.crash)
    env.run(until=0.6)
    assert stopped.triggered
    assert instance.has_stopped
    if crash == "host":
        instance.host.restart()
    env.run(until=2.0)
    assert instance.host.is_up
    assert not instance.is_listening
    with pytest.raises(RuntimeError, match="down already"):
        instance.crash()
    with pytest.raises(RuntimeError, match="has stopped for good"):
        instance.restart()


def test_a_crash_at_the_instant_of_the_order_to_stop_ends_it_when_it_would_start_again() -> None:
    env = Environment()
    instance = an_instance(env)
    instance.stop()
    instance.host.crash()
    instance.host.restart()
    env.run()
    assert instance.has_stopped
    assert not instance.is_listening


def test_one_whose_process_is_down_stops_at_once() -> None:
    env = Environment()
    instance = an_instance(env)
    instance.crash()
    stopped = instance.stop(linger=5.0)
    assert instance.has_stopped
    assert stopped.triggered


def test_a_fault_that_holds_a_stopped_process_down_does_not_bring_it_back() -> None:
    env = Environment()
    instance = an_instance(env)
    instance.host.hold_process_down(instance, "a fault")
    instance.stop()
    instance.host.let_process_up(instance, "a fault")
    instance.host.hold_process_down(instance, "another")
    instance.host.let_process_up(instance, "another")
    env.run()
    assert not instance.is_listening


def test_it_is_told_to_stop_once() -> None:
    env = Environment()
    instance = an_instance(env)
    instance.stop()
    with pytest.raises(RuntimeError, match="'shop' was told to stop already"):
        instance.stop()
    env.run()


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"linger": -1.0}, "linger must be finite and >= 0 s, got -1.0"),
        ({"linger": inf}, "linger must be finite and >= 0 s, got inf"),
        ({"linger": 2.0, "grace": 1.0}, r"grace must be at least linger \(2.0 s\), .* got 1.0"),
        ({"grace": nan}, "grace must be at least linger"),
    ],
)
def test_times_that_make_no_sense_are_refused(times: dict[str, float], message: str) -> None:
    instance = an_instance(Environment())
    with pytest.raises(ValueError, match=message):
        instance.stop(**times)
    assert instance.is_ready


@pytest.mark.parametrize("start_time", [-1.0, inf, nan])
def test_a_start_time_that_makes_no_sense_is_refused(start_time: float) -> None:
    with pytest.raises(ValueError, match="start_time must be finite and >= 0 s"):
        an_instance(Environment(), start_time=start_time)
    with pytest.raises(TypeError, match="start_time must be a number of seconds, got 'soon'"):
        an_instance(Environment(), start_time="soon")  # type: ignore[arg-type] # that is what is asked


def test_what_a_service_adds_starts_first_and_its_followers_hear_when_it_is_ready() -> None:
    env = Environment()
    service = Service(env, "shop", [Host(env, "a")], lambda host: SECOND, start_time=2.0)
    heard: list[tuple[float, str, str]] = []
    service.on_added(lambda instance: heard.append((env.now, "added", instance.name)))
    service.on_ready(lambda instance: heard.append((env.now, "ready", instance.name)))
    service.on_removed(lambda instance: heard.append((env.now, "removed", instance.name)))
    assert service.instances[0].is_ready
    env.call_later(1.0, service.add_instance, Host(env, "b"))
    env.run(until=4.0)
    second = service.instances[1]
    second.crash()
    second.restart()
    env.run(until=7.0)
    assert second.is_ready
    service.retire(second)
    env.run()
    assert heard == [(1.0, "added", "shop-2"), (3.0, "ready", "shop-2"), (7.0, "removed", "shop-2")]
    assert second.has_stopped


def test_one_that_was_retired_before_it_was_ready_never_is() -> None:
    env = Environment()
    service = Service(env, "shop", [], lambda host: SECOND, start_time=2.0)
    heard: list[str] = []
    service.on_ready(lambda instance: heard.append(instance.name))
    instance = service.add_instance(Host(env, "a"))
    env.call_later(1.0, service.retire, instance)
    env.run()
    assert heard == []
    assert instance.has_stopped
    assert not instance.is_listening


def test_one_on_a_host_that_boots_starts_when_it_has_booted() -> None:
    env = Environment()
    host = Host(env, "a", boot_time=10.0)
    host.crash()
    host.restart()
    service = Service(env, "shop", [], lambda host: SECOND, start_time=2.0)
    ready: list[float] = []
    service.on_ready(lambda instance: ready.append(env.now))
    service.add_instance(host)
    env.run()
    assert ready == [12.0]


def test_branches_that_outlive_their_failed_call_are_waited_for_and_no_longer() -> None:
    env = Environment()
    host = Host(env, "server")

    def fail(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 0.5
        raise ServerError("no")

    instance = Instance(env, host, in_parallel(fail, SECOND), name="shop")
    called = call(env, instance)
    env.run(until=0.25)
    stopped = instance.stop(grace=inf)
    env.run(until=stopped)
    assert env.now == 0.5
    assert isinstance(called.outcome, ServerError)
    assert_idle(instance)


def test_who_asked_for_it_is_told_when_it_begins_to_refuse_and_what_he_then_does_is_waited_for() -> None:
    env = Environment()
    instance = an_instance(env)
    told: list[tuple[float, bool]] = []

    def tidy_up() -> Generator[Any, Any, None]:
        process: Any = env.active_process
        yield 3.0
        instance.host.release(process)

    def begin() -> None:
        told.append((env.now, instance.is_listening))
        instance.host.bind(env.process(tidy_up()), instance)

    instance.on_stopping(begin)
    stopped = instance.stop(linger=0.5)
    env.run(until=stopped)
    assert told == [(0.5, False)]
    assert env.now == 3.5
    assert_idle(instance)


@pytest.mark.parametrize("trouble", ["crash while it lingers", "down when it is told", "no grace", "no stop"])
def test_nobody_is_told_of_an_end_that_is_not_in_good_order(trouble: str) -> None:
    env = Environment()
    instance = an_instance(env)
    told: list[float] = []
    instance.on_stopping(lambda: told.append(env.now))
    if trouble == "crash while it lingers":
        instance.stop(linger=0.5)
        env.call_later(0.25, instance.crash)
    elif trouble == "down when it is told":
        instance.crash()
        instance.stop()
    elif trouble == "no grace":
        instance.stop(grace=0.0)
    else:
        instance.crash()
        instance.restart()
        env.call_later(1.0, instance.host.decommission)
    env.run()
    assert told == []
    assert instance.has_stopped
