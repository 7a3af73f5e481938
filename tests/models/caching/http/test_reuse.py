"""Which stored response may answer, fresh or stale: RFC 9111, 4, 4.2.4 and 5.2; RFC 5861; RFC 8246."""

import pytest

from models.caching.http import CacheRules, Headers, Permission
from models.caching.http.directives import request_directives
from models.caching.http.reuse import matching_responses, permission_after_error, permission_to_reuse

from .exchanges import KINDS, NOW, PRIVATE, SHARED, control, date, headers, kind, stored

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


def permission(response: str, request: str, age: float, rules: CacheRules) -> Permission | None:
    asked = request_directives(control(request) if request else Headers())
    return permission_to_reuse(stored(control(response), rules=rules), asked, NOW + age, rules)


def after_error(
    response: str, request: str, age: float, rules: CacheRules, *, is_disconnected: bool = False
) -> Permission | None:
    asked = request_directives(control(request) if request else Headers())
    one = stored(control(response), rules=rules)
    return permission_after_error(one, asked, NOW + age, rules, is_disconnected=is_disconnected)


class TestChoice:
    """Section 4: "MUST use the most recent one (as determined by the Date header field)"."""

    def test_the_most_recent_by_date_comes_first(self) -> None:
        older = stored(headers(Date=date(-60), Cache_Control="max-age=9000"), response_time=NOW + 5.0)
        newer = stored(headers(Date=date(-5)), response_time=NOW)
        for variants in ((older, newer), (newer, older)):
            assert matching_responses(variants, Headers()) == (newer, older)

    def test_of_one_second_the_one_that_came_later(self) -> None:
        first, second = (stored(headers(Date=date()), response_time=NOW + later) for later in (0.1, 0.2))
        for variants in ((first, second), (second, first)):
            assert matching_responses(variants, Headers()) == (second, first)

    def test_one_with_a_vary_comes_before_a_newer_one_without(self) -> None:
        """Section 4.1: "SHOULD choose the most recent stored response with a valid Vary field value"."""
        varied = stored(headers(Date=date(-60), Vary="foo"), asked=headers(foo="1"))
        plain = stored(headers(Date=date()))
        assert matching_responses((plain, varied), headers(foo="1")) == (varied, plain)
        assert matching_responses((plain, varied), headers(foo="2")) == (plain,)

    def test_one_that_does_not_match_is_none(self) -> None:
        assert matching_responses((stored(headers(Vary="foo"), asked=headers(foo="1")),), Headers()) == ()


@both_kinds
class TestFresh:
    @pytest.mark.parametrize(
        ("age", "expected"), [(0.0, Permission.FRESH), (9.999, Permission.FRESH), (10.0, None)]
    )
    def test_a_fresh_response_may_be_used(
        self, rules: CacheRules, age: float, expected: Permission | None
    ) -> None:
        """Section 4.2: "(freshness_lifetime > current_age)"."""
        assert permission("max-age=10", "", age, rules) == expected

    @pytest.mark.parametrize("value", ["no-cache", "no-cache, max-age=10", "No-CaChE, max-age=10, immutable"])
    def test_no_cache_in_the_response_always_asks(self, rules: CacheRules, value: str) -> None:
        # Section 5.2.2.4: "MUST NOT be used to satisfy any other request without forwarding it for
        # validation".
        assert permission(value, "", 0.0, rules) is None
        assert permission(value, "max-stale", 0.0, rules) is None

    def test_no_cache_for_some_fields_does_not(self, rules: CacheRules) -> None:
        # "if the listed header fields are excluded from the subsequent response".
        assert permission('no-cache="a", max-age=10', "", 0.0, rules) == Permission.FRESH

    def test_no_cache_in_the_request_asks(self, rules: CacheRules) -> None:
        """Section 5.2.1.4: "prefers a stored response not be used ... without successful validation"."""
        assert permission("max-age=10", "no-cache", 0.0, rules) is None

    def test_no_store_in_the_request_does_not(self, rules: CacheRules) -> None:
        """Section 5.2.1.5: "does not apply to the already stored response"."""
        assert permission("max-age=10", "no-store", 0.0, rules) == Permission.FRESH

    @pytest.mark.parametrize(("age", "expected"), [(5.0, Permission.FRESH), (5.001, None)])
    def test_max_age_of_the_request_bounds_the_age(
        self, rules: CacheRules, age: float, expected: Permission | None
    ) -> None:
        # Section 5.2.1.1: "a response whose age is less than or equal to the specified number of seconds".
        assert permission("max-age=10", "max-age=5", age, rules) == expected

    @pytest.mark.parametrize(("age", "expected"), [(6.0, Permission.FRESH), (6.001, None)])
    def test_min_fresh_asks_for_some_freshness_left(
        self, rules: CacheRules, age: float, expected: Permission | None
    ) -> None:
        """Section 5.2.1.3: "no less than its current age plus the specified time in seconds"."""
        assert permission("max-age=10", "min-fresh=4", age, rules) == expected

    @pytest.mark.parametrize(
        "value", ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10, max-age=10"]
    )
    def test_what_must_be_revalidated_may_be_used_while_it_is_fresh(
        self, rules: CacheRules, value: str
    ) -> None:
        """Section 5.2.2.2: "once the response has become stale"."""
        assert permission(value, "", 9.0, rules) == Permission.FRESH


