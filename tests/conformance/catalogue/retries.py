"""Retries, with and without budgets."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from models import ServerError, TimedOut
from models.outcome import Outcome
from models.resilience import (
    ConstantBackoff,
    EnvoyRetryBudget,
    ExponentialBackoff,
    GrpcRetryThrottle,
    Retry,
    SreRetryRatio,
    TokenBucketBudget,
)
from simulator import Environment

from ..budget_expectation import BudgetModel, EnvoyModel, GrpcModel, SreModel, TokenModel
from ..expectation import Clock, Node, RetryModel
from ..host_expectation import HostModel, at_each_start
from .wrapper import BACKOFF, Wrapper


def _retry(
    name: str,
    delays: tuple[float, ...] = (BACKOFF, BACKOFF),
    *,
    budget: Callable[[Environment], Any] = lambda env: None,
    budget_model: Callable[[], BudgetModel] = BudgetModel,
    final: tuple[Outcome, ...] = (Outcome.BREAKER_OPEN,),
    **settings: Any,
) -> Wrapper:
    settings.setdefault("backoff", ConstantBackoff(delay=delays[0]))

    def model(clock: Clock, inner: Node, host: HostModel) -> Node:
        retry = RetryModel(clock, inner, delays, final=final, budget=budget_model())
        at_each_start(retry, retry.budget.begin_anew)
        return retry

    return Wrapper(
        name=name,
        build=lambda world, inner: Retry(
            world.env, inner, len(delays) + 1, budget=budget(world.env), **settings
        ),
        model=model,
    )


WRAPPERS = (
    _retry("Retry"),
    _retry("Retry at once", (0.0, 0.0), gives_up_on=(), final=()),
    _retry(
        "Retry with backoff",
        (0.11057, 0.22114, 0.44228),
        backoff=ExponentialBackoff(base=0.11057),
        retries_on=(TimedOut, ServerError),
        final=tuple(set(Outcome) - {Outcome.TIMED_OUT, Outcome.SERVER_ERROR}),
    ),
    _retry(
        "Retry on tokens",
        budget=lambda env: TokenBucketBudget(capacity=2, refill=0.5),
        budget_model=lambda: TokenModel(2, Fraction(1, 2)),
    ),
    _retry(
        "Retry on gRPC's tokens",
        budget=lambda env: GrpcRetryThrottle(tokens_max=4, token_ratio=0.5),
        budget_model=lambda: GrpcModel(4, Fraction(1, 2)),
    ),
    _retry(
        "Retry on Envoy's budget",
        budget=lambda env: EnvoyRetryBudget(ratio=0.5, concurrency_min=1),
        budget_model=lambda: EnvoyModel(Fraction(1, 2), 1),
    ),
    _retry(
        "Retry on a share",
        budget=lambda env: SreRetryRatio(env, ratio=0.5, window=6.13),
        budget_model=lambda: SreModel(Fraction(1, 2), 6.13),
    ),
)
