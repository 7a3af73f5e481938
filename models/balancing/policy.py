"""The contract of balancing policies.

A policy is a frozen value; each balancer gets from it a function of its own, which chooses. What a balancer
knows is its own view: calls that it has sent and that have not come back to it. Other balancers' calls it
does not see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from simulator import Environment

from ..request import Request
from .target import Target, Targets

Choose = Callable[[Request], Target]
"""A function that chooses the target of a request."""


class Policy(ABC):
    """Makes the function that chooses; derive from it, as a frozen dataclass, to make your own.

    `uses_weights` says whether weights make a difference: a balancer does not accept any where they do not.
    `has_memory` says whether its choosers remember more than the targets do (not their random numbers): a
    balancer whose host restarts then takes a new one.
    """

    __slots__ = ()

    uses_weights = False
    has_memory = False

    @abstractmethod
    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that chooses one of `targets` for each request.

        `targets` is alive: it changes between two choices when a target comes, goes, or is no longer
        available, and is not empty when a choice is made. Random numbers come from the stream
        "balancer/<name>".
        """

    def hashed_key(self, request: Request) -> int | None:
        """Return the hash of the key by which it chooses, `None` where no key decides about `request`."""
        return None

    def is_panic(self, members: Sequence[Target], threshold: float) -> bool:
        """Say whether so few of the `members` are available that a balancer disbelieves the others' illness.

        `threshold` in [0, 1] is the balancer's share of them below which they are too few.
        """
        # A share against a share: 0.55 * 100 is more than 55 in floats.
        return bool(members) and sum([each.is_available for each in members]) / len(members) < threshold
