"""The users of a store whose keys are not equally popular: what they ask for, and what that takes.

A key is a bucket and a number, in this order (`key_of`). Without salt there is one bucket. What is salted is
spread over several, as the users' process knows: whoever adds takes one of them, whoever reads has to ask for
all and put them together.

    Counters   fixed keys, the first of which is the hottest: add one to it, or read it
    Timeline   each new entry has the next number as its key; whoever reads wants a page of neighbours

Both also hold every answer against what was acknowledged before it was asked for: an observer's count.

Source of salted keys: Google's documentation of Bigtable, "Schema design for time series data", and HBase's
reference guide, "Rowkey Design": salting, and keys that grow with time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import Any

from models import CallFailed, Endpoint, Request, Response
from models.replication import ADD, READ, add, read, scan, write
from models.replication.scans import KeyRange
from models.sharding import SaltedKey
from models.workload import Operation, OperationMix, ZipfKeys
from simulator import Environment
from simulator.randomness import Uniform

Call = Generator[Any, Any, Response]

PAGE = 10
"""Entries of a page of the timeline."""

AGES = 100
"""So far back from the newest entry a page may end."""

_SPAN = 10**9  # numbers of a bucket, at most


def key_of(bucket: int, number: int) -> int:
    """Return the key of `number` in `bucket`: keys of one bucket stand together, in the order of numbers.

    One number for both, as the hash of one is cheap.
    """
    return bucket * _SPAN + number


@dataclass(slots=True)
class Judged:
    """Reads from `since` (s) on: how many began, how many ended, and how many of these told too little."""

    since: float
    begun_count: int = 0
    ended_count: int = 0
    stale_count: int = 0

    def begin(self, now: float) -> None:
        """Note a read that begins now."""
        self.begun_count += now >= self.since

    def end(self, now: float, *, is_stale: bool) -> None:
        """Note a read that ends now."""
        if now >= self.since:
            self.ended_count += 1
            self.stale_count += is_stale

    @property
    def stale(self) -> float:
        """The share that told too little; nan where there were none."""
        return self.stale_count / self.ended_count if self.ended_count else nan


class Counters(Endpoint):
    """Takes `add` and `read` without a key, and asks `target` for one of `key_count` counters.

    Number 0 is asked for with probability `hot_share`, in [0, 1); else all by Zipf's law with `exponent`. It
    alone is spread over `salt` buckets (`SaltedKey`).
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        judged: Judged,
        *,
        key_count: int,
        exponent: float,
        hot_share: float,
        salt: int,
    ) -> None:
        self.name = "counters"
        self.host = target.host
        self._env = env
        self._target = target
        if salt > 1:
            hottest = key_of(0, 0)
            self._target = SaltedKey(
                env, target, hottest, salt_count=salt, sub_key=lambda _, bucket: key_of(bucket, 0)
            )
        self._judged = judged
        self._hot_share = hot_share
        self._numbers = ZipfKeys(env, key_count, exponent=exponent, name="users/numbers")
        self._chance = env.sampler("users/chance", Uniform(0.0, 1.0))
        self._acknowledged = [0] * key_count

    def _number(self) -> int:
        return 0 if self._hot_share and self._chance() < self._hot_share else self._numbers()

    def call(self, request: Request) -> Call:
        """Add to a counter, or read one."""
        number = self._number()
        return self._add(number) if request.operation == ADD else self._read(number)

    def _add(self, number: int) -> Call:
        response = yield from self._target.call(add(key_of(0, number), 1))
        self._acknowledged[number] += 1
        return response

    def _read(self, number: int) -> Call:
        self._judged.begin(self._env.now)
        known = self._acknowledged[number]
        response = yield from self._target.call(read(key_of(0, number)))
        self._judged.end(self._env.now, is_stale=(response.value or 0) < known)
        return response


class Timeline(Endpoint):
    """Takes `add`, a new entry, and `read`, a page of neighbours, and asks `target`.

    Numbers up to `first` are there already. A page ends so many entries before the newest as Zipf's law with
    `exponent` says. Entries are spread over `salt` buckets by their numbers, and a page is so many ranges of
    keys.
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        judged: Judged,
        *,
        first: int,
        exponent: float,
        salt: int,
    ) -> None:
        self.name = "timeline"
        self.host = target.host
        self._env = env
        self._target = target
        self._judged = judged
        self._salt = salt
        self._ages = ZipfKeys(env, AGES, exponent=exponent, name="users/ages")
        self._numbers = count(first)
        self._newest = first - 1
        self._missing: set[int] = set()  # numbers up to the newest that nobody has been told are there

    def call(self, request: Request) -> Call:
        """Write a new entry, or read a page."""
        return self._add() if request.operation == ADD else self._read()

    def _add(self) -> Call:
        number = next(self._numbers)
        self._missing.add(number)
        self._newest = number
        response = yield from self._target.call(write(key_of(number % self._salt, number), number))
        self._missing.discard(number)
        return response

    def _read(self) -> Call:
        self._judged.begin(self._env.now)
        last = self._newest - self._ages()
        page = range(last - PAGE + 1, last + 1)
        known = sum(number not in self._missing for number in page)
        ranges = [
            KeyRange(key_of(bucket, page.start), key_of(bucket, page.stop)) for bucket in range(self._salt)
        ]
        found = yield from side_by_side(self._env, [self._scanning(each) for each in ranges])
        told = sum(len(response.value.items) for response in found)
        self._judged.end(self._env.now, is_stale=told < known)
        return Response(told)

    def _scanning(self, keys: KeyRange) -> Callable[[], Call]:
        return lambda: self._target.call(scan(keys))


def side_by_side(env: Environment, calls: list[Callable[[], Call]]) -> Generator[Any, Any, list[Response]]:
    """Make all `calls` at once, and return their answers in that order; raise what the first has raised."""
    if len(calls) == 1:
        return [(yield from calls[0]())]
    ended = yield env.all_of([env.process(_ending(call), "call") for call in calls])
    outcomes = list(ended.values())
    for outcome in outcomes:
        if isinstance(outcome, CallFailed):
            raise outcome
    return outcomes


def _ending(call: Callable[[], Call]) -> Generator[Any, Any, Response | CallFailed]:
    try:
        return (yield from call())
    except CallFailed as failure:
        return failure


def mix_of(add_share: float) -> OperationMix:
    """Return the mix of what is asked for, of which `add_share` in [0, 1] adds something."""
    shares = {ADD: add_share, READ: 1.0 - add_share}
    return OperationMix(*(Operation(name=name, weight=share) for name, share in shares.items() if share))
