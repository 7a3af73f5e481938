"""The contract of balancing policies, and what a policy may know about a target.

A policy is a frozen value; each balancer gets from it a function of its own, which chooses. What a balancer
knows is its own view: calls that it has sent and that have not come back to it. Other balancers' calls it
does not see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from simulator import Environment

from ..endpoint import Endpoint
from ..request import Request


class Target:
    """One of the endpoints behind a balancer.

    `outstanding` calls to it are under way, `call_count` were begun so far, `weight` (> 0) is its share for
    policies that use weights. `credit` belongs to the policy.
    """

    __slots__ = ("call_count", "credit", "endpoint", "outstanding", "weight")

    def __init__(self, endpoint: Endpoint, weight: float = 1.0) -> None:
        self.endpoint = endpoint
        self.weight = weight
        self.outstanding = 0
        self.call_count = 0
        self.credit = 0.0

    def __repr__(self) -> str:
        return f"Target({self.endpoint.name!r})"

    def fresh(self) -> Target:
        """Return the same target as one knows it who has just started: only `call_count` is no memory."""
        target = Target(self.endpoint, self.weight)
        target.call_count = self.call_count
        return target


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
    def chooser(self, env: Environment, targets: Sequence[Target], name: str) -> Choose:
        """Return a function that chooses one of `targets` for each request.

        `targets` is alive: it changes between two choices when a target comes or goes, and is not empty when
        a choice is made. Random numbers come from the stream "balancer/<name>".
        """
