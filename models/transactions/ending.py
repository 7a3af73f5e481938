"""How a transaction across services ended, as its client is told, and what it is asked for.

That the business refuses is an answer and no failure: a retry would be refused again, and a circuit breaker
should not count it. So a client sees three things: `Ending(is_done=True)`; `Ending(is_done=False)`, all that
was done is undone or nothing was; or a `CallFailed`, and nobody knows. The request's key is the transaction's
id, chosen by the client: who asks again with the same one gets the end of the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..request import Request

RUN = "run"
READ = "read"


@dataclass(frozen=True, slots=True)
class Ending:
    """Whether it was done, all of it; and the `reason` why not: a text, empty if it was."""

    is_done: bool
    reason: str = ""


def run(key: Any, work: Any) -> Request:
    """Return the request to run a transaction: `work` is a saga, or changes by service; `key` is its id."""
    return Request(RUN, key=key, value=work, idempotency_key=str(key))


def read(key: Any) -> Request:
    """Return the request for the value that a key has at one service."""
    return Request(READ, key=key)
