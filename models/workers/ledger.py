"""The states of a backlog's messages, each in exactly one.

*delayed* (sent, and shown to nobody yet) -> *visible* -> *in flight* (received by somebody) -> *deleted*, or
*visible* again when its visibility timeout is over or it is given back. A visible message that was received
too often becomes *dead*; a crash that takes the memory makes all that are there *lost*. Hence at any instant

    sent = delayed + visible + in flight + deleted + dead + lost

Whose receipt has run out may still delete the message, as long as nobody else has received it: the receipt is
still its latest. Not so extend it: it is no longer his. A timeout of 30 s is over at the thirtieth second,
whatever else happens at that instant.

A message that becomes visible joins the end of the queue, also one that was there before. Else a job that can
never be done would be the first to be received, again and again, and the others would wait for it. SQS'
standard queues promise no order at all; RabbitMQ puts a message that is given back where it was, if it can.

Leaves out: messages that get too old (retention); copies that a distributed store hands out although they
were deleted; groups in each of which the order is kept (SQS' FIFO queues).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from heapq import heappop, heappush
from math import nan

import numpy as np
import numpy.typing as npt

from simulator import Call, Environment, Gauge

from ..request import Request
from .message import Message, Receipt


class MessageState(Enum):
    """Where a message is that has not come to its end."""

    DELAYED = "delayed"
    VISIBLE = "visible"
    IN_FLIGHT = "in flight"


class Entry:
    """One message: since when it is here, how often it was received, and what happens to it next."""

    __slots__ = (
        "entered_at",
        "job",
        "number",
        "receive_count",
        "received_at",
        "sent_at",
        "state",
        "timer",
        "turn",
        "visible_at",
    )

    def __init__(self, number: int, job: Request, sent_at: float, now: float, state: MessageState) -> None:
        self.number = number
        self.job = job
        self.sent_at = sent_at
        self.entered_at = now
        self.receive_count = 0
        self.received_at = now
        self.visible_at = now
        self.state = state
        self.timer: Call | None = None
        self.turn = 0

    def message(self) -> Message:
        """Return what whoever has just received it gets."""
        return Message(self.job, Receipt(self.number, self.receive_count), self.sent_at)


class Ledger:
    """All messages of one backlog; `on_visible` is called whenever there is one more to be received.

    `by_priority` says whether jobs of a higher priority are received first.
    """

    def __init__(
        self,
        env: Environment,
        *,
        by_priority: bool,
        keeps_history: bool,
        on_visible: Callable[[], object],
    ) -> None:
        self._env = env
        self._by_priority = by_priority
        self._on_visible = on_visible
        self._entries: dict[int, Entry] = {}
        self._queue: list[tuple[int, int, Entry]] = []
        self._turn = 0
        self.gauges = {state: Gauge(env, keep_history=keeps_history) for state in MessageState}
        self._oldest: Entry | None = None
        self._oldest_number = 1
        self._oldest_since = Gauge(env, nan, keep_history=keeps_history)
        self._oldest_age_max = 0.0
        self.sent_count = 0
        self.received_count = 0
        self.redelivered_count = 0
        self.deleted_count = 0
        self.expired_count = 0
        self.returned_count = 0
        self.dead_count = 0
        self.lost: list[Message] = []

    def __len__(self) -> int:
        return len(self._entries)

    def messages(self, state: MessageState | None) -> tuple[Message, ...]:
        """Return all that are there, or those in `state`, the first that came first."""
        return tuple(entry.message() for entry in self._entries.values() if state in (None, entry.state))

    def count(self, state: MessageState) -> int:
        """Return how many messages are in `state` now."""
        return int(self.gauges[state].value)

    # -- a message's way ------------------------------------------------------------------------------------

    def accept(self, job: Request, delay: float, sent_at: float | None = None) -> None:
        """Take a new message in, visible after `delay` seconds; `sent_at` if it was sent elsewhere before."""
        now = self._env.now
        self.sent_count += 1
        state = MessageState.DELAYED if delay else MessageState.VISIBLE
        entry = Entry(self.sent_count, job, now if sent_at is None else sent_at, now, state)
        self._entries[entry.number] = entry
        self.gauges[state].add(1)
        self._note_oldest()
        if delay:
            self._show_after(entry, delay)
        else:
            self._queue_up(entry)

    def first_visible(self) -> Entry | None:
        """Return the message that is the next to be received."""
        queue = self._queue
        while queue:
            _, turn, entry = queue[0]
            if entry.state is MessageState.VISIBLE and entry.turn == turn:
                return entry
            heappop(queue)
        return None

    def hand_out(self, entry: Entry, visibility: float) -> Message:
        """Give a visible message to somebody, for `visibility` seconds."""
        entry.receive_count += 1
        entry.received_at = self._env.now
        self.received_count += 1
        self.redelivered_count += entry.receive_count > 1
        self._move(entry, MessageState.IN_FLIGHT)
        self._show_after(entry, visibility)
        return entry.message()

    def find(self, receipt: Receipt) -> Entry | None:
        """Return the message whose latest receipt this is, if it is still there."""
        entry = self._entries.get(receipt.number)
        is_latest = entry is not None and entry.receive_count == receipt.receive_count > 0
        return entry if is_latest else None

    def is_held(self, entry: Entry) -> bool:
        """Say whether its latest receipt still keeps a message from others."""
        return entry.state is MessageState.IN_FLIGHT and entry.visible_at > self._env.now

    def extend(self, entry: Entry, visibility: float) -> None:
        """Keep a message that is held for `visibility` seconds from now; with 0 it is given back."""
        self._stop_timer(entry)
        if visibility:
            self._show_after(entry, visibility)
        else:
            self.returned_count += 1
            self._enqueue(entry)

    def delete(self, entry: Entry) -> None:
        """Delete a message: its job is done."""
        self.deleted_count += 1
        self._remove(entry)

    def bury(self, entry: Entry) -> None:
        """Take a message out as a dead letter."""
        self.dead_count += 1
        self._remove(entry)

    def lose_all(self) -> None:
        """Lose what is there, as a memory does in a crash."""
        for entry in list(self._entries.values()):
            self.lost.append(entry.message())
            self._remove(entry)

    # -- changes of state -----------------------------------------------------------------------------------

    def _show_after(self, entry: Entry, delay: float) -> None:
        entry.visible_at = self._env.now + delay
        entry.timer = self._env.call_later(delay, self._show, entry)

    def _show(self, entry: Entry) -> None:
        """Show a message whose delay, or whose time with somebody, is over."""
        entry.timer = None
        self.expired_count += entry.state is MessageState.IN_FLIGHT
        self._enqueue(entry)

    def _enqueue(self, entry: Entry) -> None:
        self._move(entry, MessageState.VISIBLE)
        self._queue_up(entry)

    def _queue_up(self, entry: Entry) -> None:
        self._turn += 1
        entry.turn = self._turn
        heappush(self._queue, (-entry.job.priority if self._by_priority else 0, entry.turn, entry))
        self._on_visible()

    def _move(self, entry: Entry, state: MessageState) -> None:
        self.gauges[entry.state].add(-1)
        self.gauges[state].add(1)
        entry.state = state

    def _remove(self, entry: Entry) -> None:
        self._stop_timer(entry)
        entry.turn = 0  # it may stand in the queue
        self.gauges[entry.state].add(-1)
        del self._entries[entry.number]
        self._note_oldest()

    def _stop_timer(self, entry: Entry) -> None:
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None

    # -- age ------------------------------------------------------------------------------------------------

    def _note_oldest(self) -> None:
        # By number, and not as the first of the dict: to find that it steps over all that were deleted
        # before, each time, and to work off a large backlog would cost the square of its size.
        while self._oldest_number <= self.sent_count and self._oldest_number not in self._entries:
            self._oldest_number += 1
        oldest = self._entries.get(self._oldest_number)
        if oldest is not self._oldest:
            self._oldest_age_max = self.oldest_age_max
            self._oldest = oldest
            self._oldest_since.set(nan if oldest is None else oldest.entered_at)

    @property
    def oldest_age(self) -> float:
        """How long (s) the oldest message that is here has been here; 0 where none is."""
        return 0.0 if self._oldest is None else self._env.now - self._oldest.entered_at

    @property
    def oldest_age_max(self) -> float:
        """How old (s) the oldest message ever was."""
        return max(self._oldest_age_max, self.oldest_age)

    def oldest_ages(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return how old the oldest message was at each of `times` (s)."""
        asked = np.asarray(times, dtype=np.float64)
        since = self._oldest_since.history.at(asked)
        return np.where(np.isnan(since), 0.0, asked - since)
