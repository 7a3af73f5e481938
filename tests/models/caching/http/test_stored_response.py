"""What is read from a response when it is stored."""

from models.caching.http import Headers

from .exchanges import NOW, PRIVATE, SHARED, date, headers, stored


def test_all_that_decisions_need_is_read_once() -> None:
    fields = headers(
        Cache_Control="max-age=60", Date=date(-5), ETag='"1"', Last_Modified=date(-100), Vary="Foo", Age="7"
    )
    one = stored(fields, asked=headers(foo="1"), request_time=NOW - 1.0)
    assert (one.lifetime, one.initial_age, one.date, one.modified) == (60, 8.0, NOW - 5.0, NOW - 100.0)
    assert (one.entity_tag, one.last_modified) == ('"1"', date(-100))
    assert one.selecting == (("foo", "1"),)
    assert "age" in one.response.headers
    assert "age" not in one.headers_without_age


def test_a_last_modified_that_is_no_date_is_no_validator() -> None:
    one = stored(headers(Last_Modified="yesterday", Date=date(-5)))
    assert one.last_modified is None
    assert not one.has_validator


def test_without_last_modified_its_date_stands_in() -> None:
    # RFC 9111 section 4.3.2: "SHOULD use the stored response's Date field value (or, if no Date field is
    # present, the time that the stored response was received)".
    assert stored(headers(Date=date(-5))).modified == NOW - 5.0
    assert stored(Headers()).modified == NOW


def test_a_change_at_the_beginning_of_time_is_a_date_too() -> None:
    assert stored(headers(Last_Modified="Thu, 01 Jan 1970 00:00:00 GMT")).modified == 0.0


def test_fields_that_are_not_stored_have_still_said_what_they_say() -> None:
    fields = headers(Cache_Control='max-age=60, no-cache="vary, date"', Vary="Foo", Date=date(-5))
    one = stored(fields, asked=headers(foo="1"))
    assert one.response.headers.names() == ("cache-control",)
    assert one.selecting == (("foo", "1"),)
    assert one.date == NOW - 5.0


def test_lifetime_depends_on_the_kind_of_cache() -> None:
    fields = headers(Cache_Control="s-maxage=10, max-age=60")
    assert stored(fields, rules=SHARED).lifetime == 10
    assert stored(fields, rules=PRIVATE).lifetime == 60
