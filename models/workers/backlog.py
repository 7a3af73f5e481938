"""Backlog: jobs that wait to be done, for whoever comes to fetch them.

Who sends a job hears "accepted" and goes his way. Who works asks for messages, and is given some that then
nobody else is shown for a while, the *visibility timeout*. When the job is done he deletes the message; if he
does not, because he has died, is too slow, or his request was lost, somebody else is given it when the time
is over. So nothing is lost and some things are done twice: *at least once*. The states of a message, and what
a receipt is good for, are in `ledger`.

Rules of the requests (see `operations`):

- *send*: answered when the message is there; `Rejected` if the backlog is full. An answer that is lost leaves
  a message that its sender may send again. A deadline of the job ends with the acceptance.
- *receive*: what is visible, at once; if that is nothing, whatever comes first within the poll's `wait`.
  Polls are served in the order in which they came. What is handed out is in flight, whether or not it
  arrives: an answer that is lost, or whose caller has hung up, comes back when its time is over, and counts
  as received. While as many are in flight as may be, nothing is handed out: a poll that waits goes on
  waiting, one that does not is `Rejected` (SQS: `OverLimit`).
- *delete*: succeeds always. Only with its latest receipt is a message gone; with an older one nothing
  happens, and whoever asked does not learn of it.
- *extend*: a `ServerError` for a message that is no longer held with this receipt, or for longer than
  `visibility_max` in all. The next one who receives it has the backlog's own timeout again.

A message that would be received once more than `receives_max` times goes to the *dead letters* instead:
another backlog on the same host, so that moving it is one transaction, which no `capacity` of that one
refuses. While that one does not listen, the message is handed out once more.

A backlog is an `Instance` on a host: it dies with it, is refused or silent as that is, and its polls hold
connections. A durable one has messages, receive counts and the ends of timeouts on a disk: timeouts go on
while it is down, and receipts are good afterwards. One in memory loses all messages in a crash (`lost`), and
when it has been told to stop and its last call has ended (see `services.remembering_instance`).

Not the `Outbox` of `models.resilience`: that one is its caller's, delivers by itself, in the order of
acceptance, and holds what it delivers until it hears how that ended; its workers die with it. Here workers
are elsewhere, die by themselves, and all that is known of them is that they have not deleted a message.

Leaves out: what is left out in `ledger`; several servers of one queue; the time that writing to a disk takes
(say it as `work`); filters; dead letters that are sent back. Source: Amazon SQS Developer Guide ("Visibility
timeout", "Dead-letter queues", "Short and long polling"); Newman, "Building Microservices" (2nd ed. 2021),
chapter 13, on workers that share a backlog.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator import Environment, Gauge, Process
from simulator.measurement import GaugeStatistics

from ..endpoint import Call, Endpoint
from ..failures import Rejected, ServerError
from ..infrastructure import Host
from ..request import Request, Response
from ..resilience.deadlines import with_deadline
from ..services import Instance, RememberingInstance
from .backlog_settings import BacklogSettings
from .ledger import Entry, Ledger, MessageState
from .message import Message
from .operations import Delete, Extend, Receive, Send

_DEFAULT = BacklogSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogStatistics:
    """What has become of the messages so far.

    `sent_count` = `delayed_count` + `visible_count` + `in_flight_count` (which are there now) +
    `deleted_count` + `dead_count` + `lost_count`. Of the `received_count` times that one was handed out,
    `redelivered_count` were not its first. `expired_count` times a visibility timeout ended, and
    `returned_count` times a message was given back. `stale_count` requests came with a receipt that was no
    longer good, `rejected_count` messages found the backlog full, `empty_count` polls got nothing, and
    `over_limit_count` were rejected since too many messages were in flight.

    `oldest_age` is how long (s) the oldest message that is there has been there, `oldest_age_max` the largest
    that ever was; `visible` and `in_flight` are levels over time.
    """

    sent_count: int
    received_count: int
    redelivered_count: int
    deleted_count: int
    expired_count: int
    returned_count: int
    stale_count: int
    dead_count: int
    lost_count: int
    rejected_count: int
    empty_count: int
    over_limit_count: int
    delayed_count: int
    visible_count: int
    in_flight_count: int
    oldest_age: float
    oldest_age_max: float
    visible: GaugeStatistics
    in_flight: GaugeStatistics


@dataclass(slots=True, eq=False)
class _Poll:
    operation: Receive
    process: Process


class Backlog(Endpoint):
    """A backlog on `host`, with the rules of `settings`; reached over the network, as its `serving` instance.

    Messages that were received too often go to the backlog `dead_letters`, which must be given if
    `settings.receives_max` is, and stand on the same host. With `keeps_history` the
    gauges `visible` and `in_flight`, and `oldest_ages`, can tell of all the past.

    Raises `ValueError` for settings and dead letters that do not fit.

    Example::

        graveyard = Backlog(env, host, name="dead letters")
        jobs = Backlog(env, host, sqs(receives_max=5), dead_letters=graveyard, name="jobs")
        users = OpenLoop(env, network.connect(web, jobs), rate=10.0)
    """

    def __init__(
        self,
        env: Environment,
        host: Host,
        settings: BacklogSettings = _DEFAULT,
        *,
        dead_letters: Backlog | None = None,
        keeps_history: bool = False,
        name: str = "backlog",
    ) -> None:
        """Be there, and empty."""
        _require_fit(settings, dead_letters, host)
        self._env = env
        self.settings = settings
        self.dead_letters = dead_letters
        self.name = name
        self._ledger = Ledger(
            env,
            by_priority=settings.order == "priority",
            keeps_history=keeps_history,
            on_visible=self._serve_polls,
        )
        self._polls: dict[_Poll, None] = {}
        self._stale_count = 0
        self._rejected_count = 0
        self._empty_count = 0
        self._over_limit_count = 0
        threads = settings.connections_max
        self.instance = (
            Instance(env, host, self._answer, threads=threads, queue_size_max=0, name=name)
            if settings.is_durable
            else RememberingInstance(
                env, host, self._answer, self._ledger.lose_all, threads=threads, queue_size_max=0, name=name
            )
        )
        self.host: Host = host

    @property
    def serving(self) -> Endpoint:
        """The instance that answers."""
        return self.instance

    def call(self, request: Request) -> Call:
        """Answer `request`: an operation, or a job to be put here."""
        return self.instance.call(request)

    # -- operations -----------------------------------------------------------------------------------------

    def _answer(self, instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        if self.settings.work:
            yield from self.host.work(self.settings.work)
        operation = request.value
        if isinstance(operation, Receive):
            return (yield from self._receive(operation))
        if isinstance(operation, Delete):
            return self._delete(operation)
        if isinstance(operation, Extend):
            return self._extend(operation)
        return self._send(operation if isinstance(operation, Send) else Send(request))

    def _send(self, operation: Send) -> Response:
        settings, job = self.settings, operation.job
        delay = settings.delay if operation.delay is None else operation.delay
        if delay > settings.delay_max:
            raise ServerError(f"{self.name}: delay must be at most {settings.delay_max} s, got {delay}")
        if len(self._ledger) >= settings.capacity:
            self._rejected_count += 1
            raise Rejected(self.name, "backlog full")
        self._ledger.accept(job if job.deadline is None else with_deadline(job, None), delay)
        return Response("accepted")

    def _receive(self, operation: Receive) -> Generator[Any, Any, Response]:
        self._require_poll(operation)
        if not operation.wait and not self._may_hand_out():
            self._over_limit_count += 1
            raise Rejected(self.name, "too many messages in flight")
        messages = self._take(operation)
        if not messages and operation.wait:
            process: Any = self._env.active_process
            poll = _Poll(operation, process)
            self._polls[poll] = None
            try:
                messages = (yield operation.wait) or ()
            finally:
                self._polls.pop(poll, None)
        self._empty_count += not messages
        return Response(messages, size_bytes=sum(message.job.size_bytes for message in messages))

    def _delete(self, operation: Delete) -> Response:
        entry = self._ledger.find(operation.receipt)
        if entry is None:
            self._stale_count += 1
        else:
            self._ledger.delete(entry)
            self._serve_polls()
        return Response("deleted")

    def _extend(self, operation: Extend) -> Response:
        entry = self._ledger.find(operation.receipt)
        if entry is None or not self._ledger.is_held(entry):
            self._stale_count += 1
            raise ServerError(
                f"{self.name}: message {operation.receipt.number} is not in flight with this receipt"
            )
        settings = self.settings
        visibility = settings.visibility if operation.visibility is None else operation.visibility
        if self._env.now + visibility > entry.received_at + settings.visibility_max:
            raise ServerError(f"{self.name}: visibility must end within {settings.visibility_max} s in all")
        self._ledger.extend(entry, visibility)
        return Response("extended")

    # -- handing out ----------------------------------------------------------------------------------------

    def _require_poll(self, operation: Receive) -> None:
        settings = self.settings
        for name, value, limit in (
            ("count", operation.count, settings.batch_max),
            ("wait", operation.wait, settings.wait_max),
            ("visibility", operation.visibility or 0.0, settings.visibility_max),
        ):
            if value > limit:
                raise ServerError(f"{self.name}: {name} must be at most {limit}, got {value}")

    def _may_hand_out(self) -> bool:
        return self._ledger.count(MessageState.IN_FLIGHT) < self.settings.in_flight_max

    def _take(self, operation: Receive) -> tuple[Message, ...]:
        """Hand out what a poll is to get now."""
        ledger, settings = self._ledger, self.settings
        visibility = settings.visibility if operation.visibility is None else operation.visibility
        taken: list[Message] = []
        while len(taken) < operation.count and self._may_hand_out():
            entry = ledger.first_visible()
            if entry is None:
                break
            if entry.receive_count >= settings.receives_max and self._bury(entry):
                continue
            taken.append(ledger.hand_out(entry, visibility))
        return tuple(taken)

    def _bury(self, entry: Entry) -> bool:
        """Move a message to the dead letters; return whether that could be done."""
        graveyard = self.dead_letters
        assert graveyard is not None, "receives_max comes with dead letters"
        if not (self.host.runs(graveyard.instance) and graveyard.instance.is_listening):
            return False
        self._ledger.bury(entry)
        graveyard._ledger.accept(entry.job, 0.0, entry.sent_at)
        return True

    def _serve_polls(self) -> None:
        """Let those who wait have what is visible, the first one first."""
        while self._polls and self._ledger.first_visible() is not None:
            poll = next(iter(self._polls))
            messages = self._take(poll.operation)
            if not messages:
                return
            del self._polls[poll]
            self._env.rouse(poll.process, messages)

    # -- what is seen of it ---------------------------------------------------------------------------------

    @property
    def visible(self) -> Gauge:
        """How many messages can be received, over time."""
        return self._ledger.gauges[MessageState.VISIBLE]

    @property
    def in_flight(self) -> Gauge:
        """How many messages somebody has received and not deleted, over time."""
        return self._ledger.gauges[MessageState.IN_FLIGHT]

    @property
    def size(self) -> int:
        """How many messages are there: delayed, visible and in flight."""
        return len(self._ledger)

    @property
    def lost(self) -> tuple[Message, ...]:
        """The messages that a crash has taken."""
        return tuple(self._ledger.lost)

    @property
    def oldest_age(self) -> float:
        """How long (s) the oldest message that is there has been there; 0 where none is."""
        return self._ledger.oldest_age

    def oldest_ages(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return that age at each of `times` (s) until now; raises `ValueError` unless history is kept."""
        return self._ledger.oldest_ages(times)

    def messages(self, state: MessageState | None = None) -> tuple[Message, ...]:
        """Return the messages that are there now, or those in `state`, the first that came first."""
        return self._ledger.messages(state)

    def statistics(self) -> BacklogStatistics:
        """Return what has happened so far."""
        ledger = self._ledger
        return BacklogStatistics(
            sent_count=ledger.sent_count,
            received_count=ledger.received_count,
            redelivered_count=ledger.redelivered_count,
            deleted_count=ledger.deleted_count,
            expired_count=ledger.expired_count,
            returned_count=ledger.returned_count,
            stale_count=self._stale_count,
            dead_count=ledger.dead_count,
            lost_count=len(ledger.lost),
            rejected_count=self._rejected_count,
            empty_count=self._empty_count,
            over_limit_count=self._over_limit_count,
            delayed_count=ledger.count(MessageState.DELAYED),
            visible_count=ledger.count(MessageState.VISIBLE),
            in_flight_count=ledger.count(MessageState.IN_FLIGHT),
            oldest_age=ledger.oldest_age,
            oldest_age_max=ledger.oldest_age_max,
            visible=self.visible.statistics(),
            in_flight=self.in_flight.statistics(),
        )


def _require_fit(settings: BacklogSettings, dead_letters: Backlog | None, host: Host) -> None:
    if not isinstance(settings, BacklogSettings):
        raise TypeError(f"settings must be BacklogSettings, got {settings!r}")
    has_limit = settings.receives_max < float("inf")
    if dead_letters is None:
        if has_limit:
            raise ValueError(
                f"dead_letters must be a Backlog with receives_max = {settings.receives_max!r}, got None"
            )
        return
    if not isinstance(dead_letters, Backlog):
        raise TypeError(f"dead_letters must be a Backlog, got {dead_letters!r}")
    if not has_limit:
        raise ValueError("receives_max must be finite with dead_letters, which it leads to, got inf")
    if dead_letters.host is not host:
        raise ValueError(f"dead_letters must be on the same host, {host!r}, got {dead_letters.host!r}")
