"""The copy of a range: made while it is served, brought up to date, and once more when it is frozen.

The copier knows what it has copied, and so what is not at the target yet:

- After a first export every further one asks for what has changed since the mark of the one before, deletions
  among it. What was deleted and never copied need not be told.
- Where the store has no marks, or does not know this one any more, everything is exported again, and
  compared: a key that was copied and is not told any more was deleted.

An item counts as copied when its import was acknowledged. Each export comes after all imports of the one
before, so that an older value cannot come after a newer one. Values are compared by identity: nothing but a
write can have put the same one there, and what is equal may yet differ (1 and True).

To a store that decides by clocks, or keeps siblings, an import is a write like others: where clocks are wrong
the older copy of a key may win, and a key that is copied twice may get a sibling. That is then what the store
promises of any two writes.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ...failures import ServerError
from ..requests import Export, Import, export_range, import_items
from ..routing_table import TokenRange
from .records import MoveRecord
from .settings import MoverFlaws, MoverSettings
from .shard_ways import ShardUnreachable, ShardWays

if TYPE_CHECKING:
    from ...infrastructure import Host

Items = list[tuple[Any, Any]]


class RangeCopy:
    """Copies `stretch` under `epoch` at the record's source to its target, under the record's epoch."""

    __slots__ = (
        "_copied",
        "_epoch",
        "_flaws",
        "_host",
        "_item_size",
        "_mark",
        "_record",
        "_settings",
        "_stretch",
        "_ways",
    )

    def __init__(
        self,
        host: Host,
        ways: ShardWays,
        stretch: TokenRange,
        epoch: int,
        record: MoveRecord,
        settings: MoverSettings,
        flaws: MoverFlaws,
    ) -> None:
        self._host = host
        self._ways = ways
        self._stretch = stretch
        self._epoch = epoch
        self._record = record
        self._settings = settings
        self._flaws = flaws
        self._copied: dict[Any, Any] = {}
        self._mark: Any = None
        self._item_size = 0

    def bring_up_to_date(self) -> Generator[Any, Any, int]:
        """Copy what is not at the target yet, as of some time after now; return how many items that were.

        Raises `ShardUnreachable` where that cannot be done, or nobody knows whether it has been.
        """
        items = yield from self._missing()
        size = self._settings.batch_size
        for first in range(0, len(items), size):
            if first and self._settings.pause:
                yield self._settings.pause / self._host.clock_rate
            yield from self._import(tuple(items[first : first + size]))
        return len(items)

    def _missing(self) -> Generator[Any, Any, Items]:
        """Return the items that the target does not have, or not so."""
        if self._mark is not None:
            try:
                told = yield from self._export(self._mark)
            except ServerError:
                self._mark = None  # the store has another history now
            else:
                return self._news(told)
        told = yield from self._export(None)
        present = {key for key, _ in told}
        gone = [(key, None) for key in self._copied if key not in present]
        return self._news([*told, *gone])

    def _news(self, told: Items) -> Items:
        copied = self._copied
        news = [(key, value) for key, value in told if copied.get(key) is not value]
        return [item for item in news if item[1] is not None] if self._flaws.forgets_deletions else news

    def _export(self, after: Any) -> Generator[Any, Any, Items]:
        stretch, record = self._stretch, self._record
        request = export_range(Export(stretch.start, stretch.end, self._epoch, after))
        try:
            response = yield from self._ways.ask(record.source, request, self._settings.copy_patience)
        except ServerError as failure:
            if after is not None:
                raise
            raise ShardUnreachable(f"{record.source}: {failure}") from None
        self._mark = response.value.mark
        self._item_size = response.size_bytes // max(1, len(response.value.items))
        return list(response.value.items)

    def _import(self, items: tuple[tuple[Any, Any], ...]) -> Generator[Any, Any, None]:
        record = self._record
        size_bytes = len(items) * self._item_size
        request = import_items(Import(record.epoch, items), size_bytes=size_bytes)
        try:
            yield from self._ways.ask_once(record.target, request, self._settings.copy_patience)
        except ServerError as failure:
            raise ShardUnreachable(f"{record.target}: {failure}") from None
        except ShardUnreachable:
            if not self._flaws.trusts_unknown_imports:
                raise
        record.size_bytes += size_bytes
        self._copied.update(items)
