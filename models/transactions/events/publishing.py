"""How a service changes its data and tells of it: one database and one message, which no transaction spans.

    DatabaseFirst   writes, then sends: a crash in between leaves data that nobody is told of
    MessageFirst    sends, then writes: a crash in between leaves a message of what has never been
    ThroughOutbox   writes the message beside the data, in one transaction; a relay sends it afterwards

The first two are the *dual write*, and no order of the two is right. Under the third a message is sent at
least once: a crash of the relay between sending and taking it out of the outbox sends it again, and so does
an answer that comes too late; the receiver has to know it again (`EventService(has_inbox=True)`).

Order: the relay sends events one after the other as they were written, and the next when the last has
arrived. A receiver with an inbox therefore does them in that order, whatever crashes; one without does an old
one again after newer ones. The dual write keeps no order.

This outbox is not `resilience.Outbox`: that one is a queue of requests, durable by itself, to which a caller
hands what is to be delivered later. Whoever writes to a database and then calls it has written twice, and may
crash in between like anybody else. What matters here is that outbox and data are one database.

Source: Richardson, "Microservices Patterns" (2018), section 3.3.7, "Transactional messaging": the outbox and
the polling publisher. Leaves out: tailing the database's log in place of polling; events of one key in order
while others fail (one event that cannot be sent holds up all behind it).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import CallFailed

from ...validation import require_count, require_delay, require_finite_duration
from ..local_store import OUTBOX
from .reaction import Event, Reaction

if TYPE_CHECKING:
    from .service import EventService


class Publishing(ABC):
    """A way to change data and tell of it."""

    @abstractmethod
    def react(self, service: EventService, event: Event, reaction: Reaction) -> Generator[Any, Any, str]:
        """Do what `reaction` says about `event`, and return what `service` answers."""

    def relay(self, service: EventService) -> Generator[Any, Any, None] | None:
        """Return what is to run in the service's process all the time, if anything."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DualWrite(Publishing):
    """Two writes, between which `gap` seconds (>= 0) pass: for the message to be made, and a connection."""

    gap: float = 0.001

    def __post_init__(self) -> None:
        """Check the gap."""
        require_delay("gap", self.gap)


class DatabaseFirst(DualWrite):
    """Write, then send."""

    __slots__ = ()

    def react(self, service: EventService, event: Event, reaction: Reaction) -> Generator[Any, Any, str]:
        """Do so; a crash, or a message that fails, in between loses the message."""
        answer, events = service.write(event, reaction)
        yield from service.store.safe()
        if events:
            yield self.gap
        for each in events:
            yield from service.send_event(each)
        return answer


class MessageFirst(DualWrite):
    """Send, then write."""

    __slots__ = ()

    def react(self, service: EventService, event: Event, reaction: Reaction) -> Generator[Any, Any, str]:
        """Do so; after a crash in between, what was told has not happened."""
        events = service.foresee(reaction)
        for each in events:
            yield from service.send_event(each)
        if events:
            yield self.gap
        answer, _ = service.write(event, reaction)
        yield from service.store.safe()
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughOutbox(Publishing):
    """Write both at once; the relay looks every `poll_interval` seconds (> 0) for what is to be sent.

    It reads `batch_size` (>= 1) events at a time, and sends them one after the other, in order. Each is given
    `send_timeout` seconds (> 0); if it fails it is tried again after the next look.
    """

    poll_interval: float = 0.1
    batch_size: int = 100
    send_timeout: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_finite_duration("poll_interval", self.poll_interval)
        require_count("batch_size", self.batch_size)
        require_finite_duration("send_timeout", self.send_timeout)

    def react(self, service: EventService, event: Event, reaction: Reaction) -> Generator[Any, Any, str]:
        """Write, and be done."""
        answer, _ = service.write(event, reaction, has_outbox=True)
        yield from service.store.safe()
        return answer

    def relay(self, service: EventService) -> Generator[Any, Any, None]:
        """Send what is in the outbox, for ever."""
        while True:
            rows = list(service.store[OUTBOX].items())[: self.batch_size]
            if rows and not service.flaws.sends_unlogged:
                # Else a crash could take back what has been told already.
                yield from service.store.safe()
            sent_count = 0
            for number, event in rows:
                if not (yield from self._send(service, number, event)):
                    break
                sent_count += 1
            if sent_count < self.batch_size:
                yield self.poll_interval / service.host.clock_rate

    def _send(self, service: EventService, number: Any, event: Event) -> Generator[Any, Any, bool]:
        """Send one event and take it out of the outbox; say whether it has arrived."""
        if service.flaws.removes_before_sending:
            service.store.write({(OUTBOX, number): None})
            yield from service.store.safe()
        try:
            with service.env.fail_after(self.send_timeout / service.host.clock_rate):
                yield from service.send_event(event)
        except CallFailed:
            return False
        # Not waited for: if a crash takes it, the event is sent once more.
        service.store.write({(OUTBOX, number): None})
        return True