@both_kinds
class TestImmutable:
    """RFC 8246 section 2."""

    @pytest.mark.parametrize("request_", ["max-age=0", "max-age=3"])
    def test_a_reload_does_not_validate_it_while_it_is_fresh(self, rules: CacheRules, request_: str) -> None:
        # "SHOULD skip conditionally revalidating fresh responses containing the immutable extension".
        assert permission("max-age=10, immutable", request_, 5.0, rules) == Permission.FRESH
        assert permission("max-age=10", request_, 5.0, rules) is None

    def test_but_no_cache_does(self, rules: CacheRules) -> None:
        # "unless there is a signal from the client that a validation is necessary (e.g., a no-cache ...)".
        assert permission("max-age=10, immutable", "no-cache", 5.0, rules) is None

    @pytest.mark.parametrize("request_", ["", "max-age=0"])
    def test_and_it_means_nothing_once_it_is_stale(self, rules: CacheRules, request_: str) -> None:
        # "only applies during the freshness lifetime".
        assert permission("max-age=10, immutable", request_, 10.0, rules) is None


@both_kinds
class TestStale:
    # Section 4.2.4: "MUST NOT generate a stale response unless it is disconnected or doing so is explicitly
    # permitted by the client or origin server".

    @pytest.mark.parametrize("value", ["max-age=10", "max-age=0", "max-age=x", "public"])
    def test_without_permission_it_is_not_used(self, rules: CacheRules, value: str) -> None:
        assert permission(value, "", 10.0, rules) is None

    @pytest.mark.parametrize(
        ("request_", "age", "expected"),
        [
            ("max-stale=5", 15.0, Permission.MAX_STALE),
            ("max-stale=5", 15.001, None),
            ("max-stale", 1e9, Permission.MAX_STALE),
            ("max-stale=x", 10.0, None),
            ("max-stale=5, max-age=12", 12.0, Permission.MAX_STALE),
            ("max-stale=5, max-age=12", 12.001, None),
            ("max-stale=5, min-fresh=1", 11.0, None),
            ("max-stale=5, no-cache", 11.0, None),
        ],
    )
    def test_max_stale_permits_it(
        self, rules: CacheRules, request_: str, age: float, expected: Permission | None
    ) -> None:
        # Section 5.2.1.2: "exceeded its freshness lifetime by no more than the specified number of seconds".
        assert permission("max-age=10", request_, age, rules) == expected

    @pytest.mark.parametrize(
        ("age", "expected"),
        [
            (9.999, Permission.FRESH),
            (10.0, Permission.STALE_WHILE_REVALIDATE),
            (15.0, Permission.STALE_WHILE_REVALIDATE),
            (15.001, None),
        ],
    )
    def test_stale_while_revalidate_permits_it(
        self, rules: CacheRules, age: float, expected: Permission | None
    ) -> None:
        """RFC 5861 section 3: "after it becomes stale, up to the indicated number of seconds"."""
        assert permission("max-age=10, stale-while-revalidate=5", "", age, rules) == expected

    @pytest.mark.parametrize("request_", ["max-age=60", "min-fresh=1", "no-cache"])
    def test_but_not_if_the_client_asks_for_a_fresh_one(self, rules: CacheRules, request_: str) -> None:
        """Section 5.2.1.1: "the client does not wish to receive a stale response"."""
        assert permission("max-age=10, stale-while-revalidate=60", request_, 11.0, rules) is None

    @pytest.mark.parametrize(
        ("value", "shared", "private"),
        [
            ("must-revalidate", True, True),
            ("no-cache", True, True),
            ("proxy-revalidate", True, False),
            # Section 5.2.2.10: "incorporates the semantics of the proxy-revalidate response directive".
            ("s-maxage=10", True, False),
        ],
    )
    @pytest.mark.parametrize("request_", ["", "max-stale"])
    def test_a_directive_that_forbids_it_beats_any_permission(
        self, rules: CacheRules, value: str, shared: bool, private: bool, request_: str
    ) -> None:
        # "MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive".
        response = f"max-age=10, stale-while-revalidate=60, stale-if-error=60, {value}"
        is_forbidden = shared if rules.is_shared else private
        assert (permission(response, request_, 11.0, rules) is None) is is_forbidden
        lenient = CacheRules(is_shared=rules.is_shared, stale_if_disconnected=60.0)
        assert (after_error(response, request_, 11.0, lenient, is_disconnected=True) is None) is is_forbidden


