"""HttpCaching when processes die, clocks are wrong and answers are not whole."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed, FunctionEndpoint, Request, Response, ServerError, TimedOut
from models.caching.http_endpoints import HttpCachingStatistics, http_request
from models.resilience import Timeout
from models.services import Dependency, Instance

from .surroundings import NEW_PAGE, ONE_WAY, Web, ask, failing, taking, web

TRIP = 2 * ONE_WAY


def test_who_wakes_while_the_process_is_down_is_not_told_what_it_had() -> None:
    w = web("max-age=100")
    taking(w, [10.0, 0.0])
    ask(w.env, w.cache, 0.0)
    waiting = ask(w.env, w.cache, 1.0)
    ask(w.env, w.cache, 2.0, headers=[("Cache-Control", "no-cache")])  # brings it, and tells nobody
    w.env.call_later(5.0, w.edge.crash)
    w.env.run()
    assert waiting.at == 10.0 + TRIP + TRIP
    statistics = w.cache.statistics()
    assert (statistics.passed_count, statistics.fresh_count) == (1, 0)
    assert w.cache.responses.statistics().cleared_count == 1


@pytest.mark.parametrize("failure", [ServerError("broken"), TimedOut("lost")])
def test_nothing_stale_is_given_out_of_the_memory_of_the_dead(failure: CallFailed) -> None:
    w = web("max-age=2, stale-if-error=100")
    w.cache.target = failing(w.env, w.cache.target, 1.0, failure)
    ask(w.env, w.cache, 0.0)
    told = ask(w.env, w.cache, 10.0)
    w.env.call_later(10.05, w.edge.crash)
    w.env.run()
    assert told.failure is type(failure)
    assert len(w.cache.responses) == 0


@pytest.mark.parametrize("failure", [ServerError("broken"), TimedOut("lost")])
def test_who_fails_when_another_has_validated_meanwhile_is_answered_with_what_is_fresh(
    failure: CallFailed,
) -> None:
    w = web("max-age=2", collapses=False)
    target = w.cache.target

    def handle(request: Request) -> Generator[Any, Any, Response]:
        if w.env.now == 10.0:
            yield 1.0
            raise failure
        return (yield from target.call(request))

    w.cache.target = FunctionEndpoint(handle)
    told = [ask(w.env, w.cache, at) for at in (0.0, 10.0, 10.25)]
    w.env.run()
    assert [each.at for each in told] == [TRIP, 11.0, 10.25 + TRIP]
    assert (told[1].degraded, told[1].as_of) == ((), 10.25)
    assert (w.cache.statistics().fresh_count, w.cache.statistics().stale_count) == (1, 0)


def test_a_background_validation_dies_with_the_process_and_the_next_process_begins_its_own() -> None:
    w = web("max-age=2, stale-while-revalidate=1000")
    proxy = Instance(w.env, w.edge, Dependency(w.cache), name="proxy")
    w.cache.live_in(proxy)
    ask(w.env, proxy, 0.0)
    ask(w.env, proxy, 10.0)
    w.env.call_later(10.1, proxy.crash)
    w.env.call_later(10.2, proxy.restart)
    for at in (11.0, 20.0, 21.0):
        ask(w.env, proxy, at)
    w.env.run(until=10.3)
    assert not w.edge.running
    w.env.run()
    statistics = w.cache.statistics()
    assert (statistics.background_count, statistics.stale_count, statistics.fresh_count) == (2, 2, 1)


def test_one_that_is_killed_before_it_begins_keeps_no_later_one_away() -> None:
    w = web("max-age=2, stale-while-revalidate=1000")
    proxy = Instance(w.env, w.edge, Dependency(w.cache), name="proxy")
    w.cache.live_in(proxy)
    ask(w.env, proxy, 0.0)
    ask(w.env, proxy, 10.0)
    w.env.run(until=10.0)
    while not w.cache._validating:
        w.env.step()
    proxy.crash()
    proxy.restart()
    for at in (11.0, 20.0, 21.0):
        ask(w.env, proxy, at)
    w.env.run()
    assert w.cache.statistics().background_count == 2


@pytest.mark.parametrize("offset", [-3_600.0, -5.0, 5.0])
def test_what_it_tells_of_the_age_does_not_go_by_a_clock_that_is_set(offset: float) -> None:
    w = web("max-age=7200")
    w.env.call_later(2.0, w.edge.skew_clock, "test", offset)
    ask(w.env, w.cache, 0.0)
    told = ask(w.env, w.cache, 3.0)
    w.env.run()
    assert (told.at, told.as_of) == (3.0, 0.0)
    assert told.age == str(int(max(0.0, 2.5 + offset) + 0.5))  # the field does, from its arrival at 0.5 s


def degraded(w: Web, mark: str, since: float = 0.0) -> None:
    """Let all answers to the cache lack a part from a time on, and have a version."""
    target = w.cache.target

    def handle(request: Request) -> Generator[Any, Any, Response]:
        response = yield from target.call(request)
        marks = (mark,) if w.env.now >= since else ()
        return Response(response.value, marks, response.size_bytes, "v7")

    w.cache.target = FunctionEndpoint(handle)


def test_what_lacks_a_part_is_passed_on_as_it_is_and_not_stored() -> None:
    for mark, is_stored in (("recommendations", False), ("stale", True)):
        w = web("max-age=100")
        degraded(w, mark)
        process = w.env.process(w.cache.call(http_request("/")))
        response = w.env.run(process)
        assert (response.degraded, response.version) == ((mark,), "v7")
        assert (len(w.cache.responses) == 1) is is_stored


def test_a_validation_that_lacks_a_part_says_so() -> None:
    w = web("max-age=2")
    degraded(w, "stale", since=5.0)
    told = [ask(w.env, w.cache, at) for at in (0.0, 10.0)]
    w.env.run()
    assert [each.degraded for each in told] == [(), ("stale",)]
    assert w.cache.statistics().validated_count == 1


def test_a_change_whose_answer_lacks_a_part_is_a_change() -> None:
    w = web("max-age=100")
    degraded(w, "confirmation", since=1.0)
    ask(w.env, w.cache, 0.0)
    ask(w.env, w.cache, 2.0, method="PUT", body=NEW_PAGE)
    w.env.run()
    assert len(w.cache.responses) == 0


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_what_has_become_of_requests_adds_up_whatever_happens(data: st.DataObject) -> None:
    w = web("max-age=2, stale-while-revalidate=2, stale-if-error=4")
    w.cache.target = Timeout(w.env, w.cache.target, 0.75)
    proxy = Instance(w.env, w.edge, Dependency(w.cache), name="proxy")
    w.cache.live_in(proxy)
    times = st.floats(0.0, 20.0)
    said = st.sampled_from(["", "no-cache", "no-store", "only-if-cached", "max-age=1", "max-stale=3"])
    methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "PUT", "DELETE"])
    asked = data.draw(st.lists(st.tuples(times, methods, said, st.sampled_from(["", "cancel", "kill"]))))
    for at, method, control, end in asked:
        lines = [("Cache-Control", control)] if control else []
        body = NEW_PAGE if method == "PUT" else None
        # Some are told by the proxy, and die with it; others ask the cache itself.
        endpoint = proxy if end == "" else w.cache
        told = ask(w.env, endpoint, at, method=method, headers=lines, body=body)
        if end:
            assert told.process is not None
            w.env.call_later(at + data.draw(st.sampled_from([0.0, 0.1, 0.3])), getattr(told.process, end))
    for victim in (proxy, w.server):
        down = data.draw(st.floats(0.0, 20.0))
        w.env.call_later(down, victim.crash)
        w.env.call_later(down + data.draw(st.sampled_from([0.1, 1.0, 5.0])), victim.restart)
    for until in (5.0, 10.0, None):
        w.env.run(until=until)
        adds_up(w.cache.statistics())
    assert w.cache.statistics().in_flight_count == 0
    assert not w.edge.running
    assert (w.cache._leaders, w.cache._validating, w.cache._in_flight) == ({}, {}, {})


def adds_up(now: HttpCachingStatistics) -> None:
    """Check the sums that the statistics promise."""
    answered = now.fresh_count + now.stale_count + now.validated_count + now.refused_count
    ended = answered + now.target_count + now.passed_count + now.failed_count + now.cut_count
    assert now.request_count == ended + now.in_flight_count
    assert now.in_flight_count >= 0
    assert now.conditional_count <= now.forwarded_count
    assert now.background_count <= now.forwarded_count + 1  # one may have been killed before it asked
    assert now.target_count + now.validated_count <= now.forwarded_count
