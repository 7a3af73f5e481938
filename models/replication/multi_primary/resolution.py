"""How a multi-primary store resolves conflicts: what an update is, and what becomes of two of one key.

A resolution makes a *version* of each update that a client asks for. Versions of one key are merged:
`mine.merged(theirs)` is commutative, associative and idempotent, and `mine` itself where theirs brings
nothing new; so nodes that have the same updates hold the same, in whatever order these have come. They are
values: nothing changes one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...request import Request


@dataclass(slots=True)
class Writer:
    """The node that takes an update: the name of its present life, and its clock."""

    name: str
    clock: Callable[[], float]
    last_timestamp: float


class Resolution(ABC):
    """A way to resolve conflicts."""

    @property
    @abstractmethod
    def is_sequential_alone(self) -> bool:
        """Whether no version can lose to one that it was made on, so that a single node is linearizable."""

    @property
    def has_one_winner(self) -> bool:
        """Whether of two values that were written at once one is kept, and the other lost."""
        return False

    def winner(self, version: Any) -> Any:
        """Return what in `version` has won over all others of its kind, the very object; `None`: nothing."""
        return None

    @abstractmethod
    def updated(self, request: Request, present: Any, writer: Writer) -> tuple[Any, Any]:
        """Return the version that `request` makes where a node has `present` (`None`: none), and the answer.

        `None` for the version where nothing changes. Raises `ServerError` for what cannot be done.
        """

    def told(self, version: Any) -> Any:
        """Return what a client is told of a `version` (`None`: none) that it reads."""
        return None if version is None else version.shown()
