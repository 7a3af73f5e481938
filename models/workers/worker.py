"""A worker: a process on a host that fetches jobs from a backlog, does them, and says so.

It is an `Instance` that nobody calls: what it does with a job is a step or handler function, as a service's
is for a request, and it dies as that does. In each of its slots it goes round: *polling* -> *working* ->
*deleting* -> *polling*. What can come between:

- The poll fails, or gets nothing: it polls again.
- The job fails (`CallFailed`): the message is not deleted, and comes back to somebody.
- The worker dies, alone or with its host: so does what it does. Its messages come back when their time is
  over; the answer to a poll that was open may take one more with it. It starts again with its host, and after
  a crash of its own by itself, as under a supervisor.
- The message cannot be deleted: the job is done, and will be done again.
- The job takes longer than the message is the worker's: somebody else does it too. A *heartbeat* keeps it
  meanwhile, as long as the backlog can be reached.

What is done twice must not harm: an effect belongs behind an idempotency key (`models.resilience`).

Told to *drain*, a worker polls no more. A poll that is open is waited for, and what it brings is done: who
hangs up on the backlog does not know what is on its way to him. What is not done shortly before the worker's
time is up is abandoned, its message given back at once if the worker `returns` it; what is done is still
deleted. (A poll that is abandoned may take a message with it, as that of a dead worker.) The process ends
when it is stopped, as any instance is (`models.services.stopping`), which waits for what the worker has in
hand.

Leaves out: several messages fetched at once (they would wait in the worker while their time runs). Sources:
Amazon SQS Developer Guide, "Visibility timeout"; AWS Lambda with SQS for failures; Kubernetes, "Pod
Lifecycle", for grace.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import CallFailed, Cancelled, Environment, Process

from ..endpoint import Endpoint, require_endpoint
from ..failures import ServerError
from ..services import Instance
from .backlog_client import BacklogClient
from .message import Message
from .worker_settings import WorkerSettings

_DEFAULT = WorkerSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatistics:
    """What a worker, or all those of a pool, have done so far.

    Of `received_count` messages, `completed_count` jobs were done, `failed_count` failed, `abandoned_count`
    were left since the worker drained, `killed_count` died with it, and `in_hand_count` are being done: they
    add up. Of the completed, `undeleted_count` messages could not be deleted. `poll_count` polls brought
    these messages, `failed_poll_count` failed. `beat_count` heartbeats were sent, `failed_beat_count` of them
    in vain. `crash_count` times a worker's process or host has crashed while it was at work.
    """

    received_count: int
    completed_count: int
    failed_count: int
    abandoned_count: int
    killed_count: int
    in_hand_count: int
    undeleted_count: int
    poll_count: int
    failed_poll_count: int
    beat_count: int
    failed_beat_count: int
    crash_count: int


class Worker:
    """Makes `instance` a worker that asks the backlog at the other end of `way`.

    It does as many jobs at a time as the instance has threads. `way` is an endpoint on the same host, such as
    a connection to the backlog. `front` makes what stands in front of the instance, in its process.

    It begins when the instance is ready the next time: `instance.start()` sees to that, as a service does for
    the instances that are added to it.

    Example::

        instance = Instance(env, host, in_sequence(Work(2.0), Effect(log)), threads=1)
        worker = Worker(env, instance, network.connect(host, backlog))
        instance.start()
    """

    def __init__(
        self,
        env: Environment,
        instance: Instance,
        way: Endpoint,
        settings: WorkerSettings = _DEFAULT,
        *,
        front: Callable[[Instance], Endpoint] | None = None,
    ) -> None:
        """Begin as soon as the instance does."""
        require_endpoint("way", way)
        if not isinstance(instance, Instance):
            raise TypeError(f"instance must be an Instance, got {instance!r}")
        if not isinstance(settings, WorkerSettings):
            raise TypeError(f"settings must be WorkerSettings, got {settings!r}")
        self._env = env
        self.instance = instance
        self.host = instance.host
        self.name = instance.name
        self.settings = settings
        self.way = way
        self._backlog = BacklogClient(env, way, patience=settings.patience)
        self._target = instance if front is None else front(instance)
        self._slots: dict[Process, str] = {}  # what each is at
        self._is_draining = False
        self._is_crash_known = False
        self._received_count = 0
        self._completed_count = 0
        self._failed_count = 0
        self._abandoned_count = 0
        self._killed_count = 0
        self._undeleted_count = 0
        self._poll_count = 0
        self._failed_poll_count = 0
        self._beat_count = 0
        self._failed_beat_count = 0
        self._crash_count = 0
        instance.on_ready(self._start_slots)

    def __repr__(self) -> str:
        return f"Worker({self.name!r})"

    @property
    def is_ready(self) -> bool:
        """Whether it polls and works, and has not been told to drain or to stop."""
        return self.instance.is_ready and not self._is_draining

    @property
    def busy_count(self) -> int:
        """How many of its slots have a job in hand, or say now that it is done."""
        return sum(at != "polling" for at in self._slots.values())

    # -- going round ----------------------------------------------------------------------------------------

    def _start_slots(self) -> None:
        self._is_crash_known = False
        # One that is started while it runs has its slots already; those of a crash at this instant are dead.
        alive_count = sum(process.is_alive for process in self._slots)
        for _ in range(self.instance.thread_count - alive_count):
            process = self.host.start(self._go_round(), self.name)
            self.host.bind(process, self.instance)
            self._slots[process] = "polling"
            # Not in a `finally` of the slot: one that is killed before it has begun to run has none.
            process.callbacks.append(self._end_slot)

    def _go_round(self) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        while self.is_ready:
            self._slots[process] = "polling"
            message = yield from self._fetch()
            if message is not None:
                self._slots[process] = "working"
                if (yield from self._do(message)):
                    self._slots[process] = "deleting"
                    yield from self._delete(message)

    def _end_slot(self, process: Any) -> None:
        del self._slots[process]
        if not self.instance.has_stopped and not self.host.runs(self.instance):
            self._notice_crash()

    def _fetch(self) -> Generator[Any, Any, Message | None]:
        settings = self.settings
        self._poll_count += 1
        start = self._env.now
        try:
            messages = yield from self._backlog.receive(wait=settings.wait, visibility=settings.visibility)
        except CallFailed:
            self._failed_poll_count += 1
            yield settings.pause
            return None
        if not messages:
            if not settings.wait or self._env.now < start + settings.wait:
                yield settings.pause  # nobody has waited for us
            return None
        self._received_count += 1
        return messages[0]

    def _do(self, message: Message) -> Generator[Any, Any, bool]:
        """Do the job of `message`, and return whether it is done."""
        beating = self._start_beating(message)
        try:
            yield from self._target.call(message.job)
        except CallFailed:
            self._failed_count += 1
            self._stop_beating(beating)
            if self.settings.retry_delay is not None:
                yield from self._give_back(message, self.settings.retry_delay)
            return False
        except Cancelled:
            self._abandoned_count += 1
            self._stop_beating(beating)
            if self.settings.returns:
                yield from self._give_back(message, 0.0)
            raise
        except GeneratorExit:
            self._killed_count += 1
            raise
        self._completed_count += 1
        self._stop_beating(beating)
        return True

    def _delete(self, message: Message) -> Generator[Any, Any, None]:
        is_deleted = False
        try:
            for attempt in range(self.settings.delete_attempts):
                if attempt:
                    yield self.settings.pause
                try:
                    yield from self._backlog.delete(message.receipt)
                except CallFailed:
                    continue
                is_deleted = True
                return
        finally:
            self._undeleted_count += not is_deleted

    def _give_back(self, message: Message, delay: float) -> Generator[Any, Any, None]:
        with suppress(CallFailed):  # it then comes back when its time is over
            yield from self._backlog.extend(message.receipt, delay)

    # -- heartbeat ------------------------------------------------------------------------------------------

    def _start_beating(self, message: Message) -> Process | None:
        if self.settings.heartbeat is None:
            return None
        process = self.host.start(self._beat(message, self.settings.heartbeat), f"{self.name} heartbeat")
        self.host.bind(process, self.instance)
        return process

    def _beat(self, message: Message, interval: float) -> Generator[Any, Any, None]:
        while True:
            yield interval
            self._beat_count += 1
            try:
                yield from self._backlog.extend(message.receipt, self.settings.visibility)
            except ServerError:
                self._failed_beat_count += 1
                return  # it is no longer ours to keep
            except CallFailed:
                self._failed_beat_count += 1

    def _stop_beating(self, beating: Process | None) -> None:
        if beating is not None:
            beating.cancel()

    # -- crash ----------------------------------------------------------------------------------------------

    def _notice_crash(self) -> None:
        """See to it, once for all slots that died of it, that the process starts again after a while.

        With its host it does so anyway. Alone it is held down meanwhile, so that whatever else keeps it down
        goes on to do so.
        """
        if self._is_crash_known:
            return
        self._is_crash_known = True
        self._crash_count += 1
        delay = self.settings.restart_delay
        if self.host.is_up and delay < inf:
            self.host.hold_process_down(self.instance, self)
            self._env.call_later(delay, self.host.let_process_up, self.instance, self)

    # -- draining -------------------------------------------------------------------------------------------

    def drain(self, time_left: float = inf) -> None:
        """Poll no more, and abandon what is not done `margin` seconds before `time_left` (>= 0 s) is up.

        For whoever is about to stop the instance with that grace, or to take the host away. Told again, as
        one is that may take its time and then hears that its host will be gone, it heeds the earliest end.
        """
        if not time_left >= 0.0:
            raise ValueError(f"time_left must be >= 0 s, got {time_left!r}")
        self._is_draining = True
        if time_left < inf:
            self._env.call_later(max(0.0, time_left - self.settings.margin), self._abandon)

    def _abandon(self) -> None:
        for process, at in list(self._slots.items()):
            if at != "deleting":
                process.cancel()

    # -- what is seen of it ---------------------------------------------------------------------------------

    def statistics(self) -> WorkerStatistics:
        """Return what has happened so far."""
        ended = self._completed_count + self._failed_count + self._abandoned_count + self._killed_count
        return WorkerStatistics(
            received_count=self._received_count,
            completed_count=self._completed_count,
            failed_count=self._failed_count,
            abandoned_count=self._abandoned_count,
            killed_count=self._killed_count,
            in_hand_count=self._received_count - ended,
            undeleted_count=self._undeleted_count,
            poll_count=self._poll_count,
            failed_poll_count=self._failed_poll_count,
            beat_count=self._beat_count,
            failed_beat_count=self._failed_beat_count,
            crash_count=self._crash_count,
        )
