"""All kinds of wrappers, by name."""

from __future__ import annotations

from .breakers import BREAKERS
from .caches import CACHES
from .limits import LIMITS
from .repetition import REPETITION
from .stand_ins import STAND_INS
from .time_limits import TIME_LIMITS
from .wrapper_kind import WrapperKind

WRAPPERS: dict[str, WrapperKind] = {
    **TIME_LIMITS,
    **REPETITION,
    **BREAKERS,
    **LIMITS,
    **STAND_INS,
    **CACHES,
}
"""By kind."""
