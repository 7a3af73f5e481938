"""HTTP-dates: RFC 9110 section 5.6.7 and RFC 9111 section 4.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.http import format_http_date, parse_http_date

NOW = 1_767_225_600.0  # 2026-01-01
EXAMPLE = 784_111_777.0


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_all_three_forms_are_read(text: str) -> None:
    """RFC 9110 section 5.6.7: "MUST accept all three HTTP-date formats"; its own examples."""
    assert parse_http_date(text, NOW) == EXAMPLE


def test_the_preferred_form_is_written() -> None:
    """RFC 9110 section 5.6.7: "the sender MUST generate those timestamps in the IMF-fixdate format"."""
    assert format_http_date(EXAMPLE) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_http_date(EXAMPLE + 0.999) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_http_date(0.0) == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    "text",
    ["SUN, 06 nov 1994 08:49:37 gmt", "sunday, 06-NOV-94 08:49:37 Gmt", "SUN NOV  6 08:49:37 1994"],
)
def test_dates_are_matched_in_any_case(text: str) -> None:
    """RFC 9111 section 4.2: "SHOULD match the field value case-insensitively"."""
    assert parse_http_date(text, NOW) == EXAMPLE


@pytest.mark.parametrize("zone", ["UTC", "AEST", "+0000", "GMT+1", ""])
def test_no_zone_but_gmt_is_taken(zone: str) -> None:
    """RFC 9111 section 4.2: "consider a date with a zone abbreviation other than "GMT" to be invalid"."""
    assert parse_http_date(f"Sun, 06 Nov 1994 08:49:37 {zone}".strip(), NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "",
        "tomorrow",
        "Thu, 18 Aug 50 02:01:18 GMT",
        "Thu 18 Aug 2050 02:01:18 GMT",
        "Thu, 18  Aug  2050 02:01:18 GMT",
        "Thu, 18-Aug-2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 02.01.18 GMT",
        "Thu, 18 Aug 2050 2:01:18 GMT",
        "Thu, 8 Aug 2050 02:01:18 GMT",
        "Xyz, 18 Aug 2050 02:01:18 GMT",
        "Thu, 18 Xyz 2050 02:01:18 GMT",
        "Thu, 31 Feb 2050 02:01:18 GMT",
        "Thu, 00 Feb 2050 02:01:18 GMT",
        "Thu, 18 Aug 0000 02:01:18 GMT",
        "Thu, 18 Aug 2050 24:01:18 GMT",
        "Thu, 18 Aug 2050 02:60:18 GMT",
        "Thu, 18 Aug 2050 02:01:61 GMT",
        "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
        "Thu, 1٨ Aug 2050 02:01:18 GMT",
        "Thursday, 31-Feb-50 02:01:18 GMT",
    ],
)
def test_what_has_no_form_is_no_date(text: str) -> None:
    """RFC 9111 section 5.3 speaks of "invalid date formats, especially the value "0"."""
    assert parse_http_date(text, NOW) is None


def test_a_leap_second_is_the_second_after() -> None:
    """RFC 9110 section 5.6.7: `second = 2DIGIT`, from RFC 5322, which has 60 for a leap second."""
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == parse_http_date(
        "Sun, 01 Jan 2017 00:00:00 GMT", NOW
    )


@pytest.mark.parametrize(
    ("year", "century"), [("26", "20"), ("75", "20"), ("77", "19"), ("99", "19"), ("00", "20"), ("50", "20")]
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead(year: str, century: str) -> None:
    # RFC 9110 section 5.6.7: "more than 50 years in the future as representing the most recent year in the
    # past".
    short, whole = f"Sunday, 06-Nov-{year} 08:49:37 GMT", f"Sun, 06 Nov {century}{year} 08:49:37 GMT"
    assert parse_http_date(short, NOW) == parse_http_date(whole, NOW)


def test_a_two_digit_year_may_be_of_the_next_century() -> None:
    in_2090 = 3_800_000_000.0
    assert parse_http_date("Sunday, 06-Nov-05 08:49:37 GMT", in_2090) == parse_http_date(
        "Sun, 06 Nov 2105 08:49:37 GMT", in_2090
    )


@pytest.mark.slow
@given(st.integers(min_value=0, max_value=32_503_680_000))
def test_a_date_that_is_written_is_read_as_it_was(seconds: int) -> None:
    assert parse_http_date(format_http_date(float(seconds)), NOW) == seconds
