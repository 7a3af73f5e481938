"""Waking a sleeper before its time."""

from collections.abc import Generator
from typing import Any

import pytest

from simulator import PARKED, Environment

Steps = Generator[Any, Any, Any]


def sleeper(env: Environment, log: list[tuple[float, Any]]) -> Steps:
    for _ in range(2):
        value = yield 5.0
        log.append((env.now, value))


def test_a_sleeper_goes_on_at_once_with_the_value_and_its_old_alarm_is_void() -> None:
    env = Environment()
    log: list[tuple[float, Any]] = []
    process = env.process(sleeper(env, log))
    env.call_later(2.0, env.rouse, process, "early")
    env.run()
    assert log == [(2.0, "early"), (7.0, None)]


def test_a_sleeper_goes_on_after_what_is_due_already() -> None:
    env = Environment()
    log: list[Any] = []
    process = env.process(sleeper(env, log))

    def rouse() -> None:
        env.call_later(0.0, log.append, "due before")
        env.rouse(process)

    env.call_later(2.0, rouse)
    env.run(until=3.0)
    assert log == ["due before", (2.0, None)]


def test_a_sleeper_that_is_roused_and_cancelled_at_one_instant_is_cancelled() -> None:
    env = Environment()
    log: list[tuple[float, Any]] = []
    process = env.process(sleeper(env, log))

    def both() -> None:
        env.rouse(process, "early")
        process.cancel()

    env.call_later(2.0, both)
    env.run()
    assert log == []
    assert not process.is_alive


@pytest.mark.parametrize("state", ["parked", "waiting", "ended", "about to begin"])
def test_who_does_not_sleep_cannot_be_roused(state: str) -> None:
    env = Environment()

    def process() -> Steps:
        if state == "parked":
            yield PARKED
        elif state == "waiting":
            yield env.event()

    it = env.process(process(), "it")
    if state != "about to begin":
        env.run(until=1.0)
    with pytest.raises(RuntimeError, match="process 'it' is not asleep"):
        env.rouse(it)
