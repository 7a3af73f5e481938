"""Consecutive failures: so many in a row, and the target is an outlier, there and then.

What counts is a kind of result; any other begins the row anew. Envoy has three of these: 5xx (errors and
gateway failures), gateway failures alone, and local origin failures where those are told apart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .call_result import CallResult


@dataclass(frozen=True, slots=True)
class ConsecutiveFailures:
    """Finds a target whose last `threshold` (>= 1) results are all of the `counted` kinds.

    `name` is what logs call it; `enforcing` is its chance in percent to be acted upon.
    """

    name: str
    counted: Collection[CallResult]
    threshold: int
    enforcing: float

    def row(self, row: int, result: CallResult) -> int:
        """Return how many in a row there are after `result`, with `row` before."""
        return row + 1 if result in self.counted else 0

    def finds(self, row: int) -> bool:
        """Say whether this result has made the target an outlier.

        Equality, as in Envoy: one that is not ejected then (too many are) is found again when the row, which
        is begun anew, has that length another time.
        """
        return row == self.threshold
