"""Round robin: each target in turn.

Even to within one request, and blind: a slow target gets as many as the others, and keeps them longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator import Environment

from ..request import Request
from .policy import Choose, Policy
from .target import Target


@dataclass(frozen=True, slots=True)
class RoundRobin(Policy):
    """Chooses the targets in turn, in the order in which they were added.

    The turn goes on where it was when a target is added or removed: nobody is left out, and nobody gets two
    in a row.
    """

    has_memory = True

    def chooser(self, env: Environment, targets: Sequence[Target], name: str) -> Choose:
        """Return a function that chooses in turn."""
        position = -1
        last: Target | None = None

        def choose(request: Request) -> Target:
            nonlocal position, last
            if last is not None and (position >= len(targets) or targets[position] is not last):
                # One that stood before the last has gone, or the last itself: then its follower stands in its
                # place.
                position = targets.index(last) if last in targets else position - 1
            position += 1
            if position >= len(targets):
                position = 0
            last = targets[position]
            return last

        return choose
