"""Random chains of three to six wrappers over random targets, cut short at random.

The oracle and the invariants hold for them too.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .bad_targets import BAD_TARGETS, BadTarget, crashing_host
from .catalogue import WRAPPERS, Wrapper
from .comparison import CALLS, Interruption, compare

# Times of crashes and interruptions are thousandths of a second plus a little, which nothing else is: no ties
# by accident. Crashes of processes are left to the other tests: they reset several calls at one instant, and
# which of them is then first to take the last permit of a breaker is nobody's promise.
instants = st.integers(0, 15_000).map(lambda number: number / 1_000 + 0.00037)
outages = st.integers(1, 4_000).map(lambda number: number / 1_000)
targets = st.one_of(
    st.sampled_from(BAD_TARGETS),
    st.builds(lambda start, length: crashing_host(start, start + length), instants, outages),
)
# Two calls that end at one instant, and want the one thread that is free then: who gets it is nobody's
# promise either.
AT_ONCE = {"in_parallel", "Outbox of two workers"}
ONE_THREAD = {
    "Instance of 1 thread",
    "Instance without queue",
    "Bulkhead of 1",
    "Bulkhead of 1 with a room of 2",
    "thread pool of 1",
    "thread pool of 1 that abandons",
}


def is_in_nobodys_order(chain: tuple[Wrapper, ...]) -> bool:
    names = {wrapper.name for wrapper in chain}
    return bool(names & AT_ONCE) and bool(names & ONE_THREAD)


chains = (
    st.lists(st.sampled_from(WRAPPERS), min_size=3, max_size=6, unique_by=str)
    .map(tuple)
    .filter(lambda chain: not is_in_nobodys_order(chain))
)
interruptions = st.one_of(
    st.none(),
    st.builds(
        Interruption,
        kind=st.sampled_from(["cancel", "kill", "web", "proxy"]),
        time=instants,
        is_last=st.just(False),
        call=st.sampled_from(CALLS),
        outage=outages,
    ),
)
generated = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


@settings(generated, max_examples=200)
@given(chains, targets, interruptions)
def test_random_chain_does_what_the_oracle_says(
    chain: tuple[Wrapper, ...], target: BadTarget, interruption: Interruption | None
) -> None:
    compare(chain, target, interruption=interruption)


@pytest.mark.slow
@settings(generated, max_examples=1_500)
@given(chains, targets, interruptions)
def test_many_random_chains_do_what_the_oracle_says(
    chain: tuple[Wrapper, ...], target: BadTarget, interruption: Interruption | None
) -> None:
    compare(chain, target, interruption=interruption)
