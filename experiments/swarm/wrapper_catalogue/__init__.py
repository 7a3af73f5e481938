"""The kinds of wrappers that a plan may hold: what each is made with, and how.

    wrapper_kind    WrapperKind: what an entry says; Site: where a wrapper is built
    time_limits     timeouts and deadlines
    repetition      retries, hedges, their budgets, outboxes, idempotency
    breakers        circuit breakers
    limits          bulkheads, concurrency and rate limits, shedding, throttling
    stand_ins       fallbacks, last good answers, switches, observers
    caches          caches
    catalogue       WRAPPERS: all of them

A new kind is a new entry in one of the tables.
"""

from .breakers import BREAKERS
from .catalogue import WRAPPERS
from .wrapper_kind import Shelf, Site, WrapperKind, parts_of

__all__ = ["BREAKERS", "WRAPPERS", "Shelf", "Site", "WrapperKind", "parts_of"]
