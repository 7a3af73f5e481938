"""Hashed policies: a request's key decides, so that what is about one thing meets the same target.

Caches, sessions and shards want that. Load is then as even as the keys are: a key that everybody asks for is
all on one target, which only a bound on the load (`ConsistentHash`) does something about.

A target is known by the name of the endpoint at the other end, behind wrappers and across the network, so
that all balancers that know the same instances send a key to the same one. Names must differ. A placement
is built when it is first needed after targets have changed, over those that may be chosen: the keys of one
that is down go elsewhere, and come back with it. A request without a key goes anywhere, at random (Envoy).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from simulator import Environment
from simulator.randomness import Uniform

from ..endpoint import Endpoint
from ..hashing import Key, Placement, hash_of
from ..request import Request
from .policy import Choose, Policy
from .target import Target, Targets, far_endpoint

PlacementT = TypeVar("PlacementT", bound=Placement)

KeyOf = Callable[[Request], Key | None]
"""What a request is about, from the request; `None` where it is about nothing in particular."""

_BITS = 53  # of a uniform random number


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedPolicy(Policy, Generic[PlacementT]):
    """Base of the policies that choose by key: `request.key`, or what `key_of(request)` returns.

    A key is a text, bytes, a whole number or a tuple of these.
    """

    key_of: KeyOf | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        self.require_key_of()

    def require_key_of(self) -> None:
        """Raise `TypeError` unless `key_of` is a function or none."""
        if self.key_of is not None and not callable(self.key_of):
            raise TypeError(f"key_of must be a function of a request or none, got {self.key_of!r}")

    @abstractmethod
    def placement(self, nodes: tuple[str, ...], weights: tuple[float, ...]) -> PlacementT:
        """Return where keys belong, for targets of these names and weights."""

    def choice(self, targets: Targets, placement: PlacementT, hashed: int) -> Target:
        """Return the target of a key by its hash; a place in `placement` is that in `targets`."""
        return targets[placement.index_of(hashed)]

    def placed(self, targets: Targets) -> PlacementT:
        """Return where keys belong among `targets` as they are now."""
        nodes = tuple(far_name(target.endpoint) for target in targets)
        placement: PlacementT = _built(self, nodes, tuple(target.weight for target in targets))
        return placement

    def hashed_key(self, request: Request) -> int | None:
        """Return the hash of the request's key, `None` if it has none."""
        key = request.key if self.key_of is None else self.key_of(request)
        return None if key is None else hash_of(key)

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that chooses by the hash of the key."""
        version = -1
        placement: PlacementT | None = None
        uniforms: Iterator[float] | None = None
        choice, hashed_key = self.choice, self.hashed_key

        def choose(request: Request) -> Target:
            nonlocal version, placement, uniforms
            if placement is None or targets.version != version:
                placement, version = self.placed(targets), targets.version
            hashed = hashed_key(request)
            if hashed is not None:
                return choice(targets, placement, hashed)
            if uniforms is None:  # asked for only now: where all have keys, nothing is drawn
                uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values
            return choice(targets, placement, int(next(uniforms) * (1 << _BITS)) << (64 - _BITS))

        return choose


@lru_cache(maxsize=8)
def _built(
    policy: HashedPolicy[PlacementT], nodes: tuple[str, ...], weights: tuple[float, ...]
) -> PlacementT:
    # Kept: balancers that know the same targets share it, and one that goes and comes back costs nothing.
    return policy.placement(nodes, weights)


def far_name(endpoint: Endpoint) -> str:
    """Return the name of the endpoint at the other end."""
    return far_endpoint(endpoint).name
