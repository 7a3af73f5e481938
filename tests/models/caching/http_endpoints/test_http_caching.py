"""HttpCaching: what is served from where, how old it is, and what if others are slow, down or gone."""

from __future__ import annotations

import pytest

from models import CallFailed, Host, Rejected, Request, ServerError, TimedOut, Unavailable
from models.caching.eviction import Lru
from models.caching.http import CacheRules, HttpResponse
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation
from models.resilience import Timeout
from models.services import Dependency, Instance
from simulator import Environment

from .surroundings import NEW_PAGE, ONE_WAY, PRIVATE, SHARED, ask, failing, web

TRIP = 2 * ONE_WAY


def test_a_fresh_response_takes_no_time_and_tells_its_age() -> None:
    w = web("max-age=10")
    first, second, third = (ask(w.env, w.cache, time) for time in (0.0, 5.5, 10.25))
    w.env.run()
    assert [each.at for each in (first, second, third)] == [TRIP, 5.5, 10.25 + TRIP]
    assert (first.age, second.age) == (None, "5")
    assert (first.as_of, second.as_of, third.as_of) == (None, 0.0, 10.25)
    assert w.site.full_count + w.site.not_modified_count == 2


def test_an_expired_response_is_validated_and_only_its_fields_travel() -> None:
    w = web("max-age=2")
    told = [ask(w.env, w.cache, time) for time in (0.0, 4.0, 5.0)]
    w.env.run()
    assert [each.content for each in told] == ["old page"] * 3
    assert [each.at for each in told] == [TRIP, 4.0 + TRIP, 5.0]
    assert [each.as_of for each in told] == [None, 4.0, 4.0]
    statistics = w.cache.statistics()
    assert (statistics.validated_count, statistics.fresh_count, statistics.target_count) == (1, 1, 1)
    assert (statistics.conditional_count, w.site.not_modified_count) == (1, 1)
    assert 1_000 < statistics.target_bytes < 2_000  # one body, not two
    assert statistics.hit_bytes > 2_000


def test_what_has_changed_comes_whole_when_it_is_validated() -> None:
    w = web("max-age=2")
    w.change(1.0)
    told = [ask(w.env, w.cache, time) for time in (0.0, 1.5, 4.0, 4.75)]
    w.env.run()
    assert [each.content for each in told] == ["old page", "old page", "new page", "new page"]
    assert w.cache.statistics().target_count == 2


def test_no_store_is_asked_for_each_time() -> None:
    w = web("no-store")
    told = [ask(w.env, w.cache, time) for time in (0.0, 1.0)]
    w.env.run()
    assert [each.at for each in told] == [TRIP, 1.0 + TRIP]
    assert len(w.cache.responses) == 0


def test_private_is_for_private_caches() -> None:
    for rules, is_stored in ((SHARED, 0), (PRIVATE, 1)):
        w = web("private, max-age=10", rules=rules)
        ask(w.env, w.cache, 0.0)
        w.env.run()
        assert len(w.cache.responses) == is_stored


def test_a_change_through_the_cache_makes_the_next_read_ask() -> None:
    w = web("max-age=100")
    ask(w.env, w.cache, 0.0)
    put = ask(w.env, w.cache, 2.0, method="PUT", body=NEW_PAGE)
    told = ask(w.env, w.cache, 3.0)
    w.env.run()
    assert put.message is not None
    assert put.message.status == 204
    assert (told.content, told.at) == ("new page", 3.0 + TRIP)


def test_stale_while_revalidate_answers_at_once_and_asks_for_the_next() -> None:
    w = web("max-age=2, stale-while-revalidate=5")
    w.change(2.0)
    told = [ask(w.env, w.cache, time) for time in (0.0, 4.0, 4.125, 5.0)]
    w.env.run()
    assert [each.at for each in told] == [TRIP, 4.0, 4.125, 5.0]
    assert [each.content for each in told] == ["old page", "old page", "old page", "new page"]
    assert [each.degraded for each in told] == [(), ("stale",), ("stale",), ()]
    statistics = w.cache.statistics()
    assert (statistics.stale_count, statistics.background_count, statistics.target_count) == (2, 1, 1)


def test_a_background_validation_that_fails_is_nobody_s_failure() -> None:
    w = web("max-age=2, stale-while-revalidate=50")
    w.cache.target = failing(w.env, w.cache.target, 1.0, ServerError("broken"))
    told = [ask(w.env, w.cache, time) for time in (0.0, 4.0, 6.0)]
    w.env.run()
    assert [each.at for each in told] == [TRIP, 4.0, 6.0]
    assert w.cache.statistics().background_count == 2  # the one after the other
    assert not w.edge.running


