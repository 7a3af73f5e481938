"""All checks of this package, topic by topic."""

from __future__ import annotations

from ..experiment import TheoryCheck
from .node_sets import CHECKS as NODE_SETS
from .queries import CHECKS as QUERIES
from .shares import CHECKS as SHARES
from .tables import CHECKS as TABLES

CHECKS: tuple[TheoryCheck, ...] = (*SHARES, *TABLES, *QUERIES, *NODE_SETS)
"""Shares, tables, queries, and sets of nodes."""
