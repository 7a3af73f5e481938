"""A home-made lock: a key with a time to live in a store that knows nothing of locks.

The usual pattern, often enough with Redis: set the key if it is absent, with a time to live, so that a holder
who dies does not block everybody; delete it when done. It is here to be compared with the service.

1. Whoever wants the lock reads the key, and where it is absent, or its time is over, sets it to a value of
   his own by compare-and-set. Else he asks again after `retry_pause`: nobody waits in order.
2. Our stores know no time to live. The time until which the key counts stands in its value, by the wall
   clock of whoever has set it, and is looked at by that of whoever wants it, as where a table of a database
   holds locks. (Redis' servers look at their own wall clocks.)
3. Release by compare-and-set to absent (`checks_release`): only one's own value is deleted. Without, whoever
   was late deletes the lock of his successor, and lets a third one in.
4. There is no renewal, and no token. The holder may look whether its time is up (`is_held`), by its own
   clock, and mostly does not.
5. Where the store answers with "nobody knows" the lock is taken for not held: it may block everybody, him
   too, until its time is up.

In a store that loses acknowledged writes in a failover, the lock is lost with them. Source: Redis'
documentation of `SET` and of distributed locks, whose first part warns of both (release, failover);
Kleppmann 2016.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from simulator import CallFailed

from ...endpoint import Endpoint, require_endpoint
from ...infrastructure import Host
from ...replication import compare_and_set, read, write
from ...validation import require_delay, require_finite_duration, require_kind, require_name


class KeyHeld:
    """A home-made lock that was got: `value` is what its key was set to; there is no `token`."""

    __slots__ = ("_host", "lock", "value")

    token = None

    def __init__(self, host: Host, lock: str, value: tuple[str, int, float]) -> None:
        self._host = host
        self.lock = lock
        self.value = value

    @property
    def is_held(self) -> bool:
        """Whether its time is not up yet, by the holder's wall clock."""
        return self._host.clock() < self.value[2]


class KeyLock:
    """A client on `host` that takes locks in a store, by `client`; an owner called `name`, as no other is.

    A lock counts for `ttl` seconds (> 0). `step_work` is as in `LockSettings`.

    Example::

        locks = KeyLock(web, store.client(web), ttl=10.0, name="web")
        held = yield from locks.acquire("stock")
        ...
        locks.release(held)
    """

    def __init__(
        self,
        host: Host,
        client: Endpoint,
        *,
        ttl: float,
        checks_release: bool = True,
        retry_pause: float = 0.05,
        step_work: float = 1e-5,
        name: str,
    ) -> None:
        require_kind("host", host, Host)
        require_endpoint("client", client)
        if client.host not in (None, host):
            raise ValueError(f"client must be on {host!r} as its owner is, got one on {client.host!r}")
        require_name("name", name)
        require_kind("checks_release", checks_release, bool)
        require_finite_duration("ttl", ttl)
        require_finite_duration("retry_pause", retry_pause)
        require_delay("step_work", step_work)
        self.host = host
        self.name = name
        self._client = client
        self._ttl = ttl
        self._checks_release = checks_release
        self._retry_pause = retry_pause
        self._step_work = step_work
        self._count = 0

    def acquire(self, lock: str, *, waits: bool = True) -> Generator[Any, Any, KeyHeld | None]:
        """Get `lock`; with `waits=False` return `None` where it is taken. What the store raises is raised."""
        while True:
            held = yield from self._try(lock)
            if held is not None or not waits:
                return held
            yield self._retry_pause / self.host.clock_rate

    def _try(self, lock: str) -> Generator[Any, Any, KeyHeld | None]:
        yield from self._step()
        found = (yield from self._client.call(read(lock))).value
        yield from self._step()
        now = self.host.clock()
        if found is not None and now < found[2]:
            return None
        self._count += 1
        value = (self.name, self._count, now + self._ttl)
        is_set = (yield from self._client.call(compare_and_set(lock, found, value))).value
        yield from self._step()
        return KeyHeld(self.host, lock, value) if is_set else None

    def release(self, held: KeyHeld) -> None:
        """Delete the key, in the background; where that fails it stays until its time is up."""
        require_kind("held", held, KeyHeld)
        self.host.start(self._release(held), f"{self.name} releases {held.lock}")

    def _release(self, held: KeyHeld) -> Generator[Any, Any, None]:
        yield from self._step()
        if self._checks_release:
            request = compare_and_set(held.lock, held.value, None)
        else:
            request = write(held.lock, None)
        with suppress(CallFailed):
            yield from self._client.call(request)

    def _step(self) -> Generator[Any, Any, None]:
        if self._step_work:
            yield from self.host.work(self._step_work)
