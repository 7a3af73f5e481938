"""What a lock service is asked, and what it answers.

Commands, which stand in the log:

    open-session       a lease for the owner named by the value; answered with the session's number
    close-session      the session of that number is over, and lets go of all that it has
    expire-session     the same, because its time is up; only a leader proposes it (see `leases`)
    acquire            the lock `key` for session `value[0]`; where it is taken, a place in the queue if
                       `value[1]`. Answered with a fencing token, or an `Answer`
    release            session `value` has done with the lock `key`, or waits for it no longer; answered with
                       whether it had it or waited

Queries, which do not:

    keep-alive         whether the session `key` lives; the leader counts its lease anew
    await              what the session `value` has of the lock `key`: a token, or an `Answer`; while it
                       waits the leader keeps the question for a while
    holder             who has the lock `key`: a `Holder`, or `None`
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...request import Request

OPEN_SESSION = "open-session"
CLOSE_SESSION = "close-session"
EXPIRE_SESSION = "expire-session"
ACQUIRE = "acquire"
RELEASE = "release"
KEEP_ALIVE = "keep-alive"
AWAIT = "await"
HOLDER = "holder"


class Answer(Enum):
    """What a session is told that has not got a lock."""

    TAKEN = "taken"  # by another one; and it has no place in the queue
    NOT_YET = "not yet"  # it waits in the queue
    OVER = "over"  # there is no such session, any more


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a lock: session number `session`, opened by `owner`; under fencing token `token`."""

    owner: str
    session: int
    token: int


def open_session(owner: str) -> Request:
    """Return the request for a session of `owner`, a name for people."""
    return Request(OPEN_SESSION, value=owner)


def close_session(session: int) -> Request:
    """Return the request that ends `session`."""
    return Request(CLOSE_SESSION, session)


def acquire(lock: str, session: int, *, waits: bool) -> Request:
    """Return the request for `lock`; with `waits` for a place in its queue where it is taken."""
    return Request(ACQUIRE, lock, (session, waits))


def release(lock: str, session: int) -> Request:
    """Return the request that gives `lock`, or the place in its queue, back."""
    return Request(RELEASE, lock, session)


def keep_alive(session: int) -> Request:
    """Return the request that keeps `session` alive."""
    return Request(KEEP_ALIVE, session)


def await_lock(lock: str, session: int) -> Request:
    """Return the request that asks how far `session` has got with `lock`."""
    return Request(AWAIT, lock, session)


def holder(lock: str) -> Request:
    """Return the request that asks who has `lock`."""
    return Request(HOLDER, lock)
