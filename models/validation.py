"""The rules that parameters of several packages obey; each error says the name, the rule and the value.

What is no number at all is a `TypeError`, a wrong number a `ValueError`; not-a-number obeys no rule. A rule
that one package alone has stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from numbers import Real
from typing import Any


def require_number(name: str, value: object, what: str = "a number") -> float:
    """Return `value` as a float. Raises `TypeError` unless it is a real number, which the error calls `what`.

    Raises `ValueError` for a whole number that no float holds.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {what}, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(
            f"{name} must be {what} that a float holds, got one of more than 308 digits"
        ) from None


def require_count(name: str, value: object, lowest: int = 1) -> None:
    """Raise `ValueError` unless `value` is a whole number >= `lowest`."""
    if not _is_count(value, lowest):
        raise ValueError(f"{name} must be a whole number >= {lowest}, got {value!r}")


def require_room(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a number of places: a whole number >= 0, or infinity."""
    if value != inf and not _is_count(value, 0):
        raise ValueError(f"{name} must be a whole number >= 0 or infinite, got {value!r}")


def require_positive(name: str, value: object, unit: str = "") -> None:
    """Raise unless `value` is a number that is finite and > 0; the error says the `unit`."""
    if not 0.0 < require_number(name, value) < inf:
        raise ValueError(f"{name} must be finite and > 0{unit and ' '}{unit}, got {value!r}")


def require_from_zero(name: str, value: object, unit: str = "") -> None:
    """Raise unless `value` is a number that is finite and >= 0; the error says the `unit`."""
    if not 0.0 <= require_number(name, value) < inf:
        raise ValueError(f"{name} must be finite and >= 0{unit and ' '}{unit}, got {value!r}")


def require_duration(name: str, value: object) -> None:
    """Raise unless `value` is a time > 0 s; a time without end is one."""
    if not _seconds(name, value) > 0.0:
        raise ValueError(f"{name} must be > 0 s, got {value!r}")


def require_finite_duration(name: str, value: object) -> None:
    """Raise unless `value` is a time > 0 s that ends."""
    if not 0.0 < _seconds(name, value) < inf:
        raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")


def require_delay(name: str, value: object) -> None:
    """Raise unless `value` is a time >= 0 s that ends: none at all is a delay."""
    if not 0.0 <= _seconds(name, value) < inf:
        raise ValueError(f"{name} must be finite and >= 0 s, got {value!r}")


def require_time(name: str, value: object) -> None:
    """Raise unless `value` is a time >= 0 s: none at all and one without end are times."""
    if not _seconds(name, value) >= 0.0:
        raise ValueError(f"{name} must be >= 0 s, got {value!r}")


def require_share(name: str, value: object) -> None:
    """Raise unless `value` is a number in (0, 1]: some of it, or all."""
    if not 0.0 < require_number(name, value) <= 1.0:
        raise ValueError(f"{name} must lie in (0, 1], got {value!r}")


def require_unit_interval(name: str, value: object) -> None:
    """Raise unless `value` is a number in [0, 1]: none, some, or all."""
    if not 0.0 <= require_number(name, value) <= 1.0:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")


def require_margin(name: str, value: object) -> None:
    """Raise unless `value` is a number in [0, 1): a share that a value may be off and is still above 0."""
    if not 0.0 <= require_number(name, value) < 1.0:
        raise ValueError(f"{name} must lie in [0, 1), got {value!r}")


def require_percentile(name: str, value: object) -> None:
    """Raise unless `value` is a number in (0, 100]."""
    if not 0.0 < require_number(name, value) <= 100.0:
        raise ValueError(f"{name} must lie in (0, 100], got {value!r}")


def require_name(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is text, `ValueError` for an empty one."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name, got {value!r}")
    if not value:
        raise ValueError(f"{name} must not be empty, got {value!r}")


def require_kind(name: str, value: object, kind: type) -> None:
    """Raise `TypeError` unless `value` is a `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {_a(kind)}, got {value!r}")


def require_each(name: str, values: object, kind: type) -> tuple[Any, ...]:
    """Return `values` as a tuple. Raises `TypeError` unless they are a list, or the like, of `kind`."""
    if isinstance(values, str | kind) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, each {_a(kind)}, got {values!r} alone")
    listed = tuple(values)
    for each in listed:
        if not isinstance(each, kind):
            raise TypeError(f"each of {name} must be {_a(kind)}, got {each!r}")
    return listed


def _a(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"


def _is_count(value: object, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def _seconds(name: str, value: object) -> float:
    return require_number(name, value, "a number of seconds")
