"""What became of the messages between two databases, when all is quiet: counted by who sees both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Of what one service has written and another one received.

    `lost_count` were written and never received, `phantom_count` received and never written, `doubled_count`
    received, and done, more than once.
    """

    lost_count: int
    phantom_count: int
    doubled_count: int


def audit(written: Mapping[Hashable, float], received: Mapping[Hashable, float]) -> Audit:
    """Compare how often what was written with how often it was received, both by its identity."""
    require_kind("written", written, Mapping)
    require_kind("received", received, Mapping)
    return Audit(
        lost_count=sum(count > 0 and received.get(key, 0) == 0 for key, count in written.items()),
        phantom_count=sum(count > 0 and written.get(key, 0) == 0 for key, count in received.items()),
        doubled_count=sum(count > 1 for count in received.values()),
    )
