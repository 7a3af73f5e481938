"""Parking: a process that waits to be woken, by whoever knows it."""

from collections.abc import Generator
from typing import Any

import pytest

from simulator import PARKED, Environment

Steps = Generator[Any, Any, Any]


def parker(env: Environment, log: list[Any]) -> Steps:
    log.append(((yield PARKED), env.now))


def test_a_parked_process_goes_on_when_woken_with_the_value_it_is_given() -> None:
    env = Environment()
    log: list[Any] = []
    process = env.process(parker(env, log))
    env.call_later(2.0, env.wake, process, "value")
    env.run()
    assert log == [("value", 2.0)]


def test_nobody_wakes_it_otherwise() -> None:
    env = Environment()
    process = env.process(parker(env, []))
    env.run()
    assert process.is_alive
    assert list(env.processes) == [process]
    assert env.now == 0.0


def test_the_woken_go_on_in_the_order_of_waking_after_what_is_due_before() -> None:
    env = Environment()
    log: list[Any] = []
    processes = [env.process(parker(env, log)) for _ in range(3)]

    def wake_all() -> None:
        env.call_later(0.0, log.append, "due before")
        for number in (2, 0, 1):
            env.wake(processes[number], number)
        env.call_later(0.0, log.append, "due after")
        log.append("waker goes on")

    env.call_later(1.0, wake_all)
    env.run()
    assert log == ["waker goes on", "due before", (2, 1.0), (0, 1.0), (1, 1.0), "due after"]


def test_a_process_is_woken_once() -> None:
    env = Environment()
    process = env.process(parker(env, []), "sleeper")

    def twice() -> None:
        env.wake(process)
        with pytest.raises(RuntimeError, match="process 'sleeper' is not parked"):
            env.wake(process)

    env.call_later(1.0, twice)
    env.run()
    with pytest.raises(RuntimeError, match="is not parked"):
        env.wake(process)


def test_who_waits_otherwise_is_not_parked() -> None:
    env = Environment()
    event = env.event()

    def process(wait: Any) -> Steps:
        yield wait

    others = [env.process(process(wait)) for wait in (1.0, event)]
    for other in others:  # before they have begun
        with pytest.raises(RuntimeError, match="is not parked"):
            env.wake(other)
    env.run(until=0.5)
    for other in others:
        with pytest.raises(RuntimeError, match="is not parked"):
            env.wake(other)


def test_the_running_process_is_not_parked() -> None:
    env = Environment()

    def process() -> Steps:
        yield PARKED
        with pytest.raises(RuntimeError, match="is not parked"):
            env.wake(env.active_process)  # type: ignore[arg-type]
        yield 1.0

    woken = env.process(process())
    env.call_later(1.0, env.wake, woken)
    env.run(until=woken)
    assert env.now == 2.0


def test_a_process_may_park_and_be_woken_again_and_again() -> None:
    env = Environment()
    log: list[int] = []

    def worker() -> Steps:
        while True:
            log.append((yield PARKED))

    def feeder(process: Any) -> Steps:
        for number in range(100):
            yield 0.0
            env.wake(process, number)

    env.process(feeder(env.process(worker())))
    env.run()
    assert log == list(range(100))


def test_a_process_parked_in_a_loop_of_zero_sleeps_keeps_its_turn() -> None:
    env = Environment()
    order: list[str] = []

    def parked(name: str) -> Steps:
        yield PARKED
        order.append(name)
        yield 0.0
        order.append(name)

    processes = [env.process(parked(name)) for name in "ab"]
    env.call_later(1.0, lambda: [env.wake(process) for process in processes])
    env.run()
    assert order == ["a", "b", "a", "b"]
