"""Retry policies under client count, after Brooker's simulations of 2022.

Clients share a number of calls per second. A call travels Exp(10 ms) each way to a server that fails each
attempt with probability p; there is no backoff. What succeeds, and how many attempts does it cost?

    none                     one attempt
    three_retries            up to three more
    token_bucket             those for a token each: 5 to begin with, 0.1 for a successful first attempt
    token_bucket_per_call    0.1 for every call, when it begins; a retry needs more than the token that it
                             takes; no limit but the tokens
    breaker                  up to three more, but none while the client's failures exceed 10 % of its calls

The post describes the first bucket, its program has the second: at high p the difference is a few percent of
the load. The breaker is one for retries only, and its counts never forget. Each client has its own policy, so
that what a client learns, it learns from its own calls: a thousand clients know little each.

Expected numbers are in closed form or from `policy_chain`, which knows no overlapping calls. What those shift
is too little to be seen in 80 runs of an independent program (tests/theory/resilience); the bias allows for
it.

Source: M. Brooker, "Fixing retries with token buckets and circuit breakers" (2022-02-28), and
simulator_example, retry_sim.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from models import FunctionEndpoint, Host, Network, Request, ServerError
from models.resilience import ConstantBackoff, Retry, RetryBudget, TokenBucketBudget
from models.workload import OpenLoop, request_table
from simulator import Environment
from simulator.randomness import Distribution, Exponential, Uniform

from ..experiment import Claim, TheoryCheck
from .policy_chain import breaker_chain, token_bucket_chain

AT_ONCE = ConstantBackoff(delay=0.0)
LATENCY = Exponential(0.010)
RATE, DURATION = 100.0, 10.0


class TokenBucketPerCall(TokenBucketBudget):
    """The bucket of Brooker's program: every call earns when it begins, however it ends.

    There a retry needs *more* than one token. In tenths of tokens, which is what it counts in, that is the
    same as a capacity of one tenth less.
    """

    def __init__(self, capacity: float = 5.0, refill: float = 0.1) -> None:
        """Start with a full bucket."""
        super().__init__(capacity - refill, refill)

    def request_started(self) -> None:
        """Earn a part of a token."""
        super().attempt_succeeded(is_first=True)

    def attempt_succeeded(self, *, is_first: bool) -> None:
        """Earn nothing more."""


class BreakerForRetries(RetryBudget):
    """Allows retries while this client's failures do not exceed `threshold` of its calls, all time.

    Failed retries count among the failures, but retries not among the calls.
    """

    def __init__(self, threshold: float = 0.1) -> None:
        """Start with nothing called."""
        self.threshold = threshold
        self.calls_count = 0
        self.failures_count = 0

    def request_started(self) -> None:
        """Count a call."""
        self.calls_count += 1

    def attempt_failed(self) -> None:
        """Count a failure."""
        self.failures_count += 1

    def take_retry(self) -> bool:
        """Allow it below the threshold, and at it."""
        return self.failures_count / self.calls_count <= self.threshold


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts`, the first included, within a budget that each client makes for itself."""

    attempts: int
    make_budget: Callable[[], RetryBudget | None]


POLICIES = {
    "none": RetryPolicy(1, lambda: None),
    "three_retries": RetryPolicy(4, lambda: None),
    "token_bucket": RetryPolicy(4, TokenBucketBudget),
    # Five tokens are five retries: more attempts than six there cannot be.
    "token_bucket_per_call": RetryPolicy(7, TokenBucketPerCall),
    "breaker": RetryPolicy(4, BreakerForRetries),
}
"""The published policies by name."""


def retry_policies(
    seed: int,
    effort: float = 1.0,
    *,
    policy: str | RetryPolicy,
    failure_probability: float,
    clients_count: int,
    rate: float = RATE,
    duration: float = DURATION,
    latency: Distribution | float = LATENCY,
) -> tuple[float, float]:
    """Return the share of calls that succeed, and attempts per call.

    `clients_count` clients share `rate` calls per second for `duration` seconds; `latency` is one way.
    `effort` below 1 watches only so large a part of the clients: they do not feel each other.
    """
    if isinstance(policy, str):
        policy = POLICIES[policy]
    env = Environment(seed=seed)
    uniform = env.sampler("server", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        if uniform() < failure_probability:
            raise ServerError("out of luck")
        yield from ()  # a handler is a generator, also where nothing takes time

    server = FunctionEndpoint(answer, host=Host(env, "server"), name="server")
    connection = Network(env, latencies=latency).connect(Host(env, "clients"), server)
    table = request_table()
    retries = []
    for number in range(max(1, round(effort * clients_count))):
        name = f"client-{number}"
        retry = Retry(
            env, connection, policy.attempts, backoff=AT_ONCE, budget=policy.make_budget(), name=name
        )
        OpenLoop(env, retry, rate=rate / clients_count, until=duration, table=table, name=name)
        retries.append(retry.statistics)
    env.run()
    attempts_count = sum(statistics().attempt_count for statistics in retries)
    return table.availability(), attempts_count / len(table)


def _check(
    policy: str,
    failure_probability: float,
    clients_count: int,
    expected: tuple[float, float],
    *,
    source: str,
    bias: float = 0.0,
    note: str = "",
    duration: float = DURATION,
) -> TheoryCheck:
    return TheoryCheck(
        name=f"{policy}, {clients_count} clients, failure probability {failure_probability:g}",
        group="retries",
        source=source,
        claims=(
            Claim("share of calls that succeed", expected[0], bias, note),
            Claim("attempts per call", expected[1], bias, note),
        ),
        simulate=partial(
            retry_policies,
            policy=policy,
            failure_probability=failure_probability,
            clients_count=clients_count,
            duration=duration,
        ),
    )


def _chain_check(policy: str, p: float, clients_count: int) -> TheoryCheck:
    calls_mean = RATE * DURATION / clients_count
    if policy == "breaker":
        expected = breaker_chain(failure_probability=p, calls_mean=calls_mean)
    else:
        expected = token_bucket_chain(failure_probability=p, calls_mean=calls_mean)
    return _check(
        policy,
        p,
        clients_count,
        expected,
        source="Brooker, Fixing retries (2022), as a Markov chain",
        bias=0.002,
        note="calls of one client overlap",
    )


def _drained_bucket_check(policy: str, p: float, earning_share: float) -> TheoryCheck:
    """A bucket that is always empty: retries are what it earns, and succeed as often as other attempts.

    To that come the five tokens of the beginning, on 1,000 calls a client.
    """
    attempts = 1.0 + 0.1 * earning_share + 5.0 / 1_000.0
    return _check(
        policy,
        p,
        10,
        ((1.0 - p) * attempts, attempts),
        source="Brooker, Fixing retries (2022): what the bucket earns is spent",
        bias=0.001,
        note="at the end of 1,000 calls some part of a token is left",
        duration=100.0,
    )


CHECKS = (
    _check("none", 0.3, 100, (0.7, 1.0), source="1 - p, 1"),
    _check(
        "three_retries", 0.3, 100, (1.0 - 0.3**4, (1.0 - 0.3**4) / 0.7), source="1 - p^4, (1 - p^4) / (1 - p)"
    ),
    *[_chain_check("token_bucket", 0.2, clients_count) for clients_count in (10, 100, 1000)],
    *[_chain_check("breaker", 0.05, clients_count) for clients_count in (10, 100, 1000)],
    _drained_bucket_check("token_bucket", 0.5, 0.5),
    _drained_bucket_check("token_bucket_per_call", 0.5, 1.0),
)
"""No and three retries, bucket and breaker at each client count, and both buckets when they are empty."""
