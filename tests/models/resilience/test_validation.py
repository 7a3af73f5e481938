"""The rules for parameters: what passes, what does not, and what the error says."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest

from models.resilience.validation import (
    require_count,
    require_duration,
    require_finite_duration,
    require_room,
    require_share,
    require_unit_interval,
)


@pytest.mark.parametrize("value", [1, 2, 10**30])
def test_count_is_a_whole_number_from_one_on(value: int) -> None:
    require_count("size", value)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "2", None, nan, inf])
def test_what_is_no_count_is_named(value: Any) -> None:
    with pytest.raises(ValueError, match=rf"size must be a whole number >= 1, got {value!r}"):
        require_count("size", value)


def test_count_may_begin_elsewhere() -> None:
    require_count("threshold", 0, lowest=0)
    with pytest.raises(ValueError, match="threshold must be a whole number >= 0, got -1"):
        require_count("threshold", -1, lowest=0)
    with pytest.raises(ValueError, match="threshold must be a whole number >= 0, got False"):
        require_count("threshold", False, lowest=0)


@pytest.mark.parametrize("value", [0, 1, inf])
def test_room_is_a_whole_number_of_places_or_has_no_end(value: float) -> None:
    require_room("room", value)


@pytest.mark.parametrize("value", [-1, 0.5, 2.0, True, "2", None, nan, -inf])
def test_what_is_no_room_is_named(value: Any) -> None:
    with pytest.raises(ValueError, match=rf"room must be a whole number >= 0 or infinite, got {value!r}"):
        require_room("room", value)


@pytest.mark.parametrize("value", [5e-324, 1, 0.5, 1e308, Fraction(1, 3)])
def test_duration_is_a_positive_number(value: Any) -> None:
    require_duration("delay", value)
    require_finite_duration("delay", value)


def test_duration_may_have_no_end_where_that_is_said() -> None:
    require_duration("delay", inf)
    with pytest.raises(ValueError, match="delay must be finite and > 0 s, got inf"):
        require_finite_duration("delay", inf)


@pytest.mark.parametrize("value", [0, -0.0, -1.0, nan, -inf])
def test_what_is_no_duration_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=rf"delay must be > 0 s, got {value!r}"):
        require_duration("delay", value)
    with pytest.raises(ValueError, match=rf"delay must be finite and > 0 s, got {value!r}"):
        require_finite_duration("delay", value)


@pytest.mark.parametrize("rule", [require_duration, require_finite_duration])
@pytest.mark.parametrize("value", [True, "1", None])
def test_duration_is_a_number_at_all(rule: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"delay must be a number of seconds, got {value!r}"):
        rule("delay", value)


@pytest.mark.parametrize("value", [5e-324, 0.5, 1])
def test_share_is_more_than_nothing_and_at_most_all(value: float) -> None:
    require_share("ratio", value)
    require_unit_interval("ratio", value)


def test_only_the_unit_interval_begins_at_nothing() -> None:
    require_unit_interval("ratio", 0)
    with pytest.raises(ValueError, match=r"ratio must lie in \(0, 1\], got 0"):
        require_share("ratio", 0)


@pytest.mark.parametrize("value", [-0.1, 1.0000001, nan, inf])
def test_what_is_no_share_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=rf"ratio must lie in \(0, 1\], got {value!r}"):
        require_share("ratio", value)
    with pytest.raises(ValueError, match=rf"ratio must lie in \[0, 1\], got {value!r}"):
        require_unit_interval("ratio", value)


@pytest.mark.parametrize("rule", [require_share, require_unit_interval])
@pytest.mark.parametrize("value", [True, "1", None])
def test_share_is_a_number_at_all(rule: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"ratio must be a number, got {value!r}"):
        rule("ratio", value)
