"""Conflict-free replicated data types: what several change at once, and what merges without a loss.

    pn_counter    PnCounter: a number that is added to and subtracted from
    or_set        OrSet: a set; of an add and a remove at the same time the add wins

Registers are in `replication.versions`: a `Cell` is a last-writer-wins register, `Siblings` are a multi-value
register where each write replaces what its writer knows. All are merged alike: `mine.merged(theirs)` is what
both know, in any order and however often (commutative, associative, idempotent), and `mine` itself where
there is nothing new. So copies that have seen the same updates hold the same, whatever ways these have come:
strong eventual consistency. They are values, and work without a simulation.

Source: Shapiro, Preguica, Baquero, Zawirski, "Conflict-Free Replicated Data Types" (SSS 2011) for the theorem
(a semilattice, and updates that only move up in it), and "A Comprehensive Study of Convergent and Commutative
Replicated Data Types" (INRIA RR-7506, 2011) for the types.
"""

from .or_set import OrSet
from .pn_counter import PnCounter

__all__ = ["OrSet", "PnCounter"]
