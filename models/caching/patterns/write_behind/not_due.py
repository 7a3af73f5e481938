"""The dirty keys that are not due: they wait until their time comes, or until too much waits."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from simulator import Environment

from ....request import Request
from .dirty_key import DirtyKey

if TYPE_CHECKING:
    from .rule import WriteBehind


class NotDue:
    """The keys that wait for their time; `go_on(dirty)` is called with each that waits no longer.

    After `end` none waits any more.
    """

    __slots__ = ("_env", "_go_on", "_is_over", "_settings", "_size_bytes", "_waiting")

    def __init__(self, env: Environment, settings: WriteBehind, go_on: Callable[[DirtyKey], object]) -> None:
        self._env = env
        self._settings = settings
        self._go_on = go_on
        self._waiting: dict[DirtyKey, None] = {}
        self._size_bytes = 0
        self._is_over = False

    def __contains__(self, dirty: DirtyKey) -> bool:
        """Whether a key waits for its time."""
        return dirty in self._waiting

    def add(self, dirty: DirtyKey) -> None:
        """Let a key wait for its time, unless that has come or somebody waits for the key."""
        delay = dirty.acknowledged_at[0] + self._settings.flush_interval - self._env.now
        if delay <= 0.0 or dirty.waiters or self._is_over:
            return
        self._waiting[dirty] = None
        self._size_bytes += dirty.request.size_bytes
        if delay < inf:
            dirty.timer = self._env.call_later(delay, self.let_be_due, dirty)
        self._look_at_size()

    def overwrite(self, dirty: DirtyKey, request: Request) -> None:
        """Let `request` be what is to be flushed of a key, whether it waits here or not."""
        before, dirty.request = dirty.request, request
        if dirty in self._waiting:
            self._size_bytes += request.size_bytes - before.size_bytes
            self._look_at_size()

    def _look_at_size(self) -> None:
        settings = self._settings
        if len(self._waiting) >= settings.flush_count or self._size_bytes >= settings.flush_bytes:
            self._let_all_be_due()

    def end(self) -> None:
        """Let all be due that waits here, and at once all that comes after it."""
        self._is_over = True
        self._let_all_be_due()

    def _let_all_be_due(self) -> None:
        for dirty in list(self._waiting):
            self.let_be_due(dirty)

    def let_be_due(self, dirty: DirtyKey) -> None:
        """Let a key go on now, if it waits here."""
        if dirty in self._waiting:
            self.discard(dirty)
            self._go_on(dirty)

    def discard(self, dirty: DirtyKey) -> None:
        """Forget a key, if it waits here."""
        if dirty in self._waiting:
            del self._waiting[dirty]
            self._size_bytes -= dirty.request.size_bytes
            if dirty.timer is not None:
                dirty.timer.cancel()
                dirty.timer = None
