"""Is a history linearizable? By trying all orders, for the short histories of tests.

Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memory of states that have been
seen: an operation may come next if no other that has to come has ended before it began. Keys are checked one
by one (Herlihy and Wing: linearizability is local).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.consistency import Ending, Operation


def is_linearizable(history: Iterable[Operation]) -> bool:
    """Return whether a history of reads, writes, compare-and-sets, appends and adds is linearizable."""
    by_key: dict[Any, list[Operation]] = {}
    for operation in history:
        if operation.ending is not Ending.FAILED:
            by_key.setdefault(operation.key, []).append(operation)
    return all(_has_order(operations) for operations in by_key.values())


def _has_order(operations: list[Operation]) -> bool:
    must = sum(1 << place for place, each in enumerate(operations) if each.ending is Ending.OK)
    seen: set[tuple[int, Any]] = set()
    stack: list[tuple[int, Any]] = [(0, None)]
    while stack:
        done, value = stack.pop()
        if done & must == must:
            return True
        if (done, value) in seen:
            continue
        seen.add((done, value))
        open_places = [place for place in range(len(operations)) if not done >> place & 1]
        first_end = min(operations[place].ended_at for place in open_places)
        for place in open_places:
            operation = operations[place]
            if operation.invoked_at <= first_end:
                fits, after = _step(operation, value)
                if fits:
                    stack.append((done | 1 << place, after))
    return False


def _step(operation: Operation, value: Any) -> tuple[bool, Any]:
    """Return whether an operation is answered so where the key has `value`, and what the key has then."""
    is_known = operation.ending is Ending.OK
    match operation.kind:
        case "read":
            return operation.result == value, value
        case "write":
            return True, operation.value
        case "append":
            return True, (*(value or ()), operation.value)
        case "add":
            return True, (value or 0) + operation.value
        case "compare-and-set":
            expected, new = operation.value
            is_set = value == expected
            return not is_known or operation.result == is_set, new if is_set else value
    raise AssertionError(operation.kind)
