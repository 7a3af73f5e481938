"""Consistent hash: a ring on which each target has many points; a key goes to the next one after its hash.

When a target goes, its keys spread over all others; when one comes, it takes a few from each; no other key
moves. Shares are uneven, the less so the more points a target has (`models.hashing.ring` says by how much).

With a `balance_factor` c no target has more than ceil(c x mean) calls under way, the new one counted in the
mean: a request whose target is full goes on to the next on the ring that is not. At c = 1.25 a hot key takes
several targets, and everything else moves little. Weighted targets have a bound in proportion.

Sources: Karger et al. (STOC 1997); bounded loads: Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing
with Bounded Loads" (SODA 2018); names after Envoy (`hash_balance_factor`, `minimum_ring_size`) and HAProxy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

from ..hashing import HashRing
from ..validation import require_count, require_number
from .hashed import HashedPolicy
from .target import Target, Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistentHash(HashedPolicy[HashRing]):
    """Chooses by the key, on a ring with `virtual_nodes` (>= 1) points for each target, times its weight.

    If these are fewer than `points_min` in all, each target has so many times more. `balance_factor` (> 1,
    `None`: no bound) bounds the calls under way. Costs a search among the points; a bound costs a pass over
    all targets besides, unless the first that is met is idle.

    Example::

        ConsistentHash(virtual_nodes=1, points_min=1024)  # Envoy's ring hash
    """

    virtual_nodes: int = 100
    points_min: int = 0
    balance_factor: float | None = None

    uses_weights = True

    def __post_init__(self) -> None:
        """Check the settings."""
        self.require_key_of()
        require_count("virtual_nodes", self.virtual_nodes)
        require_count("points_min", self.points_min, 0)
        factor = self.balance_factor
        if factor is not None and not 1.0 < require_number("balance_factor", factor) < inf:
            raise ValueError(f"balance_factor must be finite and > 1, got {factor!r}")

    def placement(self, nodes: tuple[str, ...], weights: tuple[float, ...]) -> HashRing:
        """Return the ring."""
        return HashRing(nodes, virtual_nodes=self.virtual_nodes, weights=weights, points_min=self.points_min)

    def choice(self, targets: Targets, placement: HashRing, hashed: int) -> Target:
        """Return the target of a key by its hash, or the next one that has room."""
        first = targets[placement.index_of(hashed)]
        factor = self.balance_factor
        if factor is None or not first.outstanding:
            return first
        calls = sum([target.outstanding for target in targets]) + 1
        per_weight = factor * calls / sum([target.weight for target in targets])
        for index in placement.walk(hashed):
            target = targets[index]
            if target.outstanding < ceil(per_weight * target.weight):
                return target
        raise AssertionError(
            f"one of {len(targets)} targets should have less than its share of {calls} calls"
        )
