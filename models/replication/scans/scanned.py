"""What a scan is told: many keys with their values, as one read, and from where to go on.

A scan (`operations.scan`) shows of every key in its set what a read would show at one instant. A key without
a value is not told. Its *mark*, where the store has one order of all changes, is the place in that order at
which it was made. Whoever scans `after` a mark is told exactly what has changed since: each key with its
present value, and with `None` if it was deleted. So a copy that is made by a scan is brought up to date by a
second one, which is how a shard is moved while it is written to.

A mark says of which history it is. One that the store does not know, because a disk was destroyed or a
failover has overruled what it shows, is a `ServerError`, and so is any mark where the store has none: whoever
has asked scans once more from the beginning.

Source: the two stages of Spanner's `movedir` (Corbett et al., OSDI 2012, section 2.2): most of the data is
moved in the background, and the little that is left in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...storage import NO_KEY, StoredTable
from .key_sets import KeySet


@dataclass(frozen=True, slots=True)
class Scanned:
    """The `items` of a scan, each a key with its value, and its `mark`, `None` where the store has none.

    The order of the items means nothing, but is the same in each run.
    """

    items: tuple[tuple[Any, Any], ...]
    mark: Any = None


def items_of(stored: StoredTable, keys: KeySet, after: int | None = None) -> tuple[tuple[Any, Any], ...]:
    """Return what `stored` shows of `keys`: all, or what records after position `after` have changed.

    Where the log has those records it goes through them, otherwise through the whole table.
    """
    table, log = stored.table, stored.log
    if after is None:
        found = ((key, table.value(key)) for key in keys.among(table))
        return tuple(item for item in found if item[1] is not None)
    if after >= log.dropped_count:
        changed = dict.fromkeys(record.key for record in log.records(after + 1, table.position))
        changed.pop(NO_KEY, None)
    else:
        changed = dict.fromkeys(table.changed_after(after))
    return tuple((key, table.value(key)) for key in keys.among(changed))
