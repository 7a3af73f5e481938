"""What every closed form asks of its numbers."""

from __future__ import annotations

from math import inf


def require_positive(name: str, value: float) -> None:
    """Raise `ValueError` unless `value` is finite and > 0."""
    if not 0.0 < value < inf:
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")


def require_count(name: str, value: int, least: int) -> None:
    """Raise `ValueError` unless `value` is a whole number >= `least`."""
    if value != int(value) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")


def require_stable(utilisation: float) -> None:
    """Raise `ValueError` unless there is a steady state: `utilisation` must be > 0 and < 1."""
    if not 0.0 < utilisation < 1.0:
        raise ValueError(f"utilisation must be > 0 and < 1, got {utilisation!r}")