@pytest.mark.parametrize(
    "failure", [ServerError("500"), Rejected("site", "full"), TimedOut("lost"), Unavailable("no")]
)
def test_stale_if_error_gives_what_there_is_when_the_origin_fails(failure: CallFailed) -> None:
    w = web("max-age=2, stale-if-error=60")
    w.cache.target = failing(w.env, w.cache.target, 1.0, failure)
    told = [ask(w.env, w.cache, time) for time in (0.0, 10.0, 100.0)]
    w.env.run()
    assert (told[1].content, told[1].degraded, told[1].at) == ("old page", ("stale",), 10.1)
    assert (told[2].failure, told[2].message) == (type(failure), None)
    statistics = w.cache.statistics()
    assert (statistics.stale_count, statistics.failed_count) == (1, 1)


def test_must_revalidate_gives_nothing_stale_and_the_failure_goes_on_as_it_is() -> None:
    w = web("max-age=2, must-revalidate, stale-if-error=60")
    w.cache.target = failing(w.env, w.cache.target, 1.0, ServerError("broken"))
    told = [ask(w.env, w.cache, time) for time in (0.0, 10.0)]
    w.env.run()
    assert told[1].failure is ServerError


def test_a_cache_that_may_gives_what_is_stale_when_it_is_disconnected() -> None:
    w = web("max-age=2", rules=CacheRules(is_shared=True, stale_if_disconnected=60.0))
    w.cache.target = failing(w.env, w.cache.target, 1.0, TimedOut("lost"))
    told = [ask(w.env, w.cache, time) for time in (0.0, 10.0)]
    w.env.run()
    assert told[1].content == "old page"


def test_requests_for_one_uri_collapse_and_the_others_are_answered_with_it() -> None:
    for collapses, forwarded in ((True, 1), (False, 3)):
        w = web("max-age=10", collapses=collapses)
        told = [ask(w.env, w.cache, time) for time in (0.0, 0.125, 0.25)]
        w.env.run()
        assert [each.at for each in told] == ([TRIP] * 3 if collapses else [TRIP, 0.125 + TRIP, 0.25 + TRIP])
        statistics = w.cache.statistics()
        assert (statistics.forwarded_count, statistics.collapsed_count) == (forwarded, 3 - forwarded)


def test_what_must_not_be_stored_is_not_fetched_one_by_one() -> None:
    w = web("no-store")
    told = [ask(w.env, w.cache, time) for time in (0.0, 0.125, 0.25)]
    w.env.run()
    # Who has waited for nothing goes together with the others.
    assert [each.at for each in told] == [TRIP, TRIP + TRIP, TRIP + TRIP]


def test_who_waited_for_one_that_was_cut_short_asks_for_himself() -> None:
    for end in ("cancel", "kill"):
        w = web("max-age=10")
        first, second = ask(w.env, w.cache, 0.0), ask(w.env, w.cache, 0.125)
        assert first.process is not None
        w.env.call_later(0.3, getattr(first.process, end))
        w.env.run()
        assert second.at == pytest.approx(0.3 + TRIP)
        assert (w.cache.statistics().cut_count, w.cache.statistics().in_flight_count) == (1, 0)
        assert not w.cache._leaders


def test_a_follower_that_gives_up_leaves_the_leader_alone() -> None:
    w = web("max-age=10")
    hasty = Timeout(w.env, w.cache, 0.125)
    first, second = ask(w.env, w.cache, 0.0), ask(w.env, hasty, 0.125)
    w.env.run()
    assert (first.at, second.failure, second.at) == (TRIP, TimedOut, 0.25)
    assert len(w.cache.responses) == 1


def test_a_crash_empties_it_and_while_it_is_down_nothing_is_answered_from_it() -> None:
    w = web("max-age=100")
    ask(w.env, w.cache, 0.0)
    w.env.call_later(2.0, w.edge.crash)
    while_down = ask(w.env, w.cache, 3.0)
    w.env.call_later(4.0, w.edge.restart)
    after = ask(w.env, w.cache, 5.0)
    w.env.run()
    assert (while_down.at, after.at) == (3.0 + TRIP, 5.0 + TRIP)
    assert w.cache.responses.statistics().cleared_count == 1
    assert w.cache.statistics().passed_count == 1


def test_an_answer_that_has_outlived_a_crash_changes_nothing() -> None:
    for restarts in (True, False):
        w = web("max-age=100")
        told = ask(w.env, w.cache, 0.0)
        w.env.call_later(0.1, w.edge.crash)
        if restarts:
            w.env.call_later(0.2, w.edge.restart)
        w.env.run()
        assert told.at == TRIP
        assert len(w.cache.responses) == 0


