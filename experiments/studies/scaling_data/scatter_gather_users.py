"""Those who write offers of a shop and those who look for all of them, and what their answers lacked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

import numpy as np

from models import CallFailed, Endpoint
from models.replication import write
from simulator import Environment
from simulator.randomness import Exponential, Uniform

Asking = Generator[Any, Any, tuple[Mapping[int, int], Sequence[str]]]
"""What asks once, and returns the version of each offer that was told, and what the answer names as missing.
"""

Ask = Callable[[], Asking]


@dataclass(slots=True)
class Offers:
    """What an observer knows who sees everything: since when each offer has which version.

    `acknowledged` has, for each offer, when which version was acknowledged, the first first.
    """

    offer_count: int
    acknowledged: list[list[tuple[float, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self.acknowledged = [[(0.0, 0)] for _ in range(self.offer_count)]

    def age(self, told: Mapping[int, int], now: float) -> float:
        """Return for how long what `told` says, by offer, has been out of date at `now`, in s; 0: it is not.

        What it leaves out is not out of date, but missing.
        """
        oldest = now
        for offer, version in told.items():
            versions = self.acknowledged[offer]
            if versions[-1][1] > version:
                oldest = min(oldest, next(time for time, newer in versions if newer > version))
        return now - oldest


@dataclass(slots=True, kw_only=True)
class Asked:
    """A query: when it began, how long it took (infinite: it failed), and what was wrong with the answer.

    `missing` is the share of the offers that it lacks, and `is_named` whether it says that something is.
    `age` (s) is for how long it had been out of date when it was asked for.
    """

    start: float
    latency: float = inf
    missing: float = 1.0
    is_named: bool = False
    age: float = 0.0


def let_write(env: Environment, target: Endpoint, offers: Offers, *, rate: float, patience: float) -> None:
    """Let offers change at `rate` per second, each time by another writer, one at a time for each offer."""
    gaps = env.sampler("writers/gaps", Exponential(1.0 / rate))
    choice = env.sampler("writers/offers", Uniform(0.0, offers.offer_count))
    busy: set[int] = set()

    def change(offer: int) -> Generator[Any, Any, None]:
        version = offers.acknowledged[offer][-1][1] + 1
        try:
            with env.fail_after(patience):
                yield from target.call(write(offer, version))
            offers.acknowledged[offer].append((env.now, version))
            busy.discard(offer)
        except CallFailed:
            pass  # nobody knows: it is left alone, so that no version comes twice

    def go_on() -> Generator[Any, Any, None]:
        while True:
            yield gaps()
            offer = int(choice())
            if offer not in busy:
                busy.add(offer)
                env.process(change(offer), f"writer of {offer}")

    env.process(go_on(), "writers")


def let_ask(
    env: Environment,
    ask: Ask,
    offers: Offers,
    *,
    users: int,
    think_time: float,
    until: float,
    wanted_count: int,
) -> list[Asked]:
    """Let users ask, each when he has his answer and has thought, and return what will become of it."""
    thinking = env.sampler("users/think_time", Exponential(think_time))
    all_asked: list[Asked] = []

    def use() -> Generator[Any, Any, None]:
        while True:
            yield thinking()
            if env.now >= until:
                return
            asked = Asked(start=env.now)
            all_asked.append(asked)
            known = [versions[-1][1] for versions in offers.acknowledged]
            try:
                told, named = yield from ask()
            except CallFailed:
                continue
            asked.latency = env.now - asked.start
            asked.is_named = bool(named)
            asked.missing = (wanted_count - len(told)) / wanted_count
            if any(version < known[offer] for offer, version in told.items()):
                asked.age = offers.age(told, asked.start)

    for number in range(users):
        env.process(use(), f"user {number}")
    return all_asked


def measures_of(asked: list[Asked], *, late_from: float) -> dict[str, float]:
    """Return what became of queries."""
    latencies = np.array([each.latency for each in asked])
    answers = [each for each in asked if each.latency < inf]
    partial = [each for each in answers if each.missing]
    p50, p95, p99 = np.percentile(latencies, [50.0, 95.0, 99.0], method="higher").tolist()
    return {
        "late": float((latencies > late_from).mean()),
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "answered_share": len(answers) / len(asked),
        "complete": sum(not each.missing for each in answers) / len(asked),
        "missing": sum(each.missing for each in answers) / len(answers) if answers else nan,
        "named": sum(each.is_named for each in partial) / len(partial) if partial else nan,
        "stale": sum(each.age > 0.0 for each in answers) / len(answers) if answers else nan,
        "age": sum(each.age for each in answers) / len(answers) if answers else nan,
    }
