"""What a checker sees of a history: operations as intervals of ranks, each key by itself.

Checkers compare events only by what came first. So all invocations and ends of a history are ranked once, by
(time, order), and at a tie invocations before ends, which leaves the two operations concurrent. Every rank
occurs once, which spares the checkers all ties.

Left out is what can have no part in a proof: operations that `FAILED` changed nothing, and a read without an
answer has neither changed nor told anything: it would agree with any value.

Values are compared by `==`; lists are taken as tuples, so that they can be looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np

from .operation import Ending, Operation

READ = "read"

_PLAIN = frozenset((int, str, float, bool, type(None)))


@dataclass(slots=True)
class Interval:
    """An operation from the rank of its invocation to that of its end; unknown ones end after all others.

    `value` and `result` are those of the operation, frozen.
    """

    operation: Operation
    call: int
    end: int
    value: Any
    result: Any
    is_known: bool


def intervals_by_key(history: Sequence[Operation]) -> dict[Any, list[Interval]]:
    """Return the intervals of each key, by invocation; keys in the order in which they first occur.

    Raises `ValueError` for an operation that ends before it begins, or that is known to end at no time.
    """
    calls, ends = event_ranks(history)
    keys: dict[Any, list[Interval]] = {}
    for operation, call, end in zip(history, calls, ends, strict=True):
        is_known = operation.ending is Ending.OK
        if operation.ending is Ending.FAILED or (not is_known and operation.kind == READ):
            continue
        interval = Interval(operation, call, end, frozen(operation.value), frozen(operation.result), is_known)
        keys.setdefault(frozen(operation.key), []).append(interval)
    for intervals in keys.values():
        intervals.sort(key=_call)
    return keys


def event_ranks(history: Sequence[Operation]) -> tuple[list[int], list[int]]:
    """Return the ranks of all invocations and of all ends, in the order of the history."""
    count = len(history)
    for number, each in enumerate(history):
        _require_times(number, each)
    ended = [each.ended_at if each.ending is Ending.OK else inf for each in history]
    times = np.array([each.invoked_at for each in history] + ended, dtype=float)
    orders = np.array(
        [each.invoked_order for each in history] + [each.ended_order for each in history], dtype=np.int64
    )
    is_end = np.repeat(np.array([0, 1]), count)
    ranks = np.empty(2 * count, dtype=np.int64)
    ranks[np.lexsort((is_end, orders, times))] = np.arange(2 * count)
    listed = ranks.tolist()
    return listed[:count], listed[count:]


def frozen(value: Any) -> Any:
    """Return `value` with lists as tuples, dicts as tuples of their items, and sets as frozen ones."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    if isinstance(value, dict | Mapping):
        return tuple(sorted(((frozen(key), frozen(each)) for key, each in value.items()), key=repr))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    return value


def _call(interval: Interval) -> int:
    return interval.call


def _require_times(number: int, operation: Operation) -> None:
    begin, end = operation.invoked_at, operation.ended_at
    if isnan(begin) or begin == inf:
        raise ValueError(f"invoked_at must be a time, got {begin!r} (operation {number} of the history)")
    if operation.ending is Ending.OK and not begin <= end < inf:
        raise ValueError(
            f"ended_at must be a time >= invoked_at where the ending is known, got {end!r} after {begin!r} "
            f"(operation {number} of the history)"
        )
