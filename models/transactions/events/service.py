"""A service that reacts to events with a local transaction and events of its own.

1. A request is an event: an order that is placed by a client, or what another service has published. What the
   service does about it its `reactions` say, by the event's kind.
2. What it changes, and that it has had the event (the *inbox*), is one local transaction. An event that comes
   again is answered as it was, and does nothing; without an inbox (`has_inbox=False`) it is done again.
3. How its own events are sent, before, after, or out of the same database, is its `publishing`.
4. It answers "done" or "refused" when its own data are on the disk. Whoever has told it of an event may then
   forget it.

A *choreographed* saga is services that react to each other: orders tells of an order, stock takes the goods
and tells of that, payment refuses and tells of that, and stock puts them back. It needs no part of its own,
and nobody knows how far it is.

Leaves out: a broker between services, with a place in its log for each subscriber (here one that is down
holds up the others); an inbox that is ever emptied. Sources: Richardson, "Microservices Patterns" (2018),
sections 3.3 and 4.2.1; Helland, "Life beyond Distributed Transactions" (CIDR 2007), on what must be
remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from simulator import CallFailed, Environment

from ...endpoint import Endpoint, require_endpoint
from ...failures import ServerError, in_doubt
from ...network import Network
from ...request import Request
from ...storage import Disk
from ...validation import require_kind, require_name
from ..changes import TooLittle, changed
from ..ending import READ
from ..local_store import DATA, INBOX, OUTBOX
from ..storing_node import StoringNode
from .flaws import NO_FLAWS, OutboxFlaws
from .publishing import Publishing
from .reaction import Event, Reaction

DONE, REFUSED = "done", "refused"
React = Callable[[Event], Reaction]


class EventService(StoringNode):
    """A service called `name` with `data` on `disk`, which reacts to the kinds of events in `reactions`.

    `subscribe` says where its own events go. `node_settings` are those of `StoringNode`.

    Example::

        reactions, publishing = {"place": place}, ThroughOutbox()
        orders = EventService(
            env, Disk(host), network, reactions=reactions, publishing=publishing, name="orders"
        )
        orders.subscribe("placed", network.connect(host, stock))
    """

    __slots__ = ("_has_inbox", "_publishing", "_reactions", "_subscribers", "flaws")

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        *,
        reactions: Mapping[str, React],
        publishing: Publishing,
        has_inbox: bool = True,
        data: Mapping[Any, Any] | None = None,
        flaws: OutboxFlaws = NO_FLAWS,
        name: str,
        **node_settings: Any,
    ) -> None:
        require_kind("reactions", reactions, Mapping)
        require_kind("publishing", publishing, Publishing)
        require_kind("has_inbox", has_inbox, bool)
        require_kind("flaws", flaws, OutboxFlaws)
        self._reactions = dict(reactions)
        self._publishing = publishing
        self._has_inbox = has_inbox
        self._subscribers: dict[str, list[Endpoint]] = {}
        self.flaws = flaws
        super().__init__(env, disk, network, data=data, name=name, **node_settings)

    def subscribe(self, kind: str, subscriber: Endpoint) -> None:
        """Send events of this `kind` to `subscriber` too, an endpoint on this host: a connection."""
        require_name("kind", kind)
        require_endpoint("subscriber", subscriber)
        self._subscribers.setdefault(kind, []).append(subscriber)

    def wake_up(self) -> None:
        """Begin to send what is in the outbox."""
        relay = self._publishing.relay(self)
        if relay is not None:
            self.run(relay, "relay")

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """React to an event, or answer a read."""
        yield from self._begin_request()
        if request.operation == READ:
            return (yield from self.read_safely(request.key))
        if request.operation not in self._reactions:
            raise ServerError(f"{self.name} knows no event {request.operation!r}")
        event = Event(request.operation, request.key, request.value)
        known = self._known(event)
        if known is not None:
            yield from self.store.safe()
            return known
        return (yield from self._publishing.react(self, event, self._reactions[event.kind](event)))

    def _known(self, event: Event) -> str | None:
        """Return what was answered to this event before, if it is known."""
        return self.store[INBOX].get((event.kind, event.key)) if self._has_inbox else None

    # -- for publishing -------------------------------------------------------------------------------------

    def write(
        self, event: Event, reaction: Reaction, *, has_outbox: bool = False
    ) -> tuple[str, tuple[Event, ...]]:
        """Do what there is to do about `event`, in one local transaction, unless it was done meanwhile.

        Return what is to be answered, and the events that are to be sent.
        """
        known = self._known(event)
        if known is not None:
            return known, ()
        values, events, answer = self._judged(reaction)
        transaction: dict[tuple[str, Any], Any] = {(DATA, key): value for key, value in values.items()}
        if self._has_inbox:
            transaction[INBOX, (event.kind, event.key)] = answer
        if has_outbox:
            position = (
                self.store.log.last_position + 1
            )  # no other record ever has it, unless this one is lost
            transaction |= {(OUTBOX, (position, number)): each for number, each in enumerate(events)}
        self.store.write(transaction)
        return answer, events

    def foresee(self, reaction: Reaction) -> tuple[Event, ...]:
        """Return the events that there would be to send if it were written now."""
        return self._judged(reaction)[1]

    def _judged(self, reaction: Reaction) -> tuple[dict[Any, Any], tuple[Event, ...], str]:
        try:
            return changed(self.store[DATA], reaction.changes), reaction.events, DONE
        except TooLittle:
            return {}, reaction.events_if_refused, REFUSED

    def send_event(self, event: Event) -> Generator[Any, Any, None]:
        """Bring an event to all that have subscribed to its kind, in that order; nobody else hears of it.

        Where one of them fails the rest are not told: through an outbox all are told again. That failure is
        `in_doubt`: others may have been told, and the database written.
        """
        for subscriber in self._subscribers.get(event.kind, ()):
            try:
                yield from subscriber.call(event.request())
            except CallFailed as failure:
                raise in_doubt(failure) from None
