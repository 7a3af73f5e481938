"""A read model: what a kind of question needs, as rows; how events change them, and how it answers.

It is a definition, without a state of its own: the rows are a projection's, as many projections as there are.
So `apply` may be run over the log again, by whoever wants to know what the rows should be.

`apply` may fail at an event that it was not written for, an old one, or one that is malformed: `PoisonEvent`.
What the projection does then is its choice. Any other error is one in the model's code, and stops the run.

Source: Fowler, "CQRS" (2011); Young, "CQRS Documents" (2010), on the thin read layer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from ...failures import ServerError
from ...replication import READ
from ...request import Request


class PoisonEvent(Exception):
    """This read model cannot apply this event; the argument says why."""


class Rows(Mapping[Hashable, Any]):
    """Rows by key as they are (`held`), with `changes` that nobody else sees yet."""

    __slots__ = ("_held", "changes")

    def __init__(self, held: Mapping[Hashable, Any]) -> None:
        self._held = held
        self.changes: dict[Hashable, Any] = {}

    def __getitem__(self, key: Hashable) -> Any:
        return self.changes[key] if key in self.changes else self._held[key]

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self.changes[key] = value

    def __iter__(self) -> Iterator[Hashable]:
        return iter(dict.fromkeys((*self._held, *self.changes)))

    def __len__(self) -> int:
        return len(dict.fromkeys((*self._held, *self.changes)))


class ReadModel(ABC):
    """A definition of rows; derive from it."""

    __slots__ = ()

    @abstractmethod
    def apply(self, event: Any, rows: Rows) -> None:
        """Change `rows` as `event` demands; raise `PoisonEvent` where that cannot be done."""

    def answer(self, request: Request, rows: Mapping[Hashable, Any]) -> Any:
        """Return the answer to a question; by default there is `read`, of the row at a key."""
        if request.operation == READ:
            return rows.get(request.key)
        raise ServerError(f"{type(self).__name__} knows no operation {request.operation!r}")
