"""Brooker's simple collapse in plain Python: an event list, no engine, nothing of GameDay.

Poisson requests at 40 per second, at 80 between 20 and 25 s. A request travels Exp(0.1 s) to a server that
takes 1 s and 0.01 s more for each request in flight, itself included, and as long back. A client waits 3 s
for an attempt, makes 3 attempts, and ignores answers to earlier ones; the server does the work all the same.
Without backoff it asks again at once; with it, after U(0, 20 s) and then U(0, 40 s).

Written from the rules of M. Brooker's simulator_example, simple_collapse_sim.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from math import sqrt

BASE_RATE, PEAK_RATE, SPIKE_START, SPIKE_END, END = 40.0, 80.0, 20.0, 25.0, 80.0
DELAY, PATIENCE, ATTEMPTS, SERVICE, SLOPE = 0.1, 3.0, 3, 1.0, 0.01
NO_BACKOFF: Sequence[float] = (0.0, 0.0)
BACKOFF: Sequence[float] = (20.0, 40.0)


def answered_at(
    waits_max: Sequence[float], chance: random.Random, *, slope: float = SLOPE, peak_rate: float = PEAK_RATE
) -> list[float]:
    """Return when clients got an answer in time, for one run; the n-th wait is U(0, `waits_max[n]`)."""
    sequence = iter(range(1 << 60))
    events: list[tuple[float, int, str, int, int]] = [(0.0, next(sequence), "arrival", 0, 0)]
    current: list[int] = []  # the attempt that each client waits for; ATTEMPTS when it waits no more
    in_flight = 0
    answers = []

    def put(time: float, kind: str, client: int, attempt: int) -> None:
        heapq.heappush(events, (time, next(sequence), kind, client, attempt))

    def send(time: float, client: int, attempt: int) -> None:
        put(time + PATIENCE, "timeout", client, attempt)
        put(time + chance.expovariate(1 / DELAY), "start", client, attempt)

    while events[0][0] < END:
        now, _, kind, client, attempt = heapq.heappop(events)
        if kind == "arrival":
            send(now, len(current), 0)
            current.append(0)
            put(next_arrival(now, peak_rate, chance), "arrival", 0, 0)
        elif kind == "start":
            in_flight += 1
            put(now + SERVICE + slope * in_flight, "end", client, attempt)
        elif kind == "end":
            in_flight -= 1
            put(now + chance.expovariate(1 / DELAY), "answer", client, attempt)
        elif current[client] == attempt:
            current[client] += 1
            if kind == "answer":
                answers.append(now)
                current[client] = ATTEMPTS
            elif attempt + 1 < ATTEMPTS:
                wait = waits_max[attempt]
                send(now + (chance.uniform(0, wait) if wait else 0.0), client, attempt + 1)
    return answers


def next_arrival(now: float, peak_rate: float, chance: random.Random) -> float:
    """Draw from one rate after the other: what has not come when the rate changes is drawn anew.

    The published program draws each gap at the rate at its beginning, so that the spike comes a little late.
    """
    for change, rate in ((SPIKE_START, BASE_RATE), (SPIKE_END, peak_rate)):
        if now < change:
            arrival = now + chance.expovariate(rate)
            if arrival < change:
                return arrival
            now = change
    return now + chance.expovariate(BASE_RATE)


def collapses(waits_max: Sequence[float], chance: random.Random, **changes: float) -> bool:
    """Whether in the last ten seconds fewer than half of those who came were answered."""
    late = [time for time in answered_at(waits_max, chance, **changes) if time >= END - 10.0]
    return len(late) < BASE_RATE * 10.0 / 2


def probability(waits_max: Sequence[float], *, runs: int = 6_000, seed: int = 2022) -> tuple[float, float]:
    """The share of runs that collapse, and its standard error; the full number of runs takes minutes."""
    chance = random.Random(seed)
    share = sum(collapses(waits_max, chance) for _ in range(runs)) / runs
    return share, sqrt(share * (1.0 - share) / runs)
