"""From events to operations and back: Jepsen and porcupine write down invocations and ends, each by itself.

An operation is invoked by a process; the next event of that process ends it. One that never ends is unknown.
The order of the events is the law. Where they have times those count too, as long as they do not go back;
where some have none, the number of an event is its time, in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from ..operation import Ending, Operation
from .malformed import MalformedHistory


@dataclass(slots=True, kw_only=True)
class Event:
    """An invocation, where `ending` is None, or an end; `value` is what was asked, or what was told."""

    line: int
    process: int
    kind: str
    key: Any
    value: Any
    ending: Ending | None
    time: float | None = None


def operations_of(events: Sequence[Event]) -> tuple[Operation, ...]:
    """Return the operations, by invocation. Raises `MalformedHistory` for events that do not match."""
    times = _times(events)
    under_way: dict[int, int] = {}
    ends: dict[int, int] = {}
    for number, event in enumerate(events):
        begin = under_way.get(event.process)
        if event.ending is None:
            if begin is not None:
                raise MalformedHistory(
                    event.line,
                    f"process {event.process} invokes again, and its operation of line "
                    f"{events[begin].line} has not ended",
                )
            under_way[event.process] = number
        elif begin is None:
            raise MalformedHistory(event.line, f"process {event.process} ends what it has not invoked")
        elif events[begin].kind != event.kind:
            raise MalformedHistory(
                event.line,
                f"process {event.process} ends a {event.kind}, and has invoked a {events[begin].kind} "
                f"on line {events[begin].line}",
            )
        else:
            ends[begin] = number
            del under_way[event.process]
    return tuple(
        _operation(event, number, events, ends.get(number), times)
        for number, event in enumerate(events)
        if event.ending is None
    )


def _operation(
    begin: Event, number: int, events: Sequence[Event], end_number: int | None, times: Sequence[float]
) -> Operation:
    end = None if end_number is None else events[end_number]
    ending = Ending.UNKNOWN if end is None or end.ending is None else end.ending
    is_answered = end is not None and ending is Ending.OK
    return Operation(
        process=begin.process,
        kind=begin.kind,
        key=begin.key,
        value=None if begin.kind == "read" else begin.value,
        result=end.value if end is not None and is_answered else None,
        invoked_at=times[number],
        ended_at=inf if end_number is None or ending is Ending.UNKNOWN else times[end_number],
        ending=ending,
        invoked_order=number + 1,
        ended_order=len(events) + 1 if end_number is None else end_number + 1,
    )


def _times(events: Sequence[Event]) -> list[float]:
    if any(event.time is None for event in events):
        return [float(number) for number in range(len(events))]
    times: list[float] = []
    for event in events:
        times.append(max(event.time or 0.0, times[-1] if times else 0.0))
    return times


def in_order(history: Sequence[Operation]) -> list[tuple[Operation, bool, float]]:
    """Return the events of a history in their order: the operation, whether it ends, and when.

    One of unknown ending ends last of all, so that it stays concurrent with all later ones; its time is that
    of the last event. Raises `ValueError` for a process that does two things at once.
    """
    marked = []
    for number, each in enumerate(history):
        end = (inf, 0) if each.ending is Ending.UNKNOWN else (each.ended_at, each.ended_order)
        marked.append((each.invoked_at, each.invoked_order, False, number))
        marked.append((*end, True, number))
    marked.sort()
    last = max((mark[0] for mark in marked if mark[0] < inf), default=0.0)
    events = [(history[number], is_end, min(time, last)) for time, _, is_end, number in marked]
    busy: set[int] = set()
    for operation, is_end, _ in events:
        if is_end:
            busy.discard(operation.process)
        elif operation.process in busy:
            raise ValueError(
                f"process {operation.process} must have one operation at a time, and none after one of "
                "unknown ending, for a history of events"
            )
        else:
            busy.add(operation.process)
    return events
