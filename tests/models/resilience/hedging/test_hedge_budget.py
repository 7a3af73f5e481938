"""Hedge on a budget: what the budget is told, what is denied, and what that does to the load."""

from typing import Any

import pytest

from models import (
    BreakerOpen,
    Host,
    Refused,
    ServerError,
)
from models.resilience import GrpcRetryThrottle, SreRetryRatio, TokenBucketBudget
from models.resilience.hedging import AfterPercentile, Hedge
from simulator import Environment
from tests.models.resilience.hedging.hedged_calls import SLOW, Ledger, hedged
from tests.models.resilience.scripted import Scripted, Step, call_at


def told(
    *script: Step,
    after: float | AfterPercentile = 0.25,
    copies: int = 99,
    stop_at: float | None = None,
    how: str = "kill",
) -> list[str]:
    env = Environment()
    budget = Ledger(copies)
    [seen] = call_at(env, Hedge(env, Scripted(env, *script), after=after, copies_max=2, budget=budget), 0.0)
    if stop_at is not None:
        env.call_later(stop_at, getattr(seen.process, how))
    env.run()
    return budget.told


def test_a_budget_is_told_of_attempts_as_a_retrys_is() -> None:
    assert told((0.0, None)) == ["start", "first ok", "end"]
    assert told(SLOW, (0.125, None)) == ["start", "take", "copy ok", "copy end", "end"]
    assert told((0.0, ServerError), (0.0, ServerError), (0.0, None)) == [
        *("start", "failed", "take", "failed", "take", "copy end", "copy ok", "copy end", "end"),
    ]
    assert told((0.0, BreakerOpen)) == ["start", "end"]


def test_a_budget_is_told_of_calls_that_are_not_hedged_yet() -> None:
    early = AfterPercentile(calls_min=10)
    assert told((1.0, None), after=early) == ["start", "first ok", "end"]
    assert told((1.0, ServerError), after=early) == ["start", "failed", "end"]
    assert told((1.0, BreakerOpen), after=early) == ["start", "end"]


@pytest.mark.parametrize("how", ["kill", "cancel"])
@pytest.mark.parametrize("stop_at", [0.125, 0.25, 0.375, 0.5, 0.75])
def test_a_budget_gets_back_what_was_taken_however_the_call_ends(how: str, stop_at: float) -> None:
    entries = told(SLOW, stop_at=stop_at, how=how)
    assert entries.count("copy end") == entries.count("take") == (stop_at > 0.25) + (stop_at > 0.5)
    assert entries.count("start") == entries.count("end") == 1


def test_a_copy_that_is_denied_is_not_sent_nor_any_after_it() -> None:
    seen, target, hedge = hedged(SLOW, copies_max=3, budget=Ledger(1))
    assert (seen, target.call_times) == ((10.0, "answer"), [0.0, 0.25])
    assert hedge.statistics().budget_denied_count == 1


def test_a_failure_after_a_copy_was_denied_asks_for_none_any_more() -> None:
    seen, target, hedge = hedged((0.5, Refused), copies_max=3, budget=Ledger(0))
    assert (seen, target.call_count) == ((0.5, Refused), 1)
    assert hedge.statistics().budget_denied_count == 1


def test_a_failure_without_a_budget_for_a_copy_is_the_calls() -> None:
    seen, target, hedge = hedged((0.125, Refused), budget=Ledger(0))
    assert (seen, target.call_times) == ((0.125, Refused), [0.0])
    assert (hedge.statistics().budget_denied_count, hedge.statistics().failed_count) == (1, 1)


def test_grpc_hedges_while_more_than_half_of_the_tokens_are_left() -> None:
    env = Environment()
    throttle = GrpcRetryThrottle(tokens_max=4, token_ratio=0.5)
    target = Scripted(env, (0.0, ServerError))
    hedge = Hedge(env, target, after=0.25, copies_max=4, budget=throttle)
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    # Two failures leave 2 of 4 tokens, which is not more than half.
    assert (seen, target.call_count, throttle.tokens) == ((0.0, ServerError), 2, 2.0)
    assert hedge.statistics().budget_denied_count == 1


@pytest.mark.parametrize(
    "make", [lambda env: SreRetryRatio(env, 0.05), lambda env: TokenBucketBudget(1, 0.05)]
)
def test_a_share_holds_the_extra_load_however_slow_everything_is(make: Any) -> None:
    env = Environment()
    target = Scripted(env, (0.5, None))
    hedge = Hedge(env, target, after=0.25, budget=make(env))
    call_at(env, hedge, *(0.125 * number for number in range(400)))
    env.run()
    # The bucket holds one copy to begin with, and the two calls that begin as a copy wins earn nothing.
    assert 0.04 <= hedge.statistics().extra_load_ratio <= 0.0525
    assert hedge.statistics().budget_denied_count > 300


def test_a_budget_and_a_percentile_begin_anew_with_their_host() -> None:
    env = Environment()
    web = Host(env, "web")
    target = Scripted(env, (0.5, None))
    target.host = web
    budget = TokenBucketBudget(capacity=1, refill=0.0)
    hedge = Hedge(env, target, after=AfterPercentile(50.0, window=2, calls_min=1), budget=budget)
    call_at(env, hedge, 0.0, 1.0)
    env.run(until=2.0)
    assert hedge.delay == 0.5
    target.then((5.0, None), (5.0, None), (0.25, None))
    [old] = call_at(env, hedge, 2.0)  # by nobody that runs on the host
    env.run(until=3.0)
    assert budget.tokens == 0.0
    web.crash()
    web.restart()
    env.run(until=4.0)
    assert (budget.tokens, hedge.delay) == (1.0, None)
    env.run()
    assert (old.at, hedge.delay) == (7.0, None)  # it was not in the new process


def test_a_budget_must_be_one_of_those_for_retries() -> None:
    env = Environment()
    with pytest.raises(TypeError, match=r"budget must be a RetryBudget, such as .*, got 0.05"):
        Hedge(env, Scripted(env), after=1.0, budget=0.05)  # type: ignore[arg-type]
