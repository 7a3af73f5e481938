"""Bare sleeps: many processes, each asleep nearly all the time, and nothing else.

GameDay's processes yield seconds, SimPy's yield `env.timeout`. No two periods are alike, so that each wake-up
has a time of its own, as in a model with random times; drawing those would cost both sides the same, and hide
the difference.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from simulator import Environment

from .benchmark import Benchmark
from .paired_times import side_by_side

PROCESS_COUNT = 1_000
_GOLDEN = 0.6180339887498949  # its multiples, less their whole part, are spread evenly and never repeat


def sleeps_in_gameday(duration: float) -> list[float]:
    """Sleep in `PROCESS_COUNT` processes for about `duration` seconds; return when each wake-up was last."""
    env = Environment()
    ends: list[float] = []

    def sleeper(period: float, count: int) -> Generator[float, None, None]:
        for _ in range(count):
            yield period
        ends.append(env.now)

    for period, count in _plan(duration):
        env.process(sleeper(period, count))
    env.run()
    return ends


def sleeps_in_simpy(duration: float) -> list[float]:
    """Do the same in plain SimPy."""
    env = simpy.Environment()
    ends: list[float] = []

    def sleeper(period: float, count: int) -> Generator[Any, Any, None]:
        for _ in range(count):
            yield env.timeout(period)
        ends.append(env.now)

    for period, count in _plan(duration):
        env.process(sleeper(period, count))
    env.run()
    return ends


def sleep_count(duration: float) -> int:
    """Return how many sleeps that makes."""
    return sum(count for _, count in _plan(duration))


def _plan(duration: float) -> list[tuple[float, int]]:
    """Each process's period, from 1 to 2 s, and how many of them fill the duration."""
    periods = [1.0 + number * _GOLDEN % 1.0 for number in range(PROCESS_COUNT)]
    return [(period, round(duration / period)) for period in periods]


def _duration(size: int) -> float:
    return size * 1.45 / PROCESS_COUNT  # the mean of 1 / period is ln 2


def _gameday(size: int, seed: int) -> int:
    sleeps_in_gameday(_duration(size))
    return sleep_count(_duration(size))


def _simpy(size: int, seed: int) -> int:
    sleeps_in_simpy(_duration(size))
    return sleep_count(_duration(size))


SLEEPS = Benchmark(
    name="sleeps",
    question=f"{PROCESS_COUNT} processes that yield seconds, against SimPy's timeout",
    target=1.7,
    unit="x",
    measure=side_by_side(_gameday, _simpy, noun="sleeps", size=1_000_000, quick_size=200_000),
)
"""The benchmark; both sides count the sleeps alike, and no seed makes a difference."""
