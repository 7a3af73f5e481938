"""What asks again, or twice, or later: retries, hedges, outboxes; and what keeps that from counting twice."""

from __future__ import annotations

from math import inf

from models import Endpoint
from models.resilience import (
    Backoff,
    ConstantBackoff,
    DecorrelatedJitter,
    EnvoyRetryBudget,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    GrpcRetryThrottle,
    Outbox,
    PollyJitter,
    Retry,
    RetryBudget,
    SreRetryRatio,
    TokenBucketBudget,
)
from models.resilience.hedging import AfterPercentile, Hedge
from models.resilience.idempotency import IdempotencyStore, WithIdempotencyKey

from ..choices import Choice, Parameter
from .wrapper_kind import Site, WrapperKind

_CAP = 1.0  # of all backoffs, in seconds
_HEDGED_AT_LATEST = 0.5

_BUDGETS: dict[str, Parameter] = {
    "budget": Choice("none", "token_bucket", "grpc", "envoy", "sre"),
    "shares_budget": Choice(False, True),
}


def _budget(site: Site, kind: str, shared: bool) -> RetryBudget | None:
    if kind == "none":
        return None

    def make() -> RetryBudget:
        match kind:
            case "token_bucket":
                return TokenBucketBudget(capacity=3.0, refill=0.5)
            case "grpc":
                return GrpcRetryThrottle(tokens_max=4.0, token_ratio=0.5)
            case "envoy":
                return EnvoyRetryBudget(ratio=0.5, concurrency_min=1)
        return SreRetryRatio(site.env, ratio=0.5, window=5.0)

    return site.shared(f"{kind} budget", make) if shared else site.keep("budget", make())


def _backoff(kind: str, base: float) -> Backoff:
    match kind:
        case "constant":
            return ConstantBackoff(delay=base)
        case "exponential":
            return ExponentialBackoff(base=base, cap=_CAP)
        case "equal":
            return EqualJitter(base=base, cap=_CAP)
        case "full":
            return FullJitter(base=base, cap=_CAP)
        case "decorrelated":
            return DecorrelatedJitter(base=base, cap=_CAP)
        case "polly":
            return PollyJitter(base=base, cap=_CAP)
    return ConstantBackoff(delay=0.0)


def _build_retry(
    site: Site, target: Endpoint, attempts: int, backoff: str, base: float, budget: str, shares_budget: bool
) -> Endpoint:
    return Retry(
        site.env,
        target,
        attempts,
        backoff=_backoff(backoff, base),
        budget=_budget(site, budget, shares_budget),
        name=site.name,
    )


def _build_hedge(
    site: Site,
    target: Endpoint,
    after: float,
    by_percentile: bool,
    copies_max: int,
    at_once_on_failure: bool,
    budget: str,
    shares_budget: bool,
) -> Endpoint:
    percentile = AfterPercentile(80.0, calls_min=3, at_least=after, at_most=_HEDGED_AT_LATEST)
    return Hedge(
        site.env,
        target,
        after=percentile if by_percentile else after,
        copies_max=copies_max,
        at_once_on_failure=at_once_on_failure,
        budget=_budget(site, budget, shares_budget),
        name=site.name,
    )


def _build_outbox(
    site: Site,
    target: Endpoint,
    workers: int,
    attempts_max: int,
    capacity: int,
    on_host: bool,
    is_durable: bool,
    in_order: bool,
) -> Endpoint:
    outbox = Outbox(
        site.env,
        target,
        # What is kept in memory needs a host to be kept on.
        host=site.host if on_host or not is_durable else None,
        is_durable=is_durable,
        in_order=in_order,
        workers=workers,
        attempts_max=attempts_max,
        capacity=capacity,
        backoff=FullJitter(base=0.1, cap=_CAP),
        name=site.name,
    )
    site.goes_on(workers, outbox.stop_workers)
    return outbox


def _build_store(
    site: Site,
    target: Endpoint,
    ttl: float | None,
    capacity: int | None,
    duplicates: str,
    replays_failures: bool,
    is_durable: bool,
    lookup_time: float,
) -> Endpoint:
    return IdempotencyStore(
        site.env,
        target,
        ttl=inf if ttl is None else ttl,
        capacity=inf if capacity is None else capacity,
        duplicates=duplicates,
        replays_failures=replays_failures,
        is_durable=is_durable,
        lookup_time=lookup_time,
        name=site.name,
    )


REPETITION: dict[str, WrapperKind] = {
    "retry": WrapperKind(
        parameters={
            "attempts": Choice(2, 1, 3, 4),
            "backoff": Choice("constant", "none", "exponential", "equal", "full", "decorrelated", "polly"),
            "base": Choice(0.05, 0.001, 0.5),
            **_BUDGETS,
        },
        build=_build_retry,
        bound=lambda inner, attempts, **parameters: attempts * (inner + _CAP),
    ),
    "hedge": WrapperKind(
        parameters={
            "after": Choice(0.05, 0.0, 0.2),
            "by_percentile": Choice(False, True),
            "copies_max": Choice(1, 2),
            "at_once_on_failure": Choice(True, False),
            **_BUDGETS,
        },
        build=_build_hedge,
        bound=lambda inner, copies_max, **parameters: (copies_max + 1) * (inner + _HEDGED_AT_LATEST),
        drops_answers=True,
    ),
    "outbox": WrapperKind(
        parameters={
            "workers": Choice(1, 2),
            "attempts_max": Choice(5, 1),
            "capacity": Choice(1000, 2),
            "on_host": Choice(False, True),
            "is_durable": Choice(True, False),
            "in_order": Choice(True, False),
        },
        build=_build_outbox,
        bound=lambda inner, **parameters: 0.0,
        detaches=True,
        answers_itself=True,
        has_memory=True,
        drops_answers=True,
        sides=("caller",),
    ),
    "idempotency_key": WrapperKind(
        build=lambda site, target: WithIdempotencyKey(site.env, target, name=site.name)
    ),
    "idempotency_store": WrapperKind(
        parameters={
            "ttl": Choice(None, 1.0),
            "capacity": Choice(None, 2),
            "duplicates": Choice("wait", "reject"),
            "replays_failures": Choice(False, True),
            "is_durable": Choice(False, True),
            "lookup_time": Choice(0.0, 0.01),
        },
        build=_build_store,
        # Who waits for another's answer, and then has to do the work, takes as long as both.
        bound=lambda inner, **parameters: inf,
        has_memory=True,
    ),
}
"""By kind."""
