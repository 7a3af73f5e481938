"""Observations, in short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.autoscaling.observation import InstanceView, Observation


def observed(
    values: Sequence[float | None],
    *,
    now: float = 1_000.0,
    metric: str = "load",
    pending: int = 0,
    current: int | None = None,
    **totals: float,
) -> Observation:
    """Ready instances with these values of a metric (None: missing), and some that are pending."""
    views = [view(f"i-{number}", value, metric=metric) for number, value in enumerate(values)]
    views += [InstanceView(name=f"p-{number}", is_pending=True, is_ready=False) for number in range(pending)]
    return Observation(
        now=now, current=len(views) if current is None else current, instances=tuple(views), totals=totals
    )


def view(name: str, value: float | None, *, metric: str = "load", **what: Any) -> InstanceView:
    """One instance with this value of a metric, or without any."""
    return InstanceView(name=name, values={} if value is None else {metric: value}, **what)
