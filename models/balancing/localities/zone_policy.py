"""The contract of the policies that choose a zone first, and then among its targets by a policy inside."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from simulator import Environment
from simulator.randomness import Uniform

from ...hashing import hash_of, scrambled
from ...infrastructure import Zone
from ...request import Request
from ...validation import require_number
from ..policy import Choose, Policy
from ..policy_around import PolicyAround
from ..power_of_two_choices import PowerOfTwoChoices
from ..target import Targets
from .zone_groups import Group, ZoneGroups

_TWO_CHOICES = PowerOfTwoChoices()

ChooseGroup = Callable[[Request], Group | None]
"""Says from which group to choose for a request; `None`: from anywhere."""

Draw = Callable[[Request], float]
"""A number in [0, 1) for each request: at random, or always the same for one key."""

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePolicy(PolicyAround):
    """Base of the policies that choose a zone; `policy` then chooses among the targets there.

    Where that goes by a key, the key decides about the zone as well, or it would wander from zone to zone.
    """

    policy: Policy = _TWO_CHOICES

    def draws(self, env: Environment, name: str) -> Draw:
        """Return a function that draws, from the stream "balancer/<name>", where no key decides."""
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values
        hashed_key, salt = self.hashed_key, hash_of(type(self).__name__)

        def draw(request: Request) -> float:
            hashed = hashed_key(request)
            return next(uniforms) if hashed is None else fraction(hashed, salt)

        return draw

    @abstractmethod
    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that says from which group to choose; it calls `groups.refresh()` first."""

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that chooses zones first, then a target there."""
        groups = ZoneGroups(env, targets, self.policy, name)
        choose_group = self.group_chooser(env, groups, name)
        return lambda request: groups.choose_in(choose_group(request), request)


def fraction(hashed: int, salt: int) -> float:
    """Return a number in [0, 1) for a hash: another for another `salt`, and as good as drawn.

    It says nothing about where in the zone the key belongs, which the hash itself decides.
    """
    return (scrambled(hashed ^ salt) >> 11) * _UNIT


def zones_of(name: str, zones: Iterable[Zone]) -> tuple[Zone, ...]:
    """Return `zones`, of the setting of that name. Raises `TypeError` for one alone, and for other things."""
    if isinstance(zones, Zone):
        raise TypeError(f"{name} must be a collection of zones, got one, {zones!r}")
    listed = tuple(zones)
    for zone in listed:
        if not isinstance(zone, Zone):
            raise TypeError(f"{name} must be zones, got {zone!r}")
    return listed


def require_overprovisioning(factor: object) -> None:
    """Raise unless `factor` is a number that is finite and >= 1."""
    if not 1.0 <= require_number("overprovisioning", factor) < inf:
        raise ValueError(f"overprovisioning must be finite and >= 1, got {factor!r}")
