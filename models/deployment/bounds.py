"""How far a rolling upgrade may go from the desired count: up by a surge, down by what may be unavailable.

Each is a count, or a share of the desired count. Of a share the surge is rounded up and the unavailable are
rounded down, so that of one instance with 25 % of each, one is added and none is taken away. Where both come
to 0, which of counts is refused and of shares comes from rounding, one may be unavailable: a surge may be
impossible, for want of room.

Source: Kubernetes, `RollingUpdateDeployment` (apps/v1) and `ResolveFenceposts` in its deployment controller.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

_ROUNDING = 1e-9  # 0.07 x 100 is 7.000000000000001 in binary, and no reason for an eighth instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """At most `max_surge` instances above the desired count, at most `max_unavailable` fewer that serve.

    Each is a whole number >= 0, or a share as a float in [0, 1]; both 0 is refused.

    >>> Bounds().resolve(3), Bounds().resolve(10), Bounds(max_surge=0, max_unavailable=0.25).resolve(3)
    ((1, 0), (3, 2), (0, 1))
    """

    max_surge: float = 0.25
    max_unavailable: float = 0.25

    def __post_init__(self) -> None:
        """Check the numbers."""
        _require_count_or_share("max_surge", self.max_surge)
        _require_count_or_share("max_unavailable", self.max_unavailable)
        if not self.max_surge and not self.max_unavailable:
            raise ValueError("max_surge or max_unavailable must be > 0, or nothing could move, got both 0")

    def resolve(self, desired: int) -> tuple[int, int]:
        """Return surge and unavailable as counts, for a `desired` count >= 0."""
        surge = _count(self.max_surge, desired, is_rounded_up=True)
        unavailable = _count(self.max_unavailable, desired, is_rounded_up=False)
        return (surge, unavailable) if surge or unavailable else (0, 1)


def share_of(share: float, desired: int) -> int:
    """Return a share in [0, 1] of a count, rounded up: a canary is at least one instance."""
    return _count(float(share), desired, is_rounded_up=True)


def _count(given: float, desired: int, *, is_rounded_up: bool) -> int:
    if isinstance(given, int):
        return given
    exact = given * desired
    return ceil(exact - _ROUNDING) if is_rounded_up else floor(exact + _ROUNDING)


def _require_count_or_share(name: str, value: object) -> None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    is_share = isinstance(value, float) and 0.0 <= value <= 1.0
    if not is_count and not is_share:
        raise ValueError(f"{name} must be a whole number >= 0 or a share as a float in [0, 1], got {value!r}")
