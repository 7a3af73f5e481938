"""What the nodes of a multi-primary store say to each other, one way each: updates, and how many they have.

Any of them may be lost, late, doubled or overtaken; the rules that make up for it are those of `shipping`.
Treat them as immutable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .node import PrimaryNode

Dot = tuple[str, int]
"""An update, by its origin's name and its number there."""

ENTRY_BYTES = 16
"""An entry of a vector on the wire: a writer and a number."""


@dataclass(slots=True, eq=False)
class Update:
    """The `number`-th update that `origin` has taken: from now on, `key` has `version` too.

    `origin` is a node in one life of it: it numbers 1, 2, 3 and so on, and a node that has started again is
    another origin, for it may have forgotten. `seen` is how many updates of each origin were at the node when
    it took this one; by it two updates are ordered, or concurrent. `made_at` is for observers only.
    """

    origin: str
    number: int
    key: Any
    version: Any
    seen: Mapping[str, int]
    made_at: float

    @property
    def dot(self) -> Dot:
        """Its name: no other update has it."""
        return self.origin, self.number

    def has_seen(self, other: Update) -> bool:
        """Return whether whoever made this one had the other."""
        return self.seen.get(other.origin, 0) >= other.number

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire."""
        return int(self.version.weight()) + ENTRY_BYTES * (1 + len(self.seen))


@dataclass(slots=True, eq=False)
class Updates:
    """Updates that the sender has committed, those of one origin in their order."""

    sender: PrimaryNode
    updates: Sequence[Update]

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire."""
        return sum(update.weight() for update in self.updates)


@dataclass(slots=True, eq=False)
class Have:
    """How many updates of each origin the sender has committed, in this `incarnation` of it.

    Sent as an acknowledgement, and periodically, unasked (`is_periodic`).
    """

    sender: PrimaryNode
    incarnation: int
    vector: Mapping[str, int]
    is_periodic: bool

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire."""
        return ENTRY_BYTES * len(self.vector)
