"""The way of one client to one cache server: how long it waits, and what it thinks of the server.

Rules, those of twemproxy's `auto_eject_hosts`:

1. Who is not answered within `timeout` s is not answered. So is a call that is refused, rejected or lost: a
   cache that does not answer is a miss, whatever the reason.
2. `failures_max` of these in a row, and the server is out for `retry_time` s: it is not asked. An answer in
   between begins the count anew, and what was asked before it went out tells nothing of it any more.
3. After that time it is asked again, like any other, and is out again after as many failures as before.

What a client thinks is its own, in memory, until its host restarts: others ask that server still, or have
come back to it already. Leaves out: probes that nobody waits for (mcrouter's TKO probes), backoff of the
retry time. Source: twemproxy's `server_failure_limit` (2), `server_retry_timeout` (30 s) and `nc_server.c`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import CallFailed, Cancelled, Environment

from ...network import Connection
from ...request import Request, Response
from ...validation import require_count, require_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """After `failures_max` (>= 1) failures in a row a client lets a server be for `retry_time` s (> 0)."""

    failures_max: int = 2
    retry_time: float = 30.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_count("failures_max", self.failures_max)
        require_duration("retry_time", self.retry_time)


class Way:
    """What one client has to do with one server; `ejection` may be `None`, then it is always asked.

    Whenever the server goes out `on_out(time)` is called with when it will be asked again, in seconds.
    The server went out `ejected_count` times.
    """

    __slots__ = (
        "_ejection",
        "_env",
        "_failures_in_a_row",
        "_lives",
        "_on_out",
        "_out_until",
        "connection",
        "ejected_count",
        "timeout",
    )

    def __init__(
        self,
        env: Environment,
        connection: Connection,
        on_out: Callable[[float], object],
        *,
        timeout: float,
        ejection: Ejection | None,
    ) -> None:
        self._env = env
        self._ejection = ejection
        self._on_out = on_out
        self.connection = connection
        self.timeout = timeout
        self._failures_in_a_row = 0
        self._lives = 0
        self._out_until = -inf
        self.ejected_count = 0

    @property
    def is_out(self) -> bool:
        """Whether the client lets the server be now."""
        return self._env.now < self._out_until

    def think_anew(self) -> None:
        """Have no opinion of the server: the client has just started."""
        self._failures_in_a_row = 0
        self._lives += 1
        self._out_until = -inf

    def ask(self, request: Request) -> Generator[Any, Any, Response | None]:
        """Return the server's answer, or `None` if there is none in time."""
        lives = self._lives
        # What `with env.fail_after(...)` does, without the calls that a `with` costs: this is every read.
        deadline = self._env.open_deadline(self.timeout)
        try:
            response = yield from self.connection.call(request)
        except CallFailed:
            pass
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        else:
            if lives == self._lives:
                self._failures_in_a_row = 0
            return response
        finally:
            deadline.process = None
        if lives == self._lives:
            self._note_failure()
        return None

    def _note_failure(self) -> None:
        self._failures_in_a_row += 1
        ejection = self._ejection
        if ejection is not None and self._failures_in_a_row >= ejection.failures_max:
            self._failures_in_a_row = 0
            self._lives += 1
            self._out_until = self._env.now + ejection.retry_time
            self.ejected_count += 1
            self._on_out(self._out_until)
