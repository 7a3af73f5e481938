"""Points of a sweep by what is special about them: all else is as by default."""

from collections.abc import Mapping
from typing import Any

from ....result import SweepResult

__all__ = ["has_point", "whole_point"]


def whole_point(result: SweepResult, **special: Any) -> dict[str, Any]:
    """Return all parameters of a point: the `special` ones, those that are alike in all points, defaults."""
    alike = {name: value for name, value in result.points[0].items() if name not in result.varied}
    return {**result.study.space.values({}), **alike, **special}


def has_point(result: SweepResult, special: Mapping[str, Any]) -> bool:
    """Say whether the sweep has that point."""
    return whole_point(result, **special) in result.points
