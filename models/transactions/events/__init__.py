"""Services that react to events: the dual write, the transactional outbox, choreographed sagas.

service     EventService: a local transaction and events of its own for each event
reaction    Event, Reaction: what has happened, and what is done about it
publishing  DatabaseFirst, MessageFirst (the dual write), ThroughOutbox (with a polling relay)
audit       audit: what was lost, invented, done twice
flaws       OutboxFlaws: bugs to plant
"""

from .audit import Audit, audit
from .flaws import OutboxFlaws
from .publishing import DatabaseFirst, MessageFirst, Publishing, ThroughOutbox
from .reaction import Event, Reaction
from .service import EventService

__all__ = [
    "Audit",
    "DatabaseFirst",
    "Event",
    "EventService",
    "MessageFirst",
    "OutboxFlaws",
    "Publishing",
    "Reaction",
    "ThroughOutbox",
    "audit",
]
