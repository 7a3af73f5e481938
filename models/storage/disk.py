"""A disk: one queue, first come first served, for syncs and reads that take time.

A *write* goes to the operating system's cache and takes no time here; a *sync* (fsync) takes one turn at the
disk, and what was written before it began is on the disk when it ends. So there are two crashes: that of a
process keeps what it has written, synced or not, since the operating system still has it; that of the host
keeps what was synced. A sync that is under way when its host crashes has not happened.

Leaves out: writing back by the operating system itself (Linux: after 30 s), torn writes, disks that lie about
their caches, bandwidth. Source: POSIX `fsync`; Pillai et al., "All File Systems Are Not Created Equal" (OSDI
2014), on what survives which crash.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from simulator import Environment, Permits
from simulator.randomness import Distribution

from ..infrastructure import Host
from ..validation import require_delay, require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskStatistics:
    """What a disk has done so far: `sync_count` syncs, `read_count` records read, busy for `busy_time` s."""

    sync_count: int
    read_count: int
    busy_time: float


class Disk:
    """The disk of `host`: a sync takes `sync_time` seconds, the read of one record `read_time`.

    Each is a number (>= 0) or a distribution, of the streams "disk/<name>/sync" and "disk/<name>/read". By
    default a sync takes 1 ms, which is a datacentre's solid-state disk without a battery behind its cache.
    `destroyed_count` says how often it has lost everything.

    Example: `Log(Disk(host, sync_time=0.004), GroupCommit())`.
    """

    def __init__(
        self,
        host: Host,
        *,
        sync_time: Distribution | float = 0.001,
        read_time: Distribution | float = 0.0,
        name: str | None = None,
    ) -> None:
        require_kind("host", host, Host)
        self.env: Environment = host.env
        self.host = host
        self.name = name or host.name
        self._turns = Permits(self.env, 1)
        self._sync_time = self._draws("sync", sync_time)
        self._read_time = self._draws("read", read_time)
        self._sync_count = 0
        self._read_count = 0
        self._busy_time = 0.0
        self.destroyed_count = 0

    def _draws(self, name: str, time: Distribution | float) -> Callable[[], float]:
        if isinstance(time, Distribution):
            if not time.support[0] >= 0.0:
                raise ValueError(f"{name}_time must be >= 0 s, got {time!r}")
            return self.env.sampler(f"disk/{self.name}/{name}", time)
        require_delay(f"{name}_time", time)
        return repeat(float(time)).__next__

    def sync(self, begin: Callable[[], object] | None = None) -> Generator[Any, Any, None]:
        """Wait for a turn, call `begin()`, and wait until what was written by then is durable."""
        yield from self._take_turn(self._sync_time(), begin)
        self._sync_count += 1

    def read(self, record_count: int) -> Generator[Any, Any, None]:
        """Wait for a turn, and until so many records are read, one after the other."""
        yield from self._take_turn(sum(self._read_time() for _ in range(record_count)), None)
        self._read_count += record_count

    def destroy(self) -> None:
        """Lose all that is on it, for good: its host crashes, if it is up, and boots with an empty disk."""
        self.destroyed_count += 1
        if self.host.is_up:
            self.host.crash()

    def _take_turn(self, duration: float, begin: Callable[[], object] | None) -> Generator[Any, Any, None]:
        turns = self._turns
        yield from turns.acquire()
        start = self.env.now
        try:
            if begin is not None:
                begin()
            yield duration
        finally:
            self._busy_time += self.env.now - start
            turns.release()

    @property
    def is_busy(self) -> bool:
        """Whether somebody has his turn: a sync that is under way is not durable yet."""
        return not self._turns.free

    def statistics(self) -> DiskStatistics:
        """Return what it has done so far."""
        return DiskStatistics(
            sync_count=self._sync_count, read_count=self._read_count, busy_time=self._busy_time
        )
