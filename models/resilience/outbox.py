"""Outbox: accept work at once, deliver it later, and again if need be.

For work whose answer nobody waits for (mail, audit records, payments to be settled). The caller hears
"accepted" as soon as the entry is in the queue; workers deliver entries in the order in which they came, each
retrying its entry until it is delivered, too old or tried too often. What cannot be delivered becomes a dead
letter. The alternative for work that is waited for is to fail fast.

States of an entry: *queued* -> *in delivery* <-> *queued* -> *delivered* or *dead*. The queue is durable: a
worker that is cancelled, or killed by its host's crash, puts its entry back to the front, and it is delivered
again, perhaps twice: at least once, as in every real outbox.

A worker that retries holds up what is behind it (with several workers: a part of it). That keeps the order
and paces a target that is down; a queue that sorts by the time of the next attempt does neither. Leaves out:
persistence cost, batches. Source: Richardson, "Microservices Patterns" (2018), "Transactional outbox";
Nygard, "Release It!", on decoupling middleware.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import PARKED, Environment, Gauge, Process
from simulator.measurement import GaugeStatistics

from ..endpoint import Call, Endpoint, require_endpoint
from ..failures import CallFailed, Rejected
from ..request import Request, Response
from .backoff import Backoff, FullJitter, jitter_source
from .validation import require_count, require_duration

_DEFAULT_BACKOFF = FullJitter(base=1.0, cap=60.0)

StartProcess = Callable[[Generator[Any, Any, None], str], Process]
"""What starts a worker: `env.process`, or `host.start` for workers that die with their host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A request that was accepted at `accepted_at` and given up at `died_at` (s).

    It was tried `attempt_count` times; the last attempt ended in `failure`.
    """

    request: Request
    accepted_at: float
    died_at: float
    attempt_count: int
    failure: CallFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatistics:
    """What an outbox has done so far: accepted = delivered + dead letters + present backlog.

    `backlog` is the number of entries not yet delivered, those in delivery included. `delivery_time_mean` in
    seconds is from acceptance to delivery, nan if nothing was delivered.
    """

    accepted_count: int
    rejected_count: int
    attempt_count: int
    delivered_count: int
    dead_letter_count: int
    delivery_time_mean: float
    backlog: GaugeStatistics


@dataclass(slots=True)
class _Entry:
    request: Request
    accepted_at: float
    delays: Iterator[float]
    attempt_count: int = 0


class Outbox(Endpoint):
    """Accepts requests for `target` at once and delivers them later.

    At most `capacity` (>= 1, may be infinite) entries are undelivered at a time; further calls are
    `Rejected`. `workers` (>= 1) deliver at the same time. An entry becomes a dead letter after `attempts_max`
    (>= 1) attempts, or when its next attempt would come more than `age_max` (> 0) seconds after it was
    accepted; each is tried once, however long it was queued. A failure without a call, as of an open breaker
    around the target, is an attempt too. `start(generator, name)` starts a worker; with `host.start`, give
    `start_workers` to `host.on_restart`. Jitter, as in the default `backoff`, draws from the stream
    "outbox/<name>".

    Example::

        mail = Outbox(env, Timeout(env, mail_service, 5.0), capacity=10_000, age_max=86_400)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        capacity: float = 1000,
        workers: int = 1,
        backoff: Backoff = _DEFAULT_BACKOFF,
        attempts_max: float = inf,
        age_max: float = inf,
        start: StartProcess | None = None,
        name: str = "outbox",
    ) -> None:
        """Start the workers."""
        require_endpoint("target", target)
        if not capacity >= 1:
            raise ValueError(f"capacity must be >= 1, got {capacity!r}")
        require_count("workers", workers)
        if not attempts_max >= 1:
            raise ValueError(f"attempts_max must be >= 1, got {attempts_max!r}")
        require_duration("age_max", age_max)
        self._env = env
        self.target = target
        self.capacity = capacity
        self.workers = workers
        self.attempts_max = attempts_max
        self.age_max = age_max
        self.name = name
        self.dead_letters: list[DeadLetter] = []
        self._backoff = backoff
        self._uniform = jitter_source(env, backoff, f"outbox/{name}")
        self._start = env.process if start is None else start
        self._queue: deque[_Entry] = deque()
        self._idle: OrderedDict[Process, None] = OrderedDict()
        self._running: list[Process] = []
        self._backlog = Gauge(env)
        self._accepted_count = 0
        self._rejected_count = 0
        self._attempt_count = 0
        self._delivered_count = 0
        self._delivery_time = 0.0
        self.start_workers()

    def call(self, request: Request) -> Call:
        """Accept `request`: the answer is "accepted", at once. Raises `Rejected` where the queue is full."""
        if self._backlog.value >= self.capacity:
            self._rejected_count += 1
            raise Rejected(self.name, "queue full")
        self._accepted_count += 1
        self._backlog.add(1)
        self._queue.append(_Entry(request, self._env.now, self._backoff.delays(self._uniform)))
        self._wake_worker()
        yield from ()
        return Response("accepted")

    def start_workers(self) -> None:
        """Start as many workers as have ended: all at first, and again after their host's crash."""
        self._running = [process for process in self._running if process.is_alive]
        for _ in range(self.workers - len(self._running)):
            self._running.append(self._start(self._deliver_for_ever(), f"{self.name} worker"))

    # -- workers ---------------------------------------------------------------------------------------------

    def _wake_worker(self) -> None:
        if self._idle:
            process, _ = self._idle.popitem(last=False)
            self._env.wake(process)

    def _deliver_for_ever(self) -> Generator[Any, Any, None]:
        while True:
            while not self._queue:
                yield from self._rest()
            entry = self._queue.popleft()
            try:
                yield from self._deliver(entry)
            except BaseException:
                self._queue.appendleft(entry)
                self._wake_worker()
                raise
            self._backlog.add(-1)

    def _rest(self) -> Generator[Any, Any, None]:
        """Wait to be woken for a new entry."""
        process: Any = self._env.active_process
        self._idle[process] = None
        try:
            yield PARKED
        except BaseException:
            if process in self._idle:
                del self._idle[process]
            else:
                # Woken for an entry at this very instant, and ended before it could take it: another one
                # must.
                self._wake_worker()
            raise

    def _deliver(self, entry: _Entry) -> Generator[Any, Any, None]:
        """Try until `entry` is delivered or dead."""
        env = self._env
        while True:
            entry.attempt_count += 1
            self._attempt_count += 1
            try:
                yield from self.target.call(entry.request)
            except CallFailed as failure:
                delay = next(entry.delays)
                if self._is_hopeless(entry, delay):
                    self._bury(entry, failure)
                    return
            else:
                self._delivered_count += 1
                self._delivery_time += env.now - entry.accepted_at
                return
            yield delay

    def _is_hopeless(self, entry: _Entry, delay: float) -> bool:
        age_then = self._env.now + delay - entry.accepted_at
        return entry.attempt_count >= self.attempts_max or age_then > self.age_max

    def _bury(self, entry: _Entry, failure: CallFailed) -> None:
        self.dead_letters.append(
            DeadLetter(
                request=entry.request,
                accepted_at=entry.accepted_at,
                died_at=self._env.now,
                attempt_count=entry.attempt_count,
                failure=failure,
            )
        )

    def statistics(self) -> OutboxStatistics:
        """Return what has happened so far."""
        delivered = self._delivered_count
        return OutboxStatistics(
            accepted_count=self._accepted_count,
            rejected_count=self._rejected_count,
            attempt_count=self._attempt_count,
            delivered_count=delivered,
            dead_letter_count=len(self.dead_letters),
            delivery_time_mean=self._delivery_time / delivered if delivered else float("nan"),
            backlog=self._backlog.statistics(),
        )
