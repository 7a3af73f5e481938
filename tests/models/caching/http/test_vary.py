"""Vary: RFC 9111 section 4.1."""

import pytest

from models.caching.http import Headers
from models.caching.http.vary import is_match, nominated_fields, selecting_values

from .exchanges import headers

Lines = list[tuple[str, str]]


def matches(vary: str, first: Lines, second: Lines) -> bool:
    nominated = nominated_fields(headers(Vary=vary))
    return is_match(selecting_values(nominated, Headers(first)), Headers(second))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([("Foo", "1")], True),
        ([("foo", "1"), ("Other", "2")], True),
        ([("Foo", "2")], False),
        ([("Foo", "1, 1")], False),
        ([("Foo", "")], False),
        ([], False),
    ],
)
def test_nominated_fields_must_be_the_same(second: Lines, expected: bool) -> None:
    # "unless all the presented request header fields nominated by that Vary field value match".
    assert matches("Foo", [("Foo", "1")], second) is expected


def test_all_of_several_must_match() -> None:
    first = [("Foo", "1"), ("Bar", "abc")]
    assert matches("Foo, bar", first, [("Bar", "abc"), ("Foo", "1")])
    assert not matches("Foo, bar", first, [("Bar", "abcde"), ("Foo", "1")])
    assert not matches("Foo, bar", first, [("Foo", "1")])


def test_what_is_absent_matches_what_is_absent() -> None:
    # "it can only match another request if it is also absent there".
    assert matches("Foo, Bar", [("Foo", "1")], [("Foo", "1")])
    assert not matches("Foo, Bar", [("Foo", "1")], [("Foo", "1"), ("Bar", "abc")])
    assert not matches("Foo", [], [("Foo", "")])


@pytest.mark.parametrize("vary", ["*", "*, *", ", *", "*, Foo", "Foo, *"])
def test_a_star_never_matches(vary: str) -> None:
    # "a member "*" always fails to match".
    assert not matches(vary, [("Foo", "1")], [("Foo", "1")])


def test_lines_of_vary_are_one_list() -> None:
    assert nominated_fields(Headers([("Vary", "b, A"), ("Vary", ""), ("vary", "a")])) == ("a", "b")


@pytest.mark.parametrize(
    "second", [[("Foo", "1,2")], [("Foo", " 1 ,\t2 ")], [("Foo", "1"), ("Foo", "2")], [("Foo", "1,,2,")]]
)
def test_white_space_and_lines_make_no_difference(second: Lines) -> None:
    # "adding or removing whitespace"; "combining multiple header field lines with the same field name".
    assert matches("Foo", [("Foo", "1, 2")], second)


def test_order_and_case_of_an_unknown_field_make_a_difference() -> None:
    assert not matches("Foo", [("Foo", "a, b")], [("Foo", "b, a")])
    assert not matches("Foo", [("Foo", "a")], [("Foo", "A")])
    assert not matches("Foo", [("Foo", '"a, b"')], [("Foo", '"a,b"')])


@pytest.mark.parametrize("name", ["Accept-Language", "Accept-Encoding", "Accept-Charset"])
@pytest.mark.parametrize("second", ["de;q=0.5, en", "EN,De; q=0.5", " en ,   de;q=0.5"])
def test_order_and_case_of_preferences_make_none(name: str, second: str) -> None:
    # "reordering field values when order is not significant; case-normalization".
    assert matches(name, [(name, "en, de;q=0.5")], [(name, second)])
    assert not matches(name, [(name, "en, de;q=0.5")], [(name, "en, de;q=0.6")])


def test_parameters_of_media_types_keep_their_case() -> None:
    assert not matches("Accept", [("Accept", "text/html;level=A")], [("Accept", "text/html;level=a")])
