"""What a projection is asked: its read model's questions, and what they may demand of its age.

The answer's `version` is the position up to which the rows hold everything. A question may carry a demand in
its `value`, around what it had there: to be answered when the rows have come to a position, and how long to
wait for that. Of two demands, one in the other, both count.

With a demand it is another question than without one, and so it has another idempotency key, if it has one: a
store of answers would take the one for a misuse of the other's key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...request import Request
from ...validation import require_count, require_delay, require_kind


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Answer when the rows have come to `position`, after up to `wait` s; `value` is the question's own."""

    position: int
    wait: float
    value: Any = None


def at_least(request: Request, position: int, *, wait: float) -> Request:
    """Return `request`, to be answered by rows that have come to `position`, or else not at all."""
    require_kind("request", request, Request)
    require_count("position", position, 0)
    require_delay("wait", wait)
    key = request.idempotency_key
    own_key = None if key is None else f"{key} at {position}"
    return replace(request, value=AtLeast(position, wait, request.value), idempotency_key=own_key)
