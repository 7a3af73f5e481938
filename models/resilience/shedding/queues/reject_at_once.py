"""Reject at once: nobody waits. What one does whose callers can ask somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from .discipline import QueueDiscipline, Waiter, WaitingRoom


@dataclass(frozen=True, slots=True)
class RejectAtOnce(QueueDiscipline):
    """No waiting room: whoever comes beyond the limit is shed in no time."""

    def room(self) -> WaitingRoom:
        """Return a room without places."""
        return _NoRoom()


class _NoRoom(WaitingRoom):
    __slots__ = ()

    full = "limit reached"

    def patience(self, now: float) -> float:
        return 0.0

    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        return newcomer

    def next(self) -> Waiter:
        raise AssertionError("nobody waits in a room without places")

    def leave(self, waiter: Waiter) -> None:
        raise AssertionError("nobody waits in a room without places")

    def __len__(self) -> int:
        return 0
