"""The targets of a balancer by zone, each group with a chooser of its own from the policy inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simulator import Environment

from ...infrastructure import Zone
from ...request import Request
from ..part_of_targets import PartOfTargets
from ..policy import Choose, Policy
from ..target import Target, Targets


class Group(NamedTuple):
    """The available targets in some zones, or with `everybody` the others there too."""

    zones: tuple[Zone | None, ...]
    everybody: bool = False


class ZoneGroups:
    """Groups of targets, kept up to date by `refresh`; `choose_in` chooses from one of them.

    Groups are made when they are first chosen from, and keep their choosers: whose turn it is in a zone is
    not forgotten when another one loses a target.
    """

    def __init__(self, env: Environment, targets: Targets, policy: Policy, name: str) -> None:
        self.targets = targets
        self._env = env
        self._policy = policy
        self._name = name
        self._version = -1
        self._groups: dict[Group, tuple[PartOfTargets, Choose]] = {}
        # Of its own too, so that a draw for a zone and one for a target are never the same number.
        self._choose_anywhere = policy.chooser(env, targets, f"{name}/anywhere")

    def refresh(self) -> bool:
        """Say whether the targets have changed since the last call, and regroup them if so."""
        if self.targets.version == self._version:
            return False
        self._version = self.targets.version
        for group, (part, _) in self._groups.items():
            self._show(part, group)
        return True

    def _show(self, part: PartOfTargets, group: Group) -> None:
        members = [target for target in self.targets.members if target.zone in group.zones]
        shown = [target for target in members if group.everybody or target.is_available]
        part.show(shown, members, is_panicking=group.everybody)

    def counts(self) -> tuple[dict[Zone | None, int], dict[Zone | None, int]]:
        """Return how many targets each zone has that are available, and how many in all."""
        return counts_by_zone(self.targets.members)

    def choose_in(self, group: Group | None, request: Request) -> Target:
        """Return the choice in a group, which has a target, or among all where it is `None`."""
        if group is None:
            return self._choose_anywhere(request)
        made = self._groups.get(group)
        if made is None:
            part = PartOfTargets()
            label = "+".join("no zone" if zone is None else zone.name for zone in group.zones)
            label += " in panic" if group.everybody else ""
            made = self._groups[group] = part, self._policy.chooser(self._env, part, f"{self._name}/{label}")
            self._show(part, group)
        return made[1](request)


def counts_by_zone(targets: Iterable[Target]) -> tuple[dict[Zone | None, int], dict[Zone | None, int]]:
    """Return how many of `targets` each zone has that are available, and how many in all."""
    available: dict[Zone | None, int] = {}
    members: dict[Zone | None, int] = {}
    for target in targets:
        members[target.zone] = members.get(target.zone, 0) + 1
        available[target.zone] = available.get(target.zone, 0) + target.is_available
    return available, members
