"""Killing, where killer and killed are entangled."""

from collections.abc import Generator
from typing import Any

import pytest

from simulator import Environment, ProcessCancelled

Steps = Generator[Any, Any, Any]


def test_a_process_that_kills_itself_ends_at_its_next_yield() -> None:
    env = Environment()
    log: list[str] = []

    def process() -> Steps:
        try:
            env.active_process.kill()  # type: ignore[union-attr]
            log.append("until the yield")
            yield 0.0
            log.append("not reached")
        finally:
            log.append("finally")

    victim = env.process(process())
    env.run()
    assert log == ["until the yield", "finally"]
    assert not victim.is_alive


def test_a_process_that_kills_itself_and_returns_has_returned() -> None:
    env = Environment()

    def process() -> Steps:
        yield 1.0
        env.active_process.kill()  # type: ignore[union-attr]
        return "value"

    assert env.run(until=env.process(process())) == "value"


def test_killing_a_process_that_is_being_killed_does_nothing() -> None:
    """As when what a dying process gives back makes somebody crash the host on which it runs."""
    env = Environment()
    log: list[str] = []

    def process() -> Steps:
        try:
            yield 9.0
        finally:
            victim.kill()
            log.append("finally")

    victim = env.process(process())
    env.call_later(1.0, victim.kill)
    env.run()
    assert log == ["finally"]
    assert not victim.is_alive


def test_the_killer_may_be_killed_by_what_it_kills() -> None:
    env = Environment()
    log: list[str] = []

    def victim_steps() -> Steps:
        try:
            yield 9.0
        finally:
            killer.kill()

    def killer_steps() -> Steps:
        yield 1.0
        victim.kill()
        log.append("until the yield")
        yield 1.0
        log.append("not reached")

    victim, killer = env.process(victim_steps()), env.process(killer_steps())
    env.run()
    assert log == ["until the yield"]
    assert not killer.is_alive


def test_a_process_killed_by_another_that_the_same_event_has_woken_does_not_run() -> None:
    env = Environment()
    log: list[str] = []
    event = env.event()

    def killer() -> Steps:
        yield event
        victim.kill()

    def waiting() -> Steps:
        yield event
        log.append("ran")

    env.process(killer())
    victim = env.process(waiting())
    env.call_later(1.0, event.succeed)
    env.run()
    assert log == []
    assert isinstance(victim.value, ProcessCancelled)


def test_waiting_while_being_killed_is_an_error() -> None:
    env = Environment()

    def process() -> Steps:
        try:
            yield 9.0
        finally:
            yield 1.0

    victim = env.process(process())
    env.call_later(1.0, victim.kill)
    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        env.run()
