"""Ejection: after so many failures in a row a client lets a server be, and comes back to it."""

from __future__ import annotations

from typing import Any

import pytest

from models.caching.servers import Ejection

from .cached import ROUND_TRIP, TIMEOUT, Cached


def cut_off(cached: Cached, server: int = 0) -> Any:
    """Cut a server off now; return the rule."""
    return cached.network.partition(cached.web, cached.servers[server].host)


def test_a_server_is_out_after_as_many_failures_in_a_row_and_then_costs_nothing() -> None:
    cached = Cached(ejection=Ejection(failures_max=2, retry_time=5.0))
    cut_off(cached)
    told = [cached.get(time, "k") for time in (0.0, 1.0, 2.0, 6.05, 6.1, 7.0)]
    cached.env.run(until=20.0)
    # Out from 1.1 to 6.1 s; then it is asked again, at that very instant.
    assert [
        round(ended - began, 6) for (ended, _), began in zip(told, (0, 1, 2, 6.05, 6.1, 7), strict=True)
    ] == [
        TIMEOUT,
        TIMEOUT,
        0.0,
        0.0,
        TIMEOUT,
        TIMEOUT,
    ]
    assert cached.client.statistics().ejected_count == 2


def test_an_answer_in_between_begins_the_count_anew() -> None:
    cached = Cached(ejection=Ejection(failures_max=2, retry_time=5.0))
    cut = cut_off(cached)
    cached.get(0.0, "k")
    cached.do(0.5, lambda: cached.network.heal(cut))
    cached.get(1.0, "k")
    cached.do(1.5, lambda: cut_off(cached))
    cached.get(2.0, "k")
    cached.env.run(until=3.0)
    assert cached.client.statistics().ejected_count == 0
    cached.get(3.0, "k")
    cached.env.run(until=4.0)
    assert cached.client.statistics().ejected_count == 1


def test_what_was_asked_before_it_went_out_says_nothing_any_more() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=1.0))
    cut = cut_off(cached)
    for time in (0.0, 0.05, 0.09):
        cached.get(time, "k")
    cached.do(0.5, lambda: cached.network.heal(cut))
    back = cached.get(1.11, "k")
    cached.env.run(until=3.0)
    # Out from 0.1 to 1.1 s, and not until 1.19 s by the last that was asked.
    assert back == [pytest.approx(1.11 + ROUND_TRIP), None]
    assert cached.client.statistics().ejected_count == 1


def test_a_late_answer_to_what_was_asked_before_says_nothing_either() -> None:
    busy = {"request_work": 0.5, "threads": 1, "queue_size_max": 0}
    cached = Cached(server_settings=busy, timeout=1.0, ejection=Ejection(failures_max=2, retry_time=0.1))
    answered = cached.get(0.0, "k")  # has the only thread until 0.51 s
    for time in (0.001, 0.002, 0.2):  # rejected: out from 0.022 to 0.122 s, and one failure after that
        cached.get(time, "k")
    for time in (0.53, 0.54):  # the second is rejected, at 0.56 s
        cached.get(time, "k")
    cached.env.run(until=0.57)
    assert answered == [pytest.approx(0.5 + ROUND_TRIP), None]
    assert cached.client.statistics().ejected_count == 2


def test_a_server_is_told_again_at_the_very_instant_at_which_it_comes_back() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=5.0))
    cut = cut_off(cached)
    cached.get(0.0, "k")
    cached.do(1.0, lambda: cached.network.heal(cut))
    told = cached.set(TIMEOUT + 5.0, "k")
    cached.env.run()
    assert told == [pytest.approx(TIMEOUT + 5.0 + ROUND_TRIP), True]


def test_a_failure_of_what_was_asked_before_a_restart_says_nothing() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=100.0))
    cut = cut_off(cached)
    cached.env.process(cached.client.get("k"))  # by somebody who does not die with the host
    cached.do(0.01, cached.web.crash)
    cached.do(0.02, lambda: cached.network.heal(cut))
    cached.do(0.03, cached.web.restart)
    told = cached.get(1.0, "k")
    cached.env.run()
    assert told == [1.0 + ROUND_TRIP, None]
    assert cached.client.statistics().ejected_count == 0


def test_a_client_that_has_restarted_thinks_well_of_all() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=100.0))
    cut = cut_off(cached)
    cached.get(0.0, "k")
    cached.do(1.0, cached.web.crash)
    cached.do(1.5, lambda: cached.network.heal(cut))
    cached.do(2.0, cached.web.restart)
    told = cached.get(3.0, "k")
    cached.env.run()
    assert told == [3.0 + ROUND_TRIP, None]


def test_each_client_thinks_for_itself() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=100.0))
    other = cached.cluster.client(cached.web)
    cut = cut_off(cached)
    cached.get(0.0, "k")
    cached.do(1.0, lambda: cached.network.heal(cut))
    told = [cached.get(2.0, "k"), cached.get(2.0, "k", other)]
    cached.env.run()
    assert [time for time, _ in told] == [2.0, 2.0 + ROUND_TRIP]


@pytest.mark.parametrize(
    "settings", [{"failures_max": 0}, {"failures_max": 1.5}, {"retry_time": 0.0}, {"retry_time": -1.0}]
)
def test_wrong_numbers_are_refused(settings: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Ejection(**settings)


def test_a_client_that_has_restarted_remembers_nothing_when_another_server_goes_out() -> None:
    cached = Cached(2, ejection=Ejection(failures_max=2, retry_time=100.0))
    (first,), (second,) = cached.keys_of(0), cached.keys_of(1)
    cut = cut_off(cached)
    for time in (0.0, 0.2):
        cached.get(time, first)
    cached.do(0.5, cached.servers[1].host.crash)
    cached.get(0.6, second)
    cached.do(1.0, cached.web.crash)
    cached.do(1.5, lambda: cached.network.heal(cut))
    cached.do(2.0, cached.web.restart)
    told = [cached.get(time, second) for time in (3.0, 3.5, 4.0)]
    back = cached.get(5.0, first)
    cached.env.run(until=10.0)
    # Two failures again until the second is out, and then the first, which is not, has its keys.
    assert [time for time, _ in told] == [3.0 + TIMEOUT, 3.5 + TIMEOUT, 4.0 + ROUND_TRIP]
    assert back == [5.0 + ROUND_TRIP, None]
