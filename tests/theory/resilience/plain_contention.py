"""The contention of the AWS post in plain Python: an event list, no engine, nothing of GameDay.

N clients each want to change one row once: read its version, write with that version, and after a refusal
wait and begin again. Every message takes |N(10, 2)| ms. The first refusal is number 1, and the ceiling of the
n-th wait is min(2000, 5 * 2^n) ms: the "base" of 5 ms is never waited, the first ceiling is 10 ms. Only
decorrelated jitter, U(base, 3 * the wait before), starts from 5 ms itself.

Written from the description of M. Brooker, "Exponential Backoff And Jitter" (AWS architecture blog, 2015),
and the rules of aws-arch-backoff-simulator.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from math import sqrt
from typing import NamedTuple

BASE, CAP, DELAY_MEAN, DELAY_DEVIATION = 0.005, 2.0, 0.010, 0.002  # seconds

Waits = Callable[[random.Random], Iterator[float]]


def ceiling(refusals: int) -> float:
    """The longest wait after so many refusals, in seconds."""
    return min(CAP, BASE * 2**refusals)


def decorrelated(chance: random.Random) -> Iterator[float]:
    wait = BASE
    while True:
        wait = min(CAP, chance.uniform(BASE, 3 * wait))
        yield wait


class Mean(NamedTuple):
    value: float
    error: float


WAITS: dict[str, Waits] = {
    "none": lambda chance: (0.0 for _ in count()),
    "exponential": lambda chance: (ceiling(n) for n in count(1)),
    "equal": lambda chance: (ceiling(n) / 2 + chance.uniform(0, ceiling(n) / 2) for n in count(1)),
    "full": lambda chance: (chance.uniform(0, ceiling(n)) for n in count(1)),
    "decorrelated": decorrelated,
}


def contend(clients: int, policy: str, chance: random.Random) -> tuple[float, int]:
    """Return when the last client is done, in seconds, and how many writes were tried."""

    def delay() -> float:
        return abs(chance.gauss(DELAY_MEAN, DELAY_DEVIATION))

    waits = [WAITS[policy](chance) for _ in range(clients)]
    arrivals = [(delay(), client, "read", 0) for client in range(clients)]
    heapq.heapify(arrivals)
    version = writes = 0
    finished = 0.0
    while arrivals:
        now, client, kind, known = heapq.heappop(arrivals)
        if kind == "read":  # the version travels back, and out again with the write
            heapq.heappush(arrivals, (now + delay() + delay(), client, "write", version))
            continue
        writes += 1
        if known == version:
            version += 1
            finished = max(finished, now + delay())
        else:
            begin_again = now + delay() + next(waits[client])
            heapq.heappush(arrivals, (begin_again + delay(), client, "read", 0))
    return finished, writes


def means(clients: int, policy: str, *, runs: int = 8_000, seed: int = 2015) -> tuple[Mean, Mean]:
    """Mean time and writes with their standard errors; the full number of runs takes minutes."""
    chance = random.Random(seed)
    times, writes = zip(*(contend(clients, policy, chance) for _ in range(runs)), strict=True)
    return mean(times), mean(writes)


def mean(values: Sequence[float]) -> Mean:
    return Mean(statistics.fmean(values), statistics.stdev(values) / sqrt(len(values)))
