"""What a history of a store and its contents say, as laws ask it; and how the breach of a law is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.consistency import Ending, Operation
from models.replication import ADD, APPEND, COMPARE_AND_SET, READ, SET_ADD, WRITE

from ..invariants import BrokenInvariant
from .live_store import LiveStore

REGISTER_KINDS = {READ, WRITE, COMPARE_AND_SET}


def broken(live: LiveStore, law: str, detail: str, *, time: float | None = None) -> BrokenInvariant:
    """Return the breach of a law by the store of a plan."""
    design = live.plan.store
    when = live.env.now if time is None else time
    return BrokenInvariant(law, design, f"{design}: {law}", when, " ".join(detail.split()))


def written(operation: Operation) -> tuple[Any, ...]:
    """Return the value that an operation asks to be written, if any."""
    if operation.kind == COMPARE_AND_SET:
        return () if operation.result is False else (operation.value[1],)
    return (operation.value,) if operation.kind in (WRITE, APPEND, SET_ADD) else ()


def told(history: Iterable[Operation]) -> Iterator[tuple[Operation, Any]]:
    """Yield the values that reads tell, each with its read; of counters nothing."""
    history = list(history)
    numbers = keys(history, ADD)
    for each in history:
        if each.kind == READ and each.ending is Ending.OK and each.key not in numbers:
            for value in values(each.result):
                yield each, value


def values(shown: Any) -> tuple[Any, ...]:
    """Return what is in a list or a set, or among siblings, or by itself."""
    if shown is None:
        return ()
    if isinstance(shown, frozenset):
        return tuple(sorted(shown))
    return shown if isinstance(shown, tuple) else (shown,)


def as_shown(history: Sequence[Operation]) -> list[Operation]:
    """Return a history in which writes of unknown ending that somebody has read are known to be done."""
    shown = {(read.key, value): read for read, value in told(history)}
    found = []
    for each in history:
        reads = [shown[each.key, value] for value in written(each) if (each.key, value) in shown]
        if each.ending is Ending.UNKNOWN and reads:
            result = True if each.kind == COMPARE_AND_SET else None
            at, order = reads[0].ended_at, reads[0].ended_order
            each = replace(each, ending=Ending.OK, result=result, ended_at=at, ended_order=order)
        found.append(each)
    return found


def keys(history: Iterable[Operation], kind: str) -> set[Any]:
    """Return the keys with which this was done."""
    return {each.key for each in history if each.kind == kind}


def by_key(history: Iterable[Operation]) -> dict[Any, list[Operation]]:
    """Return the operations of each key."""
    found: dict[Any, list[Operation]] = {}
    for each in history:
        found.setdefault(each.key, []).append(each)
    return found


def of_registers(history: Sequence[Operation]) -> list[Operation]:
    """Return the operations of keys that are only read, written, and compared and set."""
    others = {each.key for each in history if each.kind not in REGISTER_KINDS}
    return [each for each in history if each.key not in others]


def authority(live: LiveStore) -> Mapping[Any, Any]:
    """Return what the store holds in the end: nodes agree by then, as far as they hold a key at all."""
    contents: dict[Any, Any] = {}
    for held in live.store.contents().values():
        contents |= {key: value for key, value in held.items() if value is not None}
    return contents


def contents_text(contents: Mapping[Any, Mapping[str, Any]]) -> str:
    """Return what nodes hold by keys, for people: sets in order, as Python has them in none."""
    held = {key: {name: _in_order(each) for name, each in nodes.items()} for key, nodes in contents.items()}
    return str(held)


def _in_order(value: Any) -> Any:
    return list(values(value)) if isinstance(value, frozenset) else value
