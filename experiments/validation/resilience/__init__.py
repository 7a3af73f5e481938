"""Tails, retries, backoff, collapse and breakers: their checks against theory, each built as a user would.

    catalogue         all of them, in order
    fan_out           a request that waits for the slowest of n
    hedging           a second copy of what is slow
    retries           r retries, and layers of them
    retry_policies    Brooker's retry policies under client count
    policy_chain      what those must give, call by call, as Markov chains
    contention        the AWS post's clients, backoffs and jitter around one row
    folded_normal     its latency
    collapse          Brooker's simple collapse: a spike that a system does or does not get over
    breaker_renewal   a breaker's life as a renewal process

The set-ups that others have published are functions that run them at any parameters.
"""

from .breaker_renewal import calls_to_trip, renewal
from .catalogue import CHECKS
from .collapse import collapse
from .contention import contention
from .fan_out import fan_out
from .folded_normal import FoldedNormal
from .hedging import hedged
from .policy_chain import breaker_chain, token_bucket_chain
from .retries import layers, retries
from .retry_policies import POLICIES, BreakerForRetries, RetryPolicy, TokenBucketPerCall, retry_policies

__all__ = [
    "CHECKS",
    "POLICIES",
    "BreakerForRetries",
    "FoldedNormal",
    "RetryPolicy",
    "TokenBucketPerCall",
    "breaker_chain",
    "calls_to_trip",
    "collapse",
    "contention",
    "fan_out",
    "hedged",
    "layers",
    "renewal",
    "retries",
    "retry_policies",
    "token_bucket_chain",
]
