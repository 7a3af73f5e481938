"""Amplification: how many attempts a server sees per request of a user.

Retries at one layer multiply those of the layer above: three layers of three attempts make up to 27. The
ratio of two counters over a window says what it came to. Requests that began before the window have attempts
in it; over a window much longer than a request that does not matter.

An observer: it reads counters and changes nothing. Leaves out: which request made which attempt. Source:
Beyer et al., "Site Reliability Engineering" (2016), chapter 22, on retries at many layers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Any, Protocol


class CountsCalls(Protocol):
    """What attempts go through, such as a `Connection` or an `Instance`."""

    def statistics(self) -> Any:
        """Return a record with a `call_count`."""


class CountsRequests(Protocol):
    """Who sends the users' requests: a `Client`, or its `RequestTable`."""

    issued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AmplificationStatistics:
    """Since the last restart `request_count` requests were sent, and `attempt_count` attempts made."""

    request_count: int
    attempt_count: int

    @property
    def ratio(self) -> float:
        """Attempts per request; nan if there were no requests."""
        return self.attempt_count / self.request_count if self.request_count else nan


class Amplification:
    """Attempts through all of `attempts`, per request that `users` have issued, from now on.

    Example::

        amplification = Amplification(users.table, shop.payment_connections)
        env.run(until=warm_up)
        amplification.restart()
        env.run(until=end)
        amplification.statistics().ratio
    """

    def __init__(self, users: CountsRequests, attempts: Iterable[CountsCalls]) -> None:
        """Begin to count; raises ValueError where there is nothing that attempts could go through."""
        self._users = users
        self._attempts = tuple(attempts)
        if not self._attempts:
            raise ValueError("attempts must be at least one part that counts calls, got none")
        self.restart()

    def restart(self) -> None:
        """Forget what has been counted so far."""
        self._requests_before = self._users.issued
        self._attempts_before = self._attempt_count()

    def statistics(self) -> AmplificationStatistics:
        """Return what was counted since the last restart."""
        return AmplificationStatistics(
            request_count=self._users.issued - self._requests_before,
            attempt_count=self._attempt_count() - self._attempts_before,
        )

    def _attempt_count(self) -> int:
        return sum(part.statistics().call_count for part in self._attempts)
