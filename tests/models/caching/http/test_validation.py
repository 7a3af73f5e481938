"""Conditional requests and what a 304 updates: RFC 9111 section 4.3, RFC 9110 section 13."""

import pytest

from models.caching.http import Headers, HttpRequest, StoredResponse
from models.caching.http.validation import (
    conditional_headers,
    is_not_modified,
    is_same_representation,
    not_modified,
    validated_responses,
)

from .exchanges import date, headers, stored

TAGGED = stored(headers(ETag='"1"', Date=date()))
DATED = stored(headers(Last_Modified=date(-100), Date=date()))
BOTH = stored(headers(ETag='"1"', Last_Modified=date(-100), Date=date()))
NEITHER = stored(headers(Date=date()))


class TestAsking:
    """Section 4.3.1."""

    def test_it_sends_the_entity_tag_and_the_date_of_change(self) -> None:
        # "MUST send the relevant entity tags"; "SHOULD send the Last-Modified value (using
        # If-Modified-Since)".
        assert conditional_headers(headers(A="1"), [BOTH]) == headers(
            A="1", If_None_Match='"1"', If_Modified_Since=date(-100)
        )
        assert conditional_headers(Headers(), [TAGGED]) == headers(If_None_Match='"1"')
        assert conditional_headers(Headers(), [DATED]) == headers(If_Modified_Since=date(-100))

    def test_without_a_validator_it_cannot_ask(self) -> None:
        assert conditional_headers(headers(A="1"), [NEITHER]) is None

    def test_of_several_it_sends_all_tags_and_no_date(self) -> None:
        # "a single stored response is being validated" is a condition for If-Modified-Since.
        other = stored(headers(ETag='W/"2"', Last_Modified=date(-50)))
        assert conditional_headers(Headers(), [BOTH, other, BOTH, NEITHER]) == headers(
            If_None_Match='"1", W/"2"'
        )
        assert conditional_headers(Headers(), [DATED, NEITHER]) is None

    def test_the_tags_of_the_client_are_joined_with_its_own(self) -> None:
        """Section 4.3.2: "send the union of the two lists"."""
        asked = Headers(
            [("If-None-Match", '"a", "1"'), ("If-None-Match", '"b"'), ("If-Modified-Since", date())]
        )
        assert conditional_headers(asked, [TAGGED]) == headers(If_None_Match='"a", "1", "b"')

    @pytest.mark.parametrize("stored_", [BOTH, DATED])
    def test_a_star_of_the_client_goes_as_it_is(self, stored_: StoredResponse) -> None:
        assert conditional_headers(headers(If_None_Match="*"), [stored_]) is None

    def test_the_clients_tags_go_alone_if_nothing_stored_has_one(self) -> None:
        # RFC 9110 section 13.1.3: "MUST ignore If-Modified-Since if the request contains an If-None-Match".
        assert conditional_headers(headers(If_None_Match='"a"'), [DATED]) is None

    def test_the_clients_date_gives_way(self) -> None:
        asked = headers(If_Modified_Since=date(-7))
        assert conditional_headers(asked, [DATED]) == headers(If_Modified_Since=date(-100))
        assert conditional_headers(asked, [TAGGED]) == headers(If_None_Match='"1"')


class TestIdentifying:
    """Section 4.3.4, "further filtered by the first match of"."""

    def test_a_strong_tag_names_all_that_have_it(self) -> None:
        # "All the stored responses in the initial set with one of those same strong validators are
        # identified".
        twin = stored(headers(ETag='"1"'))
        weak, other = stored(headers(ETag='W/"1"')), stored(headers(ETag='"2"'))
        candidates = (TAGGED, weak, other, twin, NEITHER)
        assert validated_responses(headers(ETag='"1"'), candidates, is_ours=True) == (TAGGED, twin)

    def test_a_strong_tag_that_none_has_names_none(self) -> None:
        # "MUST NOT use the new response to update any stored responses", be the date of change the same or
        # not.
        newer = headers(ETag='"2"', Last_Modified=date(-100))
        assert validated_responses(newer, (BOTH,), is_ours=True) == ()

    @pytest.mark.parametrize("tag", ['W/"1"', '"1"'])
    def test_a_weak_tag_names_the_most_recent(self, tag: str) -> None:
        # "the most recent of those matching stored responses is identified for update".
        older, newer = (stored(headers(ETag=tag, Date=date(age))) for age in (-60, -5))
        for candidates in ((older, newer), (newer, older)):
            assert validated_responses(headers(ETag='W/"1"'), candidates, is_ours=True) == (newer,)
        assert validated_responses(headers(ETag='W/"2"'), (older, newer), is_ours=True) == ()

    def test_so_does_a_date_of_change(self) -> None:
        older = stored(headers(Last_Modified=date(-100), Date=date(-60)))
        assert validated_responses(headers(Last_Modified=date(-100)), (older, DATED), is_ours=True) == (
            DATED,
        )
        assert validated_responses(headers(Last_Modified=date(-99)), (older, DATED), is_ours=True) == ()

    def test_without_a_validator_it_names_the_only_one_that_has_none_either(self) -> None:
        # "and there is only one stored response in the initial set, and that stored response also lacks a
        # validator".
        assert validated_responses(Headers(), (NEITHER,), is_ours=False) == (NEITHER,)
        assert validated_responses(Headers(), (NEITHER, NEITHER), is_ours=False) == ()
        assert validated_responses(Headers(), (DATED,), is_ours=False) == ()

    def test_or_the_only_one_that_was_asked_about(self) -> None:
        """RFC 9110 section 15.4.5 does not list Last-Modified among what a 304 must repeat."""
        assert validated_responses(Headers(), (DATED,), is_ours=True) == (DATED,)
        assert validated_responses(Headers(), (DATED, TAGGED), is_ours=True) == ()

    def test_of_nothing_it_names_nothing(self) -> None:
        assert validated_responses(headers(ETag='"1"'), (), is_ours=False) == ()


