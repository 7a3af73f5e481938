"""HttpCaching: what becomes of those who wait for a request that fails, or is cut short."""

from __future__ import annotations

import pytest

from models import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    Request,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.caching.http_endpoints import http_request
from models.resilience import Timeout

from .surroundings import ONE_WAY, ask, failing, taking, web

TRIP = 2 * ONE_WAY
GRACIOUS = [("Cache-Control", "stale-if-error=60")]


@pytest.mark.parametrize("failure", [TimedOut("lost"), Refused(), ConnectionLost()])
def test_that_there_was_no_answer_is_told_to_all_who_waited_for_it(failure: CallFailed) -> None:
    w = web("max-age=10")
    w.cache.target = failing(w.env, w.cache.target, 0.0, failure)
    told = [ask(w.env, w.cache, at) for at in (0.0, 0.05, 0.0625, 0.2)]
    w.env.run()
    assert [each.failure for each in told] == [type(failure)] * 4
    assert [each.at for each in told] == pytest.approx([0.1, 0.1, 0.1, 0.3])
    statistics = w.cache.statistics()
    assert (statistics.forwarded_count, statistics.failed_count, statistics.collapsed_count) == (2, 4, 2)


@pytest.mark.parametrize(
    "failure", [ServerError("500"), Rejected("site", "full"), Unavailable("no"), BreakerOpen("b")]
)
def test_an_error_of_the_site_is_for_who_asked(failure: CallFailed) -> None:
    # It could not be stored, and what cannot be stored is not used for others: RFC 9111 section 4.
    w = web("max-age=10")
    w.cache.target = failing(w.env, w.cache.target, 0.0, failure)
    told = [ask(w.env, w.cache, at) for at in (0.0, 0.05, 0.0625)]
    w.env.run()
    assert [each.failure for each in told] == [type(failure)] * 3
    assert [each.at for each in told] == pytest.approx([0.1, 0.2, 0.2])


def test_each_who_waited_is_answered_stale_as_he_may_be() -> None:
    w = web("max-age=2")
    w.cache.target = failing(w.env, w.cache.target, 1.0, TimedOut("lost"))
    ask(w.env, w.cache, 0.0)
    told = [
        ask(w.env, w.cache, at, headers=said) for at, said in ((10.0, []), (10.05, GRACIOUS), (10.05, []))
    ]
    w.env.run()
    assert [each.failure for each in told] == [TimedOut, None, TimedOut]
    assert (told[1].content, told[1].degraded, told[1].as_of) == ("old page", ("stale",), 0.0)
    assert [each.at for each in told] == [10.1] * 3


def with_deadline(time: float | None) -> Request:
    request = http_request("/")
    request.deadline = time
    return request


@pytest.mark.parametrize(
    ("first", "second", "is_told"),
    [(None, None, True), (None, 1.0, True), (1.0, 1.0, True), (1.0, 2.0, False), (1.0, None, False)],
)
def test_who_has_more_time_than_the_one_before_asks_himself(
    first: float | None, second: float | None, is_told: bool
) -> None:
    w = web("max-age=10")
    w.cache.target = failing(w.env, w.cache.target, 0.0, TimedOut("no answer before the deadline"))
    told = [
        ask(w.env, w.cache, at, request=with_deadline(time)) for at, time in ((0.0, first), (0.05, second))
    ]
    w.env.run()
    assert told[1].at == pytest.approx(0.1 if is_told else 0.2)


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_after_one_that_was_cut_short_the_first_who_waits_goes_on_and_the_others_wait_for_him(
    end: str,
) -> None:
    w = web("max-age=10")
    told = [ask(w.env, w.cache, at) for at in (0.0, 0.125, 0.25)]
    assert told[0].process is not None
    w.env.call_later(0.3, getattr(told[0].process, end))
    w.env.run()
    assert [each.at for each in told[1:]] == pytest.approx([0.3 + TRIP] * 2)
    statistics = w.cache.statistics()
    assert (statistics.forwarded_count, statistics.cut_count, statistics.fresh_count) == (2, 1, 1)


def test_users_without_patience_do_not_make_a_slow_site_slower() -> None:
    # Each asks for a quarter of a second of its own, one after the other, and never all of them at once.
    w = web("max-age=10")
    taking(w, [100.0] * 10)
    hasty = Timeout(w.env, w.cache, 0.25)
    told = [ask(w.env, hasty, at) for at in (0.0, 0.125, 0.1875, 0.21875)]
    w.env.run(until=1.0)
    assert [each.failure for each in told] == [TimedOut] * 4
    assert w.cache.statistics().forwarded_count == 4


def test_a_failure_that_is_shared_does_not_hold_on_to_those_who_are_told() -> None:
    failure = TimedOut("lost")
    w = web("max-age=10")
    w.cache.target = failing(w.env, w.cache.target, 0.0, failure)
    for at in (0.0, 0.05, 0.0625):
        ask(w.env, w.cache, at)
    w.env.run()
    frames, traceback = 0, failure.__traceback__
    while traceback is not None:
        frames, traceback = frames + 1, traceback.tb_next
    assert frames < 6  # of one caller
