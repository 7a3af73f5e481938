"""An event, and what a service makes of one: changes of its data, and events of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...request import Request
from ...validation import require_each
from ..changes import Changes, require_changes


@dataclass(frozen=True, slots=True)
class Event:
    """Something of a `kind` that has happened, or is wanted (a command); `(kind, key)` is its identity.

    The identity comes from the business (the order's number), so that it is the same whenever the same event
    is told again. `value` is what else is to be known of it.
    """

    kind: str
    key: Any
    value: Any = None

    def request(self) -> Request:
        """Return the request that brings the event to a service."""
        return Request(self.kind, key=self.key, value=self.value, idempotency_key=f"{self.kind}/{self.key}")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a service does about an event: `changes`, and then `events`, or others if they are refused."""

    changes: Changes = ()
    events: tuple[Event, ...] = ()
    events_if_refused: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        """Check the changes and events."""
        object.__setattr__(self, "changes", require_changes("changes", self.changes))
        for name in ("events", "events_if_refused"):
            object.__setattr__(self, name, require_each(name, getattr(self, name), Event))
