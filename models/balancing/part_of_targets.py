"""Some of a balancer's targets, or views of them, as a policy inside another policy sees them."""

from __future__ import annotations

from collections.abc import Iterable

from .target import Target, Targets


class PartOfTargets(Targets):
    """Targets that another policy shows to the one inside it."""

    __slots__ = ()

    def show(self, chosen_from: Iterable[Target], members: Iterable[Target], *, is_panicking: bool) -> None:
        """Show these from now on: `chosen_from` may be chosen, and are among `members`."""
        self[:] = chosen_from
        self.members[:] = members
        self.is_panicking = is_panicking
        self.version += 1