@both_kinds
class TestAfterError:
    @pytest.mark.parametrize(
        ("age", "expected"),
        [(10.0, Permission.STALE_IF_ERROR), (15.0, Permission.STALE_IF_ERROR), (15.001, None)],
    )
    @pytest.mark.parametrize(
        ("response", "request_"), [("max-age=10, stale-if-error=5", ""), ("max-age=10", "stale-if-error=5")]
    )
    @pytest.mark.parametrize("is_disconnected", [True, False])
    def test_stale_if_error_permits_it(
        self,
        rules: CacheRules,
        response: str,
        request_: str,
        age: float,
        expected: Permission | None,
        is_disconnected: bool,
    ) -> None:
        # RFC 5861 section 4: "when the cached response is more stale than the indicated amount", it is not
        # used; it counts in responses and in requests.
        assert after_error(response, request_, age, rules, is_disconnected=is_disconnected) == expected

    def test_one_of_client_and_origin_is_enough(self, rules: CacheRules) -> None:
        assert after_error("max-age=10, stale-if-error=1", "stale-if-error=5", 15.0, rules)
        assert after_error("max-age=10, stale-if-error=5", "stale-if-error=1", 15.0, rules)

    @pytest.mark.parametrize("request_", ["max-age=1", "min-fresh=60"])
    def test_it_holds_regardless_of_other_freshness_information(
        self, rules: CacheRules, request_: str
    ) -> None:
        """RFC 5861 section 4, in these words; a fresh response that is too old for the client is one too."""
        assert after_error("max-age=10, stale-if-error=5", request_, 12.0, rules)
        assert after_error("max-age=10, stale-if-error=5", request_, 5.0, rules)

    def test_a_client_that_wants_validation_gets_the_error(self, rules: CacheRules) -> None:
        assert after_error("max-age=10, stale-if-error=5", "no-cache", 11.0, rules) is None

    def test_without_permission_there_is_none(self, rules: CacheRules) -> None:
        assert after_error("max-age=10", "", 11.0, rules) is None
        assert after_error("max-age=10", "", 11.0, rules, is_disconnected=True) is None


@both_kinds
class TestDisconnected:
    """Section 4.2.4: "unless it is disconnected"."""

    @pytest.mark.parametrize(
        ("age", "expected"),
        [(10.0, Permission.DISCONNECTED), (15.0, Permission.DISCONNECTED), (15.001, None)],
    )
    def test_the_rule_says_for_how_long(
        self, rules: CacheRules, age: float, expected: Permission | None
    ) -> None:
        lenient = CacheRules(is_shared=rules.is_shared, stale_if_disconnected=5.0)
        assert after_error("max-age=10", "", age, lenient, is_disconnected=True) == expected

    @pytest.mark.parametrize("age", [10.0, 11.0])
    def test_without_the_rule_it_serves_nothing_stale(self, rules: CacheRules, age: float) -> None:
        assert after_error("max-age=10", "", age, rules, is_disconnected=True) is None

    def test_an_answer_with_an_error_is_no_disconnection(self, rules: CacheRules) -> None:
        lenient = CacheRules(is_shared=rules.is_shared, stale_if_disconnected=5.0)
        assert after_error("max-age=10", "", 11.0, lenient, is_disconnected=False) is None

    @pytest.mark.parametrize("request_", ["max-age=60", "min-fresh=1", "no-cache"])
    def test_a_client_that_asks_for_a_fresh_one_gets_the_error(
        self, rules: CacheRules, request_: str
    ) -> None:
        lenient = CacheRules(is_shared=rules.is_shared, stale_if_disconnected=5.0)
        assert after_error("max-age=10", request_, 11.0, lenient, is_disconnected=True) is None


def test_the_two_kinds_differ_as_they_should_in_one_example() -> None:
    value = "max-age=10, s-maxage=10, stale-while-revalidate=60"
    assert permission(value, "", 11.0, SHARED) is None
    assert permission(value, "", 11.0, PRIVATE) == Permission.STALE_WHILE_REVALIDATE
