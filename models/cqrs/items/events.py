"""What happens to an item."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Restocked:
    """So many `units` of `item` are there more."""

    item: Hashable
    units: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """So many `units` of `item` are an `order`'s, of a `customer`."""

    item: Hashable
    order: Hashable
    customer: Hashable
    units: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """They are not any more."""

    item: Hashable
    order: Hashable
    customer: Hashable
    units: int
