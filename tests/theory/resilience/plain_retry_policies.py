"""Brooker's retry policies in plain Python: an event list, no engine, nothing of GameDay.

Each client makes Poisson calls. An attempt travels Exp(10 ms) to the server, fails there with probability p,
and its answer travels as long back. A failed attempt is made again at once if its client's policy allows.

Written from M. Brooker, "Fixing retries with token buckets and circuit breakers" (2022), and the rules of
simulator_example, retry_sim.
"""

from __future__ import annotations

import heapq
import random


class Bucket:
    """Five tokens; a successful first attempt earns 0.1, or every call does when it begins (`per_call`)."""

    retries_max = 3

    def __init__(self, *, per_call: bool = False) -> None:
        self.tenths = 50  # of a token
        self.per_call = per_call
        if per_call:
            self.retries_max = 1_000

    def begins(self) -> None:
        if self.per_call:
            self.tenths = min(50, self.tenths + 1)

    def succeeds(self, retries: int) -> None:
        if not self.per_call and not retries:
            self.tenths = min(50, self.tenths + 1)

    def retries(self, retries: int) -> bool:
        pays = retries < self.retries_max and self.tenths >= 10 + self.per_call
        self.tenths -= 10 * pays
        return pays


class Breaker:
    """Three retries, but none while failures exceed a tenth of the calls."""

    def __init__(self) -> None:
        self.calls = self.failures = 0

    def begins(self) -> None:
        self.calls += 1

    def succeeds(self, retries: int) -> None:
        pass

    def retries(self, retries: int) -> bool:
        self.failures += 1
        return retries < 3 and self.failures / self.calls <= 0.1


def per_call_bucket() -> Bucket:
    return Bucket(per_call=True)


POLICIES = {"token_bucket": Bucket, "token_bucket_per_call": per_call_bucket, "breaker": Breaker}


def run(
    policy: str,
    chance: random.Random,
    *,
    failure_probability: float,
    clients: int,
    rate: float = 100.0,
    duration: float = 10.0,
    delay: float = 0.010,
) -> tuple[float, float]:
    """Return the share of calls that succeed, and attempts per call."""
    calls = attempts = successes = 0
    for _ in range(clients):  # they do not meet
        state = POLICIES[policy]()
        events: list[tuple[float, int, str, int]] = []
        time = chance.expovariate(rate / clients)
        while time < duration:
            events.append((time, len(events), "begin", 0))
            time += chance.expovariate(rate / clients)
        calls += len(events)
        heapq.heapify(events)
        while events:
            now, call, kind, retries = heapq.heappop(events)
            if kind == "begin":
                state.begins()
            elif kind == "success":
                state.succeeds(retries)
                successes += 1
                continue
            elif state.retries(retries):
                retries += 1
            else:
                continue
            attempts += 1
            there_and_back = chance.expovariate(1 / delay) + chance.expovariate(1 / delay) if delay else 0.0
            end = "failure" if chance.random() < failure_probability else "success"
            heapq.heappush(events, (now + there_and_back, call, end, retries))
    return successes / calls, attempts / calls
