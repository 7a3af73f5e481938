"""Who leads transactions: an orchestrator of sagas, or a coordinator of two-phase commit.

What both promise their clients:

1. A transaction has an id, chosen by the client, and ends once. How it ended is on the disk before anybody is
   told, an abort as well as a commit: a copy of the request that comes late, from a client who has tried
   again or hedged, is told the same, and runs nothing. Who wants another attempt takes another id.
2. A copy that comes while the transaction is under way waits for its end. A client that gives up stops
   nothing.

An id belongs to one leader: a client that asks a second one with the same id has asked for a second
transaction (and two orchestrators that share an id would undo each other's steps). A copy with other work
under an id that is known is not told apart: it gets the end of the first.

Leaves out: endings that are forgotten (they are kept for ever; real services keep idempotency keys for a day
or so), leaders that take over from each other. Source: Helland, "Life beyond Distributed Transactions" (CIDR
2007), on messages that come more than once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import Any

from simpy import Event

from ..failures import ServerError
from ..request import Request
from .ending import RUN, Ending
from .local_store import Transaction
from .storing_node import StoringNode

ENDINGS = "endings"
"""The table of how each transaction has ended, by id."""


class TransactionLeader(StoringNode):
    """Answers `run(id, work)` with an `Ending`; derive from it, and call `end` once for each that was begun.

    Arguments are those of `StoringNode`.
    """

    __slots__ = ("_awaited",)

    def remember(self) -> None:
        """Wait for no transaction's end."""
        super().remember()
        self._awaited: dict[Any, Event] = {}

    @abstractmethod
    def begin(self, key: Any, work: Any) -> None:
        """Begin the transaction `key`; raise `TypeError` or `ValueError` if `work` is none."""

    def answer(self, request: Request) -> Generator[Any, Any, Ending]:
        """Run a transaction, or wait for the one of that id; say how it has ended."""
        if request.operation != RUN:
            raise ServerError(f"{self.name} knows no operation {request.operation!r}")
        yield from self._begin_request()
        key = request.key
        known: Ending | None = self.store[ENDINGS].get(key)
        if known is not None:
            yield from self.store.safe()
            return known
        if key not in self._awaited:
            self.begin(key, request.value)
            self.await_end(key)
        ending: Ending = yield self._awaited[key]
        return ending

    def await_end(self, key: Any) -> None:
        """Let clients who ask for `key` wait for its end: it is under way."""
        self._awaited[key] = self.env.event()

    def end(self, key: Any, ending: Ending, also: Transaction) -> int:
        """Write how `key` has ended, and `also` the rest, in one local transaction; return its position."""
        return self.store.write({**also, (ENDINGS, key): ending})

    def tell(self, key: Any, ending: Ending) -> None:
        """Tell the clients who wait: what `end` has written is on the disk."""
        self._awaited.pop(key).succeed(ending)
