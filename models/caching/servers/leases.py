"""Leases of a cache server: who may set a key that is not there, and what was there until a moment ago.

States of a key that is not kept: *free* -> *out* (`take`: somebody has a token, and loads) -> *free* again:
the token comes back with the value (`redeem`) or without (`give_back`), the key was deleted or set meanwhile
(`void`), or its `time` is over. Rules:

1. One token of a key is good at a time. While it is out nobody else gets one, so that one client loads and
   the others wait: the thundering herd of those who miss is calmed.
2. A delete makes the token void, and the next who misses gets another. So what was read from the origin
   before a write is not set after that write's delete: there are no stale sets.
3. A token is good for `time` s: one whose holder has died must not keep a key out for ever. A load that takes
   longer has loaded for itself alone. Who knows that he has nothing to set gives it back before that
   (`give_back`), and the next who misses gets another; theirs lie until their time is over.
4. Numbers of tokens are never given twice, not after a restart either: all tokens from before a crash are
   void. (Theirs have 64 bits.)
5. What a delete takes away is kept for `stale_time` s, for those who would rather have that than wait.

Both tables are ordered by age, since all in a table have the same life, and what is over is taken off the
front. Source: Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), section 3.2.1: a token at most
every 10 s for a key, and stale values. There a delete does not free the key for another token within those
10 s as far as the paper tells; here it does, as in memcached's meta commands, where the first who misses
after an invalidation wins.
"""

from __future__ import annotations

from collections.abc import Hashable

from simulator import Environment

from ...request import Response


class Leases:
    """The tokens that are out at one server, good for `time` s, and what was deleted in `stale_time` s."""

    __slots__ = ("_deleted", "_env", "_last_number", "_out", "stale_time", "time")

    def __init__(self, env: Environment, *, time: float, stale_time: float) -> None:
        self._env = env
        self.time = time
        self.stale_time = stale_time
        self._last_number = 0
        self._out: dict[Hashable, tuple[int, float]] = {}
        self._deleted: dict[Hashable, tuple[Response, float]] = {}

    @property
    def out_count(self) -> int:
        """How many tokens are out, those that are over but not yet looked at included."""
        return len(self._out)

    def take(self, key: Hashable) -> int | None:
        """Return a token for `key`, or `None` while one is out."""
        self._end_old()
        if key in self._out:
            return None
        self._last_number += 1
        self._out[key] = (self._last_number, self._env.now + self.time)
        return self._last_number

    def redeem(self, key: Hashable, token: int) -> bool:
        """Say whether `token` is good, and take it back if it is."""
        if not self.give_back(key, token):
            return False
        self.void(key)
        return True

    def give_back(self, key: Hashable, token: int) -> bool:
        """Let `token` be good no more, if it is, for want of a value; say whether it was."""
        self._end_old()
        out = self._out.get(key)
        if out is None or out[0] != token:
            return False
        del self._out[key]
        return True

    def void(self, key: Hashable) -> None:
        """Let the token of `key`, if one is out, be good no more: another value is there, or none may be."""
        self._out.pop(key, None)
        self._deleted.pop(key, None)

    def void_deleted(self, key: Hashable, deleted: Response | None) -> None:
        """Let the token be good no more as the key was deleted, and keep what was there for a while."""
        self._out.pop(key, None)
        if deleted is not None and self.stale_time:
            self._end_old()
            self._deleted.pop(key, None)
            self._deleted[key] = (deleted, self._env.now + self.stale_time)

    def deleted(self, key: Hashable) -> Response | None:
        """Return what was deleted under `key` lately."""
        self._end_old()
        deleted = self._deleted.get(key)
        return None if deleted is None else deleted[0]

    def clear(self) -> None:
        """Forget all: the process has died."""
        self._out.clear()
        self._deleted.clear()

    def _end_old(self) -> None:
        now = self._env.now
        for table in (self._out, self._deleted):
            while table:
                key = next(iter(table))
                if now < table[key][1]:
                    break
                del table[key]
