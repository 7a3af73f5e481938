"""The bars of a space-time diagram: what clients asked, from the question to the answer.

A bar has one of five fates. A read is stale if what it told had been replaced by a newer write, acknowledged
before the read was asked for (`models.consistency.staleness`). What nobody knows the end of may take effect
at any later time: its bar is open to the right, and as long as there is room before the client asks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from models.consistency import Ending, Operation
from models.observers.messages import SpaceTimeTrace

TEXT_MAX = 12
"""A longer key or value is cut short in the labels."""

_OPEN_SHARE = 0.12
"""A bar that is open to the right is no longer than this share of the window."""


class Fate(Enum):
    """What became of an operation, as its client knows, or as an observer does."""

    ANSWERED = "answered"
    STALE = "stale read"
    LOST = "acknowledged, and lost"
    FAILED = "refused, or a read without an answer"
    UNKNOWN = "a write without an answer: unknown whether done"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationBar:
    """An operation on the line number `line`, there in `lane` (0 on the line itself, others above it).

    From `start` to `end` (s); `label` is written on it, or `short` where there is little room. `proof` is its
    number among the operations of the witness, from 1, and 0 for all others; `is_breaking` marks the one that
    the history does not survive.
    """

    line: int
    lane: int
    start: float
    end: float
    fate: Fate
    label: str
    short: str
    proof: int = 0
    is_breaking: bool = False


def operation_bars(
    trace: SpaceTimeTrace, line_of: Sequence[int], start: float, end: float
) -> tuple[OperationBar, ...]:
    """Return the bars of what was under way between `start` and `end` (s).

    `line_of` has the number of the line of each operation of the trace.
    """
    witness = trace.witness
    lost = {_identity(each) for each in trace.lost_writes}
    stale = {_identity(each.read) for each in trace.stale_reads}
    proof = {_identity(each): number for number, each in enumerate(witness.operations if witness else (), 1)}
    breaking = None if witness is None else _identity(witness.breaking)
    has_key = len({repr(each.key) for each in trace.operations}) > 1 or any(
        each.key is not None for each in trace.operations
    )
    lanes: dict[int, list[float]] = {}
    bars = []
    for each, line, shown_until in zip(trace.operations, line_of, _ends(trace, start, end), strict=True):
        if shown_until < start or each.invoked_at >= end:
            continue
        name = _identity(each)
        bars.append(
            OperationBar(
                line=line,
                lane=_free_lane(lanes.setdefault(line, []), each.invoked_at, shown_until),
                start=each.invoked_at,
                end=shown_until,
                fate=_fate(each, is_stale=name in stale, is_lost=name in lost),
                label=f"{_VERBS.get(each.kind, each.kind)} {_deed(each, has_key=has_key)}",
                short=_deed(each, has_key=has_key),
                proof=proof.get(name, 0),
                is_breaking=name == breaking,
            )
        )
    return tuple(bars)


def _identity(operation: Operation) -> tuple[Any, ...]:
    """What tells an operation from all others, though what it writes may not be hashable."""
    return operation.process, operation.invoked_at, operation.invoked_order


def _ends(trace: SpaceTimeTrace, start: float, end: float) -> list[float]:
    """Until when each operation is shown (s): those that nobody knows the end of, until there is no room."""
    ends = []
    longest = _OPEN_SHARE * (end - start)
    following: dict[Any, float] = {}
    for each in reversed(trace.operations):
        session = ("process", each.process) if each.session is None else each.session
        known = each.ending is not Ending.UNKNOWN
        ends.append(
            each.ended_at if known else min(following.get(session, end), each.invoked_at + longest, end)
        )
        following[session] = each.invoked_at
    return ends[::-1]


def _free_lane(lanes: list[float], start: float, end: float) -> int:
    """Return the lowest lane that is free from `start` on, and take it until `end`."""
    for number, free_from in enumerate(lanes):
        if free_from <= start:
            lanes[number] = end
            return number
    lanes.append(end)
    return len(lanes) - 1


def _fate(operation: Operation, *, is_stale: bool, is_lost: bool) -> Fate:
    if operation.ending is Ending.UNKNOWN:
        return Fate.UNKNOWN
    if operation.ending is Ending.FAILED:
        return Fate.FAILED
    if is_lost:
        return Fate.LOST
    return Fate.STALE if is_stale else Fate.ANSWERED


_VERBS: Mapping[str, str] = {"compare-and-set": "cas"}


def _deed(operation: Operation, *, has_key: bool) -> str:
    """Return what was done, in a few signs: x=1 for a write, x→1 for a read."""
    key = _text(operation.key) if has_key else ""
    is_answered = operation.ending is Ending.OK
    if operation.kind == "read":
        return f"{key}→{_text(operation.result) if is_answered else '?'}"
    if operation.kind == "compare-and-set":
        expected, value = operation.value
        missed = is_answered and operation.result is False
        return f"{key}:{_text(expected)}→{_text(value)}{' missed' if missed else ''}"
    sign = {"write": "=", "append": "+=", "add": "+="}.get(operation.kind, " ")
    return f"{key}{sign}{_text(operation.value)}"


def _text(value: object) -> str:
    """Return a value in a few signs; `None`, which is what a key holds that nobody has written, as ∅."""
    if value is None:
        return "∅"
    text = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
