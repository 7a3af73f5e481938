"""Workers who change one file by turns, each under a lock; and what keeps them apart.

A worker thinks, takes the lock, reads the file, works, and writes what it has made of it. Before it writes it
packs for a while; one who can tell whether it still has the lock looks before it packs, and begins anew where
it has not. It gives up an attempt whose parts take too long, and lets go of the lock all the same.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from models import CallFailed, Endpoint, Host, Network
from models.consensus.lock_service import fenced_read, fenced_write
from simulator import Environment
from simulator.randomness import Exponential

THINK_MEAN = 0.5
"""Seconds for which a worker does something else, on average; exponential."""

WORK_MEAN = 0.3
"""Seconds of work between reading the file and packing; exponential."""

PACKING = 0.05
"""Seconds of work between the last look at the lock and the writing."""

LOCK_PATIENCE, FILE_PATIENCE = 30.0, 1.0
"""Seconds for which a worker waits for the lock, and for the file."""

FILE = "ledger"


class Held(Protocol):
    """A lock that was got."""

    lock: str

    @property
    def token(self) -> int | None:
        """Its fencing token, if there is one."""

    @property
    def is_held(self) -> bool:
        """Whether it is still held, as far as its holder can tell."""


class Locks(Protocol):
    """Somebody who takes locks on `host`."""

    host: Host

    def acquire(self, lock: str, *, waits: bool = True) -> Generator[Any, Any, Held | None]:
        """Get a lock."""

    def release(self, held: Any) -> None:
        """Give it back."""


class NoLock:
    """Takes no lock, and always has it."""

    token: int | None = None
    is_held = True

    def __init__(self, host: Host, lock: str = FILE) -> None:
        self.host = host
        self.lock = lock

    def acquire(self, lock: str, *, waits: bool = True) -> Generator[Any, Any, Held | None]:
        """Have it."""
        yield from ()
        return self

    def release(self, held: Any) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A worker's time with the lock, from `start` to `end` (s).

    `is_double` says that another had not let go of it when this one came.
    """

    worker: str
    start: float
    end: float
    is_double: bool


class Room:
    """An observer: who works under the lock, in which `stays`.

    `free_waits` are the times (s) that it took to get the lock where nobody else had it or asked for it,
    `updates` those at which the file was written; `attempt_count` is how often a worker has asked.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._inside: dict[str, tuple[float, bool]] = {}
        self.stays: list[Stay] = []
        self._asking: dict[str, tuple[float, bool]] = {}
        self.free_waits: list[float] = []
        self.updates: list[float] = []
        self.attempt_count = 0

    def ask(self, worker: str) -> None:
        """Note that a worker asks for the lock."""
        self.attempt_count += 1
        self._asking[worker] = (self._env.now, not self._asking and not self._inside)

    def give_up(self, worker: str) -> None:
        """Note that it has not got it."""
        del self._asking[worker]

    def enter(self, worker: str) -> None:
        """Note that it has got it."""
        asked, was_free = self._asking.pop(worker)
        if was_free:
            self.free_waits.append(self._env.now - asked)
        self._inside[worker] = (self._env.now, bool(self._inside))

    def leave(self, worker: str) -> None:
        """Note that it lets go of it."""
        start, is_double = self._inside.pop(worker)
        self.stays.append(Stay(worker=worker, start=start, end=self._env.now, is_double=is_double))


class Worker:
    """A worker on the host of its `locks`, who changes the `file`; with `looks` it looks at its lock."""

    def __init__(
        self, env: Environment, network: Network, locks: Locks, file: Endpoint, room: Room, *, looks: bool
    ) -> None:
        self._env = env
        self._locks = locks
        self._host = locks.host
        self._way = network.connect(locks.host, file)
        self._room = room
        self._looks = looks
        self._think = env.sampler(f"{self._host.name}/think", Exponential(THINK_MEAN))
        self._work = env.sampler(f"{self._host.name}/work", Exponential(WORK_MEAN))

    def run(self, until: float) -> Generator[Any, Any, None]:
        """Work until then."""
        env, room, name = self._env, self._room, self._host.name
        while env.now < until:
            yield self._think()
            yield from self._host.work(1e-5)  # who stands still does not begin
            room.ask(name)
            try:
                with env.fail_after(LOCK_PATIENCE):
                    held = yield from self._locks.acquire(FILE)
            except CallFailed:
                room.give_up(name)
                continue
            assert held is not None
            room.enter(name)
            with suppress(CallFailed):
                yield from self._change(held)
            room.leave(name)
            self._locks.release(held)

    def _change(self, held: Held) -> Generator[Any, Any, None]:
        with self._env.fail_after(FILE_PATIENCE):
            read = (yield from self._way.call(fenced_read(FILE, held.token))).value
        yield from self._host.work(self._work())
        if self._looks and not held.is_held:
            return
        yield from self._host.work(PACKING)
        with self._env.fail_after(FILE_PATIENCE):
            text = f"{self._host.name} after {read.version}"
            yield from self._way.call(fenced_write(FILE, text, held.token, read.version))
        self._room.updates.append(self._env.now)
