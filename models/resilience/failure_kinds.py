"""Which failures a policy acts on: tuples of classes from the `CallFailed` family, checked on construction.

A class that is none would be found out at the first failure, which is when the policy is needed.
"""

from __future__ import annotations

from ..failures import CallFailed


def require_failures(name: str, kinds: object) -> None:
    """Raise `TypeError` unless `kinds` is a tuple of `CallFailed` classes; it may be empty."""
    if not isinstance(kinds, tuple):
        raise TypeError(f"{name} must be a tuple of CallFailed classes, got {kinds!r}")
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, CallFailed):
            raise TypeError(f"{name} must hold CallFailed classes only, got {kind!r}")


def require_apart(name: str, kinds: tuple[type[CallFailed], ...], other_name: str, others: object) -> None:
    """Check both tuples; raise `ValueError` if `kinds` is empty, or if a class stands in both."""
    require_failures(name, kinds)
    require_failures(other_name, others)
    if not kinds:
        raise ValueError(f"{name} must name at least one class, got none")
    assert isinstance(others, tuple)
    if both := set(kinds) & set(others):
        names = ", ".join(sorted(kind.__name__ for kind in both))
        raise ValueError(f"{name} and {other_name} must have no class in common, got {names} in both")
