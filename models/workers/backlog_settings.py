"""The rules of a backlog, and those of Amazon SQS by name.

Sources of `sqs()`: Amazon SQS, API reference (`SetQueueAttributes`, `ReceiveMessage`,
`ChangeMessageVisibility`) and Developer Guide, "Amazon SQS message quotas": visibility timeout 30 s, at most
12 h in all; delay at most 15 min; waiting at most 20 s; at most 10 messages a time; about 120 000 messages in
flight.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

ORDERS = ("first-come", "priority")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogSettings:
    """How a backlog hands out messages; times are in seconds.

    A message that was received is shown to nobody else for `visibility` (> 0) unless who received it says
    otherwise, and never for more than `visibility_max` from when it was received, however often that is
    extended. `delay` (>= 0) passes before a message that was sent is shown to anybody; who sends may set it
    to at most `delay_max`. A poll waits at most `wait_max`, and gets at most `batch_max` (>= 1) messages.

    A message that was received `receives_max` (>= 1) times is a dead letter when somebody would receive it
    again. At most `in_flight_max` (>= 1) messages are out at a time; beyond that nothing is handed out. At
    most `capacity` (>= 1) messages are there at a time; further ones are rejected. Each of these limits is a
    whole number, or infinite: none.

    `order` is "first-come", or "priority": that of the job, the highest first, first-come among equals.
    `is_durable` says whether a crash leaves what was sent where it was, or takes it all.

    `work` (>= 0) is what each request costs a core of the backlog's host, and `connections_max` (>= 1) how
    many requests, waiting polls included, it has at a time; further ones are rejected.
    """

    visibility: float = 30.0
    visibility_max: float = 43_200.0
    delay: float = 0.0
    delay_max: float = inf
    wait_max: float = inf
    batch_max: float = inf
    receives_max: float = inf
    in_flight_max: float = inf
    capacity: float = inf
    order: str = "first-come"
    is_durable: bool = True
    work: float = 0.0
    connections_max: int = 10_000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0.0 < self.visibility <= self.visibility_max:
            raise ValueError(
                f"visibility must be > 0 s and at most visibility_max ({self.visibility_max!r} s), "
                f"got {self.visibility!r}"
            )
        if not self.visibility < inf:
            raise ValueError(f"visibility must be finite, got {self.visibility!r}")
        if not 0.0 <= self.delay <= self.delay_max or self.delay == inf:
            raise ValueError(f"delay must be finite, >= 0 s and at most delay_max, got {self.delay!r}")
        if not self.wait_max >= 0.0:
            raise ValueError(f"wait_max must be >= 0 s, got {self.wait_max!r}")
        for name in ("batch_max", "receives_max", "in_flight_max", "capacity"):
            if not _is_limit(getattr(self, name)):
                raise ValueError(
                    f"{name} must be a whole number >= 1 or infinite, got {getattr(self, name)!r}"
                )
        if self.order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, got {self.order!r}")
        if not 0.0 <= self.work < inf:
            raise ValueError(f"work must be finite and >= 0 s, got {self.work!r}")
        if type(self.connections_max) is not int or self.connections_max < 1:
            raise ValueError(f"connections_max must be a whole number >= 1, got {self.connections_max!r}")


def _is_limit(value: object) -> bool:
    return value == inf or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def sqs(**changes: Any) -> BacklogSettings:
    """Return the rules of a standard queue of Amazon SQS, with `changes` to them (see `BacklogSettings`).

    What is not here: a visibility timeout of 0, with which one message is received by several at a time; the
    end of retention, after which SQS deletes what nobody has.

    Example::

        jobs = Backlog(env, host, sqs(visibility=120.0, receives_max=5), dead_letters=graveyard)
    """
    rules: dict[str, Any] = {
        "visibility": 30.0,
        "visibility_max": 43_200.0,
        "delay_max": 900.0,
        "wait_max": 20.0,
        "batch_max": 10,
        "in_flight_max": 120_000,
    }
    return BacklogSettings(**{**rules, **changes})
