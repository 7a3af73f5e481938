"""What kind of cache it is, and what RFC 9111 leaves to whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_kind, require_time, require_unit_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRules:
    """How a cache behaves where that is not for the messages to say.

    Attributes:
        is_shared: whether more than one user is answered from it, as by a proxy or a CDN. A client's own
            cache is private (RFC 9111 section 1).
        heuristic_fraction: the freshness lifetime of a response that states none, as a share of the time from
            its Last-Modified to its Date, in [0, 1]. "A typical setting of this fraction might be 10%"
            (section 4.2.2).
        heuristic_lifetime_max: the longest such lifetime, in seconds. The RFC gives no bound; a day is ours,
            so that a page that has been still for years may change.
        stale_if_disconnected: for how many seconds past its expiry a response is reused if the origin cannot
            be reached, where no directive forbids it (section 4.2.4). 0: only where a directive permits it.

    Raises:
        TypeError: what should be a number is none.
        ValueError: a number is outside its range.
    """

    is_shared: bool
    heuristic_fraction: float = 0.1
    heuristic_lifetime_max: float = 86_400.0
    stale_if_disconnected: float = 0.0

    def __post_init__(self) -> None:
        require_kind("is_shared", self.is_shared, bool)
        require_unit_interval("heuristic_fraction", self.heuristic_fraction)
        require_time("heuristic_lifetime_max", self.heuristic_lifetime_max)
        require_time("stale_if_disconnected", self.stale_if_disconnected)
