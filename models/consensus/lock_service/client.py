"""A client of the lock service: it has a session, keeps it alive, and knows when it is over.

A session is opened with the first lock that is asked for, and renewed in the background every
`renewal_interval`, whoever holds or waits; it ends when it is closed, or when the service says that it is
over. Then all that was held is lost, and the next lock is asked for in a new one.

The client counts by its own monotonic clock, from when it *sent* the question that was answered last: until
then and `lease` nobody else has got what it holds, and not a second longer does it say so. Where no answer
comes it knows nothing more: what it holds `is_held` no longer. A renewal that is answered later after all
shows that the session has lived all the time, and what is held is held again (Chubby: *jeopardy*, then
*safe*; its library gives up after a grace period, and this one never does). That is how a failover that takes
longer than a lease costs no lock.

A client whose host stands still looks at no clock. Each of its steps costs `step_work` on its host, so that
`SlowHost(host, 1e-9)` is such a standstill, of all that runs there: a long garbage collection, a machine that
is moved. What it has sent is under way all the same.

Giving up. Whoever stops waiting for a lock gives his place in the queue back; that and a release go on in the
background until they are answered, and only then the lock can be asked for again here: a release that is
overtaken by the next `acquire` would let go of what has been given to it. Who asks earlier waits for the
release as he would for the lock; who does not want to wait is told that no leader answers when an attempt at
it that began after he had asked has failed. A question for the lock that comes after the release of it is not
obeyed any more (`given_up` in `raft.replica`). What is held in a crash of the client's process stays so until
the lease is over. The new process is a new client: it has no session.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Event

from simulator import CallFailed, Environment

from ...endpoint import Endpoint, require_endpoint
from ...failures import Unavailable
from ...infrastructure import Host
from ...request import Request
from ...validation import require_kind, require_name
from ..raft import RaftClient
from .operations import (
    Answer,
    Holder,
    acquire,
    await_lock,
    close_session,
    holder,
    keep_alive,
    open_session,
    release,
)
from .settings import LockSettings


class Session:
    """Session `number`, which lives at least until the client's clock says `ends_at`.

    `is_over` when the client knows so. `locks` are those that it has, or asks for; `returning` those that it
    gives back, each with the event that the present attempt at it has ended, and whether it was the last.
    """

    __slots__ = ("ends_at", "is_over", "locks", "number", "returning")

    def __init__(self, number: int, ends_at: float) -> None:
        self.number = number
        self.ends_at = ends_at
        self.is_over = False
        self.locks: set[str] = set()
        self.returning: dict[str, Event] = {}


class HeldLock:
    """A lock that its client has been given, under a fencing `token`."""

    __slots__ = ("_client", "_is_released", "_session", "lock", "token")

    def __init__(self, client: LockClient, session: Session, lock: str, token: int) -> None:
        self._client = client
        self._session = session
        self._is_released = False
        self.lock = lock
        self.token = token

    @property
    def is_held(self) -> bool:
        """Whether nobody else can have been given it by now, as far as the client's clock can say."""
        return not self._is_released and self._client.trusts(self._session)

    def give_up(self, client: LockClient) -> Session | None:
        """Be held no more, and return the session in which it was, the first time; for its `client`."""
        if client is not self._client:
            raise ValueError(
                f"held must be a lock that {client.name} was given, got {self.lock!r} of {self._client.name}"
            )
        was_released, self._is_released = self._is_released, True
        return None if was_released else self._session


