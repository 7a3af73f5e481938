"""Retry budgets: what earns a retry and what it costs, member by member, and that nobody leaks."""

from collections.abc import Callable
from math import inf

import pytest

from models import Host
from models.failures import ServerError
from models.resilience import (
    ConstantBackoff,
    EnvoyRetryBudget,
    GrpcRetryThrottle,
    Retry,
    RetryBudget,
    SreRetryRatio,
    TokenBucketBudget,
)
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, call_at

FAMILY: list[Callable[[Environment], RetryBudget]] = [
    lambda env: TokenBucketBudget(),
    lambda env: GrpcRetryThrottle(),
    lambda env: EnvoyRetryBudget(),
    SreRetryRatio,
]
NAMES = ["token bucket", "grpc", "envoy", "sre"]


@pytest.mark.parametrize("make", FAMILY, ids=NAMES)
class TestContract:
    def test_a_dead_dependency_is_not_retried_for_ever(
        self, make: Callable[[Environment], RetryBudget]
    ) -> None:
        env = Environment()
        target = Scripted(env, (0.0, ServerError))
        retry = Retry(env, target, 3, backoff=ConstantBackoff(delay=1.0), budget=make(env))
        call_at(env, retry, *(i / 100 for i in range(1000)))
        env.run()
        statistics = retry.statistics()
        assert statistics.retry_count <= 450
        assert statistics.budget_denied_count > 0
        assert target.call_count == 1000 + statistics.retry_count

    def test_first_attempts_are_never_held_back(self, make: Callable[[Environment], RetryBudget]) -> None:
        env = Environment()
        target = Scripted(env, (0.0, ServerError))
        retry = Retry(env, target, 3, backoff=ConstantBackoff(delay=1.0), budget=make(env))
        times = [float(i) for i in range(100)]
        call_at(env, retry, *times)
        env.run()
        assert set(times) <= set(target.call_times)

    def test_a_healthy_dependency_with_a_rare_failure_is_retried(
        self, make: Callable[[Environment], RetryBudget]
    ) -> None:
        env = Environment()
        target = Scripted(env, *[OK] * 50, (0.0, ServerError), OK)
        retry = Retry(env, target, 3, backoff=ConstantBackoff(delay=0.25), budget=make(env))
        seen = call_at(env, retry, *(float(i) for i in range(100)))
        env.run()
        assert seen[50] == (50.25, "answer")

    def test_it_begins_anew_with_the_host_of_a_retry_that_has_it(
        self, make: Callable[[Environment], RetryBudget]
    ) -> None:
        env = Environment()
        web = Host(env, "web")
        target = Scripted(env, (0.0, ServerError))
        target.host = web
        budget = make(env)
        retry = Retry(env, target, 2, backoff=ConstantBackoff(delay=0.0), budget=budget)

        def life() -> list[int]:
            """How many retries there were so far after each of 45 calls."""
            before, counts = retry.statistics().retry_count, []
            start = env.now
            for number in range(45):
                call_at(env, retry, start + number / 64)
                env.run(until=start + (number + 0.5) / 64)
                counts.append(retry.statistics().retry_count - before)
            return counts

        first = life()
        web.crash()
        web.restart()
        env.run(until=64.0)
        assert life() == first


def take_all(budget: RetryBudget) -> int:
    count = 0
    while budget.take_retry():
        count += 1
    return count


def test_a_budget_without_a_limit_allows_everything() -> None:
    budget = RetryBudget()
    assert all(budget.take_retry() for _ in range(100))


def test_a_token_bucket_starts_full() -> None:
    assert take_all(TokenBucketBudget(capacity=5.0)) == 5


def test_ten_first_successes_earn_exactly_one_retry() -> None:
    budget = TokenBucketBudget(capacity=5.0, refill=0.1)
    take_all(budget)
    for _ in range(9):
        budget.attempt_succeeded(is_first=True)
    assert not budget.take_retry()
    budget.attempt_succeeded(is_first=True)
    assert budget.take_retry()
    assert budget.tokens == 0.0


def test_a_successful_retry_earns_nothing_in_a_token_bucket() -> None:
    budget = TokenBucketBudget()
    take_all(budget)
    for _ in range(100):
        budget.attempt_succeeded(is_first=False)
    assert budget.tokens == 0.0


def test_a_token_bucket_does_not_overflow() -> None:
    budget = TokenBucketBudget(capacity=2.0)
    for _ in range(100):
        budget.attempt_succeeded(is_first=True)
    assert budget.tokens == 2.0


