"""Retry: what is retried, when, how often, and what remains when it is cut short."""

import gc
from collections.abc import Generator
from typing import Any

import pytest

from models.failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    Unavailable,
)
from models.request import Request
from models.resilience import ConstantBackoff, ExponentialBackoff, FullJitter, Retry, RetryBudget, Timeout
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import OK, Scripted, Step, call_at

HALF_A_SECOND = ConstantBackoff(delay=0.5)
ERROR: Step = (1.0, ServerError)


def test_a_first_answer_is_passed_on_at_once() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    retry = Retry(env, target, backoff=HALF_A_SECOND)
    [seen] = call_at(env, retry, 0.0)
    env.run()
    assert seen == (1.0, "answer")
    statistics = retry.statistics()
    assert (statistics.call_count, statistics.attempt_count, statistics.retry_count) == (1, 1, 0)


def test_a_retry_follows_a_failure_after_the_backoff() -> None:
    env = Environment()
    target = Scripted(env, ERROR, ERROR, OK)
    retry = Retry(env, target, attempts=3, backoff=ExponentialBackoff(base=0.5))
    [seen] = call_at(env, retry, 0.0)
    env.run()
    assert target.call_times == [0.0, 1.5, 3.5]
    assert seen == (3.5, "answer")
    assert retry.statistics().retry_count == 2


def test_attempts_count_the_first_call() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    retry = Retry(env, target, attempts=3, backoff=HALF_A_SECOND)
    [seen] = call_at(env, retry, 0.0)
    env.run()
    assert target.call_count == 3
    assert seen == (4.0, ServerError)
    statistics = retry.statistics()
    assert (statistics.attempt_count, statistics.gave_up_count, statistics.budget_denied_count) == (3, 1, 0)


def test_one_attempt_means_no_retry() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    [seen] = call_at(env, Retry(env, target, 1, backoff=HALF_A_SECOND), 0.0)
    env.run()
    assert seen == (1.0, ServerError)
    assert target.call_count == 1


def test_the_last_failure_is_what_the_caller_sees() -> None:
    env = Environment()
    target = Scripted(env, (0.0, Refused), (0.0, ConnectionLost))
    [seen] = call_at(env, Retry(env, target, 2, backoff=HALF_A_SECOND), 0.0)
    env.run()
    assert seen == (0.5, ConnectionLost)


@pytest.mark.parametrize(
    ("failures", "nothing_done"),
    [
        ((Refused, Unavailable), True),
        ((TimedOut, Refused), False),
        ((ServerError, Refused), False),
        ((Refused, TimedOut, Refused), False),
        ((ConnectionLost, BreakerOpen), False),
        ((Refused, ServerError), False),
    ],
)
def test_nothing_was_done_only_if_every_attempt_says_so(
    failures: tuple[type[CallFailed], ...], nothing_done: bool
) -> None:
    env = Environment()
    raised = [kind() for kind in failures]
    target = Scripted(env, *((0.0, failure) for failure in raised))
    retry = Retry(env, target, len(failures), backoff=HALF_A_SECOND)
    told: list[CallFailed] = []

    def call() -> Generator[Any, Any, None]:
        try:
            yield from retry.call(Request())
        except CallFailed as failure:
            told.append(failure)

    env.process(call())
    env.run()
    assert [(type(each), each.nothing_done) for each in told] == [(failures[-1], nothing_done)]
    # What the target has raised is its own: it may raise it again.
    assert [each.nothing_done for each in raised] == [kind.nothing_done for kind in failures]


@pytest.mark.parametrize(
    "failure",
    [TimedOut(), Refused(), ConnectionLost(), Rejected("pool"), Unavailable(), ServerError(), CallFailed()],
    ids=repr,
)
def test_by_default_every_failure_but_one_is_retried(failure: CallFailed) -> None:
    env = Environment()
    target = Scripted(env, (0.0, failure), OK)
    [seen] = call_at(env, Retry(env, target, backoff=HALF_A_SECOND), 0.0)
    env.run()
    assert seen == (0.5, "answer")


def test_an_open_breaker_is_not_asked_again() -> None:
    env = Environment()
    target = Scripted(env, (0.0, BreakerOpen))
    retry = Retry(env, target, backoff=HALF_A_SECOND)
    [seen] = call_at(env, retry, 0.0)
    env.run()
    assert seen == (0.0, BreakerOpen)
    assert target.call_count == 1
    assert retry.statistics().gave_up_count == 0


def test_an_open_breaker_is_asked_again_on_demand() -> None:
    env = Environment()
    target = Scripted(env, (0.0, BreakerOpen), OK)
    [seen] = call_at(env, Retry(env, target, backoff=HALF_A_SECOND, gives_up_on=()), 0.0)
    env.run()
    assert seen == (0.5, "answer")


