"""What can be wrong with a transactional outbox: bugs to plant, for tests only."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFlaws:
    """Which bugs are planted; none by default.

    - `sends_unlogged`: the relay sends what is not on the disk yet.
    - `removes_before_sending`: the relay takes an event out of the outbox, and then sends it.
    """

    sends_unlogged: bool = False
    removes_before_sending: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)


NO_FLAWS = OutboxFlaws()
