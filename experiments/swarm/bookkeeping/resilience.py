"""The books of wrappers, and of the pools, budgets and switches that several of them may share."""

from __future__ import annotations

from models.resilience import (
    BreakerState,
    CircuitBreaker,
    EnvoyRetryBudget,
    GrpcRetryThrottle,
    Outbox,
    Retry,
    Timeout,
    TokenBucketBudget,
)
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ThreadPoolBulkhead
from models.resilience.deadlines import Deadline, HonourDeadline
from models.resilience.fallbacks import Fallback, LastGoodAnswer
from models.resilience.feature_switches import FeatureSwitch, Switched
from models.resilience.hedging import Hedge
from models.resilience.idempotency import EffectLog, IdempotencyStore, WithIdempotencyKey
from models.resilience.rate_limits import RateLimiter
from models.resilience.shedding import ConcurrencyLimiter, LoadShedder
from models.resilience.throttling import AdaptiveThrottle

from ..turnstile import Turnstile
from .books import Books, Rule, all_passed_on, at_most, calls_received, none_left, passed_on, sums

RESILIENCE: dict[type, Books] = {
    Timeout: Books(
        always=(at_most("expired_count", "call_count"),),
        received=calls_received,
        passed_on=all_passed_on(),
    ),
    Deadline: Books(
        always=(
            at_most("inherited_count", "call_count"),
            at_most("expired_on_arrival_count", "inherited_count"),
            at_most("expired_on_arrival_count + expired_count", "call_count"),
        ),
        received=calls_received,
        passed_on=all_passed_on("expired_on_arrival_count"),
    ),
    HonourDeadline: Books(
        always=(
            at_most("without_deadline_count + expired_on_arrival_count + cancelled_count", "call_count"),
        ),
        received=calls_received,
        passed_on=all_passed_on("expired_on_arrival_count"),
    ),
    Retry: Books(
        always=(
            sums("attempt_count", "call_count", "retry_count"),
            Rule(
                "attempt_count <= call_count * attempts",
                lambda retry, now: now.attempt_count <= now.call_count * retry.attempts,
            ),
            at_most("gave_up_count + budget_denied_count", "call_count"),
        ),
        received=calls_received,
        passed_on=passed_on("attempt_count"),
    ),
    # A copy that was killed before it could begin has been counted and never reached the target.
    Hedge: Books(
        always=(
            sums(
                "call_count",
                "first_won_count",
                "copy_won_count",
                "failed_count",
                "aborted_count",
                "in_flight_count",
            ),
            at_most("copy_won_count", "copy_count"),
        ),
        idle=(none_left("in_flight_count"),),
        received=calls_received,
    ),
    EnvoyRetryBudget: Books(
        always=(
            Rule("request_count >= 0", lambda budget, now: budget.request_count >= 0),
            Rule("retry_count >= 0", lambda budget, now: budget.retry_count >= 0),
        ),
        idle=(
            Rule(
                "request_count = retry_count = 0",
                lambda budget, now: budget.request_count == budget.retry_count == 0,
            ),
        ),
    ),
    TokenBucketBudget: Books(always=(Rule("tokens >= 0", lambda budget, now: budget.tokens >= 0),)),
    GrpcRetryThrottle: Books(always=(Rule("tokens >= 0", lambda budget, now: budget.tokens >= 0),)),
    CircuitBreaker: Books(
        always=(
            at_most("failed_count + ignored_count", "permitted_count"),
            Rule(
                "free_trial_count <= trial_count",
                lambda breaker, now: now.free_trial_count <= breaker.settings.trial_count,
            ),
            Rule(
                "free_trial_count = 0 unless half-open",
                lambda breaker, now: not now.free_trial_count or now.state is BreakerState.HALF_OPEN,
            ),
        ),
        idle=(
            Rule(
                # Trials that have a result are used up for this stay in the state; the others are all there.
                "no trial is lost",
                lambda breaker, now: (
                    now.state is not BreakerState.HALF_OPEN
                    or now.free_trial_count + now.total_count_now >= breaker.settings.trial_count
                ),
            ),
        ),
        received=lambda breaker, now: int(now.permitted_count + now.rejected_count),
        passed_on=passed_on("permitted_count"),
    ),
    Outbox: Books(
        always=(
            Rule(
                "accepted_count = delivered_count + dead_letter_count + lost_count + backlog",
                lambda outbox, now: (
                    now.accepted_count
                    == now.delivered_count + now.dead_letter_count + now.lost_count + now.backlog.value
                ),
            ),
            Rule("backlog <= capacity", lambda outbox, now: now.backlog.value <= outbox.capacity),
            Rule(
                "nothing is lost that is durable",
                lambda outbox, now: not (outbox.is_durable and now.lost_count),
            ),
        ),
        passed_on=passed_on("attempt_count"),
    ),
    Bulkhead: Books(
        always=(
            sums(
                "call_count",
                "permitted_count",
                "full_count",
                "waited_too_long_count",
                "left_count",
                "waiting_count",
            ),
            at_most("in_flight_count", "permitted_count"),
        ),
        idle=(none_left("waiting_count", "in_flight_count"),),
        received=calls_received,
        passed_on=passed_on("permitted_count"),
    ),
    BulkheadPool: Books(
        always=(
            sums("size", "free_count", "held_count", "leaked_count"),
            Rule(
                "no permit is free while somebody waits",
                lambda pool, now: not (now.free_count and now.waiting_count),
            ),
            Rule("waiting_count <= waiting_max", lambda pool, now: now.waiting_count <= pool.waiting_max),
        ),
        idle=(none_left("held_count", "waiting_count"),),
    ),
    ThreadPoolBulkhead: Books(
        always=(
            sums(
                "call_count",
                "answered_count",
                "rejected_count",
                "left_count",
                "interrupted_count",
                "abandoned_count",
                "waiting_count",
                "in_flight_count",
            ),
        ),
        idle=(none_left("waiting_count", "in_flight_count", "busy_count"),),
        received=calls_received,
    ),
    ConcurrencyLimiter: Books(
        always=(
            sums(
                "call_count",
                "admitted_count",
                "full_count",
                "waited_too_long_count",
                "displaced_count",
                "left_count",
                "waiting_count",
            ),
            sums("admitted_count", "succeeded_count", "dropped_count", "ignored_count", "in_flight_count"),
            Rule("limit >= 1", lambda limiter, now: now.limit >= 1),
        ),
        idle=(none_left("waiting_count", "in_flight_count"),),
        received=calls_received,
        passed_on=passed_on("admitted_count"),
    ),
    LoadShedder: Books(
        always=(
            sums("call_count", "admitted_count", "shed_count"),
            Rule(
                "shed_count = the sum of shed_counts",
                lambda shedder, now: now.shed_count == sum(now.shed_counts.values()),
            ),
        ),
        received=calls_received,
        passed_on=passed_on("admitted_count"),
    ),
    RateLimiter: Books(
        always=(
            sums("call_count", "passed_count", "rejected_count", "abandoned_count", "waiting_count"),
            at_most("waited_count", "passed_count"),
        ),
        idle=(none_left("waiting_count"),),
        received=calls_received,
        passed_on=passed_on("passed_count"),
    ),
    Turnstile: Books(received=calls_received, passed_on=all_passed_on()),
    AdaptiveThrottle: Books(
        always=(
            sums(
                "call_count",
                "throttled_count",
                "accepted_count",
                "turned_away_count",
                "aborted_count",
                "in_flight_count",
            ),
        ),
        idle=(none_left("in_flight_count"),),
        received=calls_received,
        passed_on=all_passed_on("throttled_count"),
    ),
    Fallback: Books(
        always=(
            sums(
                "call_count",
                "answered_count",
                "fallback_count",
                "failed_count",
                "aborted_count",
                "in_flight_count",
            ),
        ),
        idle=(none_left("in_flight_count"),),
        received=calls_received,
        passed_on=all_passed_on(),
    ),
    LastGoodAnswer: Books(
        always=(
            sums(
                "call_count",
                "answered_count",
                "stale_count",
                "failed_count",
                "aborted_count",
                "in_flight_count",
            ),
            Rule("kept_count <= capacity", lambda answer, now: now.kept_count <= answer.capacity),
        ),
        idle=(none_left("in_flight_count"),),
        received=calls_received,
        passed_on=all_passed_on(),
    ),
    Switched: Books(
        always=(sums("call_count", "passed_count", "off_count"),),
        received=calls_received,
        passed_on=passed_on("passed_count"),
    ),
    FeatureSwitch: Books(
        always=(Rule("off at least once if it is off", lambda switch, now: now.is_on or now.off_count > 0),),
    ),
    WithIdempotencyKey: Books(
        always=(at_most("keyed_count", "call_count"),),
        received=calls_received,
        passed_on=all_passed_on(),
    ),
    IdempotencyStore: Books(
        always=(
            sums(
                "call_count",
                "passed_count",
                "worked_count",
                "replayed_count",
                "rejected_count",
                "mismatched_count",
                "abandoned_count",
                "waiting_count",
            ),
            at_most("taken_over_count", "worked_count"),
            sums("worked_count", "recorded_count", "failed_count", "cut_short_count", "in_progress_count"),
            sums("recorded_count", "kept_count", "expired_count", "evicted_count", "forgotten_count"),
            Rule(
                "nothing is forgotten that is durable",
                lambda store, now: not (store.is_durable and now.forgotten_count),
            ),
        ),
        idle=(none_left("waiting_count", "in_progress_count"),),
        received=calls_received,
        passed_on=passed_on("passed_count", "worked_count"),
    ),
    EffectLog: Books(
        always=(
            Rule(
                "acknowledged + unacknowledged = distinct + lost",
                lambda log, now: (
                    now.acknowledged_count + now.unacknowledged_count == now.distinct_count + now.lost_count
                ),
            ),
            at_most("distinct_count", "applied_count"),
            at_most("applied_more_than_once_count", "distinct_count"),
        ),
    ),
}
"""By class."""
