"""An instance with a memory hears of its end, whenever that comes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Host, Request
from models.services import Instance, RememberingInstance
from simulator import Environment


def nothing(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield 0.0


def remembering(env: Environment, host: Host, forgotten: list[float]) -> RememberingInstance:
    return RememberingInstance(
        env, host, nothing, lambda: forgotten.append(env.now), threads=1, name="remembers"
    )


def test_memory_is_forgotten_in_a_crash_at_the_instant_at_which_it_is_made() -> None:
    env, forgotten = Environment(), list[float]()
    host = Host(env, "host")
    remembering(env, host, forgotten)
    host.crash()
    assert forgotten == [0.0]


def test_memory_is_forgotten_in_a_crash_at_the_instant_of_a_restart() -> None:
    env, forgotten = Environment(), list[float]()
    host = Host(env, "host")
    instance = remembering(env, host, forgotten)
    env.run(until=1.0)
    for _ in range(3):
        instance.crash()
        instance.restart()
    host.crash()
    assert forgotten == [1.0] * 4
    env.run(until=2.0)
    assert forgotten == [1.0] * 4


def test_memory_that_is_stopped_is_forgotten_once() -> None:
    env, forgotten = Environment(), list[float]()
    host = Host(env, "host")
    remembering(env, host, forgotten).stop()
    env.run(until=1.0)
    host.crash()
    assert forgotten == [0.0]
