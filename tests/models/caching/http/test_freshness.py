"""Freshness lifetime and age: RFC 9111 section 4.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.http import CacheRules, Headers
from models.caching.http.directives import response_directives
from models.caching.http.freshness import (
    HEURISTICALLY_CACHEABLE,
    age_value,
    date_value,
    freshness_lifetime,
    initial_age,
)

from .exchanges import KINDS, NOW, PRIVATE, SHARED, control, date, headers, kind, stored

DAY = 86_400.0


def lifetime(fields: Headers, rules: CacheRules = SHARED, status: int = 200) -> float:
    return freshness_lifetime(status, fields, response_directives(fields), rules, NOW)


@pytest.mark.parametrize("rules", KINDS, ids=kind)
@pytest.mark.parametrize(
    ("max_age", "after", "is_fresh"),
    [(10, 9.999, True), (10, 10.0, False), (10, 10.001, False), (0, 0.0, False)],
)
def test_fresh_is_a_lifetime_that_exceeds_the_age(
    rules: CacheRules, max_age: int, after: float, is_fresh: bool
) -> None:
    """Section 4.2: response_is_fresh = (freshness_lifetime > current_age)."""
    one = stored(control(f"max-age={max_age}"), rules=rules)
    assert one.is_fresh(NOW + after) is is_fresh
    assert (one.staleness(NOW + after) < 0.0) is is_fresh


class TestLifetime:
    """Section 4.2.1, "using the first match"."""

    @pytest.mark.parametrize("value", ["max-age=0, s-maxage=10", "s-maxage=10, max-age=3600", "s-maxage=10"])
    def test_in_a_shared_cache_s_maxage_comes_first(self, value: str) -> None:
        assert lifetime(control(value), SHARED) == 10

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [("max-age=0, s-maxage=10", 0), ("s-maxage=10, max-age=3600", 3600), ("s-maxage=10", 0)],
    )
    def test_a_private_cache_does_not_know_s_maxage(self, value: str, seconds: int) -> None:
        assert lifetime(control(value), PRIVATE) == seconds

    @pytest.mark.parametrize("rules", KINDS, ids=kind)
    @pytest.mark.parametrize("expires", [date(10_000), date(-10_000), "0"])
    def test_max_age_comes_before_expires(self, rules: CacheRules, expires: str) -> None:
        """Section 5.3: "MUST ignore the Expires header field"."""
        assert lifetime(headers(Cache_Control="max-age=60", Expires=expires, Date=date()), rules) == 60

    def test_s_maxage_comes_before_expires_in_a_shared_cache_only(self) -> None:
        fields = headers(Cache_Control="s-maxage=60", Expires=date(600), Date=date())
        assert (lifetime(fields, SHARED), lifetime(fields, PRIVATE)) == (60, 600)

    @pytest.mark.parametrize(
        ("given", "seconds"), [(date(-5), 605.0), (date(5), 595.0), ("foo", 600.0), (None, 600.0)]
    )
    def test_expires_counts_from_date_or_from_receipt(self, given: str | None, seconds: float) -> None:
        # "its value minus the value of the Date response header field (using the time the message was
        # received if it is not present".
        fields = headers(Expires=date(600), **({} if given is None else {"Date": given}))
        assert lifetime(fields) == seconds

    @pytest.mark.parametrize("expires", ["0", "-1", "", "tomorrow", "Thu, 18 Aug 2050 02:01:18 UTC"])
    def test_an_invalid_expires_is_past(self, expires: str) -> None:
        """Section 5.3: "especially the value "0", as representing a time in the past"."""
        for then in (-60.0, 0.0, 60.0):
            assert lifetime(headers(Expires=expires, Date=date(then), Last_Modified=date(-DAY))) == 0

    def test_two_expires_that_differ_are_stale(self) -> None:
        # "(e.g., two Expires header field lines ...)".
        assert lifetime(Headers([("Expires", date(60)), ("Expires", date(600)), ("Date", date())])) == 0
        assert lifetime(Headers([("Expires", date(60)), ("Expires", date(60)), ("Date", date())])) == 60

    def test_an_expires_before_date_is_stale(self) -> None:
        assert lifetime(headers(Expires=date(300), Date=date(400))) < 0

    @pytest.mark.parametrize("value", ["max-age=x", "max-age=1, max-age=2"])
    def test_an_unreadable_max_age_leaves_no_room_for_expires(self, value: str) -> None:
        assert lifetime(headers(Cache_Control=value, Expires=date(600), Date=date())) == 0


class TestHeuristic:
    """Section 4.2.2."""

    def test_it_is_a_tenth_of_the_time_since_the_last_change(self) -> None:
        # "A typical setting of this fraction might be 10%".
        assert lifetime(headers(Last_Modified=date(-1000), Date=date())) == 100.0

    @pytest.mark.parametrize("fraction", [0.0, 0.5])
    def test_the_fraction_is_a_rule(self, fraction: float) -> None:
        rules = CacheRules(is_shared=True, heuristic_fraction=fraction)
        assert lifetime(headers(Last_Modified=date(-1000), Date=date()), rules) == 1000 * fraction

    def test_it_has_a_bound(self) -> None:
        fields = headers(Last_Modified=date(-1000 * DAY), Date=date())
        assert lifetime(fields) == DAY
        assert lifetime(fields, CacheRules(is_shared=True, heuristic_lifetime_max=60.0)) == 60.0

    @pytest.mark.parametrize(
        "fields", [Headers(), headers(Last_Modified="foo"), headers(Last_Modified=date(60))]
    )
    def test_without_a_time_since_the_last_change_there_is_none(self, fields: Headers) -> None:
        assert lifetime(fields) == 0

    @pytest.mark.parametrize("value", ["max-age=0", "max-age=x"])
    def test_it_is_not_used_beside_an_explicit_lifetime(self, value: str) -> None:
        # "MUST NOT use heuristics ... when an explicit expiration time is present".
        assert lifetime(headers(Last_Modified=date(-1000), Date=date(), Cache_Control=value)) == 0

    def test_an_invalid_expires_is_an_explicit_one(self) -> None:
        assert lifetime(headers(Last_Modified=date(-1000), Date=date(), Expires="0")) == 0

    @pytest.mark.parametrize(
        "status",
        [
            200,
            201,
            202,
            203,
            204,
            300,
            301,
            302,
            307,
            308,
            400,
            403,
            404,
            405,
            410,
            414,
            500,
            501,
            502,
            503,
            504,
            599,
        ],
    )
    def test_it_takes_a_heuristically_cacheable_status(self, status: int) -> None:
        """RFC 9110 section 15.1 lists them."""
        fields = headers(Last_Modified=date(-1000), Date=date())
        assert (lifetime(fields, status=status) > 0) is (status in HEURISTICALLY_CACHEABLE)
        assert {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501} == HEURISTICALLY_CACHEABLE

    @pytest.mark.parametrize("rules", KINDS, ids=kind)
    def test_or_a_mark_that_the_response_is_cacheable(self, rules: CacheRules) -> None:
        # "responses ... that have been marked as explicitly cacheable (e.g., with a public response
        # directive)"; for private see section 5.2.2.7, "even if the response would not otherwise be
        # heuristically cacheable".
        fields = {"Last_Modified": date(-1000), "Date": date()}
        assert lifetime(headers(Cache_Control="public", **fields), rules, status=599) == 100
        is_for_it = 0 if rules.is_shared else 100
        assert lifetime(headers(Cache_Control="private", **fields), rules, status=599) == is_for_it


class TestAge:
    """Sections 4.2.3 and 5.1."""

    @pytest.mark.parametrize(
        ("values", "seconds"),
        [
            ([], 0),
            (["30"], 30),
            (["7200, 0"], 7200),
            (["0, 7200"], 0),
            (["7200", "0"], 7200),
            (["0", "7200"], 0),
            (["2147483649"], 2**31),
            (["abc"], 0),
            (["-7200"], 0),
            (["7200.0"], 0),
            (["7200;a=b"], 0),
            (["abc", "7200"], 0),
            ([""], 0),
        ],
    )
    def test_age_is_the_first_member_if_it_is_a_number(self, values: list[str], seconds: int) -> None:
        # Section 5.1: "SHOULD use the first member of the field value"; if invalid, "SHOULD ignore the
        # field".
        assert age_value(Headers(("Age", value) for value in values)) == seconds

    def test_apparent_age_is_time_since_date(self) -> None:
        """apparent_age = max(0, response_time - date_value)."""
        assert initial_age(headers(Date=date(-7)), NOW, NOW) == 7.0

    def test_a_date_ahead_makes_no_negative_age(self) -> None:
        # "If the result is negative, the result is replaced by zero".
        assert initial_age(headers(Date=date(1000)), NOW, NOW) == 0.0

    def test_age_counts_from_the_request(self) -> None:
        # "MUST interpret this value relative to the time the request was initiated".
        assert initial_age(headers(Date=date(), Age="30"), NOW - 2.0, NOW) == 32.0

    def test_the_larger_of_the_two_is_taken(self) -> None:
        """corrected_initial_age = max(apparent_age, corrected_age_value)."""
        assert initial_age(headers(Date=date(-100), Age="30"), NOW - 2.0, NOW) == 100.0
        assert initial_age(headers(Date=date(-10), Age="30"), NOW - 2.0, NOW) == 32.0

    @pytest.mark.parametrize(
        "fields", [Headers(), headers(Date="foo"), Headers([("Date", date(-1)), ("Date", date(-2))])]
    )
    def test_without_a_readable_date_it_is_the_time_of_receipt(self, fields: Headers) -> None:
        """RFC 9110 section 6.6.1: "MUST record the time it was received"."""
        assert date_value(fields, NOW + 3.5) == NOW + 3.5

    def test_it_grows_while_the_response_is_stored(self) -> None:
        """current_age = corrected_initial_age + resident_time."""
        one = stored(headers(Date=date(), Age="30"), request_time=NOW - 2.0)
        assert one.age(NOW + 60.0) == 92.0

    def test_a_clock_that_goes_back_does_not_make_it_younger(self) -> None:
        assert stored(headers(Date=date(), Age="30")).age(NOW - 1000.0) == 30.0

    @pytest.mark.parametrize("rules", KINDS, ids=kind)
    def test_age_that_came_along_uses_up_the_lifetime(self, rules: CacheRules) -> None:
        assert not stored(
            headers(Cache_Control="max-age=3600", Date=date(), Age="7200"), rules=rules
        ).is_fresh(NOW)
        assert not stored(headers(Expires=date(20), Date=date(10), Age="15"), rules=rules).is_fresh(NOW)
        assert not stored(headers(Expires=date(10), Date=date(-10), Age="25"), rules=rules).is_fresh(NOW)


@pytest.mark.slow
@given(
    age=st.integers(-100, 10_000) | st.text(max_size=4).filter(lambda text: not {*"\r\n"} & {*text}),
    skew=st.floats(-1e5, 1e5),
    delay=st.floats(0.0, 100.0),
    later=st.floats(0.0, 1e6),
)
def test_no_age_is_negative_or_shrinks(age: object, skew: float, delay: float, later: float) -> None:
    request_time = NOW - delay
    one = stored(headers(Date=date(skew), Age=str(age)), request_time=request_time)
    assert one.age(NOW) >= NOW - request_time
    assert one.age(NOW + later) >= one.age(NOW)