def test_the_grpc_throttle_stops_retries_at_half_of_the_tokens() -> None:
    budget = GrpcRetryThrottle(tokens_max=10.0)
    allowed = []
    for _ in range(6):
        budget.attempt_failed()
        allowed.append(budget.take_retry())
    assert allowed == [True, True, True, True, False, False]  # 9, 8, 7, 6, 5, 4 left; strictly more than 5


def test_the_grpc_throttle_earns_by_every_success_up_to_its_maximum() -> None:
    budget = GrpcRetryThrottle(tokens_max=10.0, token_ratio=0.1)
    for _ in range(5):
        budget.attempt_failed()
    budget.attempt_succeeded(is_first=False)
    assert budget.tokens == 5.1
    assert budget.take_retry()
    for _ in range(100):
        budget.attempt_succeeded(is_first=True)
    assert budget.tokens == 10.0


def test_the_grpc_throttle_does_not_fall_below_zero() -> None:
    budget = GrpcRetryThrottle(tokens_max=2.0, token_ratio=1.0)
    for _ in range(10):
        budget.attempt_failed()
    budget.attempt_succeeded(is_first=True)
    assert not budget.take_retry()
    budget.attempt_succeeded(is_first=True)
    assert budget.take_retry()


def test_envoy_always_allows_three_concurrent_retries() -> None:
    assert take_all(EnvoyRetryBudget()) == 3


@pytest.mark.parametrize(
    ("requests", "retries"), [(14, 3), (19, 3), (20, 4), (100, 20), (104, 20), (105, 21)]
)
def test_envoy_allows_a_fifth_of_the_requests_under_way(requests: int, retries: int) -> None:
    budget = EnvoyRetryBudget(ratio=0.2)
    for _ in range(requests):
        budget.request_started()
    assert take_all(budget) == retries


def test_envoy_frees_a_place_when_a_retry_ends() -> None:
    budget = EnvoyRetryBudget()
    take_all(budget)
    budget.retry_ended()
    assert budget.take_retry()
    assert not budget.take_retry()


def test_envoy_counts_nothing_when_all_is_over_however_it_ended() -> None:
    env = Environment()
    budget = EnvoyRetryBudget()
    retry = Retry(
        env, Scripted(env, (1.0, ServerError)), 3, backoff=ConstantBackoff(delay=0.5), budget=budget
    )
    seen = call_at(env, retry, *[0.0] * 20)
    for number, each in enumerate(seen[:10]):
        env.call_later(0.3 * number + 0.05, each.process.cancel if number % 2 else each.process.kill)
    env.run()
    assert (budget.request_count, budget.retry_count) == (0, 0)


def test_sre_retries_are_a_tenth_of_the_recent_requests() -> None:
    budget = SreRetryRatio(Environment(), ratio=0.1)
    for _ in range(29):
        budget.request_started()
    assert take_all(budget) == 2
    budget.request_started()
    assert take_all(budget) == 1


def test_sre_requests_and_retries_are_forgotten_after_the_window() -> None:
    env = Environment()
    budget = SreRetryRatio(env, ratio=0.5, window=60.0)
    for _ in range(10):
        budget.request_started()
    assert take_all(budget) == 5
    env.run(until=59.5)
    budget.request_started()
    budget.request_started()
    assert take_all(budget) == 1
    env.run(until=60.0)
    assert take_all(budget) == 0  # of 2 requests, 1 retry: those at time 0 are gone, retries included
    env.run(until=120.0)
    assert take_all(budget) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TokenBucketBudget(capacity=0.5), "capacity must be finite and >= 1 token, got 0.5"),
        (lambda: TokenBucketBudget(capacity=inf), "capacity must be finite and >= 1 token, got inf"),
        (lambda: TokenBucketBudget(refill=-0.1), r"refill must lie in \[0, capacity"),
        (lambda: GrpcRetryThrottle(tokens_max=0), r"tokens_max must lie in \(0, 1000\], got 0"),
        (lambda: GrpcRetryThrottle(token_ratio=0), "token_ratio must be finite and > 0, got 0"),
        (lambda: GrpcRetryThrottle(token_ratio=inf), "token_ratio must be finite and > 0, got inf"),
        (lambda: EnvoyRetryBudget(concurrency_min=2.5), "concurrency_min must be a whole number >= 0"),
        (lambda: EnvoyRetryBudget(ratio=1.5), r"ratio must lie in \[0, 1\], got 1.5"),
        (lambda: EnvoyRetryBudget(concurrency_min=-1), "concurrency_min must be a whole number >= 0, got -1"),
        (lambda: SreRetryRatio(Environment(), ratio=-0.1), r"ratio must lie in \[0, 1\], got -0.1"),
        (lambda: SreRetryRatio(Environment(), window=0), "window must be finite and > 0 s, got 0"),
    ],
)
def test_misuse_is_named(make: Callable[[], RetryBudget], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
