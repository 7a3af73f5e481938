"""Site: what an origin answers, at what cost, and when it says that nothing has changed."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host
from models.caching.http_endpoints import EPOCH, Representation, Site, http_request
from models.services import Instance
from simulator import Environment

from .surroundings import NEW_PAGE, PAGE, Told, ask


def site_on_a_host(**settings: Any) -> tuple[Environment, Site, Instance]:
    env = Environment(seed=1)
    site = Site(env, {"/": PAGE}, **settings)
    return env, site, Instance(env, Host(env, "origin"), site)


def headers_of(told: Told) -> dict[str, str]:
    assert told.message is not None
    return dict(told.message.headers)


def test_it_shows_what_it_has_with_a_date_and_validators() -> None:
    env, site, server = site_on_a_host(headers=[("Cache-Control", "max-age=60")])
    told = ask(env, server, 3.75)
    env.run()
    assert headers_of(told) == {
        "Date": "Thu, 01 Jan 2026 00:00:03 GMT",
        "ETag": '"1"',
        "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Cache-Control": "max-age=60",
    }
    assert told.content == "old page"
    assert site.full_count == 1


def test_it_gives_the_validators_that_it_has() -> None:
    env, _, server = site_on_a_host(has_etags=False, has_dates=False)
    told = ask(env, server, 0.0)
    env.run()
    assert list(headers_of(told)) == ["Date"]


def test_fields_may_differ_from_uri_to_uri() -> None:
    env, _, server = site_on_a_host(headers=lambda uri: [("X-Of", uri)])
    told = ask(env, server, 0.0)
    env.run()
    assert headers_of(told)["X-Of"] == "/"


@pytest.mark.parametrize(
    ("precondition", "status"),
    [
        (("If-None-Match", '"1"'), 304),
        (("If-None-Match", 'W/"1"'), 304),
        (("If-None-Match", '"0", "1"'), 304),
        (("If-None-Match", "*"), 304),
        (("If-None-Match", '"2"'), 200),
        (("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"), 304),
        (("If-Modified-Since", "Wed, 31 Dec 2025 23:59:59 GMT"), 200),
        (("If-Modified-Since", "yesterday"), 200),
    ],
)
def test_a_precondition_is_answered_with_304_if_nothing_has_changed(
    precondition: tuple[str, str], status: int
) -> None:
    env, site, server = site_on_a_host()
    told = ask(env, server, 0.0, headers=[precondition])
    env.run()
    assert told.message is not None
    assert told.message.status == status
    assert (told.message.body is None) is (status == 304)
    assert site.not_modified_count == (status == 304)


def test_a_tag_is_compared_and_the_date_is_not_looked_at_then() -> None:
    env, _, server = site_on_a_host()
    told = ask(
        env,
        server,
        0.0,
        headers=[("If-None-Match", '"9"'), ("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")],
    )
    env.run()
    assert told.message is not None
    assert told.message.status == 200


def test_a_change_within_the_second_is_seen_by_tag_and_not_by_date() -> None:
    for etags, status in ((True, 200), (False, 304)):
        env, site, server = site_on_a_host(has_etags=etags)
        env.call_later(0.5, site.change, "/", NEW_PAGE)
        field = ("If-None-Match", '"1"') if etags else ("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")
        told = ask(env, server, 1.0, headers=[field])
        env.run()
        assert told.message is not None
        assert told.message.status == status


def test_put_and_delete_change_what_is_there() -> None:
    env, site, server = site_on_a_host()
    put = ask(env, server, 1.0, method="PUT", body=NEW_PAGE)
    told = ask(env, server, 2.0)
    gone = ask(env, server, 3.0, method="DELETE")
    nothing = ask(env, server, 4.0)
    again = ask(env, server, 5.0, method="DELETE")
    env.run()
    statuses = [each.message.status for each in (put, told, gone, nothing, again) if each.message is not None]
    assert statuses == [204, 200, 204, 404, 404]
    assert told.content == "new page"
    assert headers_of(told)["ETag"] == '"2"'
    assert site.change_count == 2
    assert site.present("/") is None


def test_a_page_that_comes_back_has_a_tag_of_its_own() -> None:
    env, _, server = site_on_a_host()
    ask(env, server, 1.0, method="DELETE")
    ask(env, server, 2.0, method="PUT", body=PAGE)
    told = ask(env, server, 3.0, headers=[("If-None-Match", '"1"')])
    env.run()
    assert told.content == "old page"


def test_head_has_no_body_and_what_is_not_known_is_501() -> None:
    env, _, server = site_on_a_host()
    told = [
        ask(env, server, 0.0, method="HEAD"),
        ask(env, server, 0.0, method="BREW"),
        ask(env, server, 0.0, method="PUT"),
    ]
    env.run()
    messages = [each.message for each in told]
    assert [message and (message.status, message.body) for message in messages] == [
        (200, None),
        (501, None),
        (400, None),
    ]


def test_a_full_answer_costs_what_it_costs_to_make_and_a_304_what_it_costs_to_look() -> None:
    env, site, server = site_on_a_host(render_work=0.5, check_work=0.125)
    times = [
        ask(env, server, 0.0),
        ask(env, server, 10.0, headers=[("If-None-Match", '"1"')]),
        ask(env, server, 20.0, method="PUT", body=NEW_PAGE),
        ask(env, server, 30.0, "/nowhere"),
    ]
    env.run()
    assert [each.at for each in times] == [0.5, 10.125, 20.125, 30.125]
    assert (site.full_count, site.not_modified_count) == (1, 1)


def test_what_changes_while_it_is_looked_at_is_shown_as_it_is_then() -> None:
    env, site, server = site_on_a_host(render_work=0.5, check_work=0.25)
    env.call_later(0.125, site.change, "/", NEW_PAGE)
    told = [ask(env, server, 0.0), ask(env, server, 0.0, headers=[("If-None-Match", '"1"')])]
    env.run()
    assert [each.content for each in told] == ["new page", "new page"]


def test_it_goes_by_the_clock_of_its_host() -> None:
    env, _, server = site_on_a_host()
    assert server.host is not None
    server.host.skew_clock("test", 60.0)
    told = ask(env, server, 0.0)
    env.run()
    assert headers_of(told)["Date"] == "Thu, 01 Jan 2026 00:01:00 GMT"
    assert EPOCH % 86_400 == 0.0


def test_nonsense_is_one_clear_line() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="contents of '/' must be a Representation, got 'page'"):
        Site(env, {"/": "page"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="render_work must be finite and >= 0 s, got -1"):
        Site(env, {}, render_work=-1)
    with pytest.raises(ValueError, match="size_bytes must be a whole number >= 0, got -5"):
        Representation("page", -5)
    with pytest.raises(ValueError, match="the name of a field must be a token"):
        http_request("/", headers=[("Cache Control", "no-cache")])


def test_what_is_put_where_nothing_was_is_created() -> None:
    env, site, server = site_on_a_host()
    told = [ask(env, server, at, "/new", method="PUT", body=NEW_PAGE) for at in (0.0, 1.0)]
    env.run()
    assert [each.message and each.message.status for each in told] == [201, 204]
    assert site.present("/new") == NEW_PAGE


def test_nothing_was_modified_after_the_date_of_the_answer() -> None:
    # "MUST NOT generate a Last-Modified date that is later than the server's time of message origination".
    env, _, server = site_on_a_host()
    assert server.host is not None
    server.host.skew_clock("test", -60.0)
    told = ask(env, server, 0.0)
    env.run()
    assert headers_of(told)["Last-Modified"] == headers_of(told)["Date"] == "Wed, 31 Dec 2025 23:59:00 GMT"


def test_a_date_of_a_precondition_that_repeats_is_ignored() -> None:
    env, _, server = site_on_a_host()
    since = ("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")
    told = ask(env, server, 0.0, headers=[since, since])
    env.run()
    assert told.content == "old page"


def test_changes_and_questions_at_once_leave_each_answer_in_one_piece() -> None:
    env, site, server = site_on_a_host(render_work=0.3, check_work=0.1)
    for number in range(40):
        env.call_later(0.05 * number, site.change, "/", Representation(number + 2, 10))
    told = [
        ask(env, server, 0.07 * n, headers=[("If-None-Match", f'"{n}"')] if n % 2 else []) for n in range(30)
    ]
    env.run()
    full = [each for each in told if each.message is not None and each.message.status == 200]
    assert len(full) == site.full_count
    assert all(headers_of(each)["ETag"] == f'"{each.content}"' for each in full if each.content != "old page")
    assert len({each.content for each in full}) > 5
