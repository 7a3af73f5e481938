"""An order, and what became of it in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Order:
    """One unit of `item`, ordered on `side` (a zone) at `placed_at` (s, by the clock there).

    Orders of one `number` are the same order, repeated, wherever and whenever.
    """

    number: str
    item: int = field(compare=False)
    side: str = field(compare=False)
    placed_at: float = field(compare=False)


class Fate(Enum):
    """How a confirmed order ended."""

    SHIPPED = "shipped"
    SUBSTITUTED = "substituted"
    """Another item was sent instead, with an apology."""
    REFUNDED = "refunded"
    """Nothing was sent: the money back, and an apology."""
