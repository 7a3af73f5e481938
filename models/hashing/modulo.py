"""Modulo: the hash of a key modulo the number of nodes.

Even, and without any table; but a node more or less moves nearly every key: of n to n + 1 nodes n/(n + 1),
where 1/(n + 1) would do. It stands here to be compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .placement import Placement

if TYPE_CHECKING:
    from .placement import Indices
    from .stable_hash import Hashes


class ModuloBuckets(Placement):
    """Places a key by its hash modulo the number of `nodes`."""

    __slots__ = ()

    def index_of(self, hashed: int) -> int:
        """Return the node of a key by its hash."""
        return hashed % len(self.nodes)

    def indices_of(self, hashes: Hashes) -> Indices:
        """Return the nodes of many keys by their hashes."""
        return (hashes % np.uint64(len(self.nodes))).astype(np.int64)
