"""Idempotency: a request that is repeated takes effect once, and what is counted where it did not.

    with_key        WithIdempotencyKey: the caller gives each call a key, the same for all its attempts
    store           IdempotencyStore: the server remembers keys, and repeats the answer instead of the work
    answers         what the store keeps, for how long
    effect          Effect: the step of an instance at which a request takes effect
    effect_log      EffectLog: an observer that counts effects and acknowledgements, twice, never or lost
    acknowledged    Acknowledged: an endpoint that writes the acknowledgements into that log

The key is made once per call, so it is given outside the retry; the store stands around what it protects:

    bank = network.connect(web, IdempotencyStore(env, bank_instance))
    payment = WithIdempotencyKey(env, Retry(env, Timeout(env, bank, 0.5)))
"""

from .acknowledged import Acknowledged
from .effect import Effect
from .effect_log import EffectLog, EffectStatistics
from .store import IdempotencyStatistics, IdempotencyStore
from .with_key import KeyStatistics, WithIdempotencyKey

__all__ = [
    "Acknowledged",
    "Effect",
    "EffectLog",
    "EffectStatistics",
    "IdempotencyStatistics",
    "IdempotencyStore",
    "KeyStatistics",
    "WithIdempotencyKey",
]
