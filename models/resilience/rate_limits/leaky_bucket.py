"""Leaky bucket, as a queue: calls drip out at a fixed pace, and what the bucket cannot hold is turned away.

Two things have this name. The *queue*, this one, shapes: calls are delayed, so that they leave no closer
together than 1/rate seconds, whatever the bursts in which they come (Tanenbaum; nginx `limit_req` with a
`burst` and without `nodelay`). The *meter* only judges: a counter beside the calls says which of them
conform, and those pass at once, bursts and all (Turner 1986; ITU-T I.371). As a meter it is the token bucket,
see there. Both turn the same calls away: a queue of Q those that a token bucket with a burst of Q + 1 would;
they differ in whether the others wait. For Poisson calls that is the blocking of M/D/1/(Q + 1).

A call that finds the bucket empty, and the last one gone for 1/rate seconds, leaves at once; there is no
ticking clock that it has to wait for. Someone who leaves the queue makes room, and those behind move up.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Environment

from ...validation import require_positive, require_room
from .rate_limit import RateLimit
from .token_bucket import Tokens


@dataclass(frozen=True, slots=True)
class LeakyBucket(RateLimit):
    """Calls leave at most every 1/`rate` seconds (`rate` > 0 per second); `queue_size_max` (>= 0) wait.

    The queue is the limit's own rule of waiting: the longest wait is queue_size_max / rate. With an infinite
    queue nothing is turned away.
    """

    rate: float
    queue_size_max: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_positive("rate", self.rate, "per second")
        require_room("queue_size_max", self.queue_size_max)

    def start(self, env: Environment) -> _Queue:
        """Return an empty bucket."""
        return _Queue(env, self)


class _Queue(Tokens):
    """One token is the right to leave, and it cannot be saved."""

    __slots__ = ("_queue_size_max",)

    def __init__(self, env: Environment, limit: LeakyBucket) -> None:
        super().__init__(env, limit, limit.rate, 1.0)
        self._queue_size_max = limit.queue_size_max

    def _may_join(self, price: float, wait_max: float) -> bool:
        return len(self._line) < self._queue_size_max
