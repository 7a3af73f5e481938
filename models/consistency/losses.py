"""Losses: what was acknowledged and is not there in the end.

The end is what a store holds when all is healed and quiet, by key: what reads would tell, or what one node of
`Store.contents` has (those of all nodes at once are refused). A key that is not there holds None.

    registers   an acknowledged write is lost if what is there in the end was there before that write was
                asked for: nothing that came later can have replaced it. A write that is older than what is
                there, or concurrent with it, has been replaced as it should. A value that nobody is known to
                have written has replaced them all wrongly.
    lists       an acknowledged append is lost if its item is not in the list
    counters    the sum must lie between what was acknowledged and that with any of the unknown amounts

Source: "lost acknowledged writes" as Jepsen's set and register tests count them (Kingsbury).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .intervals import Interval, frozen, intervals_by_key
from .operation import Operation
from .versions import Version, versions_by_key


def lost_writes(history: Sequence[Operation], contents: Mapping[Any, Any]) -> tuple[Operation, ...]:
    """Return the acknowledged writes of registers that are lost, by key and invocation.

    Raises `ValueError` if a value was written twice to a key.
    """
    held = {key: frozen(value) for key, value in _by_key(contents, history).items()}
    lost = []
    for key, versions in versions_by_key(history).items():
        there = versions.versions.get(held.get(key)) or Version(key, None, None, -1)
        lost += [
            each.write.operation
            for each in versions.written()
            if each.write is not None and each.write.is_known and there.is_older_than(each)
        ]
    return tuple(lost)


def lost_appends(history: Sequence[Operation], contents: Mapping[Any, Any]) -> tuple[Operation, ...]:
    """Return the acknowledged appends whose item is not in its list, by key and invocation."""
    held = {key: frozen(value) for key, value in _by_key(contents, history).items()}
    lost = []
    for key, intervals in intervals_by_key(history).items():
        items = set(held.get(key) or ())
        lost += [
            each.operation
            for each in intervals
            if each.operation.kind == "append" and each.is_known and each.value not in items
        ]
    return tuple(lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterBalance:
    """What a counter holds, and the `lowest` and `highest` sums that the history allows."""

    key: Any
    held: float
    lowest: float
    highest: float

    @property
    def lost(self) -> float:
        """How much of what was acknowledged is missing."""
        return max(0.0, self.lowest - self.held)

    @property
    def surplus(self) -> float:
        """How much is there that nobody added: something was added twice."""
        return max(0.0, self.held - self.highest)


def counter_balances(history: Sequence[Operation], contents: Mapping[Any, Any]) -> tuple[CounterBalance, ...]:
    """Return the balance of each counter of the history."""
    held = _by_key(contents, history)
    return tuple(
        _balance(key, [each for each in intervals if each.operation.kind == "add"], held.get(key) or 0)
        for key, intervals in intervals_by_key(history).items()
    )


def _by_key(contents: Mapping[Any, Any], history: Sequence[Operation]) -> dict[Any, Any]:
    held = {frozen(key): value for key, value in contents.items()}
    are_nodes = bool(held) and all(isinstance(value, Mapping) for value in held.values())
    if are_nodes and not any(frozen(operation.key) in held for operation in history):
        names = ", ".join(map(str, held))
        raise ValueError(f"contents must be values by key, such as those of one node, got those of {names}")
    return held


def _balance(key: Any, adds: Sequence[Interval], held: float) -> CounterBalance:
    known = sum(each.value for each in adds if each.is_known)
    unknown = [each.value for each in adds if not each.is_known]
    return CounterBalance(
        key=key,
        held=held,
        lowest=known + sum(min(amount, 0) for amount in unknown),
        highest=known + sum(max(amount, 0) for amount in unknown),
    )
