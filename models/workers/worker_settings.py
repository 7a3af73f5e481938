"""How a worker works; the trade-offs that it comes with."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker fetches jobs and what it does about trouble; times are in seconds.

    A poll waits for `wait` (>= 0) at the backlog; after one that got nothing without having waited, and after
    any request that has failed, the worker pauses for `pause` (> 0). `patience` (> 0) is how long it waits
    for an answer of the backlog. A message is its own for `visibility` (> 0; `None`: as the backlog says).

    With a `heartbeat` (> 0) it asks to keep the message so often while it works, each time for `visibility`.
    A job that has failed is given back for others to receive after `retry_delay` (>= 0; `None`: when the
    visibility timeout is over). To delete a message is tried `delete_attempts` (>= 1) times.

    Its process starts again `restart_delay` (> 0; infinity: somebody else must do it) after it has crashed.
    One that drains abandons what is undone `margin` (>= 0) before it will be killed, and gives the messages
    back at once if it `returns`; otherwise they come back when their time is over.
    """

    wait: float = 20.0
    pause: float = 1.0
    patience: float = 5.0
    visibility: float | None = None
    heartbeat: float | None = None
    retry_delay: float | None = None
    delete_attempts: int = 3
    restart_delay: float = 1.0
    margin: float = 5.0
    returns: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        if type(self.delete_attempts) is not int or self.delete_attempts < 1:
            raise ValueError(f"delete_attempts must be a whole number >= 1, got {self.delete_attempts!r}")
        for name in ("pause", "patience", "visibility", "heartbeat"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < inf:
                raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")
        for name in ("wait", "retry_delay", "margin"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < inf:
                raise ValueError(f"{name} must be finite and >= 0 s, got {value!r}")
        if not self.restart_delay > 0.0:
            raise ValueError(f"restart_delay must be > 0 s, got {self.restart_delay!r}")
        visibility = inf if self.visibility is None else self.visibility
        if self.heartbeat is not None and not self.heartbeat < visibility:
            raise ValueError(
                f"heartbeat must be shorter than visibility ({self.visibility!r} s), got {self.heartbeat!r}"
            )
