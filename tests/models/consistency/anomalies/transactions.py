"""Transactions in short: "ax1ry23" appends 1 to x and reads 2, 3 of y; "wx1" writes, "rx_" reads None."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from models.consistency import Ending, Operation, find_anomalies
from tests.models.consistency.written_histories import done

_KINDS = {"a": "append", "w": "write", "r": "read"}
_PART = re.compile(r"([awr])([a-z])(\d*|_)")


def transaction(parts: str, *, ending: Ending = Ending.OK) -> Operation:
    """A transaction; one digit that is read is the value of a register: see `as_lists`."""
    told = tuple((_KINDS[kind], key, _value(value)) for kind, key, value in _PART.findall(parts))
    return done(0, "transaction", 0, 1, told, told, key=None, ending=ending)


def as_lists(history: Sequence[Operation]) -> list[Operation]:
    """The same with each digit that is read as a list of one, if anything is appended in the history."""
    if not any(part[0] == "append" for each in history if each.kind == "transaction" for part in each.value):
        return list(history)
    return [_with_lists(each) if each.kind == "transaction" else each for each in history]


def names(history: Sequence[Operation]) -> list[str]:
    """The names of all anomalies, in the order in which they are found."""
    return [each.name for each in find_anomalies(as_lists(history))]


def _with_lists(operation: Operation) -> Operation:
    parts = tuple(
        (kind, key, (value,) if kind == "read" and isinstance(value, int) else value)
        for kind, key, value in operation.value
    )
    return done(0, "transaction", 0, 1, parts, parts, key=None, ending=operation.ending)


def _value(digits: str) -> Any:
    if digits in ("", "_"):
        return None
    return tuple(map(int, digits)) if len(digits) > 1 else int(digits)
