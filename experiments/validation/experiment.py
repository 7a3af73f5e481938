"""What a check against theory is: a few numbers that theory gives, and a simulation that yields them.

A check simulates whole replications, each with a seed of its own; what its values say about the claims is
the verdict's affair. Leaves out how the replications are run, and on how many processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

GROUPS = (
    "queueing",
    "balancing",
    "tail",
    "retries",
    "backoff",
    "collapse",
    "breaker",
    "availability",
    "scaling",
    "replication",
    "sharding",
    "cqrs",
    "transactions",
    "caching",
)
"""The parts of theory that are checked, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One number that theory gives, such as `Claim("P(wait)", 0.40918)`.

    `bias` (>= 0, in the unit of the number) is how far the true value of the simulated system, which is
    finite, may lie from `expected`; the reason is then in `note`. `precision` (> 0) is the largest half-width
    of the interval, as a share of `expected`, with which the claim still counts as tested; an absolute number
    where `expected` is 0. Raises `ValueError` for a number out of range and for a bias without a reason.
    """

    name: str
    expected: float
    bias: float = 0.0
    note: str = ""
    precision: float = 0.05

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not isfinite(self.expected):
            raise ValueError(f"expected of claim {self.name!r} must be finite, got {self.expected!r}")
        if not 0.0 <= self.bias < inf:
            raise ValueError(f"bias of claim {self.name!r} must be finite and >= 0, got {self.bias!r}")
        if not 0.0 < self.precision < inf:
            raise ValueError(
                f"precision of claim {self.name!r} must be finite and > 0, got {self.precision!r}"
            )
        if self.bias and not self.note:
            raise ValueError(f"note of claim {self.name!r} must say why there is a bias, got {self.note!r}")


@dataclass(frozen=True, slots=True)
class TheoryCheck:
    """A system whose behaviour is known, and its simulation.

    `group` is one of `GROUPS`, `source` says where the expected numbers come from (book, paper, formula).
    `simulate(seed, effort)` runs one replication and returns one value per claim, in their order; `effort`
    (> 0) scales the length of the run: 1 is full, 0.1 quick. It is a module-level function, or a `partial` of
    one, since other processes run it. `replications` (>= 2) are made. Raises `ValueError` for a group that
    does not exist, no claims, a claim named twice, or fewer than 2 replications.
    """

    name: str
    group: str
    source: str
    claims: tuple[Claim, ...]
    simulate: Callable[[int, float], Sequence[float]]
    replications: int = 20

    def __post_init__(self) -> None:
        """Check the fields."""
        if self.group not in GROUPS:
            raise ValueError(
                f"group of check {self.name!r} must be one of {', '.join(GROUPS)}, got {self.group!r}"
            )
        names = [claim.name for claim in self.claims]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"claims of check {self.name!r} must be distinct and at least one, got {names}")
        if self.replications < 2:
            raise ValueError(f"replications of check {self.name!r} must be >= 2, got {self.replications!r}")
