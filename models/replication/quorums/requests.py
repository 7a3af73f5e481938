"""What a quorum store is asked beyond the operations of all stores: at which level.

at_level(request, level)    the same request, at a level of its own

A delete writes a tombstone, as a write writes a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...request import Request
from ...validation import require_count
from ..versions import VersionVector
from .levels import Level


@dataclass(slots=True)
class QuorumRequest(Request):
    """A request with what a quorum store's client says with it; treat it as immutable.

    `level` is `None` for the store's. `timestamp` is of the client's clock, where that decides; `seen` is
    what the client has read of the key, where siblings are kept.
    """

    level: Level | int | None = None
    timestamp: float | None = None
    seen: VersionVector | None = None


@dataclass(frozen=True, slots=True)
class SiblingsRead:
    """What a node tells a client of a key with siblings: the `value` shown, and the context of that."""

    value: Any
    seen: VersionVector


def at_level(request: Request, level: Level | int) -> QuorumRequest:
    """Return `request` at `level`, whatever the store's own level is. Raises `ValueError` for what is none.

    Example: `yield from client.call(at_level(read("cart 17"), Level.ONE))`.
    """
    if not isinstance(level, Level):
        require_count("level", level)
    return extended(request, level=level)


def extended(
    request: Request,
    *,
    level: Level | int | None = None,
    timestamp: float | None = None,
    seen: VersionVector | None = None,
) -> QuorumRequest:
    """Return `request` with these, where it has none of its own."""
    if isinstance(request, QuorumRequest):
        level = level if request.level is None else request.level
        timestamp = timestamp if request.timestamp is None else request.timestamp
        seen = seen if request.seen is None else request.seen
    return QuorumRequest(
        request.operation,
        request.key,
        request.value,
        request.size_bytes,
        request.priority,
        request.deadline,
        request.idempotency_key,
        request.origin,
        level,
        timestamp,
        seen,
    )
