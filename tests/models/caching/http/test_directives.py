"""Cache-Control: RFC 9111 section 5.2, and 4.2.1 for what repeats, conflicts or makes no sense."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.http import Headers
from models.caching.http.directives import (
    RequestDirectives,
    ResponseDirectives,
    parse_directives,
    request_directives,
    response_directives,
)

from .exchanges import control, headers

FLAGS = {
    "no-cache": "no_cache",
    "no-store": "no_store",
    "private": "is_private",
    "public": "is_public",
    "must-revalidate": "must_revalidate",
    "proxy-revalidate": "proxy_revalidate",
    "must-understand": "must_understand",
    "immutable": "is_immutable",
}
DURATIONS = {
    "max-age": "max_age",
    "s-maxage": "s_maxage",
    "stale-while-revalidate": "stale_while_revalidate",
    "stale-if-error": "stale_if_error",
}


def test_without_cache_control_nothing_is_said() -> None:
    assert response_directives(Headers()) == ResponseDirectives()
    assert request_directives(Headers()) == RequestDirectives()


@pytest.mark.parametrize(("name", "attribute"), FLAGS.items())
def test_a_flag_of_a_response_sets_itself_alone(name: str, attribute: str) -> None:
    assert response_directives(control(name)) == ResponseDirectives(**{attribute: True})


@pytest.mark.parametrize(("name", "attribute"), DURATIONS.items())
def test_a_duration_of_a_response_sets_itself_alone(name: str, attribute: str) -> None:
    assert response_directives(control(f"{name}=60")) == ResponseDirectives(**{attribute: 60})


@pytest.mark.parametrize(
    "value", ["MaX-aGe=60", 'max-age="60"', "max-age=060", ", max-age=60 ,,", "max-age=60, foo"]
)
def test_ways_to_write_one_directive(value: str) -> None:
    """RFC 9111 section 5.2: "compared case-insensitively"; "recipients ought to accept both forms"."""
    assert response_directives(control(value)) == ResponseDirectives(max_age=60)


def test_lines_are_one_list() -> None:
    both = Headers([("Cache-Control", "max-age=60"), ("cache-control", "public")])
    assert response_directives(both) == ResponseDirectives(max_age=60, is_public=True)


@pytest.mark.parametrize(
    "value",
    [
        "foobar",
        'community="UCI"',
        "foo=bar",
        "foo=",
        'extension="max-age=100"',
        'extension="a, no-store, b"',
        "=",
        "a b",
    ],
)
def test_what_is_unknown_is_ignored(value: str) -> None:
    """RFC 9111 section 5.2.3: "A cache MUST ignore unrecognized cache directives"."""
    assert response_directives(control(value)) == ResponseDirectives()
    assert request_directives(control(value)) == RequestDirectives()


@pytest.mark.parametrize(
    "argument", ["-60", "+60", "60.0", "60.5", "a60", "60a", "'60'", '"60', "", '""', '" 60"', " 60"]
)
@pytest.mark.parametrize("name", ["max-age", "s-maxage"])
def test_an_invalid_lifetime_is_stale(name: str, argument: str) -> None:
    # RFC 9111 section 4.2.1: "invalid freshness information (e.g., a max-age directive with non-integer
    # content)".
    assert response_directives(control(f"{name}={argument}")) == ResponseDirectives(**{DURATIONS[name]: 0})


@pytest.mark.parametrize("value", ["max-age", "max-age =60", "max-age\t=60", "max-age=60, max-age"])
def test_a_lifetime_without_a_readable_argument_is_stale(value: str) -> None:
    assert response_directives(control(value)) == ResponseDirectives(max_age=0)


@pytest.mark.parametrize(
    "value", ["max-age=1800, max-age=1", "max-age=1, max-age=1800", "s-maxage=2, S-Maxage=3"]
)
def test_a_lifetime_that_contradicts_itself_is_stale(value: str) -> None:
    # RFC 9111 section 4.2.1: "either the first occurrence should be used or the response ... considered
    # stale".
    said = response_directives(control(value))
    assert (said.max_age or 0, said.s_maxage or 0) == (0, 0)


def test_a_lifetime_that_repeats_itself_holds() -> None:
    assert response_directives(control('max-age=60, max-age="060"')).max_age == 60


@pytest.mark.parametrize("name", ["stale-while-revalidate", "stale-if-error"])
def test_a_permission_that_cannot_be_read_is_none(name: str) -> None:
    """Section 4.2.1, "the most restrictive directive should be honored": of two windows the shorter."""
    assert response_directives(control(f"{name}=x")) == ResponseDirectives()
    assert response_directives(control(name)) == ResponseDirectives()
    assert response_directives(control(f"{name}=5, {name}=x")) == ResponseDirectives()
    assert response_directives(control(f"{name}=5, {name}=3")) == ResponseDirectives(**{DURATIONS[name]: 3})


@pytest.mark.parametrize("name", ["no-store", "must-revalidate", "proxy-revalidate", "must-understand"])
def test_a_restriction_with_an_argument_still_restricts(name: str) -> None:
    """RFC 9111 section 5.2: "no argument is defined (nor allowed)"; what it then means is left open."""
    assert getattr(response_directives(control(f"{name}=x")), FLAGS[name])


@pytest.mark.parametrize("name", ["public", "immutable"])
def test_a_permission_with_an_argument_permits_nothing(name: str) -> None:
    assert response_directives(control(f"{name}=x")) == ResponseDirectives()
    assert getattr(response_directives(control(f"{name}=x, {name}")), FLAGS[name])


@pytest.mark.parametrize(
    ("name", "flag", "fields"),
    [("no-cache", "no_cache", "no_cache_fields"), ("private", "is_private", "private_fields")],
)
class TestQualifiedForm:
    """RFC 9111 sections 5.2.2.4 and 5.2.2.7: "an argument that lists one or more field names"."""

    @pytest.mark.parametrize(
        "argument", ['"Set-Cookie, X-User"', '"set-cookie,x-user"', '"Set-Cookie,, X-User,"']
    )
    def test_it_is_about_the_listed_fields_only(
        self, name: str, flag: str, fields: str, argument: str
    ) -> None:
        said = response_directives(control(f"{name}={argument}"))
        assert said == ResponseDirectives(**{fields: frozenset({"set-cookie", "x-user"})})

    def test_the_token_form_is_read_too(self, name: str, flag: str, fields: str) -> None:
        assert getattr(response_directives(control(f"{name}=A")), fields) == {"a"}

    @pytest.mark.parametrize("argument", ['""', "", '"a b"', '"a, b c"', '"a'])
    def test_an_argument_that_lists_no_fields_is_as_none(
        self, name: str, flag: str, fields: str, argument: str
    ) -> None:
        assert response_directives(control(f"{name}={argument}")) == ResponseDirectives(**{flag: True})

    def test_both_forms_together_restrict_the_whole(self, name: str, flag: str, fields: str) -> None:
        assert response_directives(control(f'{name}="a", {name}')) == ResponseDirectives(**{flag: True})

    def test_two_lists_are_one(self, name: str, flag: str, fields: str) -> None:
        assert getattr(response_directives(control(f'{name}="a", {name}="b"')), fields) == {"a", "b"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("max-age=60", RequestDirectives(max_age=60)),
        ("min-fresh=60", RequestDirectives(min_fresh=60)),
        ("max-stale=60", RequestDirectives(max_stale=60)),
        # Section 5.2.1.2: "If no value is assigned to max-stale, then the client will accept a stale response
        # of any age".
        ("max-stale", RequestDirectives(max_stale=inf)),
        ("no-cache", RequestDirectives(no_cache=True)),
        ("no-store", RequestDirectives(no_store=True)),
        ("only-if-cached", RequestDirectives(only_if_cached=True)),
        ("stale-if-error=60", RequestDirectives(stale_if_error=60)),
        ("no-transform", RequestDirectives()),
        # These are directives of responses alone: "unidirectional" (section 5.2).
        ("s-maxage=60, must-revalidate, public, immutable", RequestDirectives()),
    ],
)
def test_directives_of_requests(value: str, expected: RequestDirectives) -> None:
    assert request_directives(control(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("max-age=x", RequestDirectives(max_age=0)),
        ("max-age=-1", RequestDirectives(max_age=0)),
        ("max-age=60, max-age=5", RequestDirectives(max_age=5)),
        ("min-fresh=x", RequestDirectives(min_fresh=2**31)),
        ("min-fresh=60, min-fresh=5", RequestDirectives(min_fresh=60)),
        ("max-stale=x", RequestDirectives()),
        ("max-stale=60, max-stale=5", RequestDirectives(max_stale=5)),
        ("max-stale=60, max-stale", RequestDirectives(max_stale=60)),
        ("max-stale=60, max-stale=x", RequestDirectives()),
        ("stale-if-error=x", RequestDirectives()),
    ],
)
def test_of_what_a_request_contradicts_the_strictest_holds(value: str, expected: RequestDirectives) -> None:
    """Section 4.2.1: "the most restrictive directive should be honored"."""
    assert request_directives(control(value)) == expected


@pytest.mark.parametrize("value", ["no-cache", "NO-CACHE", "foo, no-cache"])
def test_pragma_no_cache_counts_where_cache_control_is_absent(value: str) -> None:
    # Section 5.4: "so that clients could specify a "no-cache" request"; deprecated, and read as RFC 7234 had
    # it.
    assert request_directives(headers(Pragma=value)).no_cache
    assert not request_directives(headers(Pragma=value, Cache_Control="max-age=60")).no_cache


def test_other_pragmas_say_nothing() -> None:
    assert request_directives(headers(Pragma="foo")) == RequestDirectives()


def test_pragma_says_nothing_in_a_response() -> None:
    """Section 5.4: "the meaning of "Pragma: no-cache" in responses was never specified"."""
    assert response_directives(headers(Pragma="no-cache")) == ResponseDirectives()


def test_arguments_are_kept_in_order() -> None:
    assert parse_directives(['a=1, b, A="2 3"', "a"]) == {"a": ["1", "2 3", None], "b": [None]}


@pytest.mark.slow
@given(st.text(alphabet=st.sampled_from('max-age=0159",\\ \tnostre'), max_size=40))
def test_no_value_makes_the_reader_fail_or_trust_more(value: str) -> None:
    said = response_directives(headers(Cache_Control=value))
    assert said.max_age is None or 0 <= said.max_age <= 2**31
