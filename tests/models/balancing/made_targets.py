"""Targets for tests of policies, made by hand: no balancer stands around them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any

from models.balancing import Choose, Target, Targets
from models.endpoint import FunctionEndpoint
from models.infrastructure import Zone
from models.request import Request

REQUEST = Request()


def at_once(request: Request) -> Generator[Any, Any, str]:
    yield from ()
    return "answer"


def target(name: str, *, outstanding: int = 0, weight: float = 1.0, zone: Zone | None = None) -> Target:
    made = Target(FunctionEndpoint(at_once, name=name), weight)
    made.outstanding = outstanding
    made.zone = zone
    return made


def show(targets: Targets, members: Iterable[Target], *, is_panicking: bool = False) -> Targets:
    """Let `members` be the members, and those of them that may be chosen the targets."""
    targets.members[:] = members
    targets.is_panicking = is_panicking
    targets[:] = [each for each in targets.members if is_panicking or each.is_available]
    targets.version += 1
    return targets


def targets_of(members: Iterable[Target]) -> Targets:
    return show(Targets(), members)


def lettered(*outstanding: int, weights: Sequence[float] = ()) -> Targets:
    """Targets called a, b, c and so on, with so many calls under way."""
    return targets_of(
        target("abcdefghij"[index], outstanding=count, weight=weights[index] if weights else 1.0)
        for index, count in enumerate(outstanding)
    )


def numbered(count: int) -> Targets:
    return targets_of(target(f"target-{number}") for number in range(count))


def chosen(choose: Choose, count: int, request: Request = REQUEST) -> list[str]:
    return [choose(request).endpoint.name for _ in range(count)]
