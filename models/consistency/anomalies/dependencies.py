"""Who depends on whom: the direct serialization graph of a history, as far as it can be inferred.

    ww    T2 replaced the version that T1 wrote
    wr    T2 read the version that T1 wrote
    rw    T2 replaced the version that T1 read

The order of versions is needed for ww and rw. Of a list it is what the longest read tells; what was appended
and never read comes after all that was read, among itself in unknown order. Of a register it is known that
all comes after the initial value, and that a transaction which reads one version and writes another puts the
second after the first.

Only transactions that committed, or whose write was read, or that are unknown, are in the graph; a failed one
is not. Inference is sound: an edge is there in whatever order explains the history. It is not complete for
registers. Source: Adya (1999); Kingsbury and Alvaro, "Elle" (VLDB 2020), sections on recoverability and
traceability.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..operation import Ending
from .transaction import Transaction


@dataclass(frozen=True, slots=True)
class Dependency:
    """Transaction `before` comes before `after`, by their numbers; kind "ww", "wr" or "rw".

    The reason is a sentence: the one, `why`, the other, `then`.
    """

    kind: str
    before: int
    after: int
    why: str
    then: str


def list_dependencies(transactions: Sequence[Transaction]) -> Iterator[Dependency]:
    """Return the dependencies of a history of lists."""
    possible = _possible(transactions)
    orders = _longest_reads(possible)
    writer_of = _writers(possible)
    appended = _appends_by_key(possible)
    for key, order in orders.items():
        writers = [writer_of.get((key, item)) for item in order]
        for number, (one, other) in enumerate(pairwise(writers)):
            why, then = f"appended {order[number]!r} to {key!r} before", f" appended {order[number + 1]!r}"
            yield from _edge("ww", one, other, (why, then))
        for item in _unread(order, appended.get(key, ())):
            why, then = f"appended {order[-1]!r} to {key!r} before", f" appended {item!r}"
            yield from _edge("ww", writers[-1], writer_of.get((key, item)), (why, then))
    for each in possible:
        for key, told in each.external_reads().items():
            items = told or ()
            if items:
                why, then = f"appended {items[-1]!r} to {key!r}, which", " read"
                yield from _edge("wr", writer_of.get((key, items[-1])), each, (why, then))
            order = orders.get(key, ())
            for item in _next_items(items, order, appended.get(key, ())):
                why, then = f"read {told!r} of {key!r}, to which", f" appended {item!r}"
                yield from _edge("rw", each, writer_of.get((key, item)), (why, then))


def register_dependencies(transactions: Sequence[Transaction]) -> Iterator[Dependency]:
    """Return the dependencies of a history of registers."""
    possible = _possible(transactions)
    writer_of = _writers(possible)
    readers: dict[tuple[Hashable, Any], list[Transaction]] = {}
    for each in possible:
        for key, value in each.external_reads().items():
            readers.setdefault((key, value), []).append(each)
    for (key, value), those in readers.items():
        for reader in those:
            why, then = f"wrote {value!r} to {key!r}, which", " read"
            yield from _edge("wr", writer_of.get((key, value)), reader, (why, then))
    for key, one, other in _versions_in_order(possible):
        why, then = f"wrote {one!r} to {key!r} before", f" wrote {other!r}"
        yield from _edge("ww", writer_of.get((key, one)), writer_of.get((key, other)), (why, then))
        for reader in readers.get((key, one), ()):
            why, then = f"read {one!r} of {key!r}, which", f" replaced by {other!r}"
            yield from _edge("rw", reader, writer_of.get((key, other)), (why, then))


def _possible(transactions: Sequence[Transaction]) -> list[Transaction]:
    return [each for each in transactions if each.operation.ending is not Ending.FAILED]


def _edge(
    kind: str, one: Transaction | None, other: Transaction | None, reason: tuple[str, str]
) -> Iterator[Dependency]:
    if one is not None and other is not None and one is not other:
        yield Dependency(kind, one.number, other.number, *reason)


def _writers(transactions: Sequence[Transaction]) -> dict[tuple[Hashable, Any], Transaction]:
    """Who wrote a value; intermediate ones too, since each item of a list stays."""
    return {
        (key, value): each
        for each in transactions
        for key, values in each.writes().items()
        for value in values
    }


def _longest_reads(transactions: Sequence[Transaction]) -> dict[Hashable, tuple[Any, ...]]:
    longest: dict[Hashable, tuple[Any, ...]] = {}
    for each in transactions:
        for part in each.parts:
            if part.kind == "read" and len(part.value or ()) > len(longest.get(part.key, ())):
                longest[part.key] = part.value
    return longest


def _appends_by_key(transactions: Sequence[Transaction]) -> dict[Hashable, list[Any]]:
    appended: dict[Hashable, list[Any]] = {}
    for each in transactions:
        for key, values in each.writes().items():
            appended.setdefault(key, []).extend(values)
    return appended


def _next_items(told: tuple[Any, ...], order: tuple[Any, ...], appended: Sequence[Any]) -> Sequence[Any]:
    """The items of which one directly follows what was read: one if it was read, else all the unread ones."""
    if told != order[: len(told)]:
        return ()
    if len(told) < len(order):
        return (order[len(told)],)
    return _unread(order, appended)


def _unread(order: tuple[Any, ...], appended: Sequence[Any]) -> Sequence[Any]:
    read = set(order)
    return [item for item in appended if item not in read]


def _versions_in_order(transactions: Sequence[Transaction]) -> Iterator[tuple[Hashable, Any, Any]]:
    """Versions of which the second came after the first: key, first, second."""
    for each in transactions:
        reads = each.external_reads()
        for key, values in each.writes().items():
            if reads.get(key) is not None:
                yield key, reads[key], values[-1]
            yield key, None, values[-1]