def test_it_lives_in_the_process_that_it_is_told_to_live_in() -> None:
    w = web("max-age=100")
    proxy = Instance(w.env, w.edge, Dependency(w.cache), name="proxy")
    w.cache.live_in(proxy)
    assert w.cache.home is proxy
    ask(w.env, proxy, 0.0)
    w.env.run()
    proxy.crash()
    assert not w.cache.is_up
    proxy.restart()
    assert len(w.cache.responses) == 0
    other = web("max-age=100")
    with pytest.raises(ValueError, match="endpoint must be on the host of"):
        other.cache.live_in(other.server)


def test_caches_behind_each_other_add_up_their_ages() -> None:
    w = web("max-age=10")
    browser = HttpCaching(w.env, w.cache, BoundedResponses(Lru(10)), PRIVATE)
    ask(w.env, w.cache, 0.0)
    told = [ask(w.env, browser, time) for time in (8.75, 9.75, 10.0)]
    w.env.run()
    assert [each.age for each in told] == ["8", "9", None]
    assert [each.at for each in told] == [8.75, 9.75, 10.0 + TRIP]
    assert told[1].as_of == 0.0  # and not 0.75, which is what an age in whole seconds tells
    assert browser.statistics().fresh_count == 1


def test_a_clock_that_runs_ahead_makes_responses_older_than_they_are() -> None:
    for offset, is_fresh in ((-30.0, True), (0.0, True), (30.0, False)):
        w = web("", headers=[("Expires", "Thu, 01 Jan 2026 00:00:10 GMT")])
        w.edge.skew_clock("test", offset)
        ask(w.env, w.cache, 0.0)
        told = ask(w.env, w.cache, 8.0)
        w.env.run()
        # Age counts from the origin's Date, and never below 0: a clock behind does no harm.
        assert (told.at == 8.0) is is_fresh


def test_a_clock_that_is_set_back_while_the_origin_works_does_no_harm() -> None:
    w = web("max-age=10")
    w.env.call_later(0.1, w.edge.skew_clock, "test", -3_600.0)
    told = [ask(w.env, w.cache, 0.0), ask(w.env, w.cache, 1.0)]
    w.env.run()
    assert [each.at for each in told] == [TRIP, 1.0]


def test_only_if_cached_is_refused_where_there_is_nothing() -> None:
    w = web("max-age=10")
    only = [("Cache-Control", "only-if-cached")]
    told = ask(w.env, w.cache, 0.0, headers=only)
    ask(w.env, w.cache, 1.0)
    second = ask(w.env, w.cache, 2.0, headers=only)
    w.env.run()
    assert told.message is not None
    assert (told.message.status, told.at) == (504, 0.0)
    assert second.content == "old page"
    assert w.cache.statistics().refused_count == 1


def test_a_purge_takes_what_is_stored() -> None:
    w = web("max-age=100")
    ask(w.env, w.cache, 0.0)
    w.env.run()
    w.cache.purge("/")
    w.cache.purge("/never seen")
    told = ask(w.env, w.cache, 1.0)
    w.env.run()
    assert told.at == 1.0 + TRIP


def test_what_it_says_adds_up() -> None:
    w = web("max-age=2, stale-while-revalidate=2, stale-if-error=3")
    w.cache.target = failing(w.env, w.cache.target, 15.0, ServerError("broken"))
    for number in range(40):
        method = "PUT" if number == 11 else "GET"
        body = NEW_PAGE if method == "PUT" else None
        ask(w.env, w.cache, number * 0.7, method=method, body=body)
    w.env.run()
    now = w.cache.statistics()
    answered = now.fresh_count + now.stale_count + now.validated_count + now.refused_count + now.target_count
    assert now.request_count == 40 == answered + now.passed_count + now.failed_count + now.cut_count
    assert min(now.fresh_count, now.stale_count, now.target_count, now.failed_count) > 0
    assert now.in_flight_count == 0


def test_what_is_no_http_is_one_clear_line() -> None:
    w = web()
    process = w.env.process(w.cache.call(Request("get", "/")))
    with pytest.raises(TypeError, match="value of the request must be an HttpRequest"):
        w.env.run(process)
    env = Environment()
    plain = Instance(env, Host(env, "host"), lambda instance, request: instance.work(0.1))
    cache = HttpCaching(env, plain, BoundedResponses(Lru(1)), SHARED)
    told = ask(env, cache, 0.0)
    with pytest.raises(TypeError, match="value of the response must be an HttpResponse"):
        env.run()
    assert told.message is None
    with pytest.raises(TypeError, match="responses must be a BoundedResponses"):
        HttpCaching(env, plain, {}, SHARED)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rules must be a CacheRules"):
        HttpCaching(env, plain, BoundedResponses(Lru(1)), True)  # type: ignore[arg-type]


def test_a_page_that_is_not_there_is_an_answer() -> None:
    w = web()
    told = ask(w.env, w.cache, 0.0, "/nowhere")
    w.env.run()
    assert isinstance(told.message, HttpResponse)
    assert told.message.status == 404
    assert not isinstance(told.message.body, Representation)
