"""Staleness: how old what a read told was, when it was invoked.

A version has been replaced once a newer write is acknowledged, where newer means that it was asked for when
the older version was there already (`versions`). A read is fresh if what it tells had not been replaced when
the read was invoked; otherwise it is stale

    in seconds     by the time from the first acknowledgement of a newer write to the read's invocation
    in versions    by the number of newer writes acknowledged by then

Writes concurrent with that of the version are not counted, nor those without an answer: both are lower
bounds, and a linearizable store has only fresh reads. (The converse is false.) Every write must write another
value; a read of what nobody wrote has no staleness and is left out.

Source: t-visibility and k-staleness of Bailis et al., "Probabilistically Bounded Staleness" (VLDB 2012).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from .intervals import Interval
from .operation import Operation
from .versions import KeyVersions, versions_by_key


@dataclass(frozen=True, slots=True)
class ReadStaleness:
    """How stale a read was, in seconds and in versions; both are 0 for a fresh one."""

    read: Operation
    seconds: float
    versions_count: int


def staleness_of_reads(history: Sequence[Operation]) -> tuple[ReadStaleness, ...]:
    """Return the staleness of each read that was answered, by invocation; O(n log n) but for concurrency.

    Raises `ValueError` if a value was written twice to a key.
    """
    found = [each for versions in versions_by_key(history).values() for each in _of_key(versions)]
    return tuple(staleness for _, staleness in sorted(found, key=lambda each: each[0]))


def _of_key(versions: KeyVersions) -> list[tuple[int, ReadStaleness]]:
    acknowledged = [each.write for each in versions.written() if each.write is not None]
    acknowledged = sorted((each for each in acknowledged if each.is_known), key=lambda each: each.call)
    calls = [each.call for each in acknowledged]
    # the first to end of each write and all that were invoked after it
    first_end = list(accumulate(reversed(acknowledged), _first_to_end))[::-1]
    open_calls = _open_calls(acknowledged, [read.call for read, _ in versions.reads])
    found = []
    for read, version in versions.reads:
        newer = bisect_right(calls, version.there_by)
        seconds, count = 0.0, 0
        if newer < len(calls) and first_end[newer].end < read.call:
            seconds = read.operation.invoked_at - first_end[newer].operation.ended_at
            begun = bisect_right(calls, read.call) - newer
            count = begun - sum(call > version.there_by for call in open_calls[read.call])
        found.append((read.call, ReadStaleness(read.operation, seconds, count)))
    return found


def _open_calls(writes: Sequence[Interval], moments: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The invocations of the writes under way at each of the ranks."""
    events = [(each.call, 0, each.call) for each in writes]
    events += [(each.end, 1, each.call) for each in writes]
    events += [(moment, 2, 0) for moment in moments]
    under_way: dict[int, None] = {}
    found = {}
    for rank, what, call in sorted(events):
        if what == 0:
            under_way[call] = None
        elif what == 1:
            del under_way[call]
        else:
            found[rank] = tuple(under_way)
    return found


def _first_to_end(one: Interval, other: Interval) -> Interval:
    return one if one.end < other.end else other
