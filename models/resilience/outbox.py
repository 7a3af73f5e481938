"""Outbox: accept work at once, deliver it later, and again if need be.

For work whose answer nobody waits for (mail, audit records, payments to be settled). The caller hears
"accepted" as soon as the entry is in the queue; workers deliver entries, each again and again until it is
delivered, too old or tried too often. What cannot be delivered becomes a dead letter. A deadline of the
request ends with the acceptance: who asked has had his answer in time, and nobody waits for this one. The
alternative for work that is waited for is to fail fast.

States of an entry: *queued* -> *in delivery* -> *delivered*, *dead*, or *queued* again after its backoff; and
from any of the first two -> *lost*, in a crash. An outbox on a `host` is a process there: it dies with the
host or by itself (`host.crash_process(outbox)`), accepts nothing meanwhile, and starts again with it. Then

- a *durable* queue is what it was: entries that were in delivery are delivered again, perhaps twice: at
  least once, as from every real outbox;
- a queue in memory (`is_durable=False`) is empty: what it held was accepted, and is lost. What was in
  delivery may have arrived all the same.

The order of delivery is that of acceptance. A worker that retries holds up what is behind it (with several
workers: a part of it), which also paces a target that is down. With `in_order=False` an entry whose attempt
has failed stands aside until its backoff is over, and then joins the end of the queue: one that can never be
delivered holds up nobody, a target that is down hears of everything that is queued, and the order is lost.

Leaves out: persistence cost, batches. Source: Richardson, "Microservices Patterns" (2018), "Transactional
outbox"; Nygard, "Release It!", on decoupling middleware; for the two orders, SQS' FIFO and standard queues.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import PARKED, Environment, Gauge, Process
from simulator.measurement import GaugeStatistics

from ..endpoint import Call, Endpoint, require_endpoint
from ..failures import CallFailed, Refused, in_doubt
from ..infrastructure import Host
from ..request import Request, Response
from ..validation import require_count, require_duration
from .backoff import Backoff, FullJitter, jitter_source
from .deadlines import with_deadline
from .rejection import rejection

_DEFAULT_BACKOFF = FullJitter(base=1.0, cap=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A request that was accepted at `accepted_at` and given up at `died_at` (s).

    It was tried `attempt_count` times; the last attempt ended in `failure`, which is `in_doubt` if an earlier
    one may have arrived all the same.
    """

    request: Request
    accepted_at: float
    died_at: float
    attempt_count: int
    failure: CallFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class LostEntry:
    """A request that was accepted at `accepted_at` and forgotten in a crash at `lost_at` (s).

    It had been tried `attempt_count` times, and may have arrived if that is not 0.
    """

    request: Request
    accepted_at: float
    lost_at: float
    attempt_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatistics:
    """What an outbox has done so far: accepted = delivered + dead letters + lost + present backlog.

    `backlog` is the number of entries not yet delivered, those in delivery included. `delivery_time_mean` in
    seconds is from acceptance to delivery, nan if nothing was delivered.
    """

    accepted_count: int
    rejected_count: int
    attempt_count: int
    delivered_count: int
    dead_letter_count: int
    lost_count: int
    delivery_time_mean: float
    backlog: GaugeStatistics


@dataclass(slots=True, eq=False)
class _Entry:
    number: int
    request: Request
    accepted_at: float
    delays: Iterator[float]
    attempt_count: int = 0
    nothing_done: bool = True


