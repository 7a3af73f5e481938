"""The rules for parameters: what passes, what does not, and what the error says."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest

from models.validation import (
    require_count,
    require_delay,
    require_duration,
    require_each,
    require_finite_duration,
    require_from_zero,
    require_kind,
    require_margin,
    require_name,
    require_number,
    require_percentile,
    require_positive,
    require_room,
    require_share,
    require_time,
    require_unit_interval,
)
from tests.in_one_test import in_one_test

TIMES = [require_duration, require_finite_duration, require_delay, require_time]
NUMBERS = [
    require_number,
    require_positive,
    require_from_zero,
    require_share,
    require_unit_interval,
    require_margin,
    require_percentile,
]


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


def test_delay_may_be_nothing_and_a_time_may_have_no_end_too() -> None:
    for rule in (require_delay, require_time):
        rule("delay", 0)
        rule("delay", 0.5)
    require_time("delay", inf)
    with pytest.raises(ValueError, match="delay must be finite and >= 0 s, got inf"):
        require_delay("delay", inf)


@pytest.mark.parametrize("value", [-5e-324, -1, nan, -inf])
def test_what_is_no_delay_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=rf"delay must be finite and >= 0 s, got {value!r}"):
        require_delay("delay", value)
    with pytest.raises(ValueError, match=rf"delay must be >= 0 s, got {value!r}"):
        require_time("delay", value)


@pytest.mark.parametrize("value", [0, -1.0, inf, nan])
def test_what_is_not_positive_and_finite_is_named_with_its_unit(value: float) -> None:
    require_positive("rate", 5e-324, "per second")
    with pytest.raises(ValueError, match=rf"rate must be finite and > 0 per second, got {value!r}"):
        require_positive("rate", value, "per second")
    with pytest.raises(ValueError, match=rf"rate must be finite and > 0, got {value!r}"):
        require_positive("rate", value)


@pytest.mark.parametrize("value", [-5e-324, inf, nan])
def test_what_is_negative_or_endless_is_named_with_its_unit(value: float) -> None:
    require_from_zero("rate", 0, "per second")
    with pytest.raises(ValueError, match=rf"rate must be finite and >= 0 per second, got {value!r}"):
        require_from_zero("rate", value, "per second")


@pytest.mark.parametrize("rule", TIMES)
@pytest.mark.parametrize("value", [True, "1", None])
def test_time_is_a_number_at_all(rule: Any, value: Any) -> None:
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


def test_margin_leaves_something_and_a_percentile_is_of_a_hundred() -> None:
    require_margin("tolerance", 0)
    require_percentile("percentile", 100)
    with pytest.raises(ValueError, match=r"tolerance must lie in \[0, 1\), got 1"):
        require_margin("tolerance", 1)
    for wrong in (0, 100.1, nan):
        with pytest.raises(ValueError, match=rf"percentile must lie in \(0, 100\], got {wrong!r}"):
            require_percentile("percentile", wrong)


@pytest.mark.parametrize("rule", [*TIMES, *NUMBERS])
def test_whole_number_that_no_float_holds_is_told_in_one_line(rule: Any) -> None:
    with pytest.raises(ValueError, match=r"size must be a number( of seconds)? that a float holds"):
        rule("size", 10**400)


@in_one_test("rule", NUMBERS)
@in_one_test("value", [True, "1", None])
def test_number_is_a_number_at_all(rule: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"ratio must be a number, got {value!r}"):
        rule("ratio", value)


def test_name_is_text_and_not_empty() -> None:
    require_name("metric", "load")
    with pytest.raises(TypeError, match="metric must be a name, got 5"):
        require_name("metric", 5)
    with pytest.raises(ValueError, match="metric must not be empty, got ''"):
        require_name("metric", "")


def test_kind_is_named_with_its_article() -> None:
    require_kind("part", Fraction(1, 2), Fraction)
    with pytest.raises(TypeError, match="part must be a Fraction, got 1"):
        require_kind("part", 1, Fraction)
    with pytest.raises(TypeError, match="part must be an OSError, got 1"):
        require_kind("part", 1, OSError)


def test_each_of_a_list_is_of_a_kind_and_one_alone_is_no_list() -> None:
    half = Fraction(1, 2)
    assert require_each("parts", [half], Fraction) == (half,)
    assert require_each("parts", iter([half, half]), Fraction) == (half, half)
    assert require_each("parts", (), Fraction) == ()
    with pytest.raises(TypeError, match="each of parts must be a Fraction, got 1"):
        require_each("parts", [half, 1], Fraction)
    for alone in (half, "halves", None):
        with pytest.raises(TypeError, match=r"parts must be a list, each a Fraction, got .* alone"):
            require_each("parts", alone, Fraction)