class TestHead:
    """Section 4.3.5: "matching values for any received validator fields"."""

    OLD = stored(headers(ETag='"1"', Last_Modified=date(-100), Content_Length="5"))

    @pytest.mark.parametrize(
        ("head", "expected"),
        [
            (Headers(), True),
            (headers(ETag='"1"', Last_Modified=date(-100), Content_Length="5", A="2"), True),
            (headers(ETag='"2"'), False),
            (headers(Last_Modified=date(-99)), False),
            (headers(Content_Length="6"), False),
            (headers(ETag='"1"', Content_Length="6"), False),
        ],
    )
    def test_each_validator_and_the_length_must_match(self, head: Headers, expected: bool) -> None:
        assert is_same_representation(self.OLD, head) is expected

    def test_a_validator_that_the_stored_response_lacks_does_not_match(self) -> None:
        assert not is_same_representation(NEITHER, headers(ETag='"1"'))
        assert is_same_representation(NEITHER, headers(A="1"))


def holds(fields: Headers, one: StoredResponse) -> bool:
    return is_not_modified(HttpRequest(uri="/item", headers=fields), one)


class TestClientsOwnQuestion:
    """Section 4.3.2: "SHOULD evaluate any applicable conditional header field preconditions"."""

    @pytest.mark.parametrize(
        ("asked", "tag", "expected"),
        [
            ('"1"', '"1"', True),
            ('"2"', '"1"', False),
            ('"2", "1", "3"', '"1"', True),
            # RFC 9110 section 13.1.2: "MUST use the weak comparison function".
            ('W/"1"', '"1"', True),
            ('"1"', 'W/"1"', True),
            ('W/"1"', 'W/"1"', True),
            ("*", '"1"', True),
            ("1", '"1"', False),
            ("1", "1", True),
            ('w/"1"', '"1"', False),
            ("", '"1"', False),
            ('"abcdefü"', '"abcdefü"', True),
        ],
    )
    def test_a_matching_tag_makes_it_a_304(self, asked: str, tag: str, expected: bool) -> None:
        assert holds(headers(If_None_Match=asked), stored(headers(ETag=tag))) is expected

    def test_any_response_matches_a_star_and_no_tag_matches_none(self) -> None:
        assert holds(headers(If_None_Match="*"), NEITHER)
        assert not holds(headers(If_None_Match='"1"'), NEITHER)

    @pytest.mark.parametrize(("since", "expected"), [(-100, True), (-99, True), (-101, False)])
    def test_a_change_no_later_than_the_date_makes_it_a_304(self, since: int, expected: bool) -> None:
        """RFC 9110 section 13.1.3: "earlier or equal to the date provided in the field value"."""
        assert holds(headers(If_Modified_Since=date(since)), DATED) is expected

    @pytest.mark.parametrize(("since", "expected"), [(-5, True), (-6, False)])
    def test_without_last_modified_the_date_counts(self, since: int, expected: bool) -> None:
        # "SHOULD use the stored response's Date field value".
        assert holds(headers(If_Modified_Since=date(since)), stored(headers(Date=date(-5)))) is expected

    def test_obsolete_forms_of_dates_are_read(self) -> None:
        assert holds(headers(If_Modified_Since="Thursday, 01-Jan-26 00:00:00 GMT"), DATED)

    @pytest.mark.parametrize(
        "asked", [headers(If_Modified_Since="foo"), Headers([("If-Modified-Since", date())] * 2)]
    )
    def test_a_question_that_is_no_date_is_ignored(self, asked: Headers) -> None:
        # RFC 9110 section 13.1.3: "if the received field value is not a valid HTTP-date, the field value has
        # more than one member".
        assert not holds(asked, DATED)

    def test_tags_take_precedence_over_dates(self) -> None:
        # "If-None-Match takes precedence over If-Modified-Since".
        assert not holds(headers(If_None_Match='"2"', If_Modified_Since=date()), BOTH)
        assert holds(headers(If_None_Match='"1"', If_Modified_Since=date(-1000)), BOTH)

    @pytest.mark.parametrize("status", [404, 301, 500])
    def test_only_a_stored_200_is_compared(self, status: int) -> None:
        # "a stored 200 (OK) or 206 (Partial Content) response".
        assert not holds(headers(If_None_Match='"1"'), stored(headers(ETag='"1"'), status=status))

    def test_without_a_question_nothing_is_compared(self) -> None:
        assert not holds(headers(If_Match='"1"', If_Unmodified_Since=date()), BOTH)


def test_a_304_carries_no_metadata_of_content() -> None:
    # RFC 9110 section 15.4.5: "SHOULD NOT generate representation metadata other than the above listed
    # fields".
    fields = headers(
        ETag='"1"', Cache_Control="max-age=1", Date=date(), Vary="a", Content_Location="/b", Expires=date(1),
        Content_Type="text/plain", Content_Length="3", Content_Encoding="gzip", Content_Language="de",
    )  # fmt: skip
    answer = not_modified(fields)
    assert answer.status == 304
    assert answer.body is None
    assert answer.headers.names() == ("etag", "cache-control", "date", "vary", "content-location", "expires")