class Outbox(Endpoint):
    """Accepts requests for `target` at once and delivers them later.

    It runs on `host`, or nowhere in particular, where nothing crashes; what it keeps in memory
    (`is_durable=False`) needs a host. `in_order=False` lets no failure hold up others. At most `capacity` (>=
    1, may be infinite) entries are undelivered at a time; further calls are `Rejected`. `workers` (>= 1)
    deliver at the same time.

    An entry becomes a dead letter after `attempts_max` (>= 1) attempts, or when its next attempt would come
    more than `age_max` (> 0) seconds after it was accepted; each is tried once, however long it was queued. A
    failure without a call, as of an open breaker around the target, is an attempt too. `dead_letters` and
    `lost` are lists of them. Jitter, as in the default `backoff`, draws from the stream "outbox/<name>".

    Example::

        mail = Outbox(env, Timeout(env, mail_service, 5.0), host=web, capacity=10_000, age_max=86_400)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        host: Host | None = None,
        is_durable: bool = True,
        in_order: bool = True,
        capacity: float = 1000,
        workers: int = 1,
        backoff: Backoff = _DEFAULT_BACKOFF,
        attempts_max: float = inf,
        age_max: float = inf,
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
        _require_host(host, env, name, is_durable)
        self._env = env
        self.target = target
        self.host = host
        self.is_durable = is_durable
        self.in_order = in_order
        self.capacity = capacity
        self.workers = workers
        self.attempts_max = attempts_max
        self.age_max = age_max
        self.name = name
        self.dead_letters: list[DeadLetter] = []
        self.lost: list[LostEntry] = []
        self._backoff = backoff
        self._uniform = jitter_source(env, backoff, f"outbox/{name}")
        self._serving: Endpoint = self
        self._undelivered: dict[_Entry, None] = {}
        self._queue: deque[_Entry] = deque()
        self._aside: dict[_Entry, None] = {}
        self._idle: OrderedDict[Process, None] = OrderedDict()
        self._running: list[Process] = []
        self._backlog = Gauge(env)
        self._accepted_count = 0
        self._rejected_count = 0
        self._attempt_count = 0
        self._delivered_count = 0
        self._delivery_time = 0.0
        if host is not None:
            host.on_restart(self._start_afresh, endpoint=self)
        self.start_workers()

    # -- where it runs --------------------------------------------------------------------------------------

    @property
    def serving(self) -> Endpoint:
        """The outbox itself, or the endpoint in whose process it lives."""
        return self._serving

    def live_in(self, endpoint: Endpoint) -> None:
        """Live in the process of `endpoint`, which must be up on the same host, and die with it from now on.

        For a queue in the memory of an instance, which is made after the outbox that its handler calls.
        Raises `ValueError` for an endpoint elsewhere, or one whose process is down.
        """
        serving = endpoint.serving
        if self.host is None or serving.host is not self.host:
            raise ValueError(f"endpoint must be on the host of {self!r}, {self.host}, got {serving.host}")
        if not self.host.is_up or not serving.is_listening:
            raise ValueError(f"endpoint must be up to have {self!r} in its process, got {serving!r}")
        self._serving = serving
        for worker in self._running:
            if worker.is_alive:
                self.host.bind(worker, serving)
        self.host.on_restart(self._start_afresh, endpoint=serving)

    def _is_up(self) -> bool:
        return self.host is None or (self.host.is_up and self._serving.is_listening)

    def _start_afresh(self) -> None:
        if not self.is_durable:
            self._lose_all()
        self.start_workers()

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Accept `request`: the answer is "accepted", at once.

        Raises `Rejected` where the queue is full, and `Refused` where nobody is there to accept it.
        """
        if not self._is_up():
            raise Refused(f"{self.name} is not listening")
        if self._backlog.value >= self.capacity:
            self._rejected_count += 1
            raise rejection(self, "queue full")
        self._accepted_count += 1
        self._backlog.add(1)
        if request.deadline is not None:
            request = with_deadline(request, None)
        delays = self._backoff.delays(self._uniform)
        entry = _Entry(self._accepted_count, request, self._env.now, delays)
        self._undelivered[entry] = None
        self._queue.append(entry)
        self._wake_worker()
        yield from ()
        return Response("accepted")

    # -- workers --------------------------------------------------------------------------------------------

    def start_workers(self) -> None:
        """Start as many workers as have ended, if there is a process for them to run in.

        Called by itself at first, and whenever that process starts again.
        """
        if not self._is_up():
            return
        self._running = [process for process in self._running if process.is_alive]
        for _ in range(self.workers - len(self._running)):
            self._running.append(self._start_worker())

    def stop_workers(self) -> None:
        """Cancel the workers: nothing is delivered until `start_workers`, and nothing is lost by it."""
        for process in self._running:
            process.cancel()

    def _start_worker(self) -> Process:
        name = f"{self.name} worker"
        if self.host is None:
            return self._env.process(self._deliver_for_ever(), name)
        process = self.host.start(self._deliver_for_ever(), name)
        self.host.bind(process, self._serving)
        return process

    def _wake_worker(self) -> None:
        if self._idle:
            process, _ = self._idle.popitem(last=False)
            self._env.wake(process)

    def _deliver_for_ever(self) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        try:
            while True:
                while not self._queue:
                    yield from self._rest(process)
                entry = self._queue.popleft()
                try:
                    yield from self._deliver(entry)
                except BaseException:
                    entry.nothing_done = False  # as far as anybody knows
                    self._put_back(entry)
                    self._wake_worker()
                    raise
        except GeneratorExit:
            # A host takes from its list what it is about to kill: that is how a crash is told from any other
            # end.
            if not self.is_durable and self.host is not None and process not in self.host.running:
                self._lose_all()
            raise

    def _put_back(self, entry: _Entry) -> None:
        """Let `entry`, whose delivery was broken off, be next: after those that were accepted before it."""
        queue = self._queue
        place = 0
        # Those were in delivery too, by other workers: not many.
        while place < len(queue) and queue[place].number < entry.number and self.in_order:
            place += 1
        queue.insert(place, entry)

    def _rest(self, process: Process) -> Generator[Any, Any, None]:
        """Wait to be woken for a new entry."""
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
        """Try until `entry` is delivered or dead; out of order, once."""
        env = self._env
        while True:
            entry.attempt_count += 1
            self._attempt_count += 1
            try:
                yield from self.target.call(entry.request)
            except CallFailed as failure:
                entry.nothing_done = entry.nothing_done and failure.nothing_done
                delay = next(entry.delays)
                if self._is_hopeless(entry, delay):
                    self._bury(entry, failure)
                    return
            else:
                self._delivered_count += 1
                self._delivery_time += env.now - entry.accepted_at
                self._remove(entry)
                return
            if not self.in_order:
                self._aside[entry] = None
                env.call_later(delay, self._rejoin, entry)
                return
            yield delay

    def _rejoin(self, entry: _Entry) -> None:
        """Put an entry whose backoff is over to the end of the queue, unless it has been lost meanwhile."""
        if entry in self._aside:
            del self._aside[entry]
            self._queue.append(entry)
            self._wake_worker()

    # -- ends -----------------------------------------------------------------------------------------------

    def _is_hopeless(self, entry: _Entry, delay: float) -> bool:
        age_then = self._env.now + delay - entry.accepted_at
        return entry.attempt_count >= self.attempts_max or age_then > self.age_max

    def _remove(self, entry: _Entry) -> None:
        del self._undelivered[entry]
        self._backlog.add(-1)

    def _bury(self, entry: _Entry, failure: CallFailed) -> None:
        self._remove(entry)
        self.dead_letters.append(
            DeadLetter(
                request=entry.request,
                accepted_at=entry.accepted_at,
                died_at=self._env.now,
                attempt_count=entry.attempt_count,
                failure=failure if entry.nothing_done else in_doubt(failure),
            )
        )

    def _lose_all(self) -> None:
        """Forget what is in memory."""
        for entry in (*self._queue, *self._aside):
            self.lost.append(
                LostEntry(
                    request=entry.request,
                    accepted_at=entry.accepted_at,
                    lost_at=self._env.now,
                    attempt_count=entry.attempt_count,
                )
            )
            self._remove(entry)
        self._queue.clear()
        self._aside.clear()

    @property
    def undelivered(self) -> list[Request]:
        """The requests that are in the queue or in delivery, the first accepted first."""
        return [entry.request for entry in self._undelivered]

    def statistics(self) -> OutboxStatistics:
        """Return what has happened so far."""
        delivered = self._delivered_count
        return OutboxStatistics(
            accepted_count=self._accepted_count,
            rejected_count=self._rejected_count,
            attempt_count=self._attempt_count,
            delivered_count=delivered,
            dead_letter_count=len(self.dead_letters),
            lost_count=len(self.lost),
            delivery_time_mean=self._delivery_time / delivered if delivered else float("nan"),
            backlog=self._backlog.statistics(),
        )


def _require_host(host: Host | None, env: Environment, name: str, is_durable: bool) -> None:
    if host is None:
        if not is_durable:
            raise ValueError(f"host must say in whose memory {name!r} keeps its entries, got None")
    elif not isinstance(host, Host):
        raise TypeError(f"host must be a Host, got {host!r}")
    elif host.env is not env:
        raise ValueError(f"host of {name!r} must belong to the same environment, got {host!r} of another")
