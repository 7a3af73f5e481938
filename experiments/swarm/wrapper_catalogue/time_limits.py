"""Timeouts and deadlines."""

from __future__ import annotations

from models.resilience import Timeout
from models.resilience.deadlines import Deadline, HonourDeadline

from ..choices import Choice
from .wrapper_kind import WrapperKind

TIME_LIMITS: dict[str, WrapperKind] = {
    "timeout": WrapperKind(
        parameters={"delay": Choice(0.5, 0.05, 0.2, 2.0)},
        build=lambda site, target, delay: Timeout(site.env, target, delay, name=site.name),
        bound=lambda inner, delay: min(inner, delay),  # noqa: PLW0108 - the delay comes by name
        limits=True,
    ),
    "deadline": WrapperKind(
        parameters={"within": Choice(0.5, 0.05, 0.2, 2.0), "by_own_clock": Choice(False, True)},
        build=lambda site, target, within, by_own_clock: Deadline(
            site.env, target, within, clock=site.host.clock if by_own_clock else None, name=site.name
        ),
        bound=lambda inner, within, by_own_clock: min(inner, within),
        limits=True,
    ),
    "honour_deadline": WrapperKind(
        parameters={
            "by_own_clock": Choice(False, True),
            "grace": Choice(0.0, 0.1),
            "cancels": Choice(True, False),
        },
        build=lambda site, target, by_own_clock, grace, cancels: HonourDeadline(
            site.env,
            target,
            clock=site.host.clock if by_own_clock else None,
            grace=grace,
            cancels=cancels,
            name=site.name,
        ),
    ),
}
"""By kind."""
