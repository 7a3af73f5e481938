"""A session: one client that sees its own writes, and never goes back, on a store that promises neither.

It stands around clients of a store, its *ways*, in order of preference: the nearest replica first and the
primary after it, or one quorum client at a low level and another at a high one. It keeps floors (see
`floors`), by key, and holds against them the version that each answer tells:

1. A write goes to the first way, and to the next only after a failure that says that nothing was done. An
   acknowledged write lifts the floor of its key, if the session is to see its `own_writes`. One of which
   nobody knows does not: it may never have been. Nor does a stand-in's answer (degraded, and without a
   version).
2. A read goes to the first way. Where the answer is behind the floor that the key had when the read began, or
   there is a failure, the next way is asked. An answer that is not behind is the session's, and lifts the
   floor if the session `is_monotonic`.
3. When all have been asked and somebody was behind, all are asked again after a `pause`, if that is not more
   than `patience` seconds after the read began; otherwise it is `Unavailable`, at once. Where nobody was
   behind, it fails as the last way did.

A scan is a read of many keys (see `floors`). A quorum store tells no version of it, and so a session that has
seen any of its keys there is `Unavailable` for it.

So of one way it waits; of two replicas it asks the other; with the primary behind a replica it fails over to
that. Nothing here limits the time of one call: put a `Timeout` around each way. It asks again from outside
what a primary-replica client with `ReadPolicy.own_writes` lets the replica wait for, which takes fewer
messages, and works on that store only.

What it can promise is as good as the versions are. Where a clock is ahead, its owner's writes win over later
ones (last writer wins): the session's own write has a smaller timestamp than what it reads then, and nothing
is noticed. After a failover that has lost writes, positions of the new epoch are larger than those of what is
gone. The other two guarantees, monotonic writes and writes that follow reads, are about what others see, and
cannot be had from outside without writing again what was read.

What it remembers is in memory and begins anew with its host. Source: Terry, Demers, Petersen, Spreitzer,
Theimer and Welch, "Session Guarantees for Weakly Consistent Replicated Data" (1994), whose session manager
this is; Bailis, Ghodsi, Hellerstein and Stoica, "Bolt-on Causal Consistency" (SIGMOD 2013), for what a layer
above a store can do and cannot.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed, Unavailable
from ...request import Request, Response
from ...validation import require_each, require_finite_duration, require_kind, require_time
from ..operations import READING, SCAN
from .floors import Floors, is_behind


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatistics:
    """What a session has asked so far.

    Of `read_count` reads, `first_count` were answered by the first way, and `unavailable_count` not at all,
    since nobody had come so far. `behind_count` answers were too old.
    """

    read_count: int
    write_count: int
    first_count: int
    behind_count: int
    unavailable_count: int


class Session(Wrapper):
    """A session over `ways`, at least one, all on one host: clients of one store that tells versions.

    `own_writes` and `is_monotonic` say what it promises, one of them at least. Between rounds through all
    ways it waits for `pause` s (> 0), and begins no round more than `patience` s (>= 0, may be infinite)
    after the first. Raises `TypeError` at the first write that is acknowledged without a version.

    Example::

        near = store.client(web, read_level=Level.LOCAL_ONE)
        safe = store.client(web, read_level=Level.QUORUM)
        session = Session(env, [Timeout(env, near, 0.1), Timeout(env, safe, 0.5)])
    """

    def __init__(
        self,
        env: Environment,
        ways: Sequence[Endpoint],
        *,
        own_writes: bool = True,
        is_monotonic: bool = True,
        pause: float = 0.05,
        patience: float = 1.0,
        name: str = "session",
    ) -> None:
        ways = require_each("ways", ways, Endpoint)
        if not ways:
            raise ValueError("ways must be at least one client, got none")
        if any(way.host is not ways[0].host for way in ways):
            raise ValueError(f"ways must all be on one host, got {[way.host for way in ways]}")
        require_kind("own_writes", own_writes, bool)
        require_kind("is_monotonic", is_monotonic, bool)
        if not own_writes and not is_monotonic:
            raise ValueError("a session must promise own_writes or is_monotonic, got False for both")
        require_finite_duration("pause", pause)
        require_time("patience", patience)
        super().__init__(ways[0], name=name)
        self._env = env
        self._ways: tuple[Endpoint, ...] = ways
        self._own_writes = own_writes
        self._is_monotonic = is_monotonic
        self._pause = pause
        self._patience = patience
        self._floors = Floors()
        self._read_count = 0
        self._write_count = 0
        self._first_count = 0
        self._behind_count = 0
        self._unavailable_count = 0
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._floors = Floors()

    def call(self, request: Request) -> Call:
        """Answer `request` with nothing older than what this session has seen."""
        if request.operation in READING:
            self._read_count += 1
            return self._read(request, self._floors)
        self._write_count += 1
        return self._write(request, self._floors)

    def _write(self, request: Request, floors: Floors) -> Call:
        *others, last = self._ways
        for way in others:
            try:
                response = yield from way.call(request)
            except CallFailed as failure:
                if not failure.nothing_done:
                    raise
            else:
                break
        else:
            response = yield from last.call(request)
        if self._own_writes:
            if response.version is None:
                if response.degraded:
                    return response
                raise TypeError(f"ways of {self.name!r} must tell the version of a write, got {response!r}")
            floors.lift(request.key, response.version)
        return response

    def _read(self, request: Request, floors: Floors) -> Call:
        is_scan = request.operation == SCAN
        floor = floors.among(request.key) if is_scan else floors.get(request.key)
        last_round_at = self._env.now + self._patience
        failed: list[CallFailed] = []
        while (response := (yield from self._round(request, floor, failed))) is None:
            if len(failed) == len(self._ways):
                try:
                    raise failed.pop()
                finally:
                    failed.clear()
            if self._env.now + self._pause > last_round_at:
                self._unavailable_count += 1
                raise Unavailable(f"{self.name}: nobody has come as far as was seen of {request.key!r}")
            failed.clear()
            yield self._pause
        if self._is_monotonic:
            if is_scan:
                floors.lift_all(response.version)
            else:
                floors.lift(request.key, response.version)
        return response

    def _round(
        self, request: Request, floor: Any, failed: list[CallFailed]
    ) -> Generator[Any, Any, Response | None]:
        """Ask all ways in turn for an answer that is not behind; `None`, and who has failed, without one."""
        for place, way in enumerate(self._ways):
            try:
                response = yield from way.call(request)
            except CallFailed as failure:
                failed.append(failure)
                continue
            if not is_behind(response.version, floor):
                self._first_count += place == 0
                return response
            self._behind_count += 1
        return None

    def statistics(self) -> SessionStatistics:
        """Return what has been asked so far."""
        return SessionStatistics(
            read_count=self._read_count,
            write_count=self._write_count,
            first_count=self._first_count,
            behind_count=self._behind_count,
            unavailable_count=self._unavailable_count,
        )
