"""What a Raft log is for: a state machine that each node feeds with the same commands in the same order.

It must be deterministic: the next state and the answer follow from the state and the command, and from
nothing else, no clock and no random number. What it answers and what is in its state is shared between nodes,
and never changed afterwards. Source: Schneider, "Implementing Fault-Tolerant Services Using the State Machine
Approach" (ACM Computing Surveys 1990).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ...request import Request


class StateMachine(ABC):
    """A state machine; `commands` names the operations that change it, `queries` those that do not.

    An answer that is a `ServerError` is raised at the client.
    """

    commands: ClassVar[frozenset[str]]
    queries: ClassVar[frozenset[str]]

    @abstractmethod
    def apply(self, request: Request) -> Any:
        """Do what a command says, and return its answer. A query may come too, and changes nothing."""

    @abstractmethod
    def query(self, request: Request) -> Any:
        """Return the answer to a query."""

    @abstractmethod
    def snapshot(self) -> Any:
        """Return the state, as a value that later commands do not change."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Be in the `state` that `snapshot` has returned, here or on another node."""

    @property
    def size_bytes(self) -> int:
        """What a snapshot weighs on the wire."""
        return 0
