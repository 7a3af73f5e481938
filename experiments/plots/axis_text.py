"""Names of parameters and measures as axes show them, and where a parameter's values stand on an axis.

Swept values mostly grow by factors, and may end in `none` (no timeout, no breaker). So they stand at equal
distances, in order, `none` last: it means a limit that is never reached.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..table import parameter_text

if TYPE_CHECKING:
    from ..result import SweepResult
    from ..study import Study


def ordered(values: Sequence[Any]) -> list[Any]:
    """Return the distinct `values` in order: numbers by size, then none; other kinds as they come."""
    distinct = list(dict.fromkeys(values))
    if all(value is None or isinstance(value, (int, float)) for value in distinct):
        return sorted(distinct, key=lambda value: math.inf if value is None else value)
    return distinct


def values_of(result: "SweepResult", parameter: str) -> list[Any]:
    """Return the values that a parameter takes in a sweep, in the order of an axis."""
    return ordered([point[parameter] for point in result.points])


def value_text(value: Any) -> str:
    """Return a value as it stands on an axis."""
    return parameter_text(value)


def parameter_label(study: "Study", name: str) -> str:
    """Return a parameter's name and unit: "timeout (s)"."""
    return _with_unit(name, study.space.unit(name))


def measure_label(study: "Study", name: str) -> str:
    """Return a measure's name and unit: "recover time (s)"."""
    return _with_unit(name, study.measures[name].unit)


def position_of(value: float, values: Sequence[Any]) -> float | None:
    """Return where a number stands among ordered `values` at 0, 1, 2...; None if it lies outside them.

    Between two values it stands where its logarithm does.
    """
    known = [float(item) for item in values if isinstance(item, (int, float)) and 0 < item < math.inf]
    if len(known) < 2 or not known[0] <= value <= known[-1]:
        return None
    return float(np.interp(math.log(value), np.log(known), np.arange(len(known))))


def _with_unit(name: str, unit: str) -> str:
    words = name.replace("_", " ")
    return f"{words} ({unit})" if unit else words
