"""Sessions and locks, as a state machine: who has what, who waits, and which token comes next.

A session holds locks; it is what has a lease, as in Chubby, and as etcd's locks hang on a lease. A lock is
free, or held by one session under one fencing token, while others wait in the order in which their commands
stand in the log.

1. `acquire` of a lock that is free, or that the session has already, is answered with its token. Each time a
   lock is given to somebody, at once or out of the queue, it is under the next token; one count for all locks
   (Chubby counts by lock, etcd has the store's revision): tokens strictly grow, and no two are the same.
2. A session that is over, closed or expired, has no lock and no place any more; each lock goes to the next in
   its queue. Numbers of sessions are not used again.
3. There is no time in here. A session ends when a command says so, on all nodes at the same place in the log;
   who may propose that, and when, is `leases`.

Leaves out: shared locks, Chubby's lock-delay, its small files and events; recursive locks are not counted.
Source: Burrows, "The Chubby Lock Service" (OSDI 2006), sections 2.4 (sequencers) and 2.8 (sessions).
"""

from __future__ import annotations

from typing import Any

from ...request import Request
from ..raft import StateMachine
from .operations import (
    ACQUIRE,
    AWAIT,
    CLOSE_SESSION,
    EXPIRE_SESSION,
    HOLDER,
    KEEP_ALIVE,
    OPEN_SESSION,
    RELEASE,
    Answer,
    Holder,
)


class _Lock:
    """A lock that somebody has: the session, its token, and the sessions that wait, in order."""

    __slots__ = ("holder", "token", "waiting")

    def __init__(self, holder: int, token: int, waiting: tuple[int, ...] = ()) -> None:
        self.holder = holder
        self.token = token
        self.waiting: dict[int, None] = dict.fromkeys(waiting)


class LockMachine(StateMachine):
    """Sessions and locks; `owners` are the sessions that live, with their owners' names.

    `session_last` and `token_last` are the numbers given last; `expired_count` sessions were not closed but
    expired.
    """

    __slots__ = ("_locks", "expired_count", "owners", "session_last", "token_last")

    commands = frozenset({OPEN_SESSION, CLOSE_SESSION, EXPIRE_SESSION, ACQUIRE, RELEASE})
    queries = frozenset({KEEP_ALIVE, AWAIT, HOLDER})

    def __init__(self) -> None:
        self.owners: dict[int, str] = {}
        self.session_last = 0
        self.token_last = 0
        self.expired_count = 0
        self._locks: dict[str, _Lock] = {}

    def apply(self, request: Request) -> Any:
        """Do what `request` says, and return its answer."""
        operation, key, value = request.operation, request.key, request.value
        if operation == ACQUIRE:
            session, waits = value
            return self._acquire(key, session, waits)
        if operation == RELEASE:
            return self._release(key, value)
        if operation == OPEN_SESSION:
            self.session_last += 1
            self.owners[self.session_last] = value
            return self.session_last
        if operation in (CLOSE_SESSION, EXPIRE_SESSION):
            self.expired_count += operation == EXPIRE_SESSION and key in self.owners
            return self._end(key)
        return self.query(request)

    def _acquire(self, name: str, session: int, waits: bool) -> int | Answer:
        if session not in self.owners:
            return Answer.OVER
        lock = self._locks.get(name)
        if lock is None:
            self._locks[name] = _Lock(session, self._next_token())
        elif waits and lock.holder != session:
            lock.waiting.setdefault(session)
        return self.standing(name, session)

    def _release(self, name: str, session: int) -> bool:
        lock = self._locks.get(name)
        if lock is None:
            return False
        if session in lock.waiting:
            del lock.waiting[session]
            return True
        if lock.holder != session:
            return False
        self._pass_on(name, lock)
        return True

    def _pass_on(self, name: str, lock: _Lock) -> None:
        """Give the lock to the next in its queue."""
        if not lock.waiting:
            del self._locks[name]
            return
        lock.holder = next(iter(lock.waiting))
        del lock.waiting[lock.holder]
        lock.token = self._next_token()

    def _next_token(self) -> int:
        self.token_last += 1
        return self.token_last

    def _end(self, session: int) -> bool:
        if self.owners.pop(session, None) is None:
            return False
        for name, lock in list(self._locks.items()):
            lock.waiting.pop(session, None)
            if lock.holder == session:
                self._pass_on(name, lock)
        return True

    # -- what can be asked ----------------------------------------------------------------------------------

    def query(self, request: Request) -> Any:
        """Return the answer to a query."""
        if request.operation == KEEP_ALIVE:
            return request.key in self.owners
        if request.operation == AWAIT:
            return self.standing(request.key, request.value)
        lock = self._locks.get(request.key)
        return None if lock is None else Holder(self.owners[lock.holder], lock.holder, lock.token)

    def standing(self, name: str, session: int) -> int | Answer:
        """Return the token of `session` for a lock, or how it stands with it."""
        if session not in self.owners:
            return Answer.OVER
        lock = self._locks.get(name)
        if lock is not None and lock.holder == session:
            return lock.token
        return Answer.NOT_YET if lock is not None and session in lock.waiting else Answer.TAKEN

    # -- snapshots ------------------------------------------------------------------------------------------

    def snapshot(self) -> Any:
        """Return all sessions and locks, and the numbers given last."""
        locks = {name: (lock.holder, lock.token, tuple(lock.waiting)) for name, lock in self._locks.items()}
        return dict(self.owners), self.session_last, self.token_last, self.expired_count, locks

    def restore(self, state: Any) -> None:
        """Hold what `state` holds."""
        owners, self.session_last, self.token_last, self.expired_count, locks = state
        self.owners = dict(owners)
        self._locks = {name: _Lock(*lock) for name, lock in locks.items()}
