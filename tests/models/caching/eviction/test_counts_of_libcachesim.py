"""Misses and missed bytes of a long trace are those that libCacheSim counted, to the last byte.

The counts are recorded, so that this runs where its package is not installed; `test_against_libcachesim`
checks them, and much more, where it is.
"""

from __future__ import annotations

from random import Random

import pytest

from models.caching.eviction import POLICIES
from tests.in_one_test import in_one_test
from tests.models.caching.eviction.reference_traces import COUNTS, counted, recorded_trace


@pytest.mark.slow
@in_one_test("capacity", COUNTS)
def test_counts_are_those_of_libcachesim(capacity: int) -> None:
    trace = recorded_trace()
    for name, counts in COUNTS[capacity].items():
        policy = POLICIES[name](capacity, Random(1).random)
        hits = []
        for key, size in trace:
            hits.append(policy.access(key))
            if not hits[-1]:
                policy.insert(key, size)
        assert (name, *counted(hits, trace)) == (name, *counts)
