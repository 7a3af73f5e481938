"""The contract of rate limits: a limit is a frozen value, an allowance is what is left of it now.

A `RateLimit` says how much may pass. `start` makes an `Allowance`, which counts. A limiter that is given a
limit starts one of its own, which lives in the memory of its process: a restart begins with a fresh one. To
share a limit between several limiters, start it and give them the allowance:

    tenant = TokenBucket(rate=100, burst=20).start(env)
    reads = RateLimiter(env, read_service, tenant)
    writes = RateLimiter(env, write_service, tenant)

A shared allowance belongs to none of them and outlives their restarts: it stands for a store that they have
in common. Asking it takes no time and no message. Between limiters on one host that is how it is; between
hosts it is an ideal that no real limit reaches, and an honest model puts the limiter on a host of its own and
calls it over the network.

Left out: limits that are changed while they run; hints to the caller when to come back (`Retry` could not
use them).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any

from simulator import Environment

from ...request import Request


class RateLimit(ABC):
    """How much may pass; derive from it, as a frozen dataclass, to make your own."""

    __slots__ = ()

    @property
    def lets_wait(self) -> bool:
        """Whether a limiter's `wait_max` says how long calls wait for this limit.

        It does not where the limit has its own rule for that, or none at all.
        """
        return False

    @abstractmethod
    def start(self, env: Environment) -> Allowance:
        """Return a fresh allowance: nothing has passed yet."""


class Allowance(ABC):
    """What is left of `limit` now; made by its `start`, for one limiter or for several to share."""

    __slots__ = ("env", "limit")

    def __init__(self, env: Environment, limit: RateLimit) -> None:
        self.env = env
        self.limit = limit

    @abstractmethod
    def admit(self, request: Request) -> bool:
        """Let `request` pass now and charge for it, or return `False` and change nothing."""

    def wait(self, request: Request, wait_max: float) -> Generator[Any, Any, bool]:
        """Wait for the turn of a `request` that was not admitted; return whether it may pass after all.

        `wait_max` seconds are the caller's patience, where the limit lets callers wait by it.
        """
        yield from ()
        return False

    @property
    @abstractmethod
    def is_fresh(self) -> bool:
        """Whether it can no longer be told from a fresh one, so that it may be forgotten."""
