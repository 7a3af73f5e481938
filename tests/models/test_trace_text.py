"""What readers of traces share: lines of CSV cut into fields, and whole numbers."""

import pytest

from models.trace_text import SIZE_MAX, LineError, csv_fields, csv_size, shortened, whole_number
from tests.in_one_test import in_one_test


@in_one_test(
    "line, fields",
    [
        ("a,b,c", ["a", "b", "c"]),
        ("a, b ,", ["a", " b ", ""]),
        ("", [""]),
        ('"a,1", "b""c",', ["a,1", 'b"c', ""]),
        ('a"b,"c"', ['a"b', "c"]),
    ],
)
def test_line_is_cut_at_commas_that_are_not_quoted(line: str, fields: list[str]) -> None:
    assert csv_fields(line) == fields


@in_one_test("line", ['a,"b', 'a,"b"c', '"' + 200_000 * "a" + '"'])
def test_line_whose_quotes_make_no_sense_is_refused_and_shown(line: str) -> None:
    with pytest.raises(LineError) as caught:
        csv_fields(line)
    assert str(caught.value).startswith("is not CSV: ")
    assert str(caught.value).endswith(f", got {shortened(line)}")


@in_one_test(
    "text, number",
    [
        *(("0", 0), ("007", 7), (str(SIZE_MAX), SIZE_MAX), ("0" * 5_000 + "5", 5)),
        *(
            (text, None)
            for text in ("", "-1", "+1", "1.0", " 1", "1_0", "٥", "²", str(SIZE_MAX + 1), "9" * 5_000)
        ),
    ],
)
def test_whole_numbers_are_decimal_digits_that_fit_in_64_bits(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_size_may_be_a_float_that_is_whole() -> None:
    assert csv_size("12.0") == 12
    for text in ("12.5", "12.00", ".0", "1.0.0"):
        with pytest.raises(LineError, match="size must be a whole number of bytes >= 0, got '"):
            csv_size(text)
