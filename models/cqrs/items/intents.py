"""What may be wanted of an item."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Restock:
    """So many `units` have come."""

    units: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """Reserve so many `units` for an `order` of a `customer`."""

    order: Hashable
    customer: Hashable
    units: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give back what an `order` has."""

    order: Hashable