class LockClient:
    """A client on the host of `raft`, its way to the cluster; made by `LockService.client`.

    It runs in the process of `whose`, if given, and dies with it; else with its host. Who stops that process
    in good order closes the client before: it would wait for the session. `lost_count` sessions have ended
    that were not closed.
    """

    __slots__ = (
        "_env",
        "_is_opening",
        "_opened",
        "_raft",
        "_session",
        "_settings",
        "_whose",
        "host",
        "lost_count",
        "name",
    )

    def __init__(
        self, env: Environment, raft: RaftClient, settings: LockSettings, whose: Endpoint | None = None
    ) -> None:
        if whose is not None:
            require_endpoint("whose", whose)
            if whose.host is not raft.host:
                raise ValueError(f"whose must run on host {raft.host.name!r}, got {whose!r}")
        self._env = env
        self._raft = raft
        self._settings = settings
        self._whose = whose
        self._session: Session | None = None
        self._is_opening = False
        self._opened = env.event()
        self.host: Host = raft.host
        self.name = raft.name
        self.lost_count = 0
        self.host.on_restart(self._start_afresh, whose)

    def _start_afresh(self) -> None:
        if self._session is not None:
            self._end(self._session)

    # -- locks ----------------------------------------------------------------------------------------------

    def acquire(self, lock: str, *, waits: bool = True) -> Generator[Any, Any, HeldLock | None]:
        """Get `lock`: wait for it in order, or with `waits=False` return `None` where it is taken.

        Raises `Unavailable` or `TimedOut` when no leader answers; then the client does not hold or wait for
        it. An earlier release that is not answered yet is waited for, in a cut as long as it lasts, or with
        `waits=False` for as long as one attempt at it takes. Raises `RuntimeError` where this client has it
        already, or waits for it: others that want it on the same host need a client of their own.
        """
        require_name("lock", lock)
        while True:
            session = yield from self._living_session()
            if lock in session.returning:
                yield from self._await_return(lock, session, waits=waits)
                continue
            if lock in session.locks:
                raise RuntimeError(f"lock {lock!r} is held or asked for by {self.name} already")
            session.locks.add(lock)
            try:
                answer = yield from self._ask(acquire(lock, session.number, waits=waits))
                while answer is Answer.NOT_YET:
                    answer = yield from self._ask(await_lock(lock, session.number))
            except BaseException:
                self._give_back(lock, session)
                raise
            if isinstance(answer, int):
                return HeldLock(self, session, lock, answer)
            if answer is Answer.TAKEN:
                session.locks.discard(lock)
                return None
            self._end(session)

    def release(self, held: HeldLock) -> None:
        """Give a lock back. It is held no longer from now on; the service hears of it in the background.

        Once more does nothing. Raises `ValueError` for a lock that another client was given.
        """
        require_kind("held", held, HeldLock)
        session = held.give_up(self)
        if session is not None:
            self._give_back(held.lock, session)

    def close(self) -> Generator[Any, Any, None]:
        """Close the session, and with it give back everything.

        Raises `Unavailable` or `TimedOut` when no leader answers: it may stay until its lease is over.
        """
        session, self._session = self._session, None
        if session is not None and not session.is_over:
            session.is_over = True
            yield from self._ask(close_session(session.number))

    def trusts(self, session: Session) -> bool:
        """Return whether `session` lives for sure, by the client's clock."""
        return not session.is_over and self.host.monotonic_clock() < session.ends_at

    def holder(self, lock: str) -> Generator[Any, Any, Holder | None]:
        """Ask who has `lock`: nobody is `None`."""
        found: Holder | None = yield from self._ask(holder(lock))
        return found

    def _give_back(self, lock: str, session: Session) -> None:
        session.locks.discard(lock)
        if session.is_over or not self.host.is_up or not (self._whose is None or self.host.runs(self._whose)):
            return
        session.returning[lock] = self._env.event()
        self._start(self._release(lock, session), f"{self.name} releases {lock}")

    def _await_return(self, lock: str, session: Session, *, waits: bool) -> Generator[Any, Any, None]:
        """Wait until `lock` has been given back, or one whole attempt at that has failed: `Unavailable`."""
        attempts = 0
        while attempts < 2 or waits:  # the first one may have begun long ago
            attempt = session.returning.get(lock)
            if attempt is None or (yield attempt):
                return
            attempts += 1
        raise Unavailable(f"{self.name}: no leader has answered the release of {lock!r} yet")

    def _release(self, lock: str, session: Session) -> Generator[Any, Any, None]:
        try:
            while not session.is_over:
                try:
                    yield from self._ask(release(lock, session.number))
                    return
                except CallFailed:
                    attempt, session.returning[lock] = session.returning[lock], self._env.event()
                    attempt.succeed(False)
                yield self._settings.renewal_interval / self.host.clock_rate
        finally:
            session.returning.pop(lock).succeed(True)

    # -- the session ----------------------------------------------------------------------------------------

    def _living_session(self) -> Generator[Any, Any, Session]:
        """Return the session, a new one where there is none."""
        while self._session is None or self._session.is_over:
            if self._is_opening:  # by another process of this client
                yield self._opened
                continue
            self._is_opening = True
            try:
                yield from self._open()
            finally:
                self._is_opening = False
                opened, self._opened = self._opened, self._env.event()
                opened.succeed()
        return self._session

    def _open(self) -> Generator[Any, Any, None]:
        sent_at = self.host.monotonic_clock()
        number = yield from self._ask(open_session(self.name))
        session = self._session = Session(number, sent_at + self._settings.lease)
        self._start(self._keep_alive(session), f"{self.name} keeps session {number} alive")

    def _keep_alive(self, session: Session) -> Generator[Any, Any, None]:
        while True:
            yield self._settings.renewal_interval / self.host.clock_rate
            if session.is_over:
                return
            sent_at = self.host.monotonic_clock()
            try:
                lives = yield from self._ask(keep_alive(session.number))
            except CallFailed:
                continue
            if not lives:
                self._end(session)
                return
            session.ends_at = sent_at + self._settings.lease

    def _end(self, session: Session) -> None:
        """Know that `session` is over."""
        if not session.is_over:
            session.is_over = True
            self.lost_count += 1
        if self._session is session:
            self._session = None

    def _ask(self, request: Request) -> Generator[Any, Any, Any]:
        yield from self._step()
        response = yield from self._raft.call(request)
        yield from self._step()
        return response.value

    def _step(self) -> Generator[Any, Any, None]:
        if self._settings.step_work:
            yield from self.host.work(self._settings.step_work)

    def _start(self, generator: Generator[Any, Any, None], name: str) -> None:
        """Start a process that dies with the client's."""
        self.host.bind(self._env.process(self._run(generator), name), self._whose)

    def _run(self, generator: Generator[Any, Any, None]) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        try:
            yield from generator
        finally:
            self.host.release(process)
