"""Operations in words, for witnesses that people read."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from .operation import Ending, Operation


def operations_text(operations: Iterable[Operation], indent: str = "  ") -> str:
    """Return one line for each operation, in the order given."""
    return "\n".join(f"{indent}{operation_text(each)}" for each in operations)


def operation_text(operation: Operation) -> str:
    """Return who did what, when, and what came of it, in one line."""
    where = f" at {operation.site}" if operation.site else ""
    return f"{_times(operation)}  process {operation.process}{where}: {_deed(operation)}"


def _times(operation: Operation) -> str:
    end = operation.ended_at
    return f"[{operation.invoked_at:.9g} s, {'?' if end == inf else f'{end:.9g} s'}]"


def _deed(operation: Operation) -> str:
    key = "" if operation.key is None else f" {operation.key!r}"
    if operation.kind == "read":
        return f"read{key} -> {_told(operation.result)}"
    if operation.kind == "compare-and-set":
        expected, value = operation.value
        told = "done" if operation.result else "was another"
        return f"compare-and-set{key} {expected!r} to {value!r} -> {_ending(operation, told)}"
    if operation.kind == "transaction":
        parts = operation.result if operation.ending is Ending.OK else operation.value
        return f"transaction {', '.join(map(_part, parts or ()))}{_ending(operation, '')}"
    return f"{operation.kind}{key} {operation.value!r}{_ending(operation, '')}"


def _told(value: object) -> str:
    """Return what was told; a set in order, which its `repr` has by chance."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return repr(value)


def _part(part: tuple[str, object, object]) -> str:
    kind, key, value = part
    return f"{kind} {key!r}{' ->' if kind == 'read' else ''} {value!r}"


def _ending(operation: Operation, told: str) -> str:
    if operation.ending is Ending.UNKNOWN:
        return "unknown whether done" if told else ", unknown whether done"
    if operation.ending is Ending.FAILED:
        return "not done" if told else ", not done"
    return told
