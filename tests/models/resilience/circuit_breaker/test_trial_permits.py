"""No trial slot leaks, whatever ends the trials: random calls, ends, cancellations and kills."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.failures import Rejected, ServerError
from models.resilience import BreakerState, CircuitBreaker, CountBased, resilience4j
from models.resilience.circuit_breaker import AbandonedTrial
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, call_at

CALLS = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda tenth: tenth / 8),  # gap to the next call
        st.sampled_from([0.0, 0.25, 3.0, 20.0]),  # how long it takes
        st.sampled_from([None, None, ServerError, Rejected("pool")]),  # what it ends in; Rejected is ignored
        st.sampled_from([None, None, "cancel", "kill"]),  # unless it is ended early
    ),
    max_size=60,
)


@pytest.mark.slow
@hypothesis_settings(max_examples=50)
@given(calls=CALLS, trial_count=st.integers(1, 4), strict=st.booleans(), end=st.sampled_from(AbandonedTrial))
def test_free_permits_and_results_add_up_once_nothing_is_under_way(
    calls: list[Any], trial_count: int, strict: bool, end: AbandonedTrial
) -> None:
    env = Environment()
    settings = resilience4j(
        window=CountBased(size=4), minimum_calls=3, open_duration=1.0, trial_count=trial_count
    )
    settings = replace(settings, strict_epochs=strict, ignores=(Rejected,), abandoned_trial=end)
    target = Scripted(env, *[(duration, failure) for _, duration, failure, _ in calls], OK)
    breaker = CircuitBreaker(env, target, settings)
    time = 0.0
    for gap, _, _, early_end in calls:
        [seen] = call_at(env, breaker, time)
        if early_end:
            env.call_later(time + 0.125, getattr(seen.process, early_end))
        time += gap
    env.run()
    statistics = breaker.statistics()
    assert target.under_way == 0
    assert statistics.permitted_count == target.call_count
    assert statistics.permitted_count + statistics.rejected_count == len(calls)
    if breaker.state is BreakerState.HALF_OPEN:
        # A late result counts without a permit, hence >=; without late ones it is ==.
        assert statistics.free_trial_count + statistics.total_count_now >= trial_count
        if strict or not statistics.late_count:
            assert statistics.free_trial_count + statistics.total_count_now == trial_count
    target.then(OK)
    call_at(env, breaker, *(env.now + 1.5 * n for n in range(1, 20)))
    env.run()
    assert breaker.state is BreakerState.CLOSED  # it always recovers
