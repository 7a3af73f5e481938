"""Anomalies that one read shows, or two transactions, without any cycle.

    G1a                   aborted read: a read tells what a transaction wrote that failed
    G1b                   intermediate read: a read tells what a transaction wrote before its final write
    internal              a transaction does not see what it has itself read or written before
    future-read           a transaction reads what it writes only afterwards
    unwritten             a read tells what nobody ever wrote
    incompatible-order    two reads of a list of which neither is a beginning of the other
    duplicate             a list that has an item twice
    lost-update           two transactions read the same version of a key, and both wrote the key

Source: Adya (1999) for G1a, G1b; Kingsbury and Alvaro, "Elle" (2020), and Elle's list-append and rw-register
checkers for the others. Its lost update needs no order of the two writes; one transaction that read its own
write is not counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from ..operation import Ending
from .anomaly import Anomaly
from .transaction import Part, Transaction


def direct_anomalies(transactions: Sequence[Transaction]) -> Iterator[Anomaly]:
    """Return the anomalies that show without a cycle."""
    lists = is_list(transactions)
    writers = _writers(transactions, lists)
    for each in transactions:
        if each.is_committed:
            yield from _internal(each)
            for place, part in enumerate(each.parts):
                if part.kind == "read":
                    told = _told(part, lists)
                    yield from _of_future(each, place, told)
                    yield from _of_read(each, part, told, writers)
    if lists:
        yield from _incompatible_orders(transactions)
    yield from _lost_updates(transactions)


def is_list(transactions: Sequence[Transaction]) -> bool:
    """Whether the history is about lists: something is appended. Raises `ValueError` for a mixture."""
    parts = [part for each in transactions for part in each.parts]
    kinds = {part.kind for part in parts}
    if {"append", "write"} <= kinds:
        raise ValueError("a history must have either writes or appends, got both")
    for part in parts if "append" in kinds else ():
        if part.kind == "read" and not isinstance(part.value, tuple | None):
            raise ValueError(f"a read of a list must tell a list, got {part.value!r} of {part.key!r}")
    return "append" in kinds


_Writers = dict[tuple[Hashable, Any], tuple[Transaction, bool]]
"""Who wrote a value to a key, and whether that was its final write there."""


def _writers(transactions: Sequence[Transaction], lists: bool) -> _Writers:
    """Raises `ValueError` for a value written twice to a key; one that failed and was repeated is one.

    So is None in a register, which is what it holds at first.
    """
    writers: _Writers = {}
    for each in sorted(transactions, key=_has_failed, reverse=True):
        for key, values in each.writes().items():
            for value in values:
                is_initial = value is None and not lists and not _has_failed(each)
                if is_initial or ((key, value) in writers and not _has_failed(writers[key, value][0])):
                    raise ValueError(
                        f"writes must be of values that differ, got {value!r} twice on key {key!r} "
                        "(None counts as one in a register)"
                    )
                writers[key, value] = (each, value == values[-1])
    return writers


def _has_failed(transaction: Transaction) -> bool:
    return transaction.operation.ending is Ending.FAILED


def _told(part: Part, lists: bool) -> tuple[Any, ...]:
    """The values that a read tells: the items of a list, or one value."""
    if part.value is None:
        return ()
    return tuple(part.value) if lists else (part.value,)


def _of_read(reader: Transaction, part: Part, told: tuple[Any, ...], writers: _Writers) -> Iterator[Anomaly]:
    for value in dict.fromkeys(told):
        writer, _ = writers.get((part.key, value), (None, True))
        if writer is None:
            why = f"T1 read {value!r} of {part.key!r}, which nobody wrote"
            yield Anomaly(name="unwritten", operations=(reader.operation,), steps=(why,))
        elif _has_failed(writer):
            why = f"T1 read {value!r} of {part.key!r}, which T2 wrote, and T2 failed"
            yield Anomaly(name="G1a", operations=(reader.operation, writer.operation), steps=(why,))
    if len(set(told)) < len(told):
        why = f"T1 read {part.value!r} of {part.key!r}, with an item twice"
        yield Anomaly(name="duplicate", operations=(reader.operation,), steps=(why,))
    if told:
        writer, is_final = writers.get((part.key, told[-1]), (None, True))
        if writer is not None and not is_final and writer is not reader:
            why = f"T1 read {told[-1]!r} of {part.key!r}, which was not the final write of T2"
            yield Anomaly(name="G1b", operations=(reader.operation, writer.operation), steps=(why,))


def _of_future(reader: Transaction, place: int, told: tuple[Any, ...]) -> Iterator[Anomaly]:
    key = reader.parts[place].key
    for part in reader.parts[place + 1 :]:
        if part.kind != "read" and part.key == key and part.value in told:
            why = f"T1 read {part.value!r} of {key!r}, and wrote it only then"
            yield Anomaly(name="future-read", operations=(reader.operation,), steps=(why,))


def _internal(transaction: Transaction) -> Iterator[Anomaly]:
    """Compare each read with what the transaction did to the key before."""
    known: dict[Hashable, Any] = {}
    tails: dict[Hashable, tuple[Any, ...]] = {}
    for part in transaction.parts:
        if part.kind == "append":
            if part.key in known:
                known[part.key] = (*(known[part.key] or ()), part.value)
            else:
                tails[part.key] = (*tails.get(part.key, ()), part.value)
            continue
        if part.kind == "read" and not _agrees(part, known, tails):
            why = f"T1 read {part.value!r} of {part.key!r} against what it had itself read or written before"
            yield Anomaly(name="internal", operations=(transaction.operation,), steps=(why,))
        known[part.key] = part.value


def _agrees(part: Part, known: dict[Hashable, Any], tails: dict[Hashable, tuple[Any, ...]]) -> bool:
    if part.key in known:
        return bool(_read_as(part.value) == _read_as(known[part.key]))
    tail = tails.get(part.key, ())
    return not tail or (part.value or ())[-len(tail) :] == tail


def _read_as(value: Any) -> Any:
    """A list that was never appended to may be told as the empty one or as None."""
    return None if value == () else value


def _incompatible_orders(transactions: Sequence[Transaction]) -> Iterator[Anomaly]:
    lists: dict[Hashable, dict[tuple[Any, ...], Transaction]] = {}
    for each in transactions:
        if each.is_committed:
            for part in each.parts:
                if part.kind == "read" and isinstance(part.value, tuple):
                    lists.setdefault(part.key, {}).setdefault(part.value, each)
    for key, readers in lists.items():
        ordered = sorted(readers, key=len)
        for one, other in pairwise(ordered):
            if other[: len(one)] != one:
                yield Anomaly(
                    name="incompatible-order",
                    operations=(readers[one].operation, readers[other].operation),
                    steps=(f"T1 read {one!r} of {key!r}, T2 {other!r}: neither begins with the other",),
                )


def _lost_updates(transactions: Sequence[Transaction]) -> Iterator[Anomaly]:
    updates: dict[tuple[Hashable, Any], list[Transaction]] = {}
    for each in transactions:
        if each.is_committed:
            writes = each.writes()
            for key, value in each.external_reads().items():
                if key in writes:
                    updates.setdefault((key, _read_as(value)), []).append(each)
    for (key, value), colliding in updates.items():
        if len(colliding) > 1:
            yield Anomaly(
                name="lost-update",
                operations=tuple(each.operation for each in colliding),
                steps=(f"each of them read {value!r} of {key!r}, and wrote {key!r} upon that",),
            )
