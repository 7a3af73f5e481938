"""Protection: each layer stands where it is asked for, acts, and in the right order."""

from __future__ import annotations

from typing import Any

import pytest

from models import BreakerOpen, Rejected, ServerError, TimedOut
from models.resilience import ConstantBackoff, RetryBudget, TokenBucketBudget, consecutive_failures
from models.resilience.bulkheads import BulkheadPool
from models.shop import Protection
from simulator import Environment
from tests.models.resilience.scripted import Scripted, Seen, Step, call_at

NO_WAIT = ConstantBackoff(delay=0.0)
FAILURE: Step = (0.125, ServerError)


def protected(protection: Protection, *script: Step, times: tuple[float, ...]) -> tuple[list[Seen], Scripted]:
    env = Environment(seed=1)
    target = Scripted(env, *script)
    seen = call_at(env, protection.around(env, target, name="to payment"), *times)
    env.run()
    return seen, target


def test_without_any_nothing_stands_around_the_target() -> None:
    env = Environment()
    target = Scripted(env)
    assert Protection().around(env, target, name="to payment") is target


def test_a_timeout_ends_each_attempt_and_is_written_down() -> None:
    env = Environment()
    protection = Protection(timeout=0.25, attempts=2, backoff=ConstantBackoff(delay=0.5))
    target = Scripted(env, (9.0, None))
    [seen] = call_at(env, protection.around(env, target, name="to payment"), 0.0)
    env.run()
    assert (seen, target.call_times) == ((1.0, TimedOut), [0.0, 0.75])
    assert [(record.kind, record.subject) for record in env.event_log] == [("timeout", "to payment")] * 2


def test_attempts_follow_each_other_after_the_backoff() -> None:
    protection = Protection(attempts=3, backoff=ConstantBackoff(delay=0.5))
    [seen], target = protected(protection, FAILURE, FAILURE, (0.125, None), times=(0.0,))
    assert (seen, target.call_times) == ((1.375, "answer"), [0.0, 0.625, 1.25])


def test_a_budget_denies_attempts_and_is_made_anew_for_each_host() -> None:
    made: list[RetryBudget] = []

    def one_token(env: Environment) -> RetryBudget:
        made.append(TokenBucketBudget(capacity=1))
        return made[-1]

    protection = Protection(attempts=3, backoff=NO_WAIT, budget=one_token)
    _, target = protected(protection, FAILURE, times=(0.0, 1.0))
    assert target.call_count == 3  # one retry for both calls
    protected(protection, FAILURE, times=(0.0,))
    assert len(set(made)) == 2


@pytest.mark.parametrize("pool", [False, True])
def test_a_bulkhead_turns_away_those_that_are_too_many(pool: bool) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    # The pool of the bulkhead may be given, to be shared or to have a name.
    given = BulkheadPool(env, 2) if pool else None
    seen = call_at(env, Protection(bulkhead=2).around(env, target, name="to payment", pool=given), *[0.0] * 3)
    env.run()
    assert seen == [(1.0, "answer"), (1.0, "answer"), (0.0, Rejected)]
    assert given is None or given.statistics().full_count == 1


def test_a_call_has_one_place_in_the_bulkhead_however_often_it_is_tried() -> None:
    protection = Protection(bulkhead=1, attempts=3, backoff=ConstantBackoff(delay=1.0))
    seen, target = protected(protection, FAILURE, FAILURE, (0.125, None), times=(0.0, 0.5, 3.0))
    assert [one.outcome for one in seen] == ["answer", Rejected, "answer"]
    assert target.call_count == 4


def test_a_breaker_opens_on_what_its_caller_gets_a_full_bulkhead_included() -> None:
    settings = consecutive_failures(2, open_duration=9.0)
    seen, target = protected(Protection(breaker=settings), FAILURE, times=(0.0, 1.0, 2.0))
    assert [one.outcome for one in seen] == [ServerError, ServerError, BreakerOpen]
    assert target.call_count == 2
    full, target = protected(
        Protection(breaker=settings, bulkhead=1), (9.0, None), times=(0.0, 1.0, 2.0, 3.0)
    )
    assert [one.outcome for one in full] == ["answer", Rejected, Rejected, BreakerOpen]
    # Three attempts of one call are one failure of it.
    tried = Protection(breaker=settings, attempts=3, backoff=NO_WAIT)
    seen, target = protected(tried, FAILURE, times=(0.0, 1.0, 2.0))
    assert [one.outcome for one in seen] == [ServerError, ServerError, BreakerOpen]
    assert target.call_count == 6


def test_a_budget_for_no_retries_is_refused() -> None:
    def make(env: Environment) -> Any:
        raise AssertionError

    with pytest.raises(ValueError, match=r"budget must be None where nothing is tried again \(attempts=1\)"):
        Protection(budget=make)
