"""The rule that counts of several packages obey; its error says the name, the rule and the value."""

from __future__ import annotations


def require_count(name: str, value: object, lowest: int = 0) -> None:
    """Raise `ValueError` unless `value` is a whole number >= `lowest`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise ValueError(f"{name} must be a whole number >= {lowest}, got {value!r}")
