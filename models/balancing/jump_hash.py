"""Jump hash: by the key, to a target by its number; as even as can be, and without a table.

For targets that are numbered, and that come at the end: from n to n + 1 only the keys of the new one move.
One that leaves from the middle renumbers all after it, which moves nearly every key. One that is only
unavailable (ill, ejected) keeps its number, and its keys are hashed again until they meet one that may be
chosen: no other key moves.

Source: Lamping and Veach (2014); see `models.hashing.jump`. Hashing again is the usual way with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..hashing import JumpBuckets, scrambled
from .hashed import HashedPolicy, far_name
from .target import Target, Targets

_TRIES_MAX = 64  # with one of two available, all fail once in 10^19; then by turns from there


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpHash(HashedPolicy[JumpBuckets]):
    """Chooses by the key, with the targets numbered in the order in which they were added.

    Costs log n steps. Weights make no difference.
    """

    def placement(self, nodes: tuple[str, ...], weights: tuple[float, ...]) -> JumpBuckets:
        """Return the numbered targets."""
        return JumpBuckets(nodes)

    def placed(self, targets: Targets) -> JumpBuckets:
        """Return the numbers of all members, also of those that may not be chosen now."""
        return JumpBuckets([far_name(target.endpoint) for target in targets.members])

    def choice(self, targets: Targets, placement: JumpBuckets, hashed: int) -> Target:
        """Return the target of a key by its hash, hashed again where that may not be chosen."""
        members = targets.members
        index = placement.index_of(hashed)
        if len(targets) == len(members):
            return members[index]
        for _ in range(_TRIES_MAX):
            if members[index].is_available:
                return members[index]
            hashed = scrambled(hashed)
            index = placement.index_of(hashed)
        return targets[hashed % len(targets)]
