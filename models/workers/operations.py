"""What one may ask of a backlog; each is the `value` of a request, made by `BacklogClient`.

Any other request that a backlog is sent is a job, to be put into it as it is: so a workload, or a service's
dependency, sends jobs by calling the backlog. Source: the actions of Amazon SQS (`SendMessage`,
`ReceiveMessage`, `DeleteMessage`, `ChangeMessageVisibility`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..request import Request
from .message import Receipt


@dataclass(frozen=True, slots=True)
class Send:
    """Put `job` into the backlog, and show it to nobody for `delay` seconds (`None`: the backlog's)."""

    job: Request
    delay: float | None = None

    def __post_init__(self) -> None:
        """Check the delay."""
        _require_seconds("delay", self.delay)


@dataclass(frozen=True, slots=True)
class Receive:
    """Hand out at most `count` messages, for `visibility` seconds (> 0; `None`: the backlog's).

    If there is none, wait for one for at most `wait` seconds.
    """

    count: int = 1
    wait: float = 0.0
    visibility: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if type(self.count) is not int or self.count < 1:
            raise ValueError(f"count must be a whole number >= 1, got {self.count!r}")
        _require_seconds("wait", self.wait)
        if self.visibility is not None and not 0.0 < self.visibility < inf:
            raise ValueError(f"visibility must be finite and > 0 s, got {self.visibility!r}")


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the message of this `receipt`: its job is done."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Extend:
    """Keep the message of this `receipt` for `visibility` seconds from now (`None`: the backlog's).

    With 0 it is given back, for others to receive at once.
    """

    receipt: Receipt
    visibility: float | None = None

    def __post_init__(self) -> None:
        """Check the time."""
        _require_seconds("visibility", self.visibility)


def _require_seconds(name: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value < inf:
        raise ValueError(f"{name} must be finite and >= 0 s, got {value!r}")
