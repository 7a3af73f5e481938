"""Lists, quoted strings and delta-seconds, by RFC 9110 section 5.6 and RFC 9111 section 1.2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.http.field_syntax import delta_seconds, is_token, list_members, unquoted


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("foo,bar", ["foo", "bar"]),
        # "a recipient MUST parse and ignore a reasonable number of empty list elements" (RFC 9110 section
        # 5.6.1.2)
        ("foo ,, bar, ", ["foo", "bar"]),
        (",", []),
        ("", []),
        (" \tfoo\t", ["foo"]),
        ('a="1, 2", b', ['a="1, 2"', "b"]),
        (r'a="\", x", b', [r'a="\", x"', "b"]),
        ('a="never closed, b', ['a="never closed, b']),
    ],
)
def test_a_list_is_split_at_commas_outside_of_quotes(value: str, members: list[str]) -> None:
    assert list_members(value) == members


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("token", "token"),
        ('"a b"', "a b"),
        ('""', ""),
        # "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were
        # replaced by the octet following the backslash" (RFC 9110 section 5.6.4)
        (r'"a\"b\\"', 'a"b\\'),
        ("", None),
        ('"', None),
        ("a b", None),
        ('"a"b', None),
        ('"a" "b"', None),
        (r'"a\"', None),
    ],
)
def test_an_argument_is_a_token_or_a_quoted_string(text: str, said: str | None) -> None:
    assert unquoted(text) == said


def test_a_token_has_neither_spaces_nor_separators() -> None:
    assert is_token("max-age")
    assert is_token("!#$%&'*+-.^_`|~")
    for text in ("", "a b", "a=b", "a,b", '"a"', "ä", "a\n"):
        assert not is_token(text), text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("60", 60), ("003600", 3600), ("2147483647", 2**31 - 1)],
)
def test_delta_seconds_are_a_non_negative_integer(text: str, seconds: int) -> None:
    """RFC 9111 section 1.2.2: "a non-negative integer, representing time in seconds"."""
    assert delta_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["2147483648", "2147483649", "99999999999", "9" * 10_000, "0" * 20 + "9" * 11]
)
def test_what_is_too_large_counts_as_two_to_the_31(text: str) -> None:
    """RFC 9111 section 1.2.2: "MUST consider the value to be 2147483648 (2^31)"."""
    assert delta_seconds(text) == 2**31


@pytest.mark.parametrize(
    "text", [None, "", "-1", "+1", "1.0", "1e3", "a1", "1a", "'1'", " 1", "1 ", "٣", "²"]
)
def test_anything_but_digits_is_no_number_of_seconds(text: str | None) -> None:
    """RFC 9111 section 1.2.2: `delta-seconds = 1*DIGIT`."""
    assert delta_seconds(text) is None


@pytest.mark.slow
@given(st.text())
def test_no_text_makes_the_reader_of_lists_fail(text: str) -> None:
    assert all(member == member.strip(" \t") != "" for member in list_members(text))


@pytest.mark.slow
@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_what_is_quoted_is_read_as_it_was(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert unquoted(quoted) == text
    assert list_members(f"a, {quoted} , b") == ["a", quoted, "b"]
