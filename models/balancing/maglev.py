"""Maglev: by the key, through a table that is as even as can be, with one step for a lookup.

Against the ring of `ConsistentHash`: even shares with no tuning and a quicker lookup, at the price of a table
that is built anew at each change of the targets, and of some keys that move although they need not.

Source: Eisenbud et al. (NSDI 2016); see `models.hashing.maglev`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..hashing import MAGLEV_TABLE_SIZE, MaglevTable
from .hashed import HashedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Maglev(HashedPolicy[MaglevTable]):
    """Chooses by the key, through a table of `table_size` places (a prime, more than there are targets)."""

    table_size: int = MAGLEV_TABLE_SIZE

    uses_weights = True

    def __post_init__(self) -> None:
        """Check the settings, the size by a table of one."""
        self.require_key_of()
        MaglevTable(["one"], size=self.table_size)

    def placement(self, nodes: tuple[str, ...], weights: tuple[float, ...]) -> MaglevTable:
        """Return the table."""
        return MaglevTable(nodes, weights=weights, size=self.table_size)
