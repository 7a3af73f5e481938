"""What retry policies with a memory must give, call by call: exact, as Markov chains.

A client's calls, where none begins before the last has ended, see a chain: the state is what the policy
remembers, and one call is one step. A token bucket remembers its tokens, a breaker for retries its failures
(and its calls, which are the number of the step). The server fails each attempt independently, so clients do
not touch each other, and one that makes Poisson(m) calls needs no more than the sums over the first calls.

Leaves out: calls of one client that overlap, where results come in another order.
Source: elementary; the policies: see `retry_policies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import exp

import numpy as np

# A token in the unit of the chain: the refill of 0.1 is one.
_TOKEN = 10
_NEGLIGIBLE = 1e-12

_Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


def token_bucket_chain(
    *, failure_probability: float, calls_mean: float, retries_max: int = 3, per_call: bool = False
) -> tuple[float, float]:
    """Return the share of calls that succeed, and attempts per call, of clients with a bucket of 5 tokens.

    A client makes Poisson(`calls_mean`) calls with at most `retries_max` retries each; a retry costs a token.
    A successful first attempt earns 0.1 of one. With `per_call` it is as in Brooker's program instead: every
    call earns that when it begins, and a retry needs *more* than the token that it takes.
    """
    return _over_calls(_bucket_steps(failure_probability, retries_max, per_call), calls_mean)


def breaker_chain(
    *, failure_probability: float, calls_mean: float, retries_max: int = 3, threshold: float = 0.1
) -> tuple[float, float]:
    """Return the same for clients that do not retry while failures exceed `threshold` of all their calls.

    Failures of retries count among the failures, retries not among the calls, and nothing is forgotten.
    """
    return _over_calls(_breaker_steps(failure_probability, retries_max, threshold), calls_mean)


def _over_calls(steps: Iterator[tuple[float, float]], calls_mean: float) -> tuple[float, float]:
    """Weigh what the m-th call gives by the probability that there is one."""
    successes = attempts = 0.0
    probability = exp(-calls_mean)  # of exactly `number` calls
    at_least = 1.0
    for number, (success, tries) in enumerate(steps, start=1):
        at_least -= probability
        if number > calls_mean and at_least < _NEGLIGIBLE:
            break
        successes += at_least * success
        attempts += at_least * tries
        probability *= calls_mean / number
    return float(successes / calls_mean), float(attempts / calls_mean)


def _bucket_steps(p: float, retries_max: int, per_call: bool) -> Iterator[tuple[float, float]]:
    capacity = 5 * _TOKEN
    needed = _TOKEN + 1 if per_call else _TOKEN
    tokens: _Vector = np.zeros(capacity + 1)
    tokens[capacity] = 1.0
    while True:
        if per_call:
            tokens = _refilled(tokens)
        success, tries = 1.0 - p, 1.0
        done = (1.0 - p) * (tokens if per_call else _refilled(tokens))
        failing = p * tokens
        for _ in range(retries_max):
            done[:needed] += failing[:needed]  # cannot pay
            paid: _Vector = np.zeros(capacity + 1)
            paid[needed - _TOKEN : capacity + 1 - _TOKEN] = failing[needed:]
            tries += paid.sum()
            success += (1.0 - p) * paid.sum()
            done += (1.0 - p) * paid
            failing = p * paid
        tokens = done + failing
        yield success, tries


def _refilled(tokens: _Vector) -> _Vector:
    fuller: _Vector = np.zeros(len(tokens))
    fuller[1:] = tokens[:-1]
    fuller[-1] += tokens[-1]
    return fuller


def _breaker_steps(p: float, retries_max: int, threshold: float) -> Iterator[tuple[float, float]]:
    failures: _Vector = np.ones(1)
    for calls in count(1):
        room: _Vector = np.zeros(retries_max + 1)
        failures = np.concatenate([failures, room])
        may_retry = np.arange(len(failures)) / calls <= threshold
        success, tries = 1.0 - p, 1.0
        done = (1.0 - p) * failures
        failing = _one_more(p * failures)
        for _ in range(retries_max):
            retried = np.where(may_retry, failing, 0.0)
            done += failing - retried
            tries += retried.sum()
            success += (1.0 - p) * retried.sum()
            done += (1.0 - p) * retried
            failing = _one_more(p * retried)
        failures = done + failing
        yield success, tries


def _one_more(failures: _Vector) -> _Vector:
    return np.concatenate([np.zeros(1), failures[:-1]])
