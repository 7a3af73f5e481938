"""What a local transaction does to the data of one service: changes that all happen or none.

    Put(key, value)             the key has this value from now on
    Add(key, amount, lowest)    the number of the key grows by the amount, unless it would fall below `lowest`

`Add` is how stock is taken and money paid: it is *refused* where there is too little, which is a decision of
the business and no failure. Additions of several transactions commute, so that one of them can be undone by
the opposite amount whatever the others did meanwhile; what `Put` has replaced is gone, and who undoes a `Put`
by another one takes back what came in between as well (a lost update). Who must not be refused says so with
`lowest=-inf`.

Source: Garcia-Molina and Salem, "Sagas" (SIGMOD 1987), section 2 on compensation; O'Neil, "The Escrow
Transactional Method" (TODS 1986), for amounts that commute above a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

from ..validation import require_number


@dataclass(frozen=True, slots=True)
class Put:
    """The key has `value` from now on (`None`: it is no more); never refused."""

    key: Any
    value: Any

    @property
    def can_be_refused(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Add:
    """The number of the key, 0 where it has none, grows by `amount`; refused if it fell below `lowest`.

    What makes a number larger is never refused.
    """

    key: Any
    amount: float
    lowest: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not -inf < require_number("amount", self.amount) < inf:
            raise ValueError(f"amount must be finite, got {self.amount!r}")
        if isnan(require_number("lowest", self.lowest)):
            raise ValueError(f"lowest must be a number, got {self.lowest!r}")

    @property
    def can_be_refused(self) -> bool:
        """Whether there can be too little."""
        return self.amount < 0.0 and self.lowest > -inf


Change = Put | Add
"""One change of one key."""

Changes = tuple[Change, ...]


class TooLittle(Exception):
    """Changes were refused: of `key` there is too little. Not a failed call: a decision of the business."""

    def __init__(self, key: Any) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"too little of {self.key!r}"


def require_changes(name: str, values: Any) -> Changes:
    """Return `values` as a tuple of changes, each of another key. Raises where they are none."""
    if isinstance(values, str | Put | Add) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of changes, got {values!r}")
    changes = tuple(values)
    for change in changes:
        if not isinstance(change, Put | Add):
            raise TypeError(f"each of {name} must be a Put or an Add, got {change!r}")
    keys = [change.key for change in changes]
    if len(set(keys)) < len(keys):
        raise ValueError(f"{name} must change each key once, got {keys!r}")
    return changes


def changed(data: Mapping[Any, Any], changes: Sequence[Change]) -> dict[Any, Any]:
    """Return the new values, by key, of what `changes` change in `data`. Raises `TooLittle`."""
    values: dict[Any, Any] = {}
    for change in changes:
        if isinstance(change, Put):
            values[change.key] = change.value
        else:
            number = data.get(change.key, 0) + change.amount
            if change.amount < 0.0 and number < change.lowest:
                raise TooLittle(change.key)
            values[change.key] = number
    return values
