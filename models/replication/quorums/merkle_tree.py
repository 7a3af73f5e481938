"""A Merkle tree over the keys of a table: a digest for each stretch of the hash space, and for all above it.

The space of hashes is cut into `degree ** depth` stretches, the leaves. The digest of a leaf is the exclusive
or of the digests of its entries, each of a key with its version, so that it does not depend on their order;
that of an inner node is made of those of its `degree` children, each hashed with its place. Two replicas
whose digests of a node are equal have the same entries below it (but for one chance in 2^64), and need not
say more about it: what is said grows with what differs, times depth and degree, and with the logarithm of the
rest.

Source: Merkle (CRYPTO 1987); DeCandia et al., "Dynamo" (SOSP 2007), section 4.7; Cassandra's `MerkleTree`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...hashing import scrambled

_SPACE_BITS = 64


class MerkleTree:
    """The tree of `degree` (a power of two, >= 2) and `depth` (>= 1) over entries.

    Each entry is the hash of a key, and a digest of that key with its version, both of 64 bits.
    """

    __slots__ = ("_levels", "_shift", "degree", "depth")

    def __init__(self, entries: Iterable[tuple[int, int]], *, degree: int, depth: int) -> None:
        self.degree = degree
        self.depth = depth
        self._shift = _SPACE_BITS - depth * (degree.bit_length() - 1)
        # Nodes without entries below them are left out: their digest is 0.
        leaves: dict[int, int] = {}
        for hashed, digest in entries:
            leaf = hashed >> self._shift
            leaves[leaf] = leaves.get(leaf, 0) ^ digest
        self._levels = [leaves]
        for _ in range(depth):
            self._levels.insert(0, self._above(self._levels[0]))

    def _above(self, below: Mapping[int, int]) -> dict[int, int]:
        level: dict[int, int] = {}
        for index, digest in below.items():
            if digest:
                parent = index // self.degree
                level[parent] = level.get(parent, 0) ^ scrambled(digest ^ scrambled(index))
        return level

    def leaf_of(self, hashed: int) -> int:
        """Return the leaf that the hash of a key belongs to."""
        return hashed >> self._shift

    def digest(self, level: int, index: int) -> int:
        """Return the digest of a node: level 0 is the root, `depth` the leaves."""
        return self._levels[level].get(index, 0)

    def differing(self, level: int, digests: Iterable[tuple[int, int]]) -> list[int]:
        """Return those nodes of a level, given with another's digests, that differ here."""
        mine = self._levels[level]
        return [index for index, digest in digests if mine.get(index, 0) != digest]

    def children(self, level: int, indices: Iterable[int]) -> list[tuple[int, int]]:
        """Return the children of nodes of a level, with their digests."""
        below, degree = self._levels[level + 1], self.degree
        return [
            (child, below.get(child, 0))
            for index in indices
            for child in range(index * degree, (index + 1) * degree)
        ]
