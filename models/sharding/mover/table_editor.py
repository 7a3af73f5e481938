"""The mover's hand on the directory: one change of the table after the other, each made for certain, or not.

A change is a function of the present table. It is put into the directory by a compare-and-set of the whole
table, which is asked for until its outcome is known: whoever does not know whether his table was taken reads
the directory, where it stands or does not. The very same table is tried again, so that an attempt that comes
late is either the one that is wanted or fails, as everything that expects an older version does. When
somebody else has been quicker, the change is judged anew, by his table.

It never gives up: a range that is frozen must not be left so. Its user may, and is then to ask what has
become of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from simulator import CallFailed, Environment, Permits

from ..directory import Directory
from ..routing_table import RoutingTable
from .settings import MoverSettings

if TYPE_CHECKING:
    from ...infrastructure import Host

Edit = Callable[[RoutingTable, object], RoutingTable | None]
"""Returns the next table, with that nonce, or `None` where the present one leaves nothing to be changed."""


class TableEditor:
    """Reads and changes the table in `directory` for a process on `host`; `table` is the newest it has seen.

    `next_nonce()` returns something that no other attempt, of this or another life, has had.
    """

    __slots__ = ("_directory", "_env", "_host", "_lock", "_next_nonce", "_settings", "table")

    def __init__(
        self,
        env: Environment,
        host: Host,
        directory: Directory,
        settings: MoverSettings,
        next_nonce: Callable[[], object],
    ) -> None:
        self._env = env
        self._host = host
        self._directory = directory
        self._settings = settings
        self._next_nonce = next_nonce
        self._lock = Permits(env, 1)
        self.table = directory.first

    def look(self) -> Generator[Any, Any, RoutingTable]:
        """Return the present table; wait until the directory tells it."""
        while True:
            try:
                with self._in_time():
                    table = yield from self._directory.read()
            except CallFailed:
                yield self._pause
            else:
                if table.version > self.table.version:
                    self.table = table
                return self.table

    def change(self, edit: Edit) -> Generator[Any, Any, RoutingTable | None]:
        """Change the table as `edit` says, and return the new one: `None` if it found nothing to change."""
        yield from self._lock.acquire()
        try:
            while True:
                old = self.table
                new = edit(old, self._next_nonce())
                if new is None or (yield from self._replace(old, new)):
                    return new
        finally:
            self._lock.release()

    def _replace(self, old: RoutingTable, new: RoutingTable) -> Generator[Any, Any, bool]:
        """Return whether `new` has taken the place of `old`; if not, `table` is now somebody else's."""
        while True:
            try:
                with self._in_time():
                    is_done = yield from self._directory.replace(old, new)
            except CallFailed:
                yield self._pause
            else:
                if is_done:
                    self.table = new
                    return True
            table = yield from self.look()
            if table != old:
                return table == new
            yield self._pause

    def _in_time(self) -> Any:
        return self._env.fail_after(self._settings.patience / self._host.clock_rate)

    @property
    def _pause(self) -> float:
        return self._settings.retry_pause / self._host.clock_rate
