"""Sessions and locks as a state machine, command by command."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from models.consensus.lock_service import Answer, Holder, LockMachine, holder
from models.consensus.lock_service.operations import (
    EXPIRE_SESSION,
    acquire,
    await_lock,
    close_session,
    keep_alive,
    open_session,
    release,
)
from models.request import Request


def machine(session_count: int = 3) -> LockMachine:
    made = LockMachine()
    for number in range(1, session_count + 1):
        assert made.apply(open_session(f"owner-{number}")) == number
    return made


def get(machine: LockMachine, session: int, lock: str = "a", *, waits: bool = True) -> Any:
    return machine.apply(acquire(lock, session, waits=waits))


def test_lock_is_given_once_and_under_a_token_that_grows_over_all_locks() -> None:
    locks = machine()
    assert get(locks, 1) == 1
    assert get(locks, 2, "b") == 2
    assert get(locks, 2, waits=False) is Answer.TAKEN
    assert get(locks, 1) == 1
    assert locks.apply(release("a", 1)) is True
    assert locks.query(holder("a")) is None
    assert get(locks, 1) == 3
    assert locks.query(holder("a")) == Holder("owner-1", 1, 3)
    assert locks.query(holder("nothing")) is None


def test_who_waits_gets_it_in_order() -> None:
    locks = machine()
    get(locks, 1)
    assert get(locks, 3) is Answer.NOT_YET
    assert get(locks, 2) is Answer.NOT_YET
    assert get(locks, 3) is Answer.NOT_YET  # the same place as before
    locks.apply(release("a", 1))
    assert locks.query(await_lock("a", 3)) == 2
    assert locks.query(await_lock("a", 2)) is Answer.NOT_YET
    locks.apply(release("a", 3))
    assert locks.query(await_lock("a", 2)) == 3


def test_who_neither_has_it_nor_waits_cannot_release_it() -> None:
    locks = machine()
    get(locks, 1)
    assert locks.apply(release("a", 2)) is False
    assert locks.apply(release("b", 2)) is False
    assert locks.query(holder("a")) == Holder("owner-1", 1, 1)
    get(locks, 2)
    assert locks.apply(release("a", 2)) is True  # its place
    locks.apply(release("a", 1))
    assert locks.query(holder("a")) is None


def test_session_that_is_over_has_no_lock_and_no_place_any_more() -> None:
    for end in (close_session(1), Request(EXPIRE_SESSION, 1)):
        locks = machine()
        get(locks, 1)
        get(locks, 1, "b")
        get(locks, 2, "c")
        get(locks, 2)
        get(locks, 1, "c")
        assert locks.apply(end) is True
        assert locks.apply(end) is False
        assert locks.query(keep_alive(1)) is False
        assert locks.query(await_lock("a", 2)) == 4
        assert locks.query(holder("b")) is None
        for name in ("a", "b"):  # one that another has, and one that is free
            assert get(locks, 1, name) is Answer.OVER
        assert locks.query(holder("b")) is None
        assert locks.query(await_lock("c", 1)) is Answer.OVER
        locks.apply(release("a", 2))
        assert locks.query(holder("a")) is None
        locks.apply(release("c", 2))
        assert locks.query(holder("c")) is None
        assert locks.expired_count == (end.operation == EXPIRE_SESSION)
        assert locks.apply(open_session("again")) == 4


def test_snapshot_holds_all_and_is_changed_by_nothing_afterwards() -> None:
    locks = machine(4)
    locks.apply(Request(EXPIRE_SESSION, 4))
    get(locks, 1)
    get(locks, 3)
    get(locks, 2)
    state = locks.snapshot()
    as_it_was = deepcopy(state)
    locks.apply(close_session(3))
    locks.apply(release("a", 1))
    other = LockMachine()
    other.restore(state)
    assert other.snapshot() == state
    assert other.expired_count == 1
    other.apply(release("a", 1))
    assert other.query(await_lock("a", 3)) == 2
    assert other.query(await_lock("a", 2)) is Answer.NOT_YET
    assert other.apply(open_session("new")) == 5
    assert other.snapshot() != state == as_it_was


def test_machine_refuses_to_know_the_time() -> None:
    """The same commands give the same state, whenever they come."""
    one, other = machine(), machine()
    for locks in (one, other):
        get(locks, 1)
        get(locks, 2)
        locks.apply(Request(EXPIRE_SESSION, 1))
    assert one.snapshot() == other.snapshot()
