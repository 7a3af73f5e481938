"""Which requests a cache may answer: reads of one key that say no more than that key."""

from __future__ import annotations

from collections.abc import Iterable

from ...request import Request
from ...validation import require_each

READS = frozenset({"get", "read"})
"""The operations that are reads unless others are named: those of workloads and of stores."""

PASSED = frozenset({"scan"})
"""The operations that neither read one key nor write: caches have no part in them."""


def require_reads(reads: Iterable[str]) -> frozenset[str]:
    """Return the operations that a cache is to take for reads; raise `ValueError` for a scan among them."""
    kept = frozenset(require_each("reads", reads, str))
    if not PASSED.isdisjoint(kept):
        raise ValueError(f"reads must be of one key, and a scan is of many, got {sorted(kept)}")
    return kept


def says_more_than_its_key(request: Request) -> bool:
    """Whether a read may demand what its key alone does not name: by a value, or as a kind of its own."""
    return request.value is not None or type(request) is not Request
