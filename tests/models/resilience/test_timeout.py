"""Timeout: exact times, its own expiries and no others, and a log only when asked for one."""

from math import inf, nan

import pytest

from models.endpoint import Endpoint
from models.failures import ServerError
from models.request import Request
from models.resilience import Timeout
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import Scripted, call_at


def test_an_answer_in_time_is_passed_on() -> None:
    env = Environment()
    [seen] = call_at(env, Timeout(env, Scripted(env, (1.0, None)), 1.5), 0.0)
    env.run()
    assert seen == (1.0, "answer")


def test_a_late_answer_is_a_timeout_at_exactly_the_delay() -> None:
    env = Environment()
    timeout = Timeout(env, Scripted(env, (1.0, None)), 0.1)
    [seen] = call_at(env, timeout, 0.0)
    env.run()
    assert seen == (0.1, TimedOut)
    statistics = timeout.statistics()
    assert (statistics.call_count, statistics.expired_count) == (1, 1)


def test_what_the_target_has_taken_is_given_back_when_the_time_is_up() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    call_at(env, Timeout(env, target, 0.1), 0.0)
    env.run(until=0.5)
    assert target.under_way == 0


def test_a_timeout_from_inside_passes_and_is_not_counted_here() -> None:
    env = Environment()
    inner = Timeout(env, Scripted(env, (9.0, None)), 0.1)
    outer = Timeout(env, inner, 1.0, log=True)
    [seen] = call_at(env, outer, 0.0)
    env.run()
    assert seen == (0.1, TimedOut)
    assert inner.statistics().expired_count == 1
    assert outer.statistics().expired_count == 0
    assert len(env.event_log) == 0


def test_an_outer_timeout_is_not_counted_inside() -> None:
    env = Environment()
    inner = Timeout(env, Scripted(env, (9.0, None)), 1.0)
    outer = Timeout(env, inner, 0.1)
    [seen] = call_at(env, outer, 0.0)
    env.run()
    assert seen == (0.1, TimedOut)
    assert (inner.statistics().expired_count, outer.statistics().expired_count) == (0, 1)


def test_a_failure_of_the_target_passes() -> None:
    env = Environment()
    timeout = Timeout(env, Scripted(env, (0.05, ServerError)), 0.1)
    [seen] = call_at(env, timeout, 0.0)
    env.run()
    assert seen == (0.05, ServerError)
    assert timeout.statistics().expired_count == 0


def test_an_infinite_timeout_waits_for_ever() -> None:
    env = Environment()
    [seen] = call_at(env, Timeout(env, Scripted(env, (1e6, None)), inf), 0.0)
    env.run()
    assert seen == (1e6, "answer")


def test_an_expiry_is_logged_only_when_asked_for() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    call_at(env, Timeout(env, target, 0.1), 0.0)
    loud = Timeout(env, target, 0.25, log=True, name="payment timeout")
    env.process(_swallow(loud, Request("pay")))
    env.run()
    [record] = env.event_log
    assert (record.time, record.kind, record.subject) == (0.25, "timeout", "payment timeout")
    assert dict(record.detail) == {"delay": 0.25, "operation": "pay"}


def _swallow(endpoint: Endpoint, request: Request):  # type: ignore[no-untyped-def]
    with pytest.raises(TimedOut):
        yield from endpoint.call(request)


@pytest.mark.parametrize("delay", [0.0, -1.0, nan])
def test_the_delay_must_be_positive(delay: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=r"timeout must be > 0 s, got"):
        Timeout(env, Scripted(env), delay)
