"""Times that faults take: a distribution or a number of seconds, drawn only where there is chance."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat

from simulator import Environment
from simulator.randomness import Constant, Distribution


def as_times(name: str, value: Distribution | float) -> Distribution:
    """Return a time as a distribution; `name` is the parameter's.

    Raises `TypeError` for what is no number of seconds, `ValueError` unless it is >= 0 s, and on average > 0.
    """
    if not isinstance(value, Distribution):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a Distribution or a number of seconds, got {value!r}")
        value = Constant(value)
    if not (value.support[0] >= 0.0 and value.mean > 0.0):
        raise ValueError(f"{name} must be >= 0 s and > 0 s on average, got {value!r}")
    return value


def seconds(env: Environment, stream: str, times: Distribution) -> Callable[[], float]:
    """Return what draws `times` on a stream of that name; a constant needs neither stream nor seed."""
    if isinstance(times, Constant):
        return repeat(times.value).__next__
    return env.sampler(stream, times)