def test_only_the_named_failures_are_retried() -> None:
    env = Environment()
    target = Scripted(env, (0.0, Refused), (0.0, TimedOut), OK)
    [seen] = call_at(env, Retry(env, target, backoff=HALF_A_SECOND, retries_on=(Refused,)), 0.0)
    env.run()
    assert seen == (0.5, TimedOut)


def test_an_outer_timeout_ends_all_attempts() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    [seen] = call_at(env, Timeout(env, Retry(env, target, 100, backoff=HALF_A_SECOND), 3.25), 0.0)
    env.run()
    assert seen == (3.25, TimedOut)
    assert target.call_times == [0.0, 1.5, 3.0]


def test_jitter_draws_from_the_stream_of_its_own_name() -> None:
    env = Environment(seed=3)
    target = Scripted(env, (0.0, ServerError), OK)
    call_at(env, Retry(env, target, backoff=FullJitter(base=1.0), name="payment"), 0.0)
    env.run()
    assert target.call_times == [0.0, Environment(seed=3).stream("retry/payment").random()]


def test_the_default_backoff_needs_a_seed_and_says_so() -> None:
    env = Environment()
    with pytest.raises(ValueError, match="seed"):
        Retry(env, Scripted(env))


class Ledger(RetryBudget):
    """A budget that writes down what it is told."""

    def __init__(self, retries: int = 99) -> None:
        self.told: list[str] = []
        self.retries = retries

    def request_started(self) -> None:
        self.told.append("start")

    def attempt_succeeded(self, *, is_first: bool) -> None:
        self.told.append("first ok" if is_first else "ok")

    def attempt_failed(self) -> None:
        self.told.append("failed")

    def take_retry(self) -> bool:
        self.retries -= 1
        self.told.append("take")
        return self.retries >= 0

    def retry_ended(self) -> None:
        self.told.append("retry end")

    def request_ended(self) -> None:
        self.told.append("end")


def told(*script: Step, retries: int = 99, kill_at: float | None = None) -> list[str]:
    env = Environment()
    budget = Ledger(retries)
    [seen] = call_at(env, Retry(env, Scripted(env, *script), backoff=HALF_A_SECOND, budget=budget), 0.0)
    if kill_at is not None:
        env.call_later(kill_at, seen.process.kill)
    env.run()
    return budget.told


def test_a_budget_is_told_of_a_first_success() -> None:
    assert told(OK) == ["start", "first ok", "end"]


def test_a_budget_is_told_of_each_attempt_and_asked_before_each_retry() -> None:
    assert told(ERROR, ERROR, OK) == [
        *("start", "failed", "take", "retry end"),
        *("failed", "take", "ok", "retry end", "end"),
    ]


def test_a_budget_that_is_empty_ends_the_call_with_its_failure() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    retry = Retry(env, target, backoff=HALF_A_SECOND, budget=Ledger(0))
    [seen] = call_at(env, retry, 0.0)
    env.run()
    assert seen == (1.0, ServerError)
    statistics = retry.statistics()
    assert (statistics.retry_count, statistics.budget_denied_count, statistics.gave_up_count) == (0, 1, 0)


def test_a_failure_that_is_not_retried_is_none_of_the_budgets_business() -> None:
    assert told((0.0, BreakerOpen)) == ["start", "end"]


@pytest.mark.parametrize("kill_at", [0.5, 1.25, 2.0], ids=["in the first", "in the backoff", "in the retry"])
def test_a_killed_call_gives_back_what_it_took(kill_at: float) -> None:
    entries = told(ERROR, kill_at=kill_at)
    assert entries.count("take") == entries.count("retry end")
    assert entries.count("start") == entries.count("end") == 1


@pytest.mark.slow
def test_a_call_that_gives_up_leaves_no_garbage_in_circles() -> None:
    class Mine(ServerError):
        pass

    env = Environment()
    retry = Retry(env, Scripted(env, (0.1, Mine)), 3, backoff=HALF_A_SECOND)
    call_at(env, retry, 0.0)
    gc.disable()
    try:
        env.run()
        assert not [item for item in gc.get_objects() if isinstance(item, Mine)]
    finally:
        gc.enable()


def test_attempts_must_be_at_least_one_and_the_backoff_a_backoff() -> None:
    env = Environment()
    with pytest.raises(TypeError, match=r"backoff must be a Backoff, such as .*, got 0.1"):
        Retry(env, Scripted(env), backoff=0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="attempts must be a whole number >= 1, got 0"):
        Retry(env, Scripted(env), 0, backoff=HALF_A_SECOND)


def test_a_failure_cannot_be_retried_and_given_up_on() -> None:
    env = Environment()
    with pytest.raises(ValueError, match="no class in common, got BreakerOpen in both"):
        Retry(env, Scripted(env), backoff=HALF_A_SECOND, retries_on=(BreakerOpen,))
