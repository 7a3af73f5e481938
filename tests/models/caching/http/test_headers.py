"""Headers: RFC 9110 section 5."""

import pytest

from models.caching.http import Headers

TWO_LINES = Headers([("Cache-Control", "max-age=1"), ("Vary", "a"), ("cache-control", "public")])


def test_names_are_case_insensitive() -> None:
    """RFC 9110 section 5.1: "Field names are case-insensitive"."""
    assert TWO_LINES.lines_of("CACHE-CONTROL") == ("max-age=1", "public")
    assert "vArY" in TWO_LINES
    assert "expires" not in TWO_LINES


def test_lines_of_one_name_are_joined_in_order() -> None:
    # RFC 9110 section 5.3: "by appending each subsequent field line value ... in order, separated by a
    # comma".
    assert TWO_LINES.combined("cache-control") == "max-age=1, public"
    assert TWO_LINES.combined("age") is None
    assert TWO_LINES.first("cache-control") == "max-age=1"
    assert TWO_LINES.first("age") is None


def test_members_are_those_of_all_lines() -> None:
    assert Headers([("Vary", "a, b"), ("Vary", ""), ("Vary", "c")]).members("vary") == ["a", "b", "c"]


def test_an_empty_value_is_a_field_all_the_same() -> None:
    assert "vary" in Headers([("Vary", "")])
    assert Headers([("Vary", "")]).combined("vary") == ""


def test_spaces_around_a_value_are_no_part_of_it() -> None:
    """RFC 9110 section 5.5: "A field value does not include leading or trailing whitespace"."""
    assert Headers([("Foo", " 1, 2\t")]).first("foo") == "1, 2"


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="must be a token"):
        Headers([(name, "1")])


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX: y", "\r"])
def test_a_value_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="must be one line"):
        Headers([("a", value)])


def test_changing_makes_new_headers_and_keeps_the_order_of_the_rest() -> None:
    changed = TWO_LINES.replaced("Vary", "b")
    assert list(changed) == [("Cache-Control", "max-age=1"), ("cache-control", "public"), ("Vary", "b")]
    assert len(TWO_LINES) == 3
    assert list(TWO_LINES.without({"cache-control"})) == [("Vary", "a")]
    assert list(TWO_LINES.with_line("Vary", "b"))[-2:] == [("cache-control", "public"), ("Vary", "b")]


def test_without_what_is_not_there_is_the_same_object() -> None:
    assert TWO_LINES.without({"age"}) is TWO_LINES


def test_updated_takes_all_lines_of_each_newer_field() -> None:
    newer = Headers([("CACHE-CONTROL", "no-cache"), ("Cache-Control", "private"), ("ETag", '"1"')])
    assert TWO_LINES.updated(newer) == Headers(
        [("Vary", "a"), ("Cache-Control", "no-cache"), ("Cache-Control", "private"), ("ETag", '"1"')]
    )


def test_equal_headers_differ_at_most_in_the_case_of_names() -> None:
    assert Headers([("A", "x"), ("b", "y")]) == Headers([("a", "x"), ("B", "y")])
    assert hash(Headers([("A", "x")])) == hash(Headers([("a", "x")]))
    assert Headers([("A", "x")]) != Headers([("A", "X")])
    assert Headers([("A", "x"), ("b", "y")]) != Headers([("b", "y"), ("A", "x")])
    assert Headers() != ()


def test_names_are_listed_once() -> None:
    assert TWO_LINES.names() == ("cache-control", "vary")
    assert repr(Headers([("A", "x")])) == "Headers([('A', 'x')])"


def test_they_weigh_what_their_lines_weigh_in_http_1_1() -> None:
    line = Headers([("Age", "17")])
    assert (Headers().size_bytes, line.size_bytes) == (0, len("Age: 17\r\n"))
    # Whether it has been asked before or not.
    assert line.with_line("ETag", '"1"').size_bytes == len('Age: 17\r\nETag: "1"\r\n')
    assert Headers([("Age", "17")]).with_line("ETag", '"1"').size_bytes == len('Age: 17\r\nETag: "1"\r\n')
    assert line.with_line("ETag", '"1"').without(("age",)).size_bytes == len('ETag: "1"\r\n')
