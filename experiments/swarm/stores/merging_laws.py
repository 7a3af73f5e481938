"""Laws of stores that merge what several nodes have taken: what is there in the end, whatever came when.

They say what a merge may not do. Whoever merges may keep two values where one was written over the other, and
need not put a removal before an add; but nothing goes that nobody replaced, and nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.consistency import (
    Ending,
    Operation,
    counter_balances,
    lost_appends,
    lost_writes,
    operation_text,
)
from models.replication import ADD, APPEND, DELETE, READ, SET_ADD, SET_REMOVE, WRITE

from .histories import as_shown, authority, broken, by_key, keys, of_registers, values
from .live_store import LiveStore


def check_nothing_is_gone(live: LiveStore) -> None:
    """Where a write of unknown ending may have come last, histories prove nothing: an observer may know."""
    if count := live.design.lost_count(live.store):
        raise broken(live, "nothing_is_gone", f"{count} acknowledged writes are lost")


def check_keeps_the_newest(live: LiveStore) -> None:
    """What was acknowledged is there in the end, or something that is not older; or it is among siblings."""
    contents = authority(live)
    _require_none_lost(live, "keeps_the_newest", _lost(live.history(), contents))


def check_keeps_what_it_shows(live: LiveStore) -> None:
    """The same of what somebody has read, whatever became of whoever wrote it.

    Items of lists count where nothing that is acknowledged may be lost: a list as a whole is a value, of
    which a newer one may take the place.
    """
    history, contents = as_shown(live.history()), authority(live)
    lost = _lost(history, contents)
    if "keeps_what_it_acknowledges" in live.laws:
        lost += lost_appends([each for each in history if each.kind == APPEND], contents)
    _require_none_lost(live, "keeps_what_it_shows", lost)


def _require_none_lost(live: LiveStore, law: str, lost: Sequence[Operation]) -> None:
    contents = authority(live)
    for each in lost:
        detail = f"{operation_text(each)} is lost: {each.key!r} is {contents.get(each.key)!r} in the end"
        raise broken(live, law, detail)


def _lost(history: Sequence[Operation], contents: Mapping[Any, Any]) -> list[Operation]:
    """Return the writes that are lost whichever sibling is taken for the one value."""
    shown = {key: values(held) for key, held in contents.items() if values(held)}
    lost: list[Operation] | None = None
    for number in range(max(map(len, shown.values()), default=1)):
        taken = {key: held[min(number, len(held) - 1)] for key, held in shown.items()}
        found = lost_writes(of_registers(history), taken)
        lost = [each for each in found if lost is None or each in lost]
    return lost or []


def check_counters_balance(live: LiveStore) -> None:
    """Each counter is the sum of all that was acknowledged, and of what nobody knows of some or none."""
    history, contents = live.history(), authority(live)
    numbers = keys(history, ADD)
    for balance in counter_balances([each for each in history if each.key in numbers], contents):
        if balance.lost or balance.surplus:
            raise broken(live, "counters_balance", str(balance))


def check_sets_keep_their_items(live: LiveStore) -> None:
    """An item that was added, and that nobody asked to be removed, is in its set."""
    contents = authority(live)
    for key, operations in _sets(live):
        removed = {
            each.value for each in operations if each.kind == SET_REMOVE and each.ending is not Ending.FAILED
        }
        for each in operations:
            if each.kind != SET_ADD or each.ending is not Ending.OK or each.value in removed:
                continue
            if each.value not in values(contents.get(key)):
                raise broken(live, "sets_keep_their_items", f"{operation_text(each)}, and it is not there")


def check_removed_stays_removed(live: LiveStore) -> None:
    """An item whose remover had read it before, at the same node, is not in its set; each is added once."""
    contents = authority(live)
    for key, operations in _sets(live):
        for each in operations:
            if each.kind != SET_REMOVE or each.ending is not Ending.OK or not _had_read(each, operations):
                continue
            if each.value in values(contents.get(key)):
                raise broken(live, "removed_stays_removed", f"{operation_text(each)}, and it is there")


def check_siblings_stay_until_seen(live: LiveStore) -> None:
    """What was written and is not there any more somebody has read, and then written or deleted its key.

    Of the writes that have seen it one is the first. What that one's client had read of the key when it wrote
    can have been of no other that had seen it, and so the value itself was there to be read.
    """
    contents = authority(live)
    for key, operations in by_key(live.history()).items():
        writes = [each for each in operations if each.kind in (WRITE, DELETE)]
        for each in writes:
            if each.kind != WRITE or each.ending is not Ending.OK or each.value in values(contents.get(key)):
                continue
            if not any(
                _had_read(other, operations, each.value)
                for other in writes
                if other.ending is not Ending.FAILED
            ):
                detail = f"{operation_text(each)} is gone, and nobody has replaced it who had seen it"
                raise broken(live, "siblings_stay_until_seen", detail)


def _sets(live: LiveStore) -> Iterator[tuple[Any, list[Operation]]]:
    history = live.history()
    names = keys(history, SET_ADD) | keys(history, SET_REMOVE)
    return ((key, each) for key, each in by_key(history).items() if key in names)


def _had_read(update: Operation, operations: Sequence[Operation], value: Any = None) -> bool:
    """Return whether the session of an update of a key had read a value there, by default its own."""
    wanted = update.value if value is None else value
    return any(
        each.kind == READ
        and each.session == update.session
        and each.ending is Ending.OK
        and each.ended_order < update.invoked_order
        and wanted in values(each.result)
        for each in operations
    )
